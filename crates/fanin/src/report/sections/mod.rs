//! What a report says, one file for each section: from results to pieces of a document.
//!
//! To add one: a file with `section`, `mod x;` and `x::section,` in [`SECTIONS`]. A section that
//! finds nothing of its own in the material is left out.

mod material;
mod verdict;
mod findings;
mod race;
mod depth;

use super::document::{Report, Section};

pub use material::{Group, Material, Mended, Start};

/// Every section in reading order.
pub static SECTIONS: &[fn(&Material<'_>) -> Option<Section>] = &[
    findings::section,
    race::section,
    depth::section,
];

/// The report of what was found.
pub fn report(material: &Material<'_>) -> Report {
    Report {
        title: material.title.clone(),
        subtitle: material.subtitle.clone(),
        command: material.command.clone(),
        verdict: verdict::strip(material),
        sections: SECTIONS.iter().filter_map(|section| section(material)).collect(),
        ..Report::new("")
    }
}
