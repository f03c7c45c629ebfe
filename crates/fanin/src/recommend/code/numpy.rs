//! Arrays by name from a `numpy.random.Generator`, for networks that are written out by hand.
//!
//! There is no model to ask, so the code carries names and shapes, as the network has them here.

use std::fmt::Write;

use super::Language;
use super::draw::{Draw, Drawn, literal, truth};
use super::groups::{each, on_lines, quoted};
use super::names;
use crate::init::{Parameter, Role};

pub(super) fn code(title: &str, drawn: &[Drawn<'_>]) -> String {
    let mut groups: Vec<(String, &[usize], Vec<String>)> = Vec::new();
    for drawn in drawn {
        let (rule, shape) = (rule(drawn), drawn.parameter.shape.axes());
        let name = quoted(&drawn.parameter.name);
        match groups.iter_mut().find(|(known, axes, _)| *known == rule && *axes == shape) {
            Some((_, _, names)) => names.push(name),
            None => groups.push((rule, shape, vec![name])),
        }
    }
    let mut text = format!("\"\"\"{title}\"\"\"\n\nfrom zlib import crc32\n\nimport numpy as np\n");
    let calls = |name: &str| groups.iter().any(|(rule, ..)| rule.contains(name));
    let helpers = [
        (calls("truncated("), TRUNCATED),
        (calls("orthogonal"), ORTHOGONAL),
        (calls("delta_orthogonal"), DELTA),
        (calls("mirrored("), MIRRORED),
        (calls("parts("), PARTS),
        (calls("turned("), TURNED),
        (calls("apart("), APART),
    ];
    let needed: String = helpers.iter().filter(|(is, _)| *is).map(|(_, helper)| *helper).collect();
    text.push_str(&needed);
    text.push_str(if needed.is_empty() { "\n" } else { "\n\n" });
    text.push_str("# Names, shapes, and what is drawn.\nRULES = [\n");
    for (rule, shape, names) in &groups {
        let _ = writeln!(text, "    ({}, {}, {rule}),", on_lines(names, "    "), tuple(shape));
    }
    text.push_str("]\n\n");
    text.push_str(&INITIALIZE.replace("LAYOUT", &layout(drawn)));
    text
}

/// What the axes of the arrays are.
fn layout(drawn: &[Drawn<'_>]) -> String {
    let is_matrix = |own: &&Parameter| matches!(own.role, Role::Weight | Role::Recurrent);
    let matrices = || drawn.iter().map(|own| own.parameter).filter(is_matrix);
    let is_usual =
        |own: &Parameter| !own.axes.output.is_empty() && own.axes.output < own.axes.input;
    let (usual, in_out) = (matrices().any(is_usual), matrices().any(names::is_in_out));
    let mut text = match (usual, in_out) {
        (_, false) => "weights are (outputs, inputs, ...): z = x @ w.T + b",
        (false, true) => "weights are (inputs, outputs): z = x @ w + b",
        (true, true) => {
            "weights lie as the network has them, (outputs, inputs, ...) or (inputs, outputs)"
        }
    }
    .to_owned();
    if matrices().any(names::is_transposed_kernel) {
        text.push_str(";\n    kernels of transposed convolutions are (inputs, outputs, ...)");
    }
    text
}

const TRUNCATED: &str = r#"

def truncated(rng, mean, deviation, cut, shape):
    """Normal draws; those more than `cut` deviations off are drawn again."""
    value = rng.standard_normal(shape)
    while (off := np.abs(value) > cut).any():
        value[off] = rng.standard_normal(off.sum())
    return mean + deviation * value
"#;

const ORTHOGONAL: &str = r#"

def orthogonal(rng, gain, shape):
    """So many times a matrix with orthonormal rows or columns, uniform among them."""
    rows, columns = shape[0], int(np.prod(shape[1:]))
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)
"#;

const DELTA: &str = r#"

def delta_orthogonal(rng, gain, shape):
    """Orthogonal at the central tap, 0 elsewhere (Xiao et al. 2018)."""
    value = np.zeros(shape)
    center = tuple((size - 1) // 2 for size in shape[2:])
    value[(slice(None), slice(None), *center)] = orthogonal(rng, gain, shape[:2])
    return value
"#;

const MIRRORED: &str = r#"

def mirrored(rng, draw, gain, units, inputs, shape):
    """[A -A; -A A], A drawn: pairs pass on f(z) - f(-z), for relu z (Balduzzi et al. 2017)."""
    a = draw(rng, gain, (shape[0] // (1 + units), shape[1] // (1 + inputs), *shape[2:]))
    a = np.concatenate([a, -a], 1) if inputs else a
    return np.concatenate([a, -a], 0) if units else a
"#;

const PARTS: &str = r#"

def parts(axis, sizes, *draws):
    """Draws each part along an axis of its own."""

    def draw(rng, shape):
        shapes = [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
        return np.concatenate([d(rng, s) for d, s in zip(draws, shapes)], axis)

    return draw
"#;

const TURNED: &str = r#"

def turned(draw):
    """Draws (outputs, inputs, ...), which a transposed convolution has as (inputs, outputs, ...)."""

    def drawn(rng, shape):
        return draw(rng, (shape[1], shape[0], *shape[2:])).swapaxes(0, 1)

    return drawn
"#;

const APART: &str = r#"

def apart(draw):
    """Draws each matrix along the first axis on its own."""

    def drawn(rng, shape):
        return np.stack([draw(rng, shape[1:]) for _ in range(shape[0])])

    return drawn
"#;

const INITIALIZE: &str = r#"
def initialize(seed: int) -> dict[str, np.ndarray]:
    """What RULES draw, by name; LAYOUT."""
    return {
        name: draw(np.random.default_rng([seed, crc32(name.encode())]), shape).astype(np.float32)
        for names, shape, draw in RULES
        for name in names
    }
"#;

fn rule(drawn: &Drawn<'_>) -> String {
    let is_apart = drawn.is_apart(Language::Numpy);
    let lambda = |draw: &Draw| {
        let own = format!("lambda rng, shape: {}", call(*draw));
        if is_apart { format!("apart({own})") } else { own }
    };
    match &drawn.parts {
        None if drawn.is_turned => format!("turned({})", lambda(&drawn.draws[0])),
        None => lambda(&drawn.draws[0]),
        Some((axis, sizes)) => format!("parts({axis}, {sizes:?}, {})", each(&drawn.draws, &lambda)),
    }
}

fn call(draw: Draw) -> String {
    match draw {
        Draw::Constant(0.0) => "np.zeros(shape)".to_owned(),
        Draw::Constant(value) => format!("np.full(shape, {})", literal(value)),
        Draw::Normal(mean, deviation) => {
            format!("rng.normal({}, {}, shape)", literal(mean), literal(deviation))
        }
        Draw::Uniform(low, high) => {
            format!("rng.uniform({}, {}, shape)", literal(low), literal(high))
        }
        Draw::Truncated(mean, deviation, cut) => format!(
            "truncated(rng, {}, {}, {}, shape)",
            literal(mean),
            literal(deviation),
            literal(cut)
        ),
        Draw::Steps(last) => {
            format!("np.linspace(0.0, {}, int(np.prod(shape))).reshape(shape)", literal(last))
        }
        Draw::Orthogonal(gain) => format!("orthogonal(rng, {}, shape)", literal(gain)),
        Draw::Mirrored { gain, is_central, units, inputs } => {
            let draw = if is_central { "delta_orthogonal" } else { "orthogonal" };
            let (gain, units, inputs) = (literal(gain), truth(units), truth(inputs));
            format!("mirrored(rng, {draw}, {gain}, {units}, {inputs}, shape)")
        }
        Draw::DeltaOrthogonal(gain) => format!("delta_orthogonal(rng, {}, shape)", literal(gain)),
    }
}

/// A shape as a tuple of Python.
fn tuple(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        axes => format!("{axes:?}").replace('[', "(").replace(']', ")"),
    }
}
