//! Files that are either wholly new or wholly old, whatever interrupts the writing.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes a file whole: to a temporary file beside it, synced, then renamed over it.
///
/// # Errors
/// [`Error::Io`] naming `path`; then the older file, if any, is as it was.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    commit(&stage(path, bytes)?, path)
}

/// The new contents in a synced temporary file beside `path`; what is at `path` is not touched.
fn stage(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let temporary = temporary_beside(path);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|source| {
        discard(&temporary);
        Error::io("write", path)(source)
    })?;
    Ok(temporary)
}

/// The temporary file becomes `path`.
fn commit(temporary: &Path, path: &Path) -> Result<()> {
    fs::rename(temporary, path).map_err(|source| {
        discard(temporary);
        Error::io("write", path)(source)
    })?;
    sync_folder(path)
}

/// Makes renames in the folder of `path` last through a loss of power, where the system can.
pub(super) fn sync_folder(path: &Path) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    if cfg!(unix) {
        File::open(parent)
            .and_then(|folder| folder.sync_all())
            .map_err(Error::io("sync", parent))?;
    }
    Ok(())
}

/// A hidden name beside `path` that no other process uses.
pub(super) fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

/// The first error is the one to tell; a leftover is overwritten or ignored later.
fn discard(temporary: &Path) {
    let _ = fs::remove_file(temporary);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.json");
        for text in ["a long first text", "short"] {
            write_whole(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_interruption_before_the_rename_leaves_the_older_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        write_whole(&path, b"old").unwrap();
        let leftover = stage(&path, b"new, but never renamed").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert!(leftover.exists());
        write_whole(&path, b"newer").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"newer");
    }

    #[test]
    fn a_failed_rename_names_the_file_and_removes_the_temporary_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "kept").unwrap();
        let text = write_whole(&path, b"x").unwrap_err().to_string();
        assert!(text.starts_with("cannot write ") && text.ends_with("taken"), "{text}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(path.join("inside").exists());
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("file");
        assert!(write_whole(&path, b"x").unwrap_err().to_string().contains("missing"));
    }
}
