//! A sweep over scales: a table with one column per depth, and what it says in sentences.

use super::number::{count, whole};
use super::table::aligned;
use super::wrap::wrapped;
use crate::compare::sweep::{Cell, Sweep};

/// Steps to learn against the scale of the weights, and what follows from them.
pub fn sweep(sweep: &Sweep) -> String {
    let mut text = wrapped("", "", &problem(sweep)) + &wrapped("", "", &measure(sweep)) + "\n";
    let (head, rows) = rows(sweep);
    text.push_str(&aligned(&head, rows));
    text.push('\n');
    for line in conclusions(sweep) {
        text.push_str(&wrapped("", "  ", &line));
    }
    text
}

/// What was trained and what was measured, in two sentences.
pub(in crate::report) fn setting(sweep: &Sweep) -> String {
    format!("{}. {}.", problem(sweep), measure(sweep))
}

fn problem(sweep: &Sweep) -> String {
    let options = &sweep.options;
    format!(
        "Weights ε·N(0, 1/d), biases 0; {}, y = sign(x1·x2); gradient descent on all of them, \
         learning rate {}",
        count(options.rows, "point", "points"),
        options.learning_rate,
    )
}

fn measure(sweep: &Sweep) -> String {
    let options = &sweep.options;
    format!(
        "Steps until the mean squared error is below {}, median of {}; never = not within {}",
        options.target_error,
        count(options.seeds.len(), "seed", "seeds"),
        count(options.cap as usize, "step", "steps"),
    )
}

/// Names of the columns, one for each network, and a row for each ε.
pub(in crate::report) fn rows(sweep: &Sweep) -> (Vec<String>, Vec<Vec<String>>) {
    let options = &sweep.options;
    let mut head = vec!["ε".to_owned()];
    head.extend(sweep.networks.iter().cloned());
    let rows = options.scales.iter().map(|&scale| {
        let mut row = vec![short(scale)];
        let cells = options.depths.iter().map(|&depth| sweep.cell(depth, scale));
        row.extend(cells.map(|cell| cell.map_or_else(String::new, steps)));
        row
    });
    (head, rows.collect())
}

/// ε as people write it.
fn short(scale: f64) -> String {
    if scale != 0.0 && !(1e-3..1e6).contains(&scale) {
        format!("{scale:e}")
    } else {
        scale.to_string()
    }
}

fn steps(cell: &Cell) -> String {
    let (reached, ended) = (cell.reached, cell.ended());
    match cell.median {
        _ if ended == 0 => "not finished".to_owned(),
        None if reached == 0 => "never".to_owned(),
        None => format!("never ({reached} of {ended} do)"),
        Some(median) if reached < ended => {
            format!("{} ({reached} of {ended})", whole(median as usize))
        }
        Some(median) => whole(median as usize),
    }
}

/// What follows from the table, in sentences.
pub(in crate::report) fn conclusions(sweep: &Sweep) -> Vec<String> {
    let mut lines = Vec::new();
    if sweep.interrupted {
        lines.push("Stopped before all runs had ended.".to_owned());
    }
    let zero: Vec<&Cell> =
        sweep.cells.iter().filter(|c| c.scale == 0.0 && c.depth > 0 && c.ended() > 0).collect();
    if !zero.is_empty() && zero.iter().all(|c| c.reached == 0) {
        lines.push(
            "Exactly 0 never learns: all units of a layer get the same gradient for ever."
                .to_owned(),
        );
    }
    for (&depth, network) in sweep.options.depths.iter().zip(&sweep.networks) {
        let cells = sweep.cells.iter().filter(|cell| cell.depth == depth);
        let learned: Vec<(&Cell, u64)> =
            cells.filter_map(|cell| cell.median.map(|median| (cell, median))).collect();
        let Some((best, fewest)) = learned.iter().min_by_key(|(_, median)| *median) else {
            continue;
        };
        let (least, most) = learned.iter().fold((best.scale, best.scale), |(low, high), (c, _)| {
            (low.min(c.scale), high.max(c.scale))
        });
        lines.push(format!(
            "{network}: fastest at ε = {} ({}); of the ε tried, those from {} to {} learn.",
            short(best.scale),
            count(*fewest as usize, "step", "steps"),
            short(least),
            short(most),
        ));
    }
    lines
}
