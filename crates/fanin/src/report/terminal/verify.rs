//! Which scheme made the weights in a file, and what is wrong with them.

use super::number::compact;
use super::table::aligned;
use super::wrap::wrapped;
use crate::verify::{Fit, Tensor, Verification};

/// Before the further lines of a finding.
const INDENT: &str = "     ";

const LEGEND: &str = "scheme: the one that fits best, with others that draw the same; sure: \
                      probability that it is this distribution, of all that were compared; fits: \
                      probability that draws of it lie as far from it as these (Kolmogorov & \
                      Smirnov); seed: the one under which fanin gives these bits";

/// For each tensor the best-fitting scheme, then the findings.
pub fn verify(file: &str, verification: &Verification) -> String {
    let head = ["tensor", "shape", "type", "mean", "std", "scheme", "sure", "fits", "seed"];
    let rows = verification.tensors.iter().map(row).collect();
    let mut text = format!("{file}\n\n");
    text.push_str(&aligned(&head.map(str::to_owned), rows));
    text.push_str(&wrapped(" ", " ", LEGEND));
    for finding in &verification.findings {
        let mark = finding.severity.word();
        text.push_str(&wrapped(&format!("\n{mark} {}: ", finding.code), INDENT, &finding.why));
        text.push_str(&wrapped("     fix: ", "          ", &finding.fix));
    }
    if verification.findings.is_empty() {
        text.push_str("\nnothing wrong was found\n");
    }
    text
}

fn row(tensor: &Tensor) -> Vec<String> {
    let axes: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
    let Fit { confidence, agreement, seed, .. } = &tensor.fit;
    let is_known = tensor.fit.scheme.is_some();
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    vec![
        tensor.name.clone(),
        axes.join("×"),
        tensor.dtype.to_owned(),
        compact(tensor.statistics.mean),
        compact(tensor.statistics.deviation),
        scheme(&tensor.fit),
        or_dash(is_known.then(|| format!("{:.0} %", 100.0 * confidence))),
        or_dash(agreement.map(|agreement| format!("{agreement:.2}"))),
        or_dash(seed.map(|seed| seed.0.to_string())),
    ]
}

/// The scheme, and how many others draw the same.
fn scheme(fit: &Fit) -> String {
    /// Others that are named; more are counted.
    const NAMED: usize = 1;
    let Some(scheme) = &fit.scheme else { return "none fits".to_owned() };
    let named = fit.same.iter().take(NAMED).map(|other| format!(" = {other}"));
    let more = fit.same.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" = {more} more") } else { String::new() };
    format!("{scheme}{}{more}", named.collect::<String>())
}
