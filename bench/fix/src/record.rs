//! What came of one network from one start, as a line of a file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::networks::Network;
use crate::starts::Start;

/// Changes of this benchmark that change results count this up, so that all is trained anew.
const PROTOCOL: u32 = 2;

/// What came of one network from one start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What identifies network, start and protocol.
    pub key: String,
    /// The task's name.
    pub task: String,
    /// The network's name.
    pub network: String,
    /// The start's name.
    pub start: String,
    /// Why it could not be started, if so.
    pub refused: Option<String>,
    /// The learning rate that served it best.
    pub rate: Option<f64>,
    /// Steps to the target for each seed at that rate; none of those that never arrived.
    pub steps: Vec<Option<u64>>,
    /// The best score of each of these runs.
    pub best: Vec<f64>,
    /// The last score of each of these runs; 0 of those that diverged.
    pub last: Vec<f64>,
    /// Seeds that diverged.
    pub diverged: usize,
    /// Steps that a run may take.
    pub planned: u64,
    /// Seconds that finding the start took.
    pub finding: f64,
    /// Seconds of all runs.
    pub seconds: f64,
}

impl Record {
    /// Whether most seeds arrive.
    pub fn learns(&self) -> bool {
        2 * self.steps.iter().flatten().count() > self.steps.len()
    }

    /// The median of the steps; none where most seeds never arrive.
    pub fn median(&self) -> Option<u64> {
        let mut steps: Vec<u64> = self.steps.iter().map(|s| s.unwrap_or(u64::MAX)).collect();
        steps.sort_unstable();
        steps.get(steps.len() / 2).copied().filter(|&steps| steps < u64::MAX)
    }
}

/// The key of a network and a start.
pub fn key(network: &Network, start: Start) -> String {
    let text = format!("{PROTOCOL} {} {}", network.identity(), start.name());
    // The FNV-1a hash.
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
}

/// The records in a file, each a line of JSON; none if there is no file. Lines that are not whole are passed over.
///
/// # Errors
/// If the file cannot be read.
pub fn read<R: DeserializeOwned>(path: &Path) -> std::io::Result<Vec<R>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let lines = BufReader::new(File::open(path)?).lines();
    let lines: Vec<String> = lines.collect::<std::io::Result<_>>()?;
    Ok(lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
