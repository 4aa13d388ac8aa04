//! From a path in a request to a place in the volume.

use super::volume::FsError;
use crate::{FsOptions, Quirks};

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The root of all mount points.
    Everything,
    /// The volume's root directory.
    Root,
    /// Something below it.
    Below {
        /// Names from the root to it, with a slash between them.
        key: Vec<u8>,
        /// The path goes on behind the name, so that only a directory will do.
        wants_directory: bool,
    },
}

/// The text that a C program sees: up to the first zero.
pub(super) fn c_string(name: &[u8]) -> &[u8] {
    name.split(|&octet| octet == 0).next().unwrap_or_default()
}

/// The place that a path names (Zephyr `fs.c`, `fs_get_mnt_point`; littlefs `lfs.c`,
/// `lfs_dir_find`).
pub(super) fn place(path: &[u8], options: &FsOptions, quirks: &Quirks) -> Result<Place, FsError> {
    if path.first() != Some(&b'/') {
        return Err(FsError::Invalid);
    }
    if path.len() == 1 {
        return Ok(Place::Everything);
    }
    let below = path.strip_prefix(options.mount_point.as_bytes()).ok_or(FsError::NotFound)?;
    match below.first() {
        None => Ok(Place::Root),
        Some(b'/') => below_root(below, quirks),
        Some(_) => Err(FsError::NotFound),
    }
}

/// Names are cancelled by the `..` behind them without a look at whether they exist.
fn below_root(path: &[u8], quirks: &Quirks) -> Result<Place, FsError> {
    let mut names: Vec<&[u8]> = Vec::new();
    let mut wants_directory = false;
    for part in path[1..].split(|&octet| octet == b'/') {
        match part {
            b"" | b"." => wants_directory = true,
            b".." => {
                if names.pop().is_none() && quirks.strict_paths {
                    return Err(FsError::Invalid);
                }
                wants_directory = true;
            }
            name => {
                names.push(name);
                wants_directory = false;
            }
        }
    }
    if names.is_empty() {
        return Ok(Place::Root);
    }
    Ok(Place::Below { key: names.join(&b'/'), wants_directory })
}

#[cfg(test)]
mod tests {
    use super::{Place, c_string, place};
    use crate::groups::fs::volume::FsError;
    use crate::{FsOptions, Profile};

    fn find(path: &str, profile: Profile) -> Result<String, FsError> {
        let place = place(path.as_bytes(), &FsOptions::default(), &profile.quirks())?;
        Ok(match place {
            Place::Everything => "everything".to_owned(),
            Place::Root => "root".to_owned(),
            Place::Below { key, wants_directory } => {
                let slash = if wants_directory { "/" } else { "" };
                format!("{}{slash}", String::from_utf8(key).unwrap())
            }
        })
    }

    #[test]
    fn a_path_leads_to_its_place_whatever_way_it_takes() {
        for (path, expected) in [
            ("/", Ok("everything")),
            ("/lfs1", Ok("root")),
            ("/lfs1/", Ok("root")),
            ("/lfs1/.", Ok("root")),
            ("/lfs1/x", Ok("x")),
            ("/lfs1//x", Ok("x")),
            ("/lfs1/./x", Ok("x")),
            ("/lfs1/a/../x", Ok("x")),
            ("/lfs1/a/x", Ok("a/x")),
            ("/lfs1/x/", Ok("x/")),
            ("", Err(FsError::Invalid)),
            ("lfs1/x", Err(FsError::Invalid)),
            ("/nope/x", Err(FsError::NotFound)),
            ("/lfs", Err(FsError::NotFound)),
            ("/lfs12", Err(FsError::NotFound)),
        ] {
            assert_eq!(find(path, Profile::Z4x), expected.map(str::to_owned), "{path}");
        }
    }

    #[test]
    fn going_up_from_the_root_is_refused_since_zephyr_4() {
        assert_eq!(find("/lfs1/../x", Profile::Z4x), Err(FsError::Invalid));
        assert_eq!(find("/lfs1/../x", Profile::Z37), Ok("x".to_owned()));
    }

    #[test]
    fn text_ends_at_its_first_zero() {
        assert_eq!(c_string(b"a\0b"), b"a");
        assert_eq!(c_string(b"\0b"), b"");
        assert_eq!(c_string(b"ab"), b"ab");
    }
}
