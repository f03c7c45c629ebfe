//! `jax.nn.initializers` on a tree of parameters.

use std::fmt::Write;

use super::draw::{Draw, Drawn, literal, truth};
use super::groups::{Group, each, for_python, groups, quoted};
use super::{Language, cells, names};
use crate::init::Parameter;
use crate::spec::Model;

/// `is_complete` where the model has no parameter but those that are `there`.
pub(super) fn code(
    title: &str,
    drawn: &[Drawn<'_>],
    model: &Model,
    (parameters, there): (&[Parameter], &[&Parameter]),
    is_complete: bool,
) -> String {
    let own = |name: &str| names::flax(model, parameters, name);
    let gates = cells::gates_of_flax(parameters);
    let trained = there.iter().filter(|p| p.role.is_trained());
    let all: Vec<String> = trained.map(|p| own(&p.name)).collect();
    let groups = groups(drawn, &own, Some(&all[..]).filter(|_| is_complete), Language::Flax);
    let mut text = format!(
        "\"\"\"{title}\"\"\"\n\nimport zlib\nfrom fnmatch import fnmatchcase\n\nimport jax\n\
         import jax.numpy as jnp\n\ninit = jax.nn.initializers\n\n"
    );
    let rules: Vec<String> = groups.iter().map(rule).collect();
    for (name, helper) in [
        ("parts(", PARTS),
        ("by_head(", BY_HEAD),
        ("around(", AROUND),
        ("mirrored(", MIRRORED),
        ("apart(", APART),
    ] {
        if rules.iter().any(|rule| rule.contains(name)) {
            text.push_str(helper);
        }
    }
    if !gates.is_empty() {
        text.push_str(&places(&gates));
    }
    text.push_str(
        "\n# Patterns of paths in the tree, and what is drawn for them; the first that fits \
         decides.\nRULES = [\n",
    );
    for (group, rule) in groups.iter().zip(rules) {
        let _ = writeln!(text, "    ({}, {rule}),", for_python(&group.patterns, "    "));
    }
    text.push_str("]\n\n");
    if gates.is_empty() {
        text.push_str(INITIALIZE);
        return text;
    }
    let packed = |text: String, [one, packed]: &[&str; 2]| text.replace(one, packed);
    let initialize = OF_PACKED.iter().fold(INITIALIZE.to_owned(), packed);
    let optional = drawn.iter().filter(|drawn| drawn.is_optional);
    let optional: Vec<String> = optional.map(|drawn| quoted(&own(&drawn.parameter.name))).collect();
    if optional.is_empty() {
        text.push_str(&initialize);
        return text;
    }
    let _ = writeln!(
        text,
        "# Of a GRU, linen alone has a bias at the state.\nOPTIONAL = {{{}}}\n",
        optional.join(", ")
    );
    text.push_str(&initialize.replace("in patterns}\n", "in patterns} - OPTIONAL\n"));
    text
}

/// Where linen's gates lie in what others pack.
fn places(gates: &[(String, &str, Option<usize>)]) -> String {
    let mut text = "\n# Cells of linen, and nnx.LSTMCell, have a parameter for each gate: that of which it is \
                    a part, and which.\nGATES = {\n"
        .to_owned();
    for (gate, dense, part) in gates {
        let part = part.map_or_else(|| "None".to_owned(), |part| part.to_string());
        let _ = writeln!(text, "    {}: ({}, {part}),", quoted(gate), quoted(dense));
    }
    text.push_str("}\n\n");
    text.push_str(PACKED);
    text
}

const PACKED: &str = r#"
def packed(name):
    """Paths that rules may have for a parameter, and which part of that it is."""
    if "/" not in name:
        return {name}, None
    *module, dense, leaf = name.split("/")
    dense, part = GATES.get(dense, (dense, None))
    inner = module[:-1] if module[-1:] == ["cell"] else module
    return {"/".join([*own, dense, leaf]) for own in (module, inner)}, part

"#;

const PARTS: &str = r#"
def parts(axis, sizes, *draws):
    """Draws each part along an axis of its own."""

    def draw(key, shape, dtype):
        shapes = [(*shape[:-1], size) if axis else (size, *shape[1:]) for size in sizes]
        keys = jax.random.split(key, len(sizes))
        drawn = [d(k, s, dtype) for d, k, s in zip(draws, keys, shapes)]
        return jnp.concatenate(drawn, axis)

    draw.each = draws
    return draw

"#;

const BY_HEAD: &str = r#"
def by_head(draw):
    """Draws (inputs, units), which attention has as (inputs, heads, units of a head)."""

    def drawn(key, shape, dtype):
        return draw(key, (shape[0], shape[1] * shape[2]), dtype).reshape(shape)

    return drawn

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

const APART: &str = r#"
def apart(draw):
    """Draws each matrix along the first axis on its own."""

    def drawn(key, shape, dtype):
        keys = jax.random.split(key, shape[0])
        return jnp.stack([draw(own, shape[1:], dtype) for own in keys])

    return drawn

"#;

const INITIALIZE: &str = r#"
def initialize(params, seed: int):
    """A tree in which what RULES name is drawn anew; all else keeps its values."""
    unused = {pattern for patterns, _ in RULES for pattern in patterns}
    root = jax.random.key(seed)

    def leaf(path, value):
        keys = [str(getattr(k, "key", getattr(k, "name", getattr(k, "idx", k)))) for k in path]
        name = "/".join(keys).removeprefix("params/").removesuffix("/value")
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

/// What it says instead where a rule may be for what is packed of a parameter and others.
const OF_PACKED: [[&str; 2]; 3] = [
    [
        "        for patterns, draw in RULES:\n",
        "        paths, part = packed(name)\n        for patterns, draw in RULES:\n",
    ],
    [
        "{pattern for pattern in patterns if fnmatchcase(name, pattern)}",
        "{p for p in patterns if any(fnmatchcase(own, p) for own in paths)}",
    ],
    [
        "                return draw(",
        r#"                if part is not None and hasattr(draw, "each"):
                    draw = draw.each[part]
                return draw("#,
    ],
];

fn rule(group: &Group) -> String {
    let call = |draw: Draw| {
        let own = call(draw);
        if group.is_apart { format!("apart({own})") } else { own }
    };
    let Some((axis, sizes)) = &group.parts else {
        let own = call(group.draws[0]);
        return if group.is_by_head { format!("by_head({own})") } else { own };
    };
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
