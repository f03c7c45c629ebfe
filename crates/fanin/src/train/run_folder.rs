//! The folder of a run: what was asked for, how it went, and all that is needed to go on.
//!
//! `runs/NAME/` holds `spec.toml`, `versions.json`, `metrics.jsonl`, `checks.jsonl` if the run was
//! watched, and the files of the [`checkpoint`].

mod metrics_log;

#[cfg(test)]
mod tests;

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::formats::{Existing, sync_folder, temporary_beside, undivided, write_whole};
use crate::spec::{Model, Task};

use super::optimizers::Layout;
use super::{Checkpoint, Metrics, checkpoint};

pub use metrics_log::MetricsLog;

/// What was asked for, as text.
pub const SPEC: &str = "spec.toml";
/// One line of JSON per epoch.
pub const METRICS: &str = "metrics.jsonl";
/// One line of JSON per check of a watched run.
pub const CHECKS: &str = "checks.jsonl";
/// What wrote the run.
pub const VERSIONS: &str = "versions.json";

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// What to do where a run of the same name exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfExists {
    /// Leave it and give an error.
    #[default]
    Refuse,
    /// Replace it, once the new one is whole.
    Replace,
}

/// What wrote a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// fanin's version.
    pub fanin: String,
    /// The format of checkpoints, counted up when older versions could not read it.
    pub checkpoint: u32,
}

impl Versions {
    /// Those of this build.
    pub fn current() -> Self {
        Self { fanin: env!("CARGO_PKG_VERSION").to_owned(), checkpoint: 1 }
    }
}

impl RunFolder {
    /// A new run `name` in the folder `runs`, which is created where needed.
    ///
    /// The run appears with its spec and versions or not at all.
    ///
    /// # Errors
    /// [`Error::RunExists`] if it exists and may not be replaced; [`Error::Setting`] if the name
    /// is no file name, or what would be replaced is no run; [`Error::Io`].
    pub fn create(runs: &Path, name: &str, spec: &str, if_exists: IfExists) -> Result<Self> {
        check_name(name)?;
        let path = runs.join(name);
        if is_taken(&path) {
            match if_exists {
                IfExists::Refuse => return Err(Error::RunExists { path }),
                IfExists::Replace => check_replaceable(&path)?,
            }
        }
        let is_first = !is_taken(runs);
        fs::create_dir_all(runs).map_err(Error::io("create", runs))?;
        let fresh = temporary_beside(&path, 0);
        let moved = build(&fresh, spec).and_then(|()| undivided(|| move_into_place(&fresh, &path)));
        if moved.is_err() {
            // The first error is the one to tell; the name is hidden and built anew next time.
            let _ = fs::remove_dir_all(&fresh);
            if is_first {
                let _ = fs::remove_dir(runs);
            }
        }
        moved?;
        Ok(Self { path })
    }

    /// The run `name` in the folder `runs`, to read it or go on with it.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the nearest name and all others, if there is no such run.
    pub fn open(runs: &Path, name: &str) -> Result<Self> {
        let path = runs.join(name);
        if is_run(&path) {
            return Ok(Self { path });
        }
        let known = Self::list(runs)?;
        if known.is_empty() {
            return Err(Error::Setting {
                place: format!("run `{name}`"),
                found: format!("no run in {}", runs.display()),
                expected: "one that `fanin train --name` made here".to_owned(),
            });
        }
        Err(Error::unknown("run", name, &known))
    }

    /// The run in the folder `path`, to read it or go on with it.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is no run in it.
    pub fn at(path: &Path) -> Result<Self> {
        if is_run(path) {
            return Ok(Self { path: path.to_owned() });
        }
        Err(Error::Setting {
            place: path.display().to_string(),
            found: "no run".to_owned(),
            expected: format!("a folder with a {SPEC}, as `fanin train` writes it"),
        })
    }

