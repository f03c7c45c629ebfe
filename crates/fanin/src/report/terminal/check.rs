//! One starting point, layer by layer, with what is wrong and what to do.

use std::fmt::Write;

use super::number::{compact, loss, number, steps};
use super::table::aligned;
use super::wrap::wrapped;
use crate::check::{Diagnosis, LayerMeasurement, Verdict};

/// Before the further lines of a finding.
const INDENT: &str = "     ";

const LEGEND: &str = "std a: standard deviation of the activations; signal: the part of it that \
                      depends on the input; z: what goes into the activation; silent: units whose \
                      activation is the same for every row; ‖∂L/∂z‖, ‖∂L/∂W‖: gradient norms; \
                      d·Var(W): variance of the weights times the fan-in, where 1 keeps the size \
                      of z; module: as in the parameters' names";

/// One starting point, layer by layer, with what is wrong and what to do.
pub fn check(model: &str, start: &str, diagnosis: &Diagnosis) -> String {
    let mut text = format!("{model} · starting from {start} · before training\n\n");
    text.push_str(&layers(&diagnosis.measurement.layers));
    text.push_str(&wrapped(" ", " ", LEGEND));
    text.push_str(&numbers(diagnosis));
    for finding in &diagnosis.findings {
        let mark = finding.severity.word();
        text.push_str(&wrapped(&format!("\n{mark} {}: ", finding.code), INDENT, &finding.why));
        text.push_str(&wrapped("     fix: ", "          ", &finding.fix));
    }
    let _ = writeln!(text, "\nforecast: {} — {}", diagnosis.forecast, meaning(diagnosis));
    text
}

/// The table of layers, numbered as in a comparison.
fn layers(layers: &[LayerMeasurement]) -> String {
    let head = [
        "layer",
        "module",
        "units",
        "std a",
        "signal",
        "E[z²]",
        "silent",
        "‖∂L/∂z‖",
        "‖∂L/∂W‖",
        "d·Var(W)",
    ];
    let rows = layers.iter().enumerate().map(|(index, layer)| {
        vec![
            layer_name(index, layers.len()),
            layer.module.clone(),
            layer.units.to_string(),
            compact(layer.activation_deviation),
            compact(layer.signal),
            compact(layer.pre_activation_second_moment),
            format!("{:.0} %", 100.0 * layer.silent_share),
            compact(layer.delta_norm),
            compact(layer.gradient_norm),
            compact(layer.scaled_weight_variance),
        ]
    });
    aligned(&head.map(str::to_owned), rows.collect())
}

fn layer_name(index: usize, layers: usize) -> String {
    if index + 1 == layers { "out".to_owned() } else { (index + 1).to_string() }
}

fn numbers(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let escape = diagnosis.escape_steps.map_or_else(
        || "no gradient, so never".to_owned(),
        |escape| format!("about {}", steps(escape)),
    );
    let factor = |f: Option<f64>| f.map_or_else(|| "–".to_owned(), |f| format!("×{}", number(f)));
    let lines = [
        ("loss before the first step", compact_loss(diagnosis.measurement.loss)),
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
    for (name, value) in lines {
        let _ = writeln!(text, " {name:<38} {value}");
    }
    text
}

fn compact_loss(size: f64) -> String {
    if size.is_finite() { loss(size) } else { "not a number".to_owned() }
}

fn meaning(diagnosis: &Diagnosis) -> &'static str {
    match diagnosis.forecast {
        Verdict::Learns if diagnosis.findings.is_empty() => "nothing stands in the way",
        Verdict::Learns => "it should get there in spite of the above",
        Verdict::Slow => "it moves, but not far in the planned training",
        Verdict::Stuck => "it will not leave its start in the planned training",
        Verdict::Unsure => "the seeds and the forecast's own error allow more than one outcome",
        Verdict::Unstable => "its first steps throw it off",
    }
}
