//! `torch.nn.init` on an `nn.Module`.

use std::fmt::Write;

use super::Language;
use super::draw::{Draw, Drawn, literal, truth};
use super::groups::{Group, each, for_python, groups};

/// `all` are the names of all parameters that the module may have, as [`groups`] takes them.
pub(super) fn code(title: &str, drawn: &[Drawn<'_>], all: Option<&[String]>) -> String {
    let groups = groups(drawn, &str::to_owned, all, Language::Torch);
    let mut text =
        format!("\"\"\"{title}\"\"\"\n\nfrom fnmatch import fnmatchcase\n\nimport torch\n\n");
    if groups.iter().any(|group| group.draws.iter().any(Draw::is_central)) {
        text.push_str(DELTA);
    }
    if groups.iter().any(|group| group.draws.iter().any(|d| matches!(d, Draw::Mirrored { .. }))) {
        text.push_str(MIRRORED);
    }
    if groups.iter().any(|group| group.parts.is_some()) {
        text.push_str(PARTS);
    }
    if groups.iter().any(|group| group.is_turned) {
        text.push_str(TURNED);
    }
    if groups.iter().any(|group| group.is_apart) {
        text.push_str(APART);
    }
    text.push_str("# Patterns of names, and what is drawn for them; the first that fits decides.\nRULES = [\n");
    for group in &groups {
        let _ = writeln!(text, "    ({}, {}),", for_python(&group.patterns, "    "), rule(group));
    }
    text.push_str("]\n\n");
    text.push_str(INITIALIZE);
    text
}

const DELTA: &str = r#"
def delta_orthogonal_(w: torch.Tensor, gain: float) -> None:
    """Orthogonal at the central tap, 0 elsewhere (Xiao et al. 2018)."""
    torch.nn.init.zeros_(w)
    center = tuple((size - 1) // 2 for size in w.shape[2:])
    torch.nn.init.orthogonal_(w[(slice(None), slice(None), *center)], gain)


"#;

const MIRRORED: &str = r#"
def mirrored_(w: torch.Tensor, draw, gain: float, units: bool, inputs: bool) -> None:
    """[A -A; -A A], A drawn: pairs pass on f(z) - f(-z), for relu z (Balduzzi et al. 2017)."""
    value = torch.empty(len(w) // (1 + units), w.shape[1] // (1 + inputs), *w.shape[2:])
    draw(value, gain)
    if inputs:
        value = torch.cat([value, -value], 1)
    w.copy_(torch.cat([value, -value], 0) if units else value)


"#;

const PARTS: &str = r#"
def parts(axis, sizes, *draws):
    """Draws each part along an axis of its own."""

    def draw(w: torch.Tensor) -> None:
        for part, own in zip(w.split(sizes, axis), draws):
            own(part)

    return draw


"#;

const TURNED: &str = r#"
def turned(draw):
    """Draws (outputs, inputs, ...), which a transposed convolution has as (inputs, outputs, ...)."""

    def drawn(w: torch.Tensor) -> None:
        value = torch.empty(w.transpose(0, 1).shape)
        draw(value)
        w.copy_(value.transpose(0, 1))

    return drawn


"#;

const APART: &str = r#"
def apart(draw):
    """Draws each matrix along the first axis on its own."""

    def drawn(w: torch.Tensor) -> None:
        for matrix in w:
            draw(matrix)

    return drawn


"#;

const INITIALIZE: &str = r#"
def initialize(model: torch.nn.Module, seed: int) -> None:
    """Draws the parameters that RULES name, tied ones once; all others keep their values."""
    unused = {pattern for patterns, _ in RULES for pattern in patterns}
    drawn = set()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for name, parameter in model.named_parameters(remove_duplicate=False):
            for patterns, draw in RULES:
                if fitting := {pattern for pattern in patterns if fnmatchcase(name, pattern)}:
                    unused -= fitting
                    if id(parameter) not in drawn:
                        drawn.add(id(parameter))
                        value = torch.empty(parameter.shape)
                        draw(value)
                        parameter.copy_(value)
                    break
    if unused:
        raise ValueError(f"no parameter is named {sorted(unused)}")
"#;

fn rule(group: &Group) -> String {
    let lambda = |draw: &Draw| {
        let own = format!("lambda w: {}", call(*draw, "w"));
        if group.is_apart { format!("apart({own})") } else { own }
    };
    match &group.parts {
        None if group.is_turned => format!("turned({})", lambda(&group.draws[0])),
        None => lambda(&group.draws[0]),
        Some((axis, sizes)) => format!("parts({axis}, {sizes:?}, {})", each(&group.draws, &lambda)),
    }
}

fn call(draw: Draw, w: &str) -> String {
    match draw {
        Draw::Constant(0.0) => format!("torch.nn.init.zeros_({w})"),
        Draw::Constant(value) => format!("torch.nn.init.constant_({w}, {})", literal(value)),
        Draw::Normal(mean, deviation) => {
            format!("torch.nn.init.normal_({w}, {}, {})", literal(mean), literal(deviation))
        }
        Draw::Uniform(low, high) => {
            format!("torch.nn.init.uniform_({w}, {}, {})", literal(low), literal(high))
        }
        Draw::Truncated(mean, deviation, cut) => format!(
            "torch.nn.init.trunc_normal_({w}, {}, {}, {}, {})",
            literal(mean),
            literal(deviation),
            literal(mean - cut * deviation),
            literal(mean + cut * deviation)
        ),
        Draw::Steps(last) => {
            format!("{w}.copy_(torch.linspace(0.0, {}, {w}.numel()).view_as({w}))", literal(last))
        }
        Draw::Orthogonal(gain) => format!("torch.nn.init.orthogonal_({w}, {})", literal(gain)),
        Draw::Mirrored { gain, is_central, units, inputs } => {
            let draw = if is_central { "delta_orthogonal_" } else { "torch.nn.init.orthogonal_" };
            let (gain, units, inputs) = (literal(gain), truth(units), truth(inputs));
            format!("mirrored_({w}, {draw}, {gain}, {units}, {inputs})")
        }
        Draw::DeltaOrthogonal(gain) => format!("delta_orthogonal_({w}, {})", literal(gain)),
    }
}
