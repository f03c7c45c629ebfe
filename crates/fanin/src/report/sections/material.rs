//! What a report is made from: results of the rooms before, each if it was asked for.

use super::Repair;
use crate::check::{Diagnosis, Trace};
use crate::compare::sweep::Sweep;
use crate::compare::{NetworkComparison, Replay, Threshold};
use crate::data::Prepared;
use crate::report::Checked;
use crate::spec::{Spec, Task};
use crate::theory::{AttentionDescription, Description};
use crate::train::{Check, Finish, Metrics};

/// Results of the rooms before; those that were not asked for are left out.
#[derive(Debug, Default)]
pub struct Material<'a> {
    /// What the report is about.
    pub title: String,
    /// The same in a sentence.
    pub subtitle: String,
    /// The command that was run.
    pub command: String,
    /// What was asked for.
    pub spec: Option<&'a Spec>,
    /// Rows that were measured and trained on.
    pub data: Option<&'a Prepared>,
    /// What was learned, where no rows are told of.
    pub task: Option<Task>,
    /// A start that was checked.
    pub checked: Option<&'a Checked<'a>>,
    /// What pictures show of it.
    pub trace: Option<&'a Trace>,
    /// The same network from the start that a finding advises.
    pub mended: Option<Mended<'a>>,
    /// What was changed to mend it.
    pub repair: Option<&'a Repair>,
    /// Networks that were compared.
    pub networks: &'a [NetworkComparison],
    /// What pictures show of their starts, by network and scheme; empty if not asked for.
    pub traces: &'a [Vec<Trace>],
    /// First steps of training.
    pub replays: &'a [Replay],
    /// What theory says of a network.
    pub theory: Option<&'a Description>,
    /// What theory says of attention alone.
    pub attention: Option<&'a AttentionDescription>,
    /// Training from starts of many sizes.
    pub sweep: Option<&'a Sweep>,
    /// The epochs of a run.
    pub epochs: Option<&'a [Metrics]>,
    /// How it ended, where that is known.
    pub finish: Option<&'a Finish>,
    /// Its checks, if it was watched.
    pub checks: &'a [Check],
}

/// The same network from another start.
#[derive(Clone, Copy, Debug)]
pub struct Mended<'a> {
    /// The start.
    pub start: &'a str,
    /// What was found there.
    pub diagnosis: &'a Diagnosis,
    /// What pictures show of it.
    pub trace: Option<&'a Trace>,
}

/// One network with its starts.
#[derive(Debug)]
pub struct Group<'a> {
    /// The network as short text.
    pub model: String,
    /// Starts in the order asked for; one, or before and after, for a check.
    pub starts: Vec<Start<'a>>,
}

/// One start of a network.
#[derive(Debug)]
pub struct Start<'a> {
    /// Its name.
    pub name: String,
    /// What was found, once for each seed.
    pub diagnoses: Vec<&'a Diagnosis>,
    /// What pictures show of it.
    pub trace: Option<&'a Trace>,
}

impl Group<'_> {
    /// The title of the network's figure, which is `alone` where it is the only one of `groups`.
    pub fn title(&self, groups: usize, alone: &str) -> String {
        if groups > 1 { self.model.clone() } else { alone.to_owned() }
    }
}

impl<'a> Start<'a> {
    /// What was found at the first seed.
    ///
    /// # Panics
    /// Never: a start was checked at least once.
    pub fn first(&self) -> &'a Diagnosis {
        self.diagnoses[0]
    }
}

impl<'a> Material<'a> {
    /// The score that counts as learned, if that was asked for: the one asked for, or, where guessing
    /// comes to that on the rows, the higher one in its place, in four digits.
    pub fn target(&self) -> Option<f64> {
        let asked = self.spec?.train.target_accuracy;
        let target = self.data.map_or(asked, |data| Threshold::new(data, asked).target);
        Some(if target > asked { (target * 1e4).round() / 1e4 } else { asked })
    }

    /// All starts, by network.
    pub fn groups(&self) -> Vec<Group<'a>> {
        let checked = self.checked.map(|checked| self.checked_group(checked));
        let compared = self.networks.iter().enumerate().map(|(number, network)| {
            let traces = self.traces.get(number);
            let entries = network.entries.iter().enumerate();
            let starts = entries.filter(|(_, entry)| !entry.starts.is_empty());
            let starts = starts.map(|(index, entry)| Start {
                name: entry.scheme.clone(),
                diagnoses: entry.starts.iter().collect(),
                trace: traces.and_then(|traces| traces.get(index)),
            });
            Group { model: network.model.clone(), starts: starts.collect() }
        });
        checked.into_iter().chain(compared).filter(|group| !group.starts.is_empty()).collect()
    }

    fn checked_group(&self, checked: &'a Checked<'a>) -> Group<'a> {
        let name = match self.mended {
            Some(_) => format!("before: {}", checked.start),
            None => checked.start.clone(),
        };
        let before = Start { name, diagnoses: vec![checked.diagnosis], trace: self.trace };
        let after = self.mended.map(|mended| Start {
            name: format!("after: {}", mended.start),
            diagnoses: vec![mended.diagnosis],
            trace: mended.trace,
        });
        Group {
            model: checked.model.clone(),
            starts: std::iter::once(before).chain(after).collect(),
        }
    }
}
