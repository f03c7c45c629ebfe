//! Hand-made rows for tests.

use super::Row;
use crate::cases::{self, Case};
use crate::judge::{Finding, Judgment};
use crate::label::{self, Label, Outcome, Run};

/// A case with a label and a judgment of its own.
pub struct Sample {
    pub case: Case,
    pub label: Label,
    pub judgment: Judgment,
    pub at_fault: bool,
    pub maybe_at_fault: bool,
    pub learning_starts: usize,
}

fn outcome(name: &str) -> Outcome {
    Outcome::ALL.into_iter().find(|outcome| outcome.name() == name).unwrap()
}

impl Sample {
    /// The first case of all, of which that came and this was said.
    pub fn new(trained: &str, said: &str) -> Self {
        let case = cases::all().swap_remove(0);
        let trained = outcome(trained);
        let label = Label {
            key: label::key(&case),
            case: case.describe(),
            outcome: trained,
            mixed: false,
            best: trained,
            runs: Vec::new(),
            seconds: 0.0,
        };
        let judgment = Judgment {
            key: case.key(),
            case: case.describe(),
            verdict: said.to_owned(),
            findings: Vec::new(),
            evidence: std::collections::BTreeMap::new(),
            seconds: 0.0,
            epoch_seconds: None,
        };
        let [at_fault, maybe_at_fault] = [false; 2];
        Self { case, label, judgment, at_fault, maybe_at_fault, learning_starts: 0 }
    }

    /// The same with a FAIL finding.
    pub fn with_fail(mut self) -> Self {
        self.judgment.findings.push(Finding {
            code: "saturation".to_owned(),
            severity: "fail".to_owned(),
            module: None,
            why: String::new(),
        });
        self
    }

    /// One more run, at so many times the user's rate.
    pub fn run(&mut self, factor: f64, came_of_it: &str) -> &mut Run {
        self.label.runs.push(Run {
            seed: 0,
            factor,
            outcome: outcome(came_of_it),
            epochs: 15,
            diverged: None,
            score: Some(0.1),
            best_score: Some(0.1),
            first_loss: Some(2.3),
            peak_loss: Some(2.5),
            last_loss: Some(2.3),
        });
        self.label.runs.last_mut().unwrap()
    }

    /// The sample as a row.
    pub fn row(&self) -> Row<'_> {
        let Self { case, label, judgment, .. } = self;
        let Self { at_fault, maybe_at_fault, learning_starts, .. } = *self;
        Row { case, label, judgment, at_fault, maybe_at_fault, learning_starts }
    }
}
