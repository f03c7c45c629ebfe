//! Starting weights for `gru`, found by fanin's method `auto`.

use fanin::spec::Model;
use fanin::weights::Weights;

/// Patterns of names with the scheme that draws them; the first that fits decides.
const RULES: &[(&str, &str)] = &[
    ("rnn.weight_hh_l0", "orthogonal:1"),
    ("rnn.bias_ih_l0", "spaced-memory:200"),
    ("rnn.bias_hh_l0", "zeros"),
    ("rnn.weight_ih_l0", "normal:0.2"),
    ("head.weight", "normal:0.2"),
];

/// `base` with what `RULES` name drawn under `seed`; all else keeps its values.
///
/// # Errors
/// If `model` has no parameter of such a name.
pub fn initialize(model: &Model, base: &Weights, seed: u64) -> fanin::Result<Weights> {
    fanin::recommend::redraw(model, base, RULES, seed)
}
