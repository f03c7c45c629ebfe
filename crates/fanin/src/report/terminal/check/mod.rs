//! One starting point on one screen: layers with bars, causes with their remedy, the forecast.

mod bars;
mod layers;
mod cells;
mod readings;
mod findings;
pub(in crate::report) mod remedy;
mod forecast;

#[cfg(test)]
mod tests;

use std::fmt::Write;

pub(in crate::report) use forecast::{forecast, percent};
#[cfg(test)]
pub(in crate::report) use tests::sample_of_a_diagnosis;

use super::number::{compact, loss, number, steps};
use super::wrap::wrapped_within;
use crate::check::Diagnosis;
use crate::report::Checked;

/// One starting point, layer by layer, with what is wrong and what to do, in lines of at most
/// `width` characters; long words and the first columns of the table are never cut.
pub fn check(checked: &Checked<'_>, width: usize) -> String {
    let Checked { model, start, diagnosis, .. } = checked;
    let seeds = match diagnosis.seeds {
        1 => String::new(),
        seeds => format!(" · {seeds} seeds, the layers of the first"),
    };
    let title = format!("{model} · starting from {start}{seeds}");
    let mut text = wrapped_within(width, "", "  ", &title);
    for remark in &diagnosis.remarks {
        text.push_str(&wrapped_within(width, "data: ", "  ", remark));
    }
    text.push('\n');
    if !diagnosis.measurement.layers.is_empty() {
        text.push_str(&layers::layers(diagnosis, width));
        text.push_str(&cells::cells(diagnosis, width));
        text.push_str(&numbers(diagnosis));
    }
    for skipped in &diagnosis.skipped {
        text.push_str(&wrapped_within(width, "\nskipped: ", "  ", skipped));
    }
    text.push_str(&findings::findings(checked, width));
    text.push_str(&findings::sound(diagnosis, width));
    text.push_str(&forecast(diagnosis, width));
    text
}

fn numbers(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let escape = diagnosis.escape_steps.map_or_else(
        || "no gradient, so never".to_owned(),
        |escape| format!("about {}", steps(escape)),
    );
    let factor = |f: Option<f64>| f.map_or_else(|| "–".to_owned(), |f| format!("×{}", number(f)));
    let lines = [
        (
            "loss before the first step",
            format!(
                "{}{} (an output of 0: {})",
                compact_loss(diagnosis.measurement.loss),
                readings::mean(diagnosis, "loss", compact_loss),
                compact_loss(diagnosis.measurement.loss_of_zero_output)
            ),
        ),
        ("signal per hidden layer", factor(diagnosis.signal_factor)),
        ("gradient per hidden layer, backward", factor(diagnosis.gradient_factor)),
        ("gradient norm, first over last layer", compact(diagnosis.measurement.gradient_ratio())),
        (
            "hidden units that can ever differ",
            format!("{} of {}", diagnosis.effective_units, diagnosis.units),
        ),
        ("to grow out of the start", escape),
    ];
    text.push('\n');
    if diagnosis.is_partial {
        let _ = writeln!(text, " {:<38} {}", lines[1].0, lines[1].1);
        return text;
    }
    for (name, value) in lines.into_iter().chain(readings::lines(diagnosis)) {
        let _ = writeln!(text, " {name:<38} {value}");
    }
    text
}

fn compact_loss(size: f64) -> String {
    if size.is_finite() { loss(size) } else { "not a number".to_owned() }
}
