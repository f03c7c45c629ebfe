//! `keras.initializers` on a `keras.Model`.
//!
//! Keras numbers layers over a whole program, so that names depend on what was made before; the
//! code goes by the order of trainable variables and holds their sizes against it.

use std::fmt::Write;

use super::draw::{Draw, Drawn, literal, truth};
use super::{Language, cells, onnx_cells};
use crate::error::{Error, Result};
use crate::init::{Parameter, Role};

/// # Errors
/// [`Error::Setting`] for what Keras has no initializer for.
pub(super) fn code(title: &str, drawn: &[Drawn<'_>], parameters: &[&Parameter]) -> Result<String> {
    let variables = Variables::of(drawn, parameters);
    let is_told = |own: &&&Parameter| own.role.is_trained() && variables.have(own);
    let mut lines: Vec<(String, usize, usize)> = Vec::new();
    for parameter in parameters.iter().filter(is_told) {
        let own = drawn.iter().find(|drawn| drawn.parameter.name == parameter.name);
        let rule = own.map_or_else(|| Ok("None".to_owned()), rule)?;
        let size = cells::rows_in_keras(parameter) * parameter.shape.elements();
        match lines.last_mut() {
            Some((last, count, elements)) if *last == rule && *elements == size => *count += 1,
            _ => lines.push((rule, 1, size)),
        }
    }
    let mut text = format!("\"\"\"{title}\"\"\"\n\nimport keras\n\ninit = keras.initializers\n\n");
    for (name, helper) in [
        ("stacked(", STACKED),
        ("parts(", PARTS),
        ("by_head(", BY_HEAD),
        ("delta(", DELTA),
        ("mirrored(", MIRRORED),
        ("turned(", TURNED),
        ("apart(", APART),
    ] {
        if lines.iter().any(|(rule, ..)| rule.contains(name)) {
            text.push_str(helper);
        }
    }
    text.push_str(&HEAD.replace("VARIABLES", variables.said()));
    let periods = periods(&lines);
    for (repeat, period) in periods {
        let inner = |(rule, count, size): &(String, usize, usize)| match *count {
            1 => format!("({size}, {rule})"),
            count => format!("*[({size}, {rule})] * {count}"),
        };
        if repeat == 1 {
            period.iter().for_each(|line| {
                let _ = writeln!(text, "    {},", inner(line));
            });
        } else {
            let _ = writeln!(text, "    *[");
            period.iter().for_each(|line| {
                let _ = writeln!(text, "        {},", inner(line));
            });
            let _ = writeln!(text, "    ] * {repeat},");
        }
    }
    text.push_str("]\n\n");
    text.push_str(&INITIALIZE.replace("    VARIABLES", variables.got()));
    Ok(text)
}

const HEAD: &str = "# In the order of the model's trainable variablesVARIABLES: how many, elements of each, and what is
# drawn for a seed; None keeps the values that are there.
RULES = [
";

/// Which of the model's variables the file tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variables {
    /// All that are trained.
    All,
    /// The file was written by Keras, whose exporter leaves out biases of zeros and folds normalization,
    /// and no vector changes.
    Matrices,
    /// The same, and no bias changes of cells that are written as loops: one of two rows is told once for
    /// several that are zeros.
    MatricesWithoutBiases,
    /// The same, but biases of recurrent cells change, which are always there.
    MatricesAndCells,
}

impl Variables {
    fn of(drawn: &[Drawn<'_>], parameters: &[&Parameter]) -> Self {
        let is_of_keras = parameters.iter().any(|own| own.name.contains("ReadVariableOp"));
        let is_vector = |own: &&Drawn<'_>| own.parameter.shape.rank() <= 1;
        let is_of_cell = |own: &Drawn<'_>| is_of_cell(own.parameter);
        let vectors: Vec<bool> = drawn.iter().filter(is_vector).map(is_of_cell).collect();
        if !is_of_keras || vectors.contains(&false) {
            Self::All
        } else if vectors.is_empty() {
            let has_loops = parameters.iter().any(|own| onnx_cells::of_loop(&own.name).is_some());
            let has_bias = drawn.iter().any(|own| own.parameter.role == Role::Bias);
            if has_loops && !has_bias { Self::MatricesWithoutBiases } else { Self::Matrices }
        } else {
            Self::MatricesAndCells
        }
    }

    fn have(self, own: &Parameter) -> bool {
        let has_axes = own.shape.rank() > 1 || cells::rows_in_keras(own) > 1;
        match self {
            Self::All => true,
            Self::Matrices => has_axes,
            Self::MatricesWithoutBiases => has_axes && own.role != Role::Bias,
            Self::MatricesAndCells => has_axes || is_of_cell(own),
        }
    }

    /// What is said of them behind `the model's trainable variables`.
    fn said(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Matrices => {
                " of two axes or more, for the\n# file leaves out vectors of zeros and folds others"
            }
            Self::MatricesWithoutBiases => {
                " of two axes or more but biases,\n# for the file leaves out vectors of zeros and folds others"
            }
            Self::MatricesAndCells => {
                " of two axes or more and of\n# recurrent cells, for the file leaves out other vectors of \
                 zeros and folds others"
            }
        }
    }

    /// How they are got.
    fn got(self) -> &'static str {
        match self {
            Self::All => "    variables = model.trainable_variables",
            Self::Matrices => {
                "    variables = [v for v in model.trainable_variables if len(v.shape) > 1]"
            }
            Self::MatricesWithoutBiases => WITHOUT_BIASES,
            Self::MatricesAndCells => CELLS,
        }
    }
}

