//! Numbers and places as sentences name them.

use crate::check::evidence::Evidence;
use crate::check::measurement::LayerMeasurement;

/// Weights whose variance is below this share of their mean square are all the same number, up
/// to rounding in f32.
const SAME: f64 = 1e-6;

/// A number inside a sentence: two decimals, none, or a power of ten where these say nothing.
pub fn number(x: f64) -> String {
    match x.abs() {
        0.0 => "0.00".to_owned(),
        size if (0.01..9.995).contains(&size) => format!("{x:.2}"),
        size if (9.995..1e6).contains(&size) => format!("{x:.0}"),
        _ => format!("{x:.1e}"),
    }
}

/// A whole number with commas: `1,437`.
pub fn whole(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    groups.join(",")
}

/// A number of things: `1 row`, `1,437 rows`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", whole(n), if n == 1 { one } else { many })
}

/// An estimated number of steps, by two significant digits: `4,500 steps`, `3.4e8 steps`.
pub fn steps(x: f64) -> String {
    const LARGEST: f64 = 1e6;
    if !x.is_finite() || x >= LARGEST {
        return format!("{x:.1e} steps").replace(".0e", "e");
    }
    let unit = 10_f64.powi((x.max(1.0).log10().floor() as i32 - 1).max(0));
    count(((x / unit).round() * unit).max(1.0) as usize, "step", "steps")
}

/// How many steps the training has: `345 are planned`.
pub fn planned(steps: usize) -> String {
    count(steps, "is planned", "are planned")
}

/// A layer by its number in tables and by its module: `layer 1 (module 0)`.
pub fn place(evidence: &Evidence<'_>, layer: &LayerMeasurement) -> String {
    let (measurement, module) = (evidence.measurement, &layer.module);
    let layers = &measurement.layers;
    match layers.iter().position(|l| l.module == *module) {
        Some(index) if measurement.is_part || index + 1 < layers.len() => {
            format!("layer {} (module {module})", index + 1)
        }
        _ => format!("the output layer (module {module})"),
    }
}

/// The module of a weight: `0` of `0.weight`; a tensor without one stands for itself.
pub fn module_of(tensor: &str) -> &str {
    let parts = tensor.rsplit_once('.').filter(|(_, leaf)| leaf.contains("weight"));
    parts.map_or(tensor, |(module, _)| module)
}

/// The weights' variance as the cause of what precedes; nothing where all weights are the same,
/// since then they add up instead of averaging out, and the variance says nothing.
pub fn because(layer: &LayerMeasurement) -> String {
    let scaled_mean_square = layer.weight_norm.powi(2) / layer.units as f64;
    if layer.scaled_weight_variance <= SAME * scaled_mean_square {
        return String::new();
    }
    format!(", because the weights' variance is {}/d", number(layer.scaled_weight_variance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_sentences_keep_two_digits_at_any_scale() {
        let texts = [-0.0, 0.5, 0.001_234, 12.25, 123.4, 2.5e9, -0.02].map(number);
        assert_eq!(texts, ["0.00", "0.50", "1.2e-3", "12", "123", "2.5e9", "-0.02"]);
    }

    #[test]
    fn a_weight_is_of_its_module() {
        let told = ["0.weight", "a.attn.in_proj_weight", "rnn.weight_hh_l0", "a.bias", "val_3"];
        assert_eq!(told.map(module_of), ["0", "a.attn", "rnn", "a.bias", "val_3"]);
    }

    #[test]
    fn whole_numbers_get_commas() {
        let texts = [0, 999, 1437, 1_234_567].map(whole);
        assert_eq!(texts, ["0", "999", "1,437", "1,234,567"]);
    }

    #[test]
    fn estimated_steps_have_two_digits_and_their_plural() {
        let cases = [
            (0.2, "1 step"),
            (7.4, "7 steps"),
            (42.4, "42 steps"),
            (768.0, "770 steps"),
            (4486.0, "4,500 steps"),
            (32531.0, "33,000 steps"),
            (999_999.0, "1,000,000 steps"),
            (3.4e8, "3.4e8 steps"),
            (3.0e8, "3e8 steps"),
        ];
        for (x, text) in cases {
            assert_eq!(steps(x), text);
        }
        assert_eq!(planned(1), "1 is planned");
    }
}
