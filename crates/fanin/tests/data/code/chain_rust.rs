//! Starting weights for `48 -> 64 tanh -> 6x64 layer_norm gelu -> 40`, found by fanin's method `auto`.

use fanin::spec::Model;
use fanin::weights::Weights;

/// Patterns of names with the scheme that draws them; the first that fits decides.
const RULES: &[(&str, &str)] = &[
    ("0.weight", "orthogonal:1.5925"),
    ("0.bias", "uniform:-0.1,0.1"),
    ("20.weight", "keras-truncated-normal:0.02"),
    ("20.bias", "constant:0.5"),
    ("2.weight", "normal:0.123456789"),
    ("5.weight", "normal:0.123456789"),
    ("8.weight", "normal:0.123456789"),
    ("11.weight", "normal:0.123456789"),
    ("14.weight", "normal:0.123456789"),
    ("17.weight", "normal:0.123456789"),
];

/// `base` with what `RULES` name drawn under `seed`; all else keeps its values.
///
/// # Errors
/// If `model` has no parameter of such a name.
pub fn initialize(model: &Model, base: &Weights, seed: u64) -> fanin::Result<Weights> {
    fanin::recommend::redraw(model, base, RULES, seed)
}
