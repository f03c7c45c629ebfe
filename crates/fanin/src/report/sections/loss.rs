//! The loss before the first step beside that of an output that says nothing.

use super::{Group, Material};
use crate::report::document::{Block, Figure, Section, Table};
use crate::report::pictures::{Axis, Gauge, Mark, Picture, digits};
use crate::report::terminal::number::fixed;

/// Factors around the expected loss within which a start is as it should be: measured starts that
/// learn lie there.
const GOOD: (f64, f64) = (0.9, 1.35);

/// The gauge of a start that was checked, or the losses of many.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let groups = material.groups();
    let lead = "A network that knows nothing should say so: its loss should be near that of an \
                output of 0, ln K for K classes. Far above it the network starts with confident \
                nonsense that it has to unlearn first.";
    let section = Section::new("loss", "Loss before the first step", lead);
    let [group] = groups.as_slice() else {
        let section = groups.iter().fold(section, |section, group| {
            section.with(Block::heading(group.model.clone())).with(Block::Table(table(group)))
        });
        return (!groups.is_empty()).then_some(section);
    };
    let measurement = &group.starts.first()?.first().measurement;
    let (loss, expected) = (measurement.loss, measurement.loss_of_zero_output);
    if group.starts.len() > 2 || !(expected > 0.0 && expected.is_finite()) {
        return Some(section.with(Block::Table(table(group))));
    }
    let farthest = if loss.is_finite() { loss.min(20.0 * expected) } else { expected };
    let gauge = Gauge {
        x: Axis::linear("loss"),
        from: 0.0,
        to: (2.0 * expected).max(1.1 * farthest),
        good: [GOOD.0 * expected, GOOD.1 * expected],
        expected: Mark::new(expected, &format!("an output of 0: {}", fixed(expected, 3))),
        value: digits(loss),
        label: "loss at the start".to_owned(),
    };
    let caption = "The green part is where starts that learn usually lie.";
    let figure = Figure::of("Loss on the rows measured", caption, Picture::Gauge(gauge));
    let section = section.with(Block::Figure(figure));
    Some(if group.starts.len() > 1 { section.with(Block::Table(table(group))) } else { section })
}

fn table(group: &Group<'_>) -> Table {
    let row = |start: &super::Start<'_>| {
        let measurement = &start.first().measurement;
        vec![
            start.name.clone(),
            fixed(measurement.loss, 4),
            fixed(measurement.loss_of_zero_output, 4),
        ]
    };
    Table {
        head: ["start", "loss", "of an output of 0"].map(str::to_owned).to_vec(),
        rows: group.starts.iter().map(row).collect(),
    }
}