    /// The names of the runs in the folder `runs`, sorted; none if there is no such folder.
    pub fn list(runs: &Path) -> Result<Vec<String>> {
        let entries = match fs::read_dir(runs) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Error::io("read", runs))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::io("read", runs))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && is_run(&entry.path()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// A name that no file in `runs` has: the model's text made into a name, and a counter.
    ///
    /// ```
    /// let none_yet = std::path::Path::new("no-such-folder");
    /// let name = fanin::train::RunFolder::free_name(none_yet, "64 -> 10x64 relu -> 10");
    /// assert_eq!(name, "64-10x64-relu-10-1");
    /// assert_eq!(fanin::train::RunFolder::free_name(none_yet, ""), "run-1");
    /// ```
    pub fn free_name(runs: &Path, model: &str) -> String {
        const LONGEST_STEM: usize = 40;
        let mut stem = String::new();
        for c in model.chars().filter(char::is_ascii).map(|c| c.to_ascii_lowercase()) {
            match c {
                'a'..='z' | '0'..='9' | '_' => stem.push(c),
                _ if !stem.is_empty() && !stem.ends_with('-') => stem.push('-'),
                _ => {}
            }
        }
        stem.truncate(LONGEST_STEM);
        let stem = match stem.trim_end_matches('-') {
            "" => "run",
            stem => stem,
        };
        let mut number = 1_u64;
        while is_taken(&runs.join(format!("{stem}-{number}"))) {
            number += 1;
        }
        format!("{stem}-{number}")
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was asked for, as text.
    pub fn spec(&self) -> Result<String> {
        let path = self.path.join(SPEC);
        fs::read_to_string(&path).map_err(Error::io("read", &path))
    }

    /// Refuses to go on with another spec than the one the run began with.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming the first line that differs.
    pub fn check_spec(&self, spec: &str) -> Result<()> {
        let ours = self.spec()?;
        let lines = ours.lines().count().max(spec.lines().count());
        let line = |text: &str, i: usize| match text.lines().nth(i) {
            Some(line) => format!("`{}`", line.trim()),
            None => "no more lines".to_owned(),
        };
        let differing = (0..lines).find(|&i| line(&ours, i) != line(spec, i));
        let Some(i) = differing else { return Ok(()) };
        let place = format!("line {}", i + 1);
        let expected = format!("{}; resume with the run's own spec, or start anew", line(spec, i));
        Err(Error::malformed(&self.path.join(SPEC), place, line(&ours, i), expected))
    }

    /// What wrote it.
    pub fn versions(&self) -> Result<Versions> {
        read_json(&self.path.join(VERSIONS), "the versions that wrote the run")
    }

    /// What it learns, as its checkpoint says; none without one. No rows are read for it.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming line and column if the checkpoint's state cannot be read.
    pub fn task(&self) -> Result<Option<Task>> {
        checkpoint::task(&self.path)
    }

    /// Writes a checkpoint; the older one stays until this one is whole.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<()> {
        checkpoint.save(&self.path)
    }

    /// Reads the checkpoint for a model with parameters of this layout.
    pub fn load(&self, layout: &Layout) -> Result<Checkpoint> {
        Checkpoint::load(&self.path, layout)
    }

    /// Reads the checkpoint of this model.
    pub fn load_for(&self, model: &Model) -> Result<Checkpoint> {
        let layout: Vec<_> = model.parameters()?.into_iter().map(|p| (p.name, p.shape)).collect();
        self.load(&layout)
    }

    /// Whether there is a checkpoint to go on from.
    pub fn has_checkpoint(&self) -> bool {
        checkpoint::exists(&self.path)
    }

    /// Removes the folder if nothing of a run is in it but what [`create`](Self::create) wrote and
    /// records without a checkpoint; whatever else is there keeps it.
    pub(super) fn remove_unstarted(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        let is_own =
            |name: &str| name.starts_with('.') || [SPEC, METRICS, CHECKS, VERSIONS].contains(&name);
        let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        if !self.has_checkpoint() && names.all(|name| is_own(&name)) {
            // The error before it is the one to tell.
            let _ = fs::remove_dir_all(&self.path);
        }
    }

    /// The record of all epochs; a last line that was cut off by an interruption is left out.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming the line if another line cannot be read.
    pub fn metrics(&self) -> Result<Vec<Metrics>> {
        metrics_log::read(&self.path.join(METRICS))
    }

    /// Opens the record to write on, keeping the first `epochs` epochs and nothing after them.
    ///
    /// A run that goes on from a checkpoint of epoch 5 meets epoch 6 again, so that its older
    /// record must go; so must a line that was cut off.
    pub fn append_metrics(&self, epochs: u64) -> Result<MetricsLog> {
        MetricsLog::open(&self.path.join(METRICS), epochs)
    }
}

/// What the JSON in a file says.
///
/// # Errors
/// [`Error::Io`]; [`Error::Malformed`] naming line and column.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path, expected: &str) -> Result<T> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Error::malformed(path, place, error.to_string(), expected)
    })
}

fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_alphanumeric() || "-_.+=,@".contains(c);
    if !name.is_empty() && !name.starts_with('.') && name.len() <= 100 && name.chars().all(plain) {
        return Ok(());
    }
    Err(Error::Setting {
        place: "name of the run".to_owned(),
        found: format!("`{name}`"),
        expected: "letters, digits, - and _, at most 100, not starting with a dot".to_owned(),
    })
}

/// A dangling link is something too.
fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn is_run(path: &Path) -> bool {
    path.join(SPEC).is_file()
}

/// Nothing but a run, or an empty folder, is ever replaced.
fn check_replaceable(path: &Path) -> Result<()> {
    let empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if is_run(path) || empty() {
        return Ok(());
    }
    Err(Error::Setting {
        place: path.display().to_string(),
        found: format!("something without a {SPEC}"),
        expected: "a run to replace; use another name, or remove it yourself".to_owned(),
    })
}

/// The new folder under a temporary name; leftovers of that name are an interrupted try.
fn build(fresh: &Path, spec: &str) -> Result<()> {
    if is_taken(fresh) {
        fs::remove_dir_all(fresh).map_err(Error::io("remove", fresh))?;
    }
    fs::create_dir(fresh).map_err(Error::io("create", fresh))?;
    let write = |name: &str, bytes: &[u8]| {
        write_whole(&fresh.join(name), Existing::Replace, |file| file.write_all(bytes))
    };
    write(SPEC, spec.as_bytes())?;
    let versions = serde_json::to_vec_pretty(&Versions::current());
    write(VERSIONS, &versions.expect("versions are plain text and numbers"))?;
    write(METRICS, b"")
}

/// The old run, if any, steps aside first and is removed last.
fn move_into_place(fresh: &Path, path: &Path) -> Result<()> {
    if !is_taken(path) {
        fs::rename(fresh, path).map_err(|source| match source.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => {
                Error::RunExists { path: path.to_owned() }
            }
            _ => Error::io("create", path)(source),
        })?;
        return sync_folder(path);
    }
    let aside = temporary_beside(&path.with_extension("replaced"), 0);
    fs::rename(path, &aside).map_err(Error::io("replace", path))?;
    if let Err(source) = fs::rename(fresh, path) {
        fs::rename(&aside, path).map_err(Error::io("restore", path))?;
        return Err(Error::io("replace", path)(source));
    }
    sync_folder(path)?;
    fs::remove_dir_all(&aside).map_err(Error::io("remove", &aside))
}
