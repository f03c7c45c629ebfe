//! Steps to learn against the size of the starting weights.

use super::Material;
use crate::compare::sweep::{Cell, Sweep};
use crate::report::document::{Block, Figure, Section, Table};
use crate::report::pictures::{Axis, LineChart, Mark, Picture, Series};
use crate::report::terminal::sweep;

/// The sweep, if there was one.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let found = material.sweep?;
    let (head, rows) = sweep::rows(found);
    let mut section = Section::new("sweep", "How near to zero?", sweep::setting(found))
        .with(Block::Figure(figure(found)))
        .with(Block::Table(Table { head, rows }));
    section.blocks.extend(sweep::conclusions(found).into_iter().map(Block::text));
    Some(section)
}

fn figure(sweep: &Sweep) -> Figure {
    let options = &sweep.options;
    let scales: Vec<f64> = options.scales.iter().copied().filter(|scale| *scale > 0.0).collect();
    let series = options.depths.iter().zip(&sweep.networks).enumerate();
    let series = series.map(|(color, (&depth, network))| {
        let cells: Vec<Option<&Cell>> =
            scales.iter().map(|&scale| sweep.cell(depth, scale)).collect();
        let median = cells.iter().map(|cell| {
            cell.and_then(|cell| cell.median).map_or(f64::NAN, |steps| steps.max(1) as f64)
        });
        let line = Series::new(network, color, median);
        if options.seeds.len() > 1 {
            line.within(cells.iter().map(|cell| ends(*cell)))
        } else {
            line
        }
    });
    let chart = LineChart {
        x: Axis::log("ε, the factor on N(0, 1/d)"),
        y: Axis::log("steps to learn"),
        at: scales.clone(),
        series: series.collect(),
        marks: vec![Mark::new(options.cap as f64, "never within these steps")],
        upright: Vec::new(),
    };
    let caption = "Median over seeds; bands reach from the fastest seed that learned to the \
                   slowest. Where most seeds never learned there is no point; ε = 0 has no place \
                   on this axis and is in the table.";
    Figure::of("Steps to learn against the size of the weights", caption, Picture::LineChart(chart))
}

/// The fewest and the most steps of seeds that learned, where most did.
fn ends(cell: Option<&Cell>) -> (f64, f64) {
    let Some(cell) = cell.filter(|cell| cell.median.is_some()) else {
        return (f64::NAN, f64::NAN);
    };
    let steps = || cell.runs.iter().filter_map(|run| run.steps()).map(|s| s.max(1) as f64);
    (steps().fold(f64::INFINITY, f64::min), steps().fold(f64::NEG_INFINITY, f64::max))
}
