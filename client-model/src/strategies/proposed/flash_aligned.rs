//! Chunks that end where the server's flash blocks end.

use super::upload::Idea;
use crate::strategy::View;

/// The server's buffer before flash (Zephyr `CONFIG_IMG_BLOCK_BUF_SIZE`, 512 in all builds known),
/// which divides a page.
pub(super) const BLOCK: u32 = 512;

/// Cuts chunks so that each block of 512 octets ends with a chunk.
///
/// A chunk that holds a block and more ends with the last whole block in it. Where a block does not
/// fit, it goes in equal parts: only the last of them makes flash work, and an answer without flash
/// work comes at once. A page border is a block border, so that no chunk erases for the next one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FlashAligned;

/// The chunk at `off` of at most `most` octets that ends where a block ends, or goes an equal part
/// of the way.
pub(super) fn aligned(off: u32, most: u32) -> u32 {
    let whole = (off + most) / BLOCK * BLOCK;
    if whole > off {
        return whole - off;
    }
    let rest = BLOCK - off % BLOCK;
    rest.div_ceil(rest.div_ceil(most.max(1)))
}

impl Idea for FlashAligned {
    fn chunk(&self, _: &View<'_>, off: u32, most: u32) -> u32 {
        aligned(off, most)
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, aligned};

    fn ends(most: u32) -> Vec<u32> {
        let mut off = 0;
        let next = |_| {
            off += aligned(off, most);
            off
        };
        (0..6).map(next).collect()
    }

    #[test]
    fn long_chunks_end_with_a_block_and_short_ones_share_it() {
        assert_eq!(ends(2_449), [2048, 4096, 6144, 8192, 10_240, 12_288]);
        assert_eq!(ends(469), [256, 512, 768, 1024, 1280, 1536]);
        assert_eq!(ends(219), [171, 342, 512, 683, 854, 1024]);
        assert_eq!(ends(512), [512, 1024, 1536, 2048, 2560, 3072]);
    }

    #[test]
    fn a_chunk_is_never_empty_nor_too_long_and_every_block_ends_with_one() {
        for most in 1..1_200 {
            let mut off = 0;
            for _ in 0..600 {
                let len = aligned(off, most);
                assert!((1..=most).contains(&len), "{len} of {most} at {off}");
                let passed = off / BLOCK != (off + len - 1) / BLOCK;
                assert!(!passed || (off + len).is_multiple_of(BLOCK));
                off += len;
            }
        }
    }
}
