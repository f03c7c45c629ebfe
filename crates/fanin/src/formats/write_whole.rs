//! Writing a file whole or not at all.

mod temporaries;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

use temporaries::TEMPORARIES;

pub use temporaries::remove_temporary_files;
pub(crate) use temporaries::undivided;

/// What becomes of a file that exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the call fails.
    #[default]
    Keep,
    /// It is replaced, in one step, once the new file is complete.
    Replace,
}

/// Writes `path` by `contents`, so that no reader ever sees half a file.
///
/// The bytes go to a temporary file beside `path`, are synced to the disk, and take the name `path`
/// in one step. If anything fails, the temporary file is removed and `path` stays as it was.
///
/// # Errors
/// [`Error::Exists`] if there is such a file and it is to be kept; [`Error::Setting`] if `path` is
/// a folder or no plain file; [`Error::Io`] if the folder is missing or cannot be written, the disk
/// is full, or the disk fails while the new name is made to last.
///
/// ```
/// use std::io::Write;
/// use fanin::formats::{Existing, write_whole};
/// let path = std::env::temp_dir().join(format!("fanin-doc-{}.txt", std::process::id()));
/// write_whole(&path, Existing::Replace, |file| file.write_all(b"whole"))?;
/// assert!(write_whole(&path, Existing::Keep, |file| file.write_all(b"new")).is_err());
/// assert_eq!(std::fs::read(&path).unwrap(), b"whole");
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn write_whole(
    path: &Path,
    existing: Existing,
    contents: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<()> {
    let written = Pending::write(path, existing, contents)?;
    written.take_name()?;
    sync_folder(path)
}

/// A complete file that has not taken its name yet; dropped before, it is removed.
#[derive(Debug)]
pub(crate) struct Pending {
    temporary: PathBuf,
    path: PathBuf,
    existing: Existing,
}

impl Pending {
    /// Writes a temporary file beside `path` by `contents`, and waits until the disk has it.
    ///
    /// # Errors
    /// As [`write_whole`].
    pub(crate) fn write(
        path: &Path,
        existing: Existing,
        contents: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<Self> {
        check_target(path, existing)?;
        let (temporary, file) = create_beside(path)?;
        let pending = Self { temporary, path: path.to_owned(), existing };
        fill(file, contents).map_err(Error::io("write", path))?;
        Ok(pending)
    }

    /// Gives the file its name, in one step.
    ///
    /// # Errors
    /// As [`write_whole`].
    pub(crate) fn take_name(&self) -> Result<()> {
        undivided(|| self.rename())
    }

    fn rename(&self) -> Result<()> {
        check_target(&self.path, self.existing)?;
        fs::rename(&self.temporary, &self.path).map_err(Error::io("write", &self.path))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        TEMPORARIES.remove(&self.temporary);
    }
}

/// Gives several files of one folder their names, all of them or none; the last one, which tells of
/// the others, is the last to appear and the first to go.
///
/// # Errors
/// As [`write_whole`]. Files that were to be replaced may be gone then, but never is the last one
/// there without all the others.
pub(crate) fn take_names(files: &[Pending]) -> Result<()> {
    let Some(last) = files.last() else { return Ok(()) };
    undivided(|| rename_all(files, last))?;
    sync_folder(&last.path)
}

fn rename_all(files: &[Pending], last: &Pending) -> Result<()> {
    files.iter().try_for_each(|file| check_target(&file.path, file.existing))?;
    if files.len() > 1 && last.path.exists() {
        fs::remove_file(&last.path).map_err(Error::io("replace", &last.path))?;
    }
    for (done, file) in files.iter().enumerate() {
        if let Err(error) = file.rename() {
            // The first error is the one to tell.
            files[..done].iter().for_each(|file| drop(fs::remove_file(&file.path)));
            return Err(error);
        }
    }
    Ok(())
}

/// Whether `path` may be written, to know before a long computation.
///
/// # Errors
/// As [`write_whole`], as far as can be known without writing.
pub fn check_target(path: &Path, existing: Existing) -> Result<()> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => check_folder(path),
        Err(error) => Err(Error::io("write", path)(error)),
        Ok(found) if !found.is_file() => Err(Error::Setting {
            place: path.display().to_string(),
            found: if found.is_dir() { "a folder" } else { "a device or pipe" }.to_owned(),
            expected: "the name of a file to write".to_owned(),
        }),
        Ok(_) if existing == Existing::Keep => Err(Error::Exists { path: path.to_owned() }),
        Ok(_) => Ok(()),
    }
}

