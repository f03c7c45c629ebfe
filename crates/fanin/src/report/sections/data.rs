//! The rows that everything was measured on.

use super::Material;
use super::verdict::sentence;
use crate::data::describe;
use crate::report::document::{Block, Fact, Figure, Section, Table};
use crate::report::pictures::{Axis, LineChart, Picture, Series, Style};
use crate::report::terminal::number::{compact, whole};

/// Classes that a table lists.
const MOST_CLASSES: usize = 30;
/// Features whose means and deviations are drawn.
const MOST_FEATURES: usize = 400;

/// The data panel.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let data = material.data?;
    let described = describe(&data.train);
    let cosine = material.groups().first().and_then(|group| {
        let start = group.starts.first()?.first();
        start.measurement.layers.first().map(|layer| layer.input_cosine)
    });
    let lead = format!("{}. Features: {}.", data.source, data.features.preparation);
    let mut section = Section::new("data", "Data", lead);
    let test = data.test.as_ref().map_or(0, crate::data::Dataset::rows);
    let mut facts = vec![
        Fact::new("rows to train on", whole(described.rows)),
        Fact::new("rows to test on", whole(test)),
        Fact::new("features", whole(described.features)),
        Fact::new("mean square of a feature, q₀", compact(described.mean_square)),
        Fact::new("largest over least deviation", compact(described.deviation_ratio)),
    ];
    facts.extend(cosine.map(|c| Fact::new("median cosine between rows, c₀", compact(c))));
    section.blocks.push(Block::Facts { facts });
    section.blocks.extend(described.remarks.iter().map(|remark| Block::text(sentence(remark))));
    let columns = &described.columns;
    if (2..=MOST_FEATURES).contains(&columns.len()) {
        let chart = LineChart {
            x: Axis::whole("feature"),
            y: Axis::linear("after scaling"),
            at: (1..=columns.len()).map(|feature| feature as f64).collect(),
            series: vec![
                Series::new("mean", 0, columns.iter().map(|c| c.mean)).styled(Style::Line),
                Series::new("deviation", 1, columns.iter().map(|c| c.deviation))
                    .styled(Style::Line),
            ],
            ..LineChart::default()
        };
        let caption = "Means should be near 0 and deviations near 1; features that are the same in \
                       every row have the deviation 0.";
        section.blocks.push(Block::Figure(Figure::of(
            "Features",
            caption,
            Picture::LineChart(chart),
        )));
    }
    if (1..=MOST_CLASSES).contains(&described.classes.len()) {
        let row = |class: &crate::data::Balance| {
            vec![class.class.clone(), whole(class.rows), format!("{:.1} %", 100.0 * class.share)]
        };
        let head = ["class", "rows", "share"].map(str::to_owned).to_vec();
        let rows = described.classes.iter().map(row).collect();
        section.blocks.push(Block::Table(Table { head, rows }));
    }
    Some(section)
}
