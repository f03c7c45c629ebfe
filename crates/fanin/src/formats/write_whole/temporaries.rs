//! The temporary files of this process, so that a program that is told to end at once leaves none.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, mem};

/// Those of [`write_whole`](super::write_whole) and its neighbors.
pub(super) static TEMPORARIES: Temporaries = Temporaries::new();

/// Removes the temporary files of all that is being written, for a program that ends at once.
///
/// Names that are just being given to files are given first, so that of several files that belong
/// together there are all or none. Afterwards nothing is written whole any more in this process:
/// what tries to waits for the end of the program.
///
/// ```no_run
/// fanin::formats::remove_temporary_files();
/// std::process::exit(130);
/// ```
pub fn remove_temporary_files() {
    TEMPORARIES.remove_for_good();
}

/// Does what the end of the program, by [`remove_temporary_files`], waits for; `work` is short and
/// writes no file itself.
pub(crate) fn undivided<T>(work: impl FnOnce() -> T) -> T {
    TEMPORARIES.undivided(work)
}

/// Temporary files and folders that lie on the disk now.
#[derive(Debug)]
pub(super) struct Temporaries(Mutex<Vec<PathBuf>>);

impl Temporaries {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Makes the file at `path` by `make`, and remembers it.
    pub(super) fn make<T>(
        &self,
        path: &Path,
        make: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut paths = self.paths();
        let made = make(path)?;
        paths.push(path.to_owned());
        Ok(made)
    }

    /// Removes the file, if it has not taken another name.
    pub(super) fn remove(&self, path: &Path) {
        let mut paths = self.paths();
        // What failed before is told already.
        let _ = fs::remove_file(path);
        paths.retain(|known| known != path);
    }

    pub(super) fn undivided<T>(&self, work: impl FnOnce() -> T) -> T {
        let _paths = self.paths();
        work()
    }

    fn remove_for_good(&self) {
        let paths = self.paths();
        // The program ends: there is nobody left to be told.
        paths.iter().for_each(|path| drop(fs::remove_file(path)));
        mem::forget(paths);
    }

    /// A thread that panicked on the way leaves a list that still holds.
    fn paths(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    fn create(path: &Path) -> io::Result<File> {
        File::create_new(path)
    }

    #[test]
    fn what_is_not_finished_is_removed_and_nothing_new_begins() {
        static TRIED: Temporaries = Temporaries::new();
        let folder = tempfile::tempdir().unwrap();
        let [done, renamed, open, late] =
            ["done", "renamed", "open", "late"].map(|name| folder.path().join(name));
        for path in [&done, &renamed, &open] {
            TRIED.make(path, create).unwrap();
        }
        TRIED.remove(&done);
        assert!(!done.exists());
        let named = folder.path().join("named");
        TRIED.undivided(|| fs::rename(&renamed, &named)).unwrap();

        TRIED.remove_for_good();
        assert!(named.exists() && !open.exists());
        let (tell, told) = mpsc::channel();
        std::thread::spawn({
            let late = late.clone();
            move || {
                let made = TRIED.make(&late, create);
                tell.send(made.is_ok())
            }
        });
        told.recv_timeout(Duration::from_millis(50)).unwrap_err();
        assert!(!late.exists());
    }

    #[test]
    fn a_file_of_another_is_not_remembered() {
        let tried = Temporaries::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("of another");
        File::create_new(&path).unwrap();
        tried.make(&path, create).unwrap_err();
        tried.remove_for_good();
        assert!(path.exists());
    }
}
