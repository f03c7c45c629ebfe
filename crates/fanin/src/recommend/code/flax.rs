//! `jax.nn.initializers` on a tree of parameters.

use std::fmt::Write;

use super::draw::{Draw, Drawn, literal, truth};
use super::groups::{Group, each, for_python, groups};
use super::names;
use crate::init::Parameter;
use crate::spec::Model;

pub(super) fn code(
    title: &str,
    drawn: &[Drawn<'_>],
    model: &Model,
    (parameters, there): (&[Parameter], &[&Parameter]),
) -> String {
    let own = |name: &str| names::flax(model, parameters, name);
    let trained = there.iter().filter(|p| p.role.is_trained());
    let all: Vec<String> = trained.map(|p| own(&p.name)).collect();
    let groups = groups(drawn, &own, &all);
    let mut text = format!(
        "\"\"\"{title}\"\"\"\n\nimport zlib\nfrom fnmatch import fnmatchcase\n\nimport jax\n\
         import jax.numpy as jnp\n\ninit = jax.nn.initializers\n\n"
    );
    let rules: Vec<String> = groups.iter().map(rule).collect();
    for (name, helper) in [("parts(", PARTS), ("around(", AROUND), ("mirrored(", MIRRORED)] {
        if rules.iter().any(|rule| rule.contains(name)) {
            text.push_str(helper);
        }
    }
    text.push_str(
        "\n# Patterns of paths in the tree, and what is drawn for them; the first that fits \
         decides.\nRULES = [\n",
    );
    for (group, rule) in groups.iter().zip(rules) {
        let _ = writeln!(text, "    ({}, {rule}),", for_python(&group.patterns, "    "));
    }
    text.push_str("]\n\n");
    text.push_str(INITIALIZE);
    text
}

const PARTS: &str = r#"
def parts(axis, sizes, *draws):
    """Draws each part along an axis of its own."""

    def draw(key, shape, dtype):
        shapes = [(*shape[:-1], size) if axis else (size, *shape[1:]) for size in sizes]
        keys = jax.random.split(key, len(sizes))
        drawn = [d(k, s, dtype) for d, k, s in zip(draws, keys, shapes)]
        return jnp.concatenate(drawn, axis)

    return draw

"#;

const MIRRORED: &str = r#"
def mirrored(smaller, units, inputs):
    """[A -A; -A A], A drawn: pairs pass on f(z) - f(-z), for relu z (Balduzzi et al. 2017)."""

    def draw(key, shape, dtype):
        half = (*shape[:-2], shape[-2] // (1 + inputs), shape[-1] // (1 + units))
        a = smaller(key, half, dtype)
        a = jnp.concatenate([a, -a], -2) if inputs else a
        return jnp.concatenate([a, -a], -1) if units else a

    return draw

"#;

const AROUND: &str = r#"
def around(mean, draw):
    """Shifts what is drawn."""
    return lambda key, shape, dtype: mean + draw(key, shape, dtype)

"#;

const INITIALIZE: &str = r#"
def initialize(params, seed: int):
    """A tree in which what RULES name is drawn anew; all else keeps its values."""
    unused = {pattern for patterns, _ in RULES for pattern in patterns}
    root = jax.random.key(seed)

    def leaf(path, value):
        keys = [str(getattr(k, "key", getattr(k, "name", getattr(k, "idx", k)))) for k in path]
        name = "/".join(k for k in keys if k not in ("params", "value"))
        for patterns, draw in RULES:
            if fitting := {pattern for pattern in patterns if fnmatchcase(name, pattern)}:
                unused.difference_update(fitting)
                key = jax.random.fold_in(root, zlib.crc32(name.encode()))
                return draw(key, value.shape, value.dtype)
        return value

    drawn = jax.tree_util.tree_map_with_path(leaf, params)
    if unused:
        raise ValueError(f"no parameter is named {sorted(unused)}")
    return drawn
"#;

fn rule(group: &Group) -> String {
    let Some((axis, sizes)) = &group.parts else { return call(group.draws[0]) };
    // What counts units comes first here and last in Flax.
    let axis = if *axis == 0 { -1 } else { 0 };
    format!("parts({axis}, {sizes:?}, {})", each(&group.draws, &|draw| call(*draw)))
}

fn call(draw: Draw) -> String {
    let around = |mean: f64, call: String| {
        if mean == 0.0 { call } else { format!("around({}, {call})", literal(mean)) }
    };
    match draw {
        Draw::Constant(0.0) => "init.zeros".to_owned(),
        Draw::Constant(value) => format!("init.constant({})", literal(value)),
        Draw::Normal(mean, deviation) => {
            around(mean, format!("init.normal({})", literal(deviation)))
        }
        Draw::Uniform(low, high) => {
            let mean = if low == -high { -high } else { low };
            around(mean, format!("init.uniform({})", literal(high - low)))
        }
        Draw::Truncated(mean, deviation, cut) => around(
            mean,
            format!(
                "init.truncated_normal({}, lower={}, upper={})",
                literal(deviation),
                literal(-cut),
                literal(cut)
            ),
        ),
        Draw::Steps(last) => format!(
            "lambda key, shape, dtype: jnp.linspace(0.0, {}, shape[-1], dtype=dtype)",
            literal(last)
        ),
        Draw::Orthogonal(gain) => format!("init.orthogonal({})", literal(gain)),
        Draw::Mirrored { gain, is_central, units, inputs } => {
            let smaller = call(Draw::smaller(gain, is_central));
            format!("mirrored({smaller}, {}, {})", truth(units), truth(inputs))
        }
        Draw::DeltaOrthogonal(gain) => format!("init.delta_orthogonal({})", literal(gain)),
    }
}
