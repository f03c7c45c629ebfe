//! Whether a disk has room, before hours are spent on finding that it has not.

use std::io;
use std::path::Path;

use super::ByteSize;
use crate::error::{Error, Result};

/// Refuses to begin what the disk of `path` cannot hold, where the system tells.
///
/// # Errors
/// [`Error::NoSpace`] that says what is needed and what is free.
pub(crate) fn check_space(path: &Path, needed: u64) -> Result<()> {
    match free(path) {
        Some(free) if free < needed => Err(no_space(path, needed, Some(free))),
        _ => Ok(()),
    }
}

/// The same error where a full disk was met only on the way; any other error as it is.
pub(crate) fn explain_full_disk(error: Error, path: &Path, needed: u64) -> Error {
    match error {
        Error::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
            no_space(path, needed, free(path))
        }
        other => other,
    }
}

fn no_space(path: &Path, needed: u64, free: Option<u64>) -> Error {
    let free = match free {
        Some(free) => format!("{} are free", ByteSize(free)),
        None => "the disk is full".to_owned(),
    };
    let (path, needed) = (path.to_owned(), ByteSize(needed).to_string());
    Error::NoSpace { path, needed, free, remedy: "make room, or write to another disk" }
}

/// Bytes that may still be written into the folder of `path`.
fn free(path: &Path) -> Option<u64> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // What has no size at all, such as /proc, is no disk.
    let disk = fs4::statvfs(folder).ok().filter(|disk| disk.total_space() > 0)?;
    Some(disk.available_space())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_disk_has_an_exabyte() {
        let path = std::env::temp_dir().join("w.safetensors");
        check_space(&path, 1).unwrap();
        let message = check_space(&path, 1 << 60).unwrap_err().to_string();
        assert!(message.contains("w.safetensors needs 1152921.5 TB, "), "{message}");
        assert!(message.ends_with(" are free; make room, or write to another disk"), "{message}");
        check_space(Path::new("/no/such/folder/w"), 1 << 60).unwrap();
    }

    #[test]
    fn a_disk_that_fills_up_on_the_way_is_told_in_the_same_words() {
        let full = || Error::io("write", Path::new("w"))(io::ErrorKind::StorageFull.into());
        let message = explain_full_disk(full(), Path::new("w"), 2_000_000).to_string();
        assert!(message.starts_with("w needs 2.0 MB, "), "{message}");
        let other = Error::io("write", Path::new("w"))(io::ErrorKind::PermissionDenied.into());
        let message = explain_full_disk(other, Path::new("w"), 5).to_string();
        assert_eq!(message, "cannot write w");
    }
}
