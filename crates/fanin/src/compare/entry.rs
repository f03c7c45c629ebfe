//! A scheme in a network: its starts, its runs, and the two words for them.

use serde::Serialize;

use super::majority;
use super::outcome::Outcome;
use super::start::Start;
use crate::check::forecast::Verdict;
use crate::spec::Model;
use crate::train::loop_control::Finish;
use crate::train::metrics::Metrics;

/// One network with every scheme.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkComparison {
    /// The network as short text.
    pub model: String,
    /// Linear layers before the last.
    pub hidden_layers: usize,
    /// Trained numbers.
    pub parameters: usize,
    /// Schemes, in the order asked for.
    pub entries: Vec<Entry>,
}

impl NetworkComparison {
    pub(super) fn new(model: &Model, entries: Vec<Entry>) -> Self {
        let layers = entries.first().and_then(|e| e.starts.first());
        Self {
            model: model.to_string(),
            hidden_layers: layers.map_or(0, |s| s.measurement.layers.len().saturating_sub(1)),
            parameters: model.trained_elements().unwrap_or(0),
            entries,
        }
    }
}

/// One scheme in one network, over all seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The scheme.
    pub scheme: String,
    /// The starting points, one per seed.
    pub starts: Vec<Start>,
    /// The forecast of most seeds, made before any training.
    pub forecast: Verdict,
    /// The runs, one per seed; empty before training.
    pub trained: Vec<Trained>,
    /// What came of the runs; none before training.
    pub outcome: Option<Outcome>,
}

impl Entry {
    pub(super) fn new(scheme: &str, starts: Vec<Start>) -> Self {
        let forecast = majority(starts.iter().map(|s| s.forecast)).unwrap_or(Verdict::Stuck);
        Self { scheme: scheme.to_owned(), starts, forecast, trained: Vec::new(), outcome: None }
    }

    /// One plain sentence on why the scheme fails here, from its first finding.
    pub fn why(&self) -> Option<&str> {
        let findings = self.starts.iter().find_map(|s| s.findings.first());
        findings.map(|f| f.why.as_str())
    }
}

/// What came of one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trained {
    /// How the run ended.
    pub finish: Finish,
    /// Every epoch.
    pub history: Vec<Metrics>,
}

impl Trained {
    /// Whether the run came to its own end.
    pub fn is_complete(&self) -> bool {
        !matches!(self.finish, Finish::Interrupted)
    }

    /// Loss and score after the last epoch; a run that diverged in its first has none.
    pub fn last(&self) -> Option<&Metrics> {
        self.history.last()
    }

    /// The first epoch, from 1, whose score reaches `target`.
    pub fn epochs_to(&self, target: f64) -> Option<u64> {
        let reached = |m: &&Metrics| m.accuracy.is_some_and(|a| a >= target);
        self.history.iter().find(reached).map(|m| m.epoch)
    }
}
