//! What was changed to mend a start, and the same start as code for other libraries.

use serde::{Deserialize, Serialize};

use super::Material;
use crate::check::rules::wording::number;
use crate::compare::proof::{Conclusion, Proven};
use crate::recommend::{self, Language, Recommendation, fold};
use crate::report::document::{Block, Section, Table};
use crate::report::{Fixed, terminal};
use crate::spec::{Model, Task};

/// What was changed to mend a start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// What happened to each tensor.
    pub changes: Vec<Change>,
    /// The mended start as code: the language and the text, ready to be pasted.
    pub code: Vec<(String, String)>,
    /// What the first start came to, in a few words; may be empty.
    pub before: String,
    /// What the mended one comes to; may be empty.
    pub after: String,
    /// What training from both showed, as on the terminal; may be empty.
    pub proof: String,
    /// The same in one sentence that ends in no full stop; may be empty.
    pub proven: String,
    /// What training concluded: `better`, `worse`, …; empty where nothing was compared.
    pub conclusion: String,
    /// The command that goes on.
    pub command: String,
}

/// Characters of a line of the proof.
const WIDTH: usize = 100;

impl Repair {
    /// What `found` changes in `model`, which learns `task`, with the start as code for every library
    /// that can draw it.
    pub fn new(model: &Model, fixed: &Fixed<'_>, found: &Recommendation, task: Task) -> Self {
        let Fixed { repair, proof, .. } = fixed;
        let conclusion = proof.and_then(Proven::trained).map(|proof| proof.conclusion);
        let deviation = |ends: (recommend::Scale, recommend::Scale)| {
            let [low, high] = [ends.0, ends.1].map(|scale| number(scale.deviation));
            if low == high { low } else { format!("{low} to {high}") }
        };
        let change = |fold: &recommend::Fold| Change {
            tensor: fold.name.clone(),
            before: deviation(fold.before),
            after: format!("{} ({})", deviation(fold.after), fold.scheme),
            why: fold.reason.clone(),
        };
        let code = |language: &Language| {
            let source = recommend::code(model, found, *language).ok()?;
            Some((language.title().to_owned(), source))
        };
        Self {
            changes: fold(&found.changes).iter().map(change).collect(),
            code: Language::ALL.iter().filter_map(code).collect(),
            before: repair.before.forecast.to_string(),
            after: repair.after.as_ref().map_or(String::new(), |after| after.forecast.to_string()),
            proof: proof.map(|it| terminal::proven(it, task, WIDTH)).unwrap_or_default(),
            proven: proof.map(terminal::proven_in_short).unwrap_or_default(),
            conclusion: conclusion.as_ref().map(Conclusion::to_string).unwrap_or_default(),
            command: terminal::next_after_fix(fixed),
        }
    }
}

/// What happened to one tensor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The tensor.
    pub tensor: String,
    /// Its scheme, or its deviation, before.
    pub before: String,
    /// The same after.
    pub after: String,
    /// Why.
    pub why: String,
}

/// The repair, if there was one.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let repair = material.repair?;
    let lead = match (repair.before.as_str(), repair.after.as_str()) {
        ("", _) | (_, "") => "What changed, tensor by tensor.".to_owned(),
        (before, after) if repair.proven.is_empty() => {
            format!("Before: {before}. After: {after}.")
        }
        (before, after) => {
            format!("Before: {before}. After: {after}. Proof by training: {}.", repair.proven)
        }
    };
    let mut section = Section::new("repair", "Repair", lead);
    if !repair.changes.is_empty() {
        let row = |change: &Change| {
            [&change.tensor, &change.before, &change.after, &change.why].map(String::clone).to_vec()
        };
        let head = ["tensor", "before", "after", "why"].map(str::to_owned).to_vec();
        let rows = repair.changes.iter().map(row).collect();
        section.blocks.push(Block::Table(Table { head, rows }));
    }
    if !repair.proof.is_empty() {
        section.blocks.push(Block::heading("Proof by training".to_owned()));
        let (language, source) = ("text".to_owned(), repair.proof.clone());
        section.blocks.push(Block::Code { language, source });
    }
    for (library, source) in &repair.code {
        section.blocks.push(Block::heading(library.clone()));
        let language = if library == Language::Rust.title() { "rust" } else { "python" };
        let (language, source) = (language.to_owned(), source.clone());
        section.blocks.push(Block::Code { language, source });
    }
    Some(section)
}