/// Refuses a file in a folder that is missing or takes no files.
fn check_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let found =
        fs::metadata(folder.unwrap_or(Path::new("."))).map_err(Error::io("create", path))?;
    // Elsewhere the mark says nothing of a folder, and the attempt to write decides.
    let takes_none = cfg!(unix) && found.permissions().readonly();
    if found.is_dir() && !takes_none {
        return Ok(());
    }
    Err(Error::Setting {
        place: path.display().to_string(),
        found: if found.is_dir() { "a folder that takes no files" } else { "no folder around it" }
            .to_owned(),
        expected: "a file in a folder that can be written to".to_owned(),
    })
}

/// How many further names are tried where a temporary one is taken.
pub(crate) const ATTEMPTS: u32 = 100;

/// A new file in the same folder, so that the final rename stays on one file system.
fn create_beside(path: &Path) -> Result<(PathBuf, File)> {
    let mut attempt = 0;
    loop {
        let temporary = temporary_beside(path, attempt);
        let create = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
        match TEMPORARIES.make(&temporary, create) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(error) => return Err(Error::io("create", path)(error)),
            Ok(file) => return Ok((temporary, file)),
        }
    }
}

/// Writes the contents and waits until the disk has them.
fn fill(
    file: File,
    contents: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    const BUFFER: usize = 1 << 18;
    let mut writer = BufWriter::with_capacity(BUFFER, file);
    contents(&mut writer)?;
    writer.flush()?;
    writer.get_ref().sync_all()
}

/// A hidden name beside `path` that no other process uses.
pub(crate) fn temporary_beside(path: &Path, attempt: u32) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}-{attempt}.tmp", std::process::id()))
}

/// Makes new names in the folder of `path` survive a loss of power, where the system can.
///
/// # Errors
/// [`Error::Io`] if the disk fails; a system that cannot sync a folder is no error.
pub(crate) fn sync_folder(path: &Path) -> Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if ![InvalidInput, PermissionDenied, Unsupported].contains(&error.kind()) => {
            Err(Error::io("sync", folder)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty folder of this test's own, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("fanin-write-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_replaced_only_when_told() {
        let folder = Folder::new("replace");
        let path = folder.0.join("w");
        write_whole(&path, Existing::Keep, |file| file.write_all(b"one")).unwrap();
        let error = write_whole(&path, Existing::Keep, |file| file.write_all(b"two")).unwrap_err();
        assert!(matches!(error, Error::Exists { .. }));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write_whole(&path, Existing::Replace, |file| file.write_all(b"two")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(folder.names(), ["w"]);
    }

    #[test]
    fn a_failure_half_way_leaves_the_old_file_and_no_other() {
        let folder = Folder::new("failure");
        let path = folder.0.join("w");
        write_whole(&path, Existing::Keep, |file| file.write_all(b"old")).unwrap();
        let error = write_whole(&path, Existing::Replace, |file| {
            file.write_all(&vec![7; 1_000_000])?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        })
        .unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}", path.display()));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(folder.names(), ["w"]);
    }

    #[test]
    fn an_interruption_before_the_rename_leaves_the_older_file() {
        let folder = Folder::new("interruption");
        let path = folder.0.join("w");
        write_whole(&path, Existing::Keep, |file| file.write_all(b"old")).unwrap();
        let (leftover, file) = create_beside(&path).unwrap();
        fill(file, |file| file.write_all(b"new, but never renamed")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write_whole(&path, Existing::Replace, |file| file.write_all(b"newer")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"newer");
        assert!(leftover.exists());
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_that_is_gone_cannot_be_synced() {
        let folder = Folder::new("gone");
        let text = sync_folder(&folder.0.join("missing").join("w")).unwrap_err().to_string();
        assert!(text.starts_with("cannot sync ") && text.ends_with("missing"), "{text}");
        sync_folder(&folder.0.join("w")).unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error_of_the_system() {
        let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
        for bytes in [10, 1_000_000] {
            let error = fill(full(), |file| file.write_all(&vec![1; bytes])).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn targets_that_cannot_be_files_are_named() {
        let folder = Folder::new("targets");
        let check = |path: &Path, expected: &str| {
            let error = write_whole(path, Existing::Replace, |_| Ok(())).unwrap_err().to_string();
            assert!(
                error.contains(expected) && error.contains(&*path.to_string_lossy()),
                "{error}"
            );
        };
        check(&folder.0, "found a folder");
        check(&folder.0.join("missing").join("w"), "cannot create");
        #[cfg(unix)]
        check(Path::new("/dev/null"), "found a device or pipe");
        assert_eq!(folder.names(), [""; 0]);
    }
}
