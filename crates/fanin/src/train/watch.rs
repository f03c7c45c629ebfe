//! Checks inside a run: what becomes of findings and forecast as the weights are trained.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::loop_control::Observer;
use super::run_folder::{CHECKS, RunFolder};
use crate::check::{Diagnosis, Severity, Verdict};
use crate::error::{Error, Result};
use crate::formats::{Existing, write_whole};

/// What a check found at one step of a run: a line of `checks.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Steps done before it.
    pub step: u64,
    /// The word on the whole planned training, as if it began with these weights.
    pub forecast: Verdict,
    /// How likely that word is to be right.
    pub confidence: f64,
    /// The findings, causes first.
    pub findings: Vec<Noted>,
}

/// A finding without its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The symptom's code.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The module where it shows first, if it has a place.
    pub module: Option<String>,
}

impl Check {
    /// What of a diagnosis is kept.
    pub fn new(step: u64, diagnosis: &Diagnosis) -> Self {
        let noted = diagnosis.findings.iter().map(|finding| Noted {
            code: finding.code.to_owned(),
            severity: finding.severity,
            module: finding.module.clone(),
        });
        Self {
            step,
            forecast: diagnosis.forecast,
            confidence: diagnosis.confidence,
            findings: noted.collect(),
        }
    }

    /// The checks that a run's folder records; none if it was not watched.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn recorded(folder: &RunFolder) -> Result<Vec<Self>> {
        let path = folder.path().join(CHECKS);
        if path.exists() { read(&path) } else { Ok(Vec::new()) }
    }

    /// The finding with this code.
    pub fn finding(&self, code: &str) -> Option<&Noted> {
        self.findings.iter().find(|finding| finding.code == code)
    }
}

/// The checks of a run: when the next is due, the last, and the file they go to.
#[derive(Debug)]
pub struct Watch {
    every: NonZero<u64>,
    last: Option<Check>,
    path: PathBuf,
    file: File,
}

impl Watch {
    /// Goes on with the checks in `folder`, keeping those up to `step`.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn open(folder: &RunFolder, every: NonZero<u64>, step: u64) -> Result<Self> {
        let path = folder.path().join(CHECKS);
        let mut kept = if path.exists() { read(&path)? } else { Vec::new() };
        kept.retain(|check| check.step <= step && step > 0);
        let text: String = kept.iter().map(line).collect();
        write_whole(&path, Existing::Replace, |file| file.write_all(text.as_bytes()))?;
        let file =
            OpenOptions::new().append(true).open(&path).map_err(Error::io("write", &path))?;
        Ok(Self { every, last: kept.pop(), path, file })
    }

    /// Whether the weights after so many steps are to be checked.
    pub fn is_due(&self, step: u64) -> bool {
        step.is_multiple_of(self.every.get())
    }

    /// Writes a check down and tells it, with the one before.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn note(&mut self, check: Check, observer: &mut dyn Observer) -> Result<()> {
        self.file.write_all(line(&check).as_bytes()).map_err(Error::io("write", &self.path))?;
        observer.on_check(&check, self.last.as_ref());
        self.last = Some(check);
        Ok(())
    }
}

/// Every check that was written down whole; a line cut off by an interruption is left out.
fn read(path: &Path) -> Result<Vec<Check>> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            let place = format!("line {}", index + 1);
            Error::malformed(path, place, error.to_string(), "one check")
        })
    };
    whole.enumerate().map(parse).collect()
}

fn line(check: &Check) -> String {
    let json = serde_json::to_string(check).expect("checks are plain data");
    format!("{json}\n")
}

#[cfg(test)]
mod tests;
