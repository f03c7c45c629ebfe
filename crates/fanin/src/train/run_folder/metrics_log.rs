//! The record of a run: one line of JSON per epoch, safe against being cut off.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::formats::{Existing, write_whole};
use crate::train::Metrics;

/// The record, open to write on.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Adds a line, and hands it to the system at once.
    pub fn append(&mut self, metrics: &Metrics) -> Result<()> {
        self.file.write_all(line(metrics).as_bytes()).map_err(Error::io("write", &self.path))
    }

    pub(super) fn open(path: &Path, epochs: u64) -> Result<Self> {
        let whole = if path.exists() { read(path)? } else { Vec::new() };
        let kept: String =
            whole.iter().filter(|metrics| metrics.epoch <= epochs).map(line).collect();
        write_whole(path, Existing::Replace, |file| file.write_all(kept.as_bytes()))?;
        let file = OpenOptions::new().append(true).open(path).map_err(Error::io("write", path))?;
        Ok(Self { path: path.to_owned(), file })
    }
}

/// Every line that is whole, that is, ends in a newline.
pub(super) fn read(path: &Path) -> Result<Vec<Metrics>> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n').enumerate();
    let parse = |(i, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|error| {
            let place = format!("line {}", i + 1);
            Error::malformed(path, place, error.to_string(), "the metrics of one epoch")
        })
    };
    lines.map(parse).collect()
}

fn line(metrics: &Metrics) -> String {
    let json = serde_json::to_string(metrics).expect("metrics are plain numbers");
    format!("{json}\n")
}
