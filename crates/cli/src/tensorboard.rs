//! `--tensorboard`: where event files go.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use fanin::report::TensorBoard;
use fanin::{Error, Result};

/// Arguments of commands that can write event files.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub struct TensorBoardArgs {
    /// Write scalars and histograms as event files into folders below DIR, one for each run or
    /// start; `tensorboard --logdir DIR` shows them
    #[arg(long = "tensorboard", value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl TensorBoardArgs {
    /// Whether event files were asked for.
    pub fn is_given(&self) -> bool {
        self.folder.is_some()
    }

    /// The folder, made now, so that no long computation ends in its absence.
    pub fn folder(&self) -> Result<Option<&Path>> {
        let Some(folder) = self.folder.as_deref() else { return Ok(None) };
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        Ok(Some(folder))
    }
}

/// A board whose run begins now.
pub fn board() -> TensorBoard {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    TensorBoard::new(now.map_or(0.0, |time| time.as_secs_f64()))
}

/// Names of folders, made from names that may hold any sign, each used once.
#[derive(Debug, Default)]
pub struct Names {
    used: BTreeSet<String>,
}

impl Names {
    /// Letters, digits and a few signs of `name`, with a number behind them if that is taken.
    pub fn free(&mut self, name: &str) -> String {
        const LONGEST: usize = 80;
        let mut stem = String::new();
        for sign in name.chars().take(LONGEST) {
            match sign {
                sign if sign.is_alphanumeric() || "._+=,".contains(sign) => stem.push(sign),
                _ if stem.is_empty() || stem.ends_with('-') => {}
                _ => stem.push('-'),
            }
        }
        let stem = stem.trim_matches(['-', '.']).to_owned();
        let stem = if stem.is_empty() { "start".to_owned() } else { stem };
        let numbered = (2_u64..).map(|number| format!("{stem}-{number}"));
        let mut names = std::iter::once(stem.clone()).chain(numbered);
        let free = names.find(|name| !self.used.contains(name)).expect("some number is free");
        self.used.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folders_of_their_own() {
        let mut names = Names::default();
        assert_eq!(names.free("64 -> 2x64 relu -> 10"), "64-2x64-relu-10");
        assert_eq!(names.free("normal:0.01"), "normal-0.01");
        assert_eq!(names.free("normal/0.01"), "normal-0.01-2");
        assert_eq!(names.free("../.."), "start");
    }
}
