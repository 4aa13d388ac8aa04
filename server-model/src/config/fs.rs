//! Options of the file group, and the file system behind it.

use super::HookRefusal;

/// What the file group is built with, and the littlefs volume that it works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FsOptions {
    /// Where the volume is mounted, without a slash at the end.
    pub mount_point: String,
    /// Octets of an erase block, at least 128.
    pub block_size: u32,
    /// Erase blocks of the volume's partition; two hold the root directory, two each directory.
    pub block_count: u32,
    /// Octets of littlefs's cache, which a file must not exceed to be kept inside its directory
    /// (`CONFIG_FS_LITTLEFS_CACHE_SIZE`).
    pub cache_size: u32,
    /// It is mounted read-only (`FS_MOUNT_FLAG_READ_ONLY`).
    pub read_only: bool,
    /// Directories that exist, as paths below the mount point: SMP has no command to make one.
    pub directories: Vec<String>,
    /// Octets of a path (`CONFIG_MCUMGR_GRP_FS_PATH_LEN`).
    pub path_len: u32,
    /// The status command is built in (`CONFIG_MCUMGR_GRP_FS_FILE_STATUS`).
    pub status: bool,
    /// CRC-32 is built in (`CONFIG_MCUMGR_GRP_FS_CHECKSUM_IEEE_CRC32`).
    pub crc32: bool,
    /// SHA-256 is built in (`CONFIG_MCUMGR_GRP_FS_HASH_SHA256`).
    pub sha256: bool,
    /// Hash functions can be asked for (`CONFIG_MCUMGR_GRP_FS_CHECKSUM_HASH_SUPPORTED_CMD`).
    pub hash_types: bool,
    /// Chunks of a download leave room for offsets of 32 bits
    /// (`CONFIG_MCUMGR_GRP_FS_MAX_FILE_SIZE_4GB`).
    pub large_files: bool,
    /// Octets of a downloaded chunk at most (`CONFIG_MCUMGR_GRP_FS_DL_CHUNK_SIZE`, if
    /// `CONFIG_MCUMGR_GRP_FS_DL_CHUNK_SIZE_LIMIT`).
    pub chunk_limit: Option<u32>,
    /// Milliseconds without a request after which an open file is closed
    /// (`CONFIG_MCUMGR_GRP_FS_FILE_AUTOMATIC_IDLE_CLOSE_TIME`).
    pub idle_close_ms: u32,
    /// Paths that the application lets nobody access, and all that begins with them
    /// (`CONFIG_MCUMGR_GRP_FS_FILE_ACCESS_HOOK`).
    pub protected: Vec<(String, HookRefusal)>,
}

impl FsOptions {
    /// What a download's chunk shares a buffer with at most (Zephyr `fs_mgmt_config.h`,
    /// `CBOR_AND_OTHER_HDR`): header, map, `off`, head of `data`, `rc` and `len`.
    const fn overhead(&self) -> u32 {
        let offset = if self.large_files { 5 } else { 3 };
        8 + 10 + (4 + offset) + (5 + offset) + 4 + (4 + offset)
    }

    /// Octets of a downloaded chunk for a buffer of this size. A limit that does not fit the buffer
    /// is no limit.
    pub(crate) fn chunk(&self, buf_size: u32) -> u32 {
        let room = buf_size.saturating_sub(self.overhead());
        self.chunk_limit.filter(|&limit| limit <= room).unwrap_or(room)
    }
}

impl Default for FsOptions {
    /// Zephyr's defaults on a partition of 32 KiB: status, and no hashes.
    fn default() -> Self {
        Self {
            mount_point: "/lfs1".to_owned(),
            block_size: 4096,
            block_count: 8,
            cache_size: 64,
            read_only: false,
            directories: Vec::new(),
            path_len: 64,
            status: true,
            crc32: false,
            sha256: false,
            hash_types: false,
            large_files: false,
            chunk_limit: None,
            idle_close_ms: 1000,
            protected: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FsOptions;

    #[test]
    fn a_chunk_leaves_room_for_the_rest_of_its_response() {
        let options = FsOptions::default();
        assert_eq!(options.chunk(400), 356);
        assert_eq!(options.chunk(20), 0);
        let large = FsOptions { large_files: true, ..options.clone() };
        assert_eq!(large.chunk(400), 350);
        for (limit, chunk) in [(100, 100), (356, 356), (357, 356)] {
            let limited = FsOptions { chunk_limit: Some(limit), ..options.clone() };
            assert_eq!(limited.chunk(400), chunk);
        }
    }
}
