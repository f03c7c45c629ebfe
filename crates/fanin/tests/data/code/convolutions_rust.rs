//! Starting weights for `autoencoder_conv.onnx`, found by fanin's method `auto`.

use fanin::spec::Model;
use fanin::weights::Weights;

/// Patterns of names with the scheme that draws them; the first that fits decides.
const RULES: &[(&str, &str)] = &[
    ("0.weight", "delta-orthogonal:1.25"),
    ("2.weight", "delta-orthogonal:1.25"),
    ("*.weight", "normal:0.05"),
    ("*.bias", "zeros"),
];

/// `base` with what `RULES` name drawn under `seed`; all else keeps its values.
///
/// # Errors
/// If `model` has no parameter of such a name.
pub fn initialize(model: &Model, base: &Weights, seed: u64) -> fanin::Result<Weights> {
    fanin::recommend::redraw(model, base, RULES, seed)
}
