//! What was changed to mend a start, and the same start as code for other libraries.

use serde::{Deserialize, Serialize};

use super::Material;
use crate::report::document::{Block, Section, Table};

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
        (before, after) => format!("Before: {before}. After: {after}."),
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
    for (language, source) in &repair.code {
        section.blocks.push(Block::heading(language.clone()));
        let (language, source) = (language.to_lowercase(), source.clone());
        section.blocks.push(Block::Code { language, source });
    }
    Some(section)
}
