//! All that a stopped run needs to go on to the same bits as one that was never stopped.
//!
//! A checkpoint is three files that belong together, so they are replaced together: all are first
//! written as `.NAME.next`, `.state.json.next` last, which commits them; then each is renamed into
//! place. An interruption before the commit leaves the older checkpoint, one after it is made good
//! by whoever reads or writes the folder next.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::formats::{Existing, Output, SafeTensors, sync_folder, write_whole};
use crate::spec::Task;
use crate::weights::Weights;

use super::EarlyStopping;
use super::optimizers::{Layout, OptimizerState};
use super::run_folder::{Versions, read_json};
use super::tensor_file;

/// The weights, by the names and in the shapes that PyTorch loads.
pub const WEIGHTS: &str = "weights.safetensors";
/// What the optimizer remembers.
pub const STATE: &str = "state.safetensors";
/// How far the run has come.
pub const PROGRESS: &str = "state.json";

/// All that a stopped run needs to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The parameters.
    pub weights: Weights,
    /// What the optimizer remembers.
    pub optimizer: OptimizerState,
    /// How far the run has come.
    pub progress: Progress,
}

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Epochs done.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// The seed that, with the epoch, gives the order of the rows.
    pub seed: u64,
    /// Batches of the next epoch that are done already: the position in its order.
    pub batch: u64,
    /// Loss times rows, added up over those batches.
    pub loss_sum: f64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// The state of early stopping, if it is on.
    pub early_stopping: Option<EarlyStopping>,
    /// Fingerprint of the rows, which must be the same to go on to the same bits.
    pub data: u64,
    /// What is learned, which the spec may leave to the rows; none in what older versions wrote.
    #[serde(default)]
    pub task: Option<Task>,
    /// What wrote it.
    pub versions: Versions,
}

impl Checkpoint {
    /// Writes the checkpoint into `folder`; the older one stays until this one is whole.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file that could not be written; then the older one still loads.
    pub fn save(&self, folder: &Path) -> Result<()> {
        roll_forward(folder)?;
        self.stage(folder)?;
        roll_forward(folder)
    }

    /// Reads the checkpoint in `folder` for a model with parameters of this layout.
    ///
    /// # Errors
    /// [`Error::Io`] if a file is missing; [`Error::Malformed`] naming file and place if one is
    /// damaged, does not fit the model or the others, or was written by a newer version.
    pub fn load(folder: &Path, layout: &Layout) -> Result<Self> {
        roll_forward(folder)?;
        let progress = read_progress(&folder.join(PROGRESS))?;
        let weights = tensor_file::read_weights(&folder.join(WEIGHTS), layout)?;
        let optimizer = tensor_file::read_state(&folder.join(STATE))?;
        Ok(Self { weights, optimizer, progress })
    }

    /// All files as `.NAME.next`; the last one commits.
    fn stage(&self, folder: &Path) -> Result<()> {
        let write = |name: &str, contents: &dyn Fn(&mut dyn Output) -> io::Result<()>| {
            write_whole(&next(&folder.join(name)), Existing::Replace, |file| contents(file))
        };
        write(WEIGHTS, &|file| SafeTensors.write_held(&self.weights, file))?;
        write(STATE, &|file| tensor_file::write_state(&self.optimizer, file))?;
        write(PROGRESS, &|file| Ok(serde_json::to_writer_pretty(file, &self.progress)?))
    }
}

/// Whether `folder` holds a checkpoint, whole or committed.
pub fn exists(folder: &Path) -> bool {
    let path = folder.join(PROGRESS);
    path.exists() || next(&path).exists()
}

/// What the run in `folder` learns, by its checkpoint, whole or committed; none without one.
///
/// # Errors
/// [`Error::Malformed`] naming line and column if the checkpoint's state cannot be read.
pub fn task(folder: &Path) -> Result<Option<Task>> {
    /// The one field that is asked for, in a state of any version.
    #[derive(Deserialize)]
    struct Learned {
        #[serde(default)]
        task: Option<Task>,
    }

    let path = folder.join(PROGRESS);
    let Some(path) = [next(&path), path].into_iter().find(|path| path.exists()) else {
        return Ok(None);
    };
    read_json(&path, "the progress of a run").map(|Learned { task }| task)
}

/// Finishes the renames of a committed checkpoint.
fn roll_forward(folder: &Path) -> Result<()> {
    let commit = folder.join(PROGRESS);
    if !next(&commit).exists() {
        return Ok(());
    }
    for name in [WEIGHTS, STATE] {
        rename_next(&folder.join(name))?;
    }
    sync_folder(&commit)?;
    rename_next(&commit)?;
    sync_folder(&commit)
}

/// A file that has been renamed already is in place.
fn rename_next(path: &Path) -> Result<()> {
    match fs::rename(next(path), path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        renamed => renamed.map_err(Error::io("write", path)),
    }
}

fn next(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.next"))
}

