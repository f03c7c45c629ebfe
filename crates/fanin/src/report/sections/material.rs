//! What a report is made from: results of the rooms before, each if it was asked for.

use crate::check::Diagnosis;
use crate::compare::NetworkComparison;
use crate::data::Prepared;
use crate::report::Checked;
use crate::spec::Spec;

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
    /// A start that was checked.
    pub checked: Option<&'a Checked<'a>>,
    /// The same network from the start that a finding advises.
    pub mended: Option<Mended<'a>>,
    /// Networks that were compared.
    pub networks: &'a [NetworkComparison],
}

/// The same network from another start.
#[derive(Clone, Copy, Debug)]
pub struct Mended<'a> {
    /// The start.
    pub start: &'a str,
    /// What was found there.
    pub diagnosis: &'a Diagnosis,
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
    /// All starts, by network.
    pub fn groups(&self) -> Vec<Group<'a>> {
        let checked = self.checked.map(|checked| {
            let start = |name: &str, diagnosis| Start {
                name: name.to_owned(),
                diagnoses: vec![diagnosis],
            };
            let before = match self.mended {
                Some(_) => start(&format!("before: {}", checked.start), checked.diagnosis),
                None => start(&checked.start, checked.diagnosis),
            };
            let after = self.mended.map(|m| start(&format!("after: {}", m.start), m.diagnosis));
            Group { model: checked.model.clone(), starts: std::iter::once(before).chain(after).collect() }
        });
        let compared = self.networks.iter().map(|network| Group {
            model: network.model.clone(),
            starts: network
                .entries
                .iter()
                .filter(|entry| !entry.starts.is_empty())
                .map(|entry| Start {
                    name: entry.scheme.clone(),
                    diagnoses: entry.starts.iter().collect(),
                })
                .collect(),
        });
        checked.into_iter().chain(compared).filter(|group| !group.starts.is_empty()).collect()
    }
}
