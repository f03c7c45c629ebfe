//! What a report says, one file for each section: from results to pieces of a document.
//!
//! To add one: a file with `section`, `mod x;` and `x::section,` in [`SECTIONS`]. A section that
//! finds nothing of its own in the material is left out.

mod material;
mod chain;
mod verdict;
mod repair;
mod findings;
mod race;
mod sweep;
mod training;
mod depth;
mod blocks;
mod schemes;
mod symmetry;
mod correlation;
mod phase_plane;
mod activations;
mod jacobian;
mod loss;
mod data;
mod method;

#[cfg(test)]
mod tests;

use super::document::{Control, Report, Section};

pub use material::{Group, Material, Mended, Start};
pub use repair::{Change, Repair};

/// Every section in reading order.
pub static SECTIONS: &[fn(&Material<'_>) -> Option<Section>] = &[
    repair::section,
    findings::section,
    race::section,
    sweep::section,
    training::section,
    depth::section,
    blocks::section,
    schemes::section,
    symmetry::section,
    correlation::section,
    phase_plane::section,
    activations::section,
    jacobian::section,
    loss::section,
    data::section,
    method::section,
];

/// The sections that need no loss and no whole network, for a start that was judged in part.
static OF_PART: &[fn(&Material<'_>) -> Option<Section>] =
    &[findings::section, depth::section, method::section];

/// The report of what was found.
pub fn report(material: &Material<'_>) -> Report {
    let is_part = material.checked.is_some_and(|checked| checked.diagnosis.is_partial);
    let sections = if is_part { OF_PART } else { SECTIONS };
    Report {
        title: material.title.clone(),
        subtitle: material.subtitle.clone(),
        command: material.command.clone(),
        verdict: verdict::strip(material),
        sections: sections.iter().filter_map(|section| section(material)).collect(),
        ..Report::new("")
    }
}

/// What chooses among starts of these names, the one at `shown` first; nothing for a single start.
fn start_control(names: impl Iterator<Item = String>, shown: Option<usize>) -> Vec<Control> {
    let names: Vec<String> = names.collect();
    if names.len() < 2 {
        return Vec::new();
    }
    vec![Control::choice("start", names, shown.unwrap_or(0))]
}

/// At most `most` of so many positions, evenly spaced, the first and the last among them.
fn selected(count: usize, most: usize) -> Vec<usize> {
    if count <= most || most < 2 {
        return (0..count.min(most.max(1))).collect();
    }
    (0..most).map(|place| place * (count - 1) / (most - 1)).collect()
}