fn is_of_cell(own: &Parameter) -> bool {
    cells::Place::of(&own.name).is_some() || onnx_cells::of_loop(&own.name).is_some()
}

const WITHOUT_BIASES: &str = r#"    variables = model.trainable_variables
    variables = [v for v in variables if len(v.shape) > 1 and v.name != "bias"]"#;

const CELLS: &str = r#"    def layer(variable):
        return variable.path.rpartition("/")[0]

    variables = model.trainable_variables
    cells = {layer(v) for v in variables if v.name == "recurrent_kernel"}
    variables = [v for v in variables if len(v.shape) > 1 or layer(v) in cells]"#;

type Line = (String, usize, usize);

/// Two lines that follow each other again and again, such as kernel and bias, told once.
fn periods(lines: &[Line]) -> Vec<(usize, &[Line])> {
    const LONGEST: usize = 8;
    let (mut found, mut start) = (Vec::new(), 0);
    while start < lines.len() {
        let rest = &lines[start..];
        let repeats = |length: usize| {
            let period = &rest[..length];
            rest.chunks_exact(length).take_while(|chunk| *chunk == period).count()
        };
        let lengths = 2..=LONGEST.min(rest.len() / 2);
        let longest = lengths.map(|length| (repeats(length), length)).filter(|(n, _)| *n > 1);
        let (repeat, length) = longest
            .max_by_key(|(n, length)| (n * length, std::cmp::Reverse(*length)))
            .unwrap_or((1, 1));
        found.push((repeat, &rest[..length]));
        start += repeat * length;
    }
    found
}

const STACKED: &str = r#"
def stacked(*draws):
    """Draws each row on its own."""

    def draw(seed):
        def call(shape, dtype):
            drawn = [d(seed + 8 * n)(shape[1:], dtype) for n, d in enumerate(draws)]
            return keras.ops.stack(drawn, 0)

        return call

    return draw


"#;

const PARTS: &str = r#"
def parts(axis, sizes, *draws):
    """Draws each part along an axis of its own."""

    def draw(seed):
        def call(shape, dtype):
            at = len(shape) - 1 if axis else 0
            shapes = [shape[:at] + (size,) + shape[at + 1 :] for size in sizes]
            drawn = [d(seed + n)(s, dtype) for n, (d, s) in enumerate(zip(draws, shapes))]
            return keras.ops.concatenate(drawn, at)

        return call

    return draw


"#;

const BY_HEAD: &str = r#"
def by_head(draw):
    """Draws (inputs, units), which attention has as (inputs, heads, units of a head)."""

    def drawn(seed):
        def call(shape, dtype):
            flat = (shape[0], shape[1] * shape[2])
            return keras.ops.reshape(draw(seed)(flat, dtype), shape)

        return call

    return drawn


"#;

