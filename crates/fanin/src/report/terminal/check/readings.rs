//! What the instruments read, a line each.

use crate::check::readings::{Depth, Readings};
use crate::check::{Diagnosis, Estimate};
use crate::report::terminal::number::{number, whole};
use crate::theory::DepthLimit;

/// Name and value of what there is to say.
pub fn lines(diagnosis: &Diagnosis) -> Vec<(&'static str, String)> {
    let Some(readings) = &diagnosis.readings else { return Vec::new() };
    let planned = diagnosis.horizon.learning_rate();
    let stable = readings.stable_learning_rate.map(|rate| {
        let mean = mean(diagnosis, "stable_learning_rate", small);
        let rows = readings.curvature_rows.map(|rows| format!("; on {} rows", whole(rows)));
        let told = format!("{}{mean} ({planned} planned{})", small(rate), rows.unwrap_or_default());
        ("largest learning rate by curvature", told)
    });
    let depth = readings
        .trainable_depth
        .as_ref()
        .map(|depth| ("hidden layers that theory lets train", trainable(depth)));
    let alive = readings.depth_relative_variance.map(|spread| {
        let mean = mean(diagnosis, "depth_relative_variance", number);
        ("directions that pass the depth", format!("one in {}{mean}", number(1.0 + spread)))
    });
    let told = [depth, alive, stable, half_precision(readings), left_out(readings)];
    told.into_iter().flatten().collect()
}

/// What was not measured, and how it is.
fn left_out(readings: &Readings) -> Option<(&'static str, String)> {
    const ALL: usize = 6;
    let of = &readings.left_out;
    let names: Vec<&str> = of.iter().map(|what| what.title()).collect();
    let names = if of.len() == ALL { "every instrument".to_owned() } else { names.join(", ") };
    (!of.is_empty()).then_some(("longer than an epoch; --full measures", names))
}

/// A reading's mean over seeds with its standard error, to stand behind that of the first seed;
/// nothing where only one was read.
pub fn mean(diagnosis: &Diagnosis, name: &str, number: fn(f64) -> String) -> String {
    let Some(estimate) = diagnosis.readings_over_seeds.get(name) else { return String::new() };
    let Estimate { value, standard_error, seeds } = *estimate;
    format!("; {} ± {} over {seeds} seeds", number(value), number(standard_error))
}

fn trainable(depth: &Depth) -> String {
    let told = |layers: Option<usize>| layers.map_or_else(|| "any number".to_owned(), whole);
    let most = told(depth.trainable);
    let range = if depth.least == depth.most {
        String::new()
    } else {
        format!("; {} to {} over {} seeds", told(depth.least), told(depth.most), depth.seeds)
    };
    let why = match depth.limit {
        DepthLimit::None => "",
        DepthLimit::Alike => ": beyond, all inputs look alike",
        DepthLimit::Unrelated => ": beyond, neighbors are strangers",
        DepthLimit::GradientVanishes => ": beyond, the gradient vanishes",
        DepthLimit::GradientExplodes => ": beyond, the gradient explodes",
        DepthLimit::NotFinite => ": beyond, numbers overflow",
    };
    format!("{most}{range} (it has {}){why}", depth.hidden_layers)
}

fn half_precision(readings: &Readings) -> Option<(&'static str, String)> {
    const NOTABLE: f64 = 0.01;
    (readings.fp16_flushed > NOTABLE).then(|| {
        ("gradients that fp16 would flush to 0", format!("{:.0} %", 100.0 * readings.fp16_flushed))
    })
}

/// A learning rate in two digits.
fn small(rate: f64) -> String {
    if rate >= 0.095 { number(rate) } else { format!("{rate:.1e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_depth_that_scatters_over_seeds_says_between_what() {
        let one = Depth {
            hidden_layers: 10,
            trainable: Some(698),
            limit: DepthLimit::GradientExplodes,
            least: Some(698),
            most: Some(698),
            seeds: 5,
        };
        assert_eq!(trainable(&one), "698 (it has 10): beyond, the gradient explodes");
        let told = trainable(&Depth { least: Some(330), most: Some(1019), ..one });
        let expected = "698; 330 to 1,019 over 5 seeds (it has 10): beyond, the gradient explodes";
        assert_eq!(told, expected);
        let told = trainable(&Depth { most: None, ..one });
        assert!(told.starts_with("698; 698 to any number over 5 seeds (it has 10)"), "{told}");
    }
}