fn read_progress(path: &Path) -> Result<Progress> {
    let progress: Progress = read_json(path, "the progress of a run")?;
    let (found, ours) = (progress.versions.checkpoint, Versions::current().checkpoint);
    if found > ours {
        let found = format!("{found}, written by fanin {}", progress.versions.fanin);
        let expected = format!("{ours} or older; use that version of fanin");
        return Err(Error::malformed(path, "checkpoint format", found, expected));
    }
    Ok(progress)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{ATTEMPTS, temporary_beside};
    use fanin_engine::Tensor;
    use fanin_engine::tensor::Shape;

    fn checkpoint(step: u64) -> Checkpoint {
        let tensor = |value: f64| Tensor::filled([2, 3], value as f32);
        let weights = vec![("0.weight".to_owned(), tensor(0.1 * step as f64))];
        let momentum = vec![("sgd.momentum.0.weight".to_owned(), tensor(-0.1))];
        Checkpoint {
            weights: Weights { tensors: weights },
            optimizer: OptimizerState { method: "sgd".to_owned(), steps: step, tensors: momentum },
            progress: Progress {
                epoch: step / 10,
                step,
                seed: u64::MAX,
                batch: step % 10,
                loss_sum: 0.1 + 0.2,
                seconds: 1.0 / 3.0,
                early_stopping: Some(EarlyStopping::new(3, 0.0)),
                data: 7,
                task: Some(Task::Regression),
                versions: Versions::current(),
            },
        }
    }

    fn layout() -> Vec<(String, Shape)> {
        vec![("0.weight".to_owned(), [2, 3].into())]
    }

    fn files(folder: &Path) -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_loaded_is_what_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        for step in [7, 23] {
            checkpoint(step).save(folder.path()).unwrap();
            assert_eq!(Checkpoint::load(folder.path(), &layout()).unwrap(), checkpoint(step));
        }
        assert_eq!(files(folder.path()), [PROGRESS, STATE, WEIGHTS]);
    }

    #[test]
    fn what_is_learned_is_known_from_the_state_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(task(folder.path()).unwrap(), None);
        checkpoint(7).stage(folder.path()).unwrap();
        assert_eq!(task(folder.path()).unwrap(), Some(Task::Regression), "it is committed");
        checkpoint(7).save(folder.path()).unwrap();
        assert_eq!(task(folder.path()).unwrap(), Some(Task::Regression));
        fs::write(folder.path().join(PROGRESS), "{\"epoch\": 7, \"of a later version\": 1}")
            .unwrap();
        assert_eq!(task(folder.path()).unwrap(), None);
        fs::write(folder.path().join(PROGRESS), "{").unwrap();
        assert!(task(folder.path()).unwrap_err().to_string().contains(PROGRESS));
    }

    #[test]
    fn an_interruption_before_the_commit_leaves_the_older_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        checkpoint(7).save(folder.path()).unwrap();
        checkpoint(23).stage(folder.path()).unwrap();
        fs::remove_file(next(&folder.path().join(PROGRESS))).unwrap();
        assert_eq!(Checkpoint::load(folder.path(), &layout()).unwrap(), checkpoint(7));
        checkpoint(30).save(folder.path()).unwrap();
        assert_eq!(Checkpoint::load(folder.path(), &layout()).unwrap(), checkpoint(30));
    }

    #[test]
    fn an_interruption_after_the_commit_gives_the_newer_checkpoint_whole() {
        for renamed in [&[][..], &[WEIGHTS], &[WEIGHTS, STATE]] {
            let folder = tempfile::tempdir().unwrap();
            checkpoint(7).save(folder.path()).unwrap();
            checkpoint(23).stage(folder.path()).unwrap();
            for name in renamed {
                rename_next(&folder.path().join(name)).unwrap();
            }
            assert!(exists(folder.path()));
            assert_eq!(Checkpoint::load(folder.path(), &layout()).unwrap(), checkpoint(23));
        }
    }

    #[test]
    fn a_failed_save_never_mixes_with_one_that_was_only_committed() {
        let folder = tempfile::tempdir().unwrap();
        checkpoint(7).stage(folder.path()).unwrap();
        let staged = next(&folder.path().join(STATE));
        let obstacles = || (0..=ATTEMPTS).map(|attempt| temporary_beside(&staged, attempt));
        obstacles().for_each(|obstacle| fs::create_dir(obstacle).unwrap());
        let text = checkpoint(23).save(folder.path()).unwrap_err().to_string();
        assert!(text.contains(STATE), "{text}");
        assert_eq!(Checkpoint::load(folder.path(), &layout()).unwrap(), checkpoint(7));
        obstacles().for_each(|obstacle| fs::remove_dir(obstacle).unwrap());
        checkpoint(30).save(folder.path()).unwrap();
        assert_eq!(Checkpoint::load(folder.path(), &layout()).unwrap(), checkpoint(30));
    }

    #[track_caller]
    fn check(spoil: impl Fn(&Path), expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        checkpoint(7).save(folder.path()).unwrap();
        spoil(folder.path());
        let text = Checkpoint::load(folder.path(), &layout()).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn a_missing_or_spoiled_file_is_named() {
        for name in [PROGRESS, WEIGHTS, STATE] {
            check(|folder| fs::remove_file(folder.join(name)).unwrap(), name);
            check(|folder| fs::write(folder.join(name), "{").unwrap(), name);
        }
        check(|folder| fs::write(folder.join(PROGRESS), "{\n\"epoch\": x").unwrap(), "line 2");
    }

    #[test]
    fn a_newer_format_is_refused_with_the_version_that_wrote_it() {
        let newer = |folder: &Path| {
            let mut progress = checkpoint(7).progress;
            progress.versions = Versions { fanin: "9.9.9".to_owned(), checkpoint: 99 };
            fs::write(folder.join(PROGRESS), serde_json::to_vec(&progress).unwrap()).unwrap();
        };
        check(newer, "found 99, written by fanin 9.9.9, expected 1 or older");
    }

    #[test]
    fn a_model_of_another_shape_is_told_the_tensor() {
        let folder = tempfile::tempdir().unwrap();
        checkpoint(7).save(folder.path()).unwrap();
        let other = [("0.weight".to_owned(), [3, 2].into())];
        let text = Checkpoint::load(folder.path(), &other).unwrap_err().to_string();
        assert!(text.ends_with("found shape (2, 3), expected shape (3, 2), that of the model"));
    }
}
