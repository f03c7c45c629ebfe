//! What each named scheme does to the network that theory was asked about.

use super::Material;
use crate::report::document::{Block, Section, Table};
use crate::report::terminal::theory::scheme_rows;

/// The table of schemes, if theory was asked.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let (head, rows) = scheme_rows(material.theory?);
    let lead = "From q = 1 and correlation 0.5 on. q: second moment of the signal; gradient: \
                factor on its second moment, backwards; deepest: layers up to which such a network \
                can be trained.";
    Some(
        Section::new("schemes", "What each scheme does", lead)
            .with(Block::Table(Table { head, rows })),
    )
}
