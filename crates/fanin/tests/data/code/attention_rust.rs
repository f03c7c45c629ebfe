//! Starting weights for `attention`, found by fanin's method `auto`.

use fanin::spec::Model;
use fanin::weights::Weights;

/// Patterns of names with the scheme that draws them; the first that fits decides.
const RULES: &[(&str, &str)] = &[
    ("first.in_proj_weight", "attention-normal:0.1,0.3"),
    ("first.out_proj.weight", "orthogonal:1"),
    ("second.out_proj.weight", "orthogonal:1"),
    ("second.in_proj_weight", "orthogonal:0.5"),
    ("qkv.weight", "orthogonal:0.5"),
    ("first.in_proj_bias", "zeros"),
    ("first.out_proj.bias", "zeros"),
    ("second.in_proj_bias", "zeros"),
    ("second.out_proj.bias", "zeros"),
];

/// `base` with what `RULES` name drawn under `seed`; all else keeps its values.
///
/// # Errors
/// If `model` has no parameter of such a name.
pub fn initialize(model: &Model, base: &Weights, seed: u64) -> fanin::Result<Weights> {
    fanin::recommend::redraw(model, base, RULES, seed)
}