const DELTA: &str = r#"
def delta(gain):
    """Orthogonal at the central tap, 0 elsewhere (Xiao et al. 2018)."""

    def draw(seed):
        def call(shape, dtype):
            center = tuple((size - 1) // 2 for size in shape[:-2])
            pads = [(c, size - 1 - c) for c, size in zip(center, shape[:-2])]
            tap = init.Orthogonal(gain, seed=seed)(shape[-2:], dtype)
            tap = keras.ops.reshape(tap, (1,) * len(center) + tuple(shape[-2:]))
            return keras.ops.pad(tap, [*pads, (0, 0), (0, 0)])

        return call

    return draw


"#;

const MIRRORED: &str = r#"
def mirrored(smaller, units, inputs):
    """[A -A; -A A], A drawn: pairs pass on f(z) - f(-z), for relu z (Balduzzi et al. 2017)."""

    def draw(seed):
        def call(shape, dtype):
            half = (*shape[:-2], shape[-2] // (1 + inputs), shape[-1] // (1 + units))
            a = smaller(seed)(half, dtype)
            a = keras.ops.concatenate([a, -a], -2) if inputs else a
            return keras.ops.concatenate([a, -a], -1) if units else a

        return call

    return draw


"#;

const TURNED: &str = r#"
def turned(draw):
    """Draws (..., inputs, outputs), which a transposed convolution has as (..., outputs, inputs)."""

    def drawn(seed):
        def call(shape, dtype):
            value = draw(seed)((*shape[:-2], shape[-1], shape[-2]), dtype)
            return keras.ops.swapaxes(value, -1, -2)

        return call

    return drawn


"#;

const APART: &str = r#"
def apart(draw):
    """Draws each matrix along the first axis on its own."""

    def drawn(seed):
        def call(shape, dtype):
            drawn = [draw(seed + 500_009 + n)(shape[1:], dtype) for n in range(shape[0])]
            return keras.ops.stack(drawn, 0)

        return call

    return drawn


"#;

const INITIALIZE: &str = r#"
def initialize(model: keras.Model, seed: int) -> None:
    """Draws the variables for which RULES have a draw; all others keep their values."""
    VARIABLES
    if len(variables) != len(RULES):
        raise ValueError(f"{len(variables)} trainable variables, expected {len(RULES)}")
    for number, (variable, (size, draw)) in enumerate(zip(variables, RULES)):
        if size != keras.ops.size(variable):
            raise ValueError(f"{variable.path} has shape {variable.shape}, expected {size} elements")
        if draw is not None:
            own = 1_000_003 * seed + 16 * number
            variable.assign(draw(own)(tuple(variable.shape), variable.dtype))
"#;

fn rule(drawn: &Drawn<'_>) -> Result<String> {
    match &drawn.below {
        Some(below) => Ok(format!("stacked({}, {})", row(drawn)?, row(below)?)),
        None => row(drawn),
    }
}

fn row(drawn: &Drawn<'_>) -> Result<String> {
    let is_apart = drawn.is_apart(Language::Keras);
    let call = |draw: &Draw| {
        let own = call(*draw, &drawn.parameter.name);
        if is_apart { own.map(|own| format!("apart({own})")) } else { own }
    };
    let Some((axis, sizes)) = &drawn.parts else {
        let own = call(&drawn.draws[0])?;
        return Ok(match (drawn.is_by_head, drawn.is_turned) {
            (true, _) => format!("by_head({own})"),
            (_, true) => format!("turned({own})"),
            _ => own,
        });
    };
    let draws = drawn.draws.iter().map(call).collect::<Result<Vec<String>>>()?;
    let draws = match &draws[..] {
        [first, rest @ ..] if !rest.is_empty() && rest.iter().all(|draw| draw == first) => {
            format!("*[{first}] * {}", draws.len())
        }
        _ => draws.join(", "),
    };
    // What counts units comes first here and last in Keras.
    let last = u8::from(*axis == 0);
    Ok(format!("parts({last}, {sizes:?}, {draws})"))
}

fn call(draw: Draw, name: &str) -> Result<String> {
    /// The only cut that Keras knows, in deviations.
    const CUT: f64 = 2.0;
    let seeded = |call: String| Ok(format!("lambda s: init.{call}, seed=s)"));
    match draw {
        Draw::Constant(0.0) => Ok("lambda s: init.Zeros()".to_owned()),
        Draw::Constant(value) => Ok(format!("lambda s: init.Constant({})", literal(value))),
        Draw::Normal(mean, deviation) => {
            seeded(format!("RandomNormal({}, {}", literal(mean), literal(deviation)))
        }
        Draw::Uniform(low, high) => {
            seeded(format!("RandomUniform({}, {}", literal(low), literal(high)))
        }
        Draw::Truncated(mean, deviation, CUT) => {
            seeded(format!("TruncatedNormal({}, {}", literal(mean), literal(deviation)))
        }
        Draw::Truncated(_, _, cut) => Err(Error::Setting {
            place: "code for keras".to_owned(),
            found: format!("a normal draw cut at {cut} deviations for {name}"),
            expected: "a cut at 2, the only one that Keras has".to_owned(),
        }),
        Draw::Steps(last) => Ok(format!(
            "lambda s: lambda shape, dtype: keras.ops.linspace(0.0, {}, shape[-1], dtype=dtype)",
            literal(last)
        )),
        Draw::Orthogonal(gain) => seeded(format!("Orthogonal({}", literal(gain))),
        Draw::Mirrored { gain, is_central, units, inputs } => {
            let smaller = call(Draw::smaller(gain, is_central), name)?;
            Ok(format!("mirrored({smaller}, {}, {})", truth(units), truth(inputs)))
        }
        Draw::DeltaOrthogonal(gain) => Ok(format!("delta({})", literal(gain))),
    }
}
