//! One starting point, layer by layer, with what is wrong and what to do.

use std::fmt::Write;

use super::number::compact;
use super::table::aligned;
use crate::check::{Diagnosis, Severity, Verdict};

/// One starting point, layer by layer, with what is wrong and what to do.
pub fn check(model: &str, start: &str, diagnosis: &Diagnosis) -> String {
    let mut text = format!("{model} · starting from {start} · before training\n\n");
    let head =
        ["layer", "units", "std a", "signal", "E[z²]", "silent", "‖∂L/∂z‖", "‖∂L/∂W‖", "d·Var(W)"];
    let rows = diagnosis.measurement.layers.iter().map(|layer| {
        vec![
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
    text.push_str(&aligned(&head.map(str::to_owned), rows.collect()));
    text.push_str(&numbers(diagnosis));
    for finding in &diagnosis.findings {
        let mark = match finding.severity {
            Severity::Fail => "FAIL",
            Severity::Warn => "WARN",
        };
        let _ =
            write!(text, "\n{mark} {}: {}\n     fix: {}\n", finding.code, finding.why, finding.fix);
    }
    let _ = writeln!(text, "\nforecast: {} — {}", diagnosis.forecast, meaning(diagnosis));
    text
}

fn numbers(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let steps = diagnosis.escape_steps.map_or_else(
        || "no gradient, so never".to_owned(),
        |steps| format!("about {} steps", compact(steps)),
    );
    let factor = |f: Option<f64>| f.map_or_else(|| "–".to_owned(), |f| format!("×{f:.2}"));
    let lines = [
        ("loss before the first step", compact_loss(diagnosis.measurement.loss)),
        ("signal per hidden layer", factor(diagnosis.signal_factor)),
        ("gradient per hidden layer, backward", factor(diagnosis.gradient_factor)),
        ("gradient norm, first over last layer", compact(diagnosis.measurement.gradient_ratio())),
        (
            "hidden units that can ever differ",
            format!("{} of {}", diagnosis.effective_units, diagnosis.units),
        ),
        ("to grow out of the start", steps),
    ];
    text.push('\n');
    for (name, value) in lines {
        let _ = writeln!(text, " {name:<38} {value}");
    }
    text
}

fn compact_loss(loss: f64) -> String {
    if loss.is_finite() { format!("{loss:.4}") } else { "not a number".to_owned() }
}

fn meaning(diagnosis: &Diagnosis) -> &'static str {
    match diagnosis.forecast {
        Verdict::Learns if diagnosis.findings.is_empty() => "nothing stands in the way",
        Verdict::Learns => "it should get there in spite of the above",
        Verdict::Slow => "it moves, but not far in the planned training",
        Verdict::Stuck => "it will not leave its start in the planned training",
        Verdict::Unstable => "its first steps throw it off",
    }
}
