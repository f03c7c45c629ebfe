//! Plans of networks that are no chains: convolutions, a transformer, recurrent cells.

use fanin::engine::ops::Span;
use fanin::engine::{Wire, activations};
use fanin::error::Result;
use fanin::init::{Component, Packing, Parameter, Role};

use crate::draft::{Draft, Size};

/// Tokens that the transformer cuts a row into.
const TOKENS: usize = 8;

/// Plain convolutions, the middle one by two, then a mean over positions.
pub fn convolutions(draft: &mut Draft, x: Wire, size: &Size) -> Result<Wire> {
    let mut x = picture(draft, x, size)?;
    for layer in 0..size.depth {
        let stride = if layer == size.depth / 2 { 2 } else { 1 };
        let module = format!("layers.{layer}");
        x = draft.convolution(x, &module, (size.width, stride), size.activation)?;
    }
    head(draft, x, size)
}

/// A convolution, then blocks of two whose result is added to their input.
pub fn residual_convolutions(draft: &mut Draft, x: Wire, size: &Size) -> Result<Wire> {
    let x = picture(draft, x, size)?;
    let mut x = draft.convolution(x, "stem", (size.width, 1), size.activation)?;
    for block in 0..size.depth {
        let name = format!("blocks.{block}");
        let second = format!("{name}.conv2");
        let sum = draft.branch(&name, |draft| {
            let first = format!("{name}.conv1");
            let a = draft.convolution(x, &first, (size.width, 1), size.activation)?;
            draft.convolution(a, &second, (size.width, 1), "identity")
        })?;
        draft.ends_branch(&second);
        x = draft.graph.add(x, sum)?;
    }
    head(draft, x, size)
}

/// Convolutions down to a few numbers and linear layers from there.
pub fn small_convolutions(draft: &mut Draft, x: Wire, size: &Size) -> Result<Wire> {
    let x = picture(draft, x, size)?;
    let x = draft.convolution(x, "conv1", (size.width, 2), size.activation)?;
    let x = draft.convolution(x, "conv2", (2 * size.width, 2), size.activation)?;
    let numbers: usize = draft.graph.shape(x).axes()[1..].iter().product();
    let mut x = draft.graph.reshape(x, [draft.rows, numbers])?;
    for layer in 0..size.depth {
        x = draft.linear(x, &format!("fc{}", layer + 1), 4 * size.width, size.activation)?;
    }
    draft.linear(x, "head", size.outputs, "identity")
}

/// (rows, 1, side, side).
fn picture(draft: &mut Draft, x: Wire, size: &Size) -> Result<Wire> {
    let side = size.inputs.isqrt();
    Ok(draft.graph.reshape(x, [draft.rows, 1, side, side])?)
}

/// The mean over positions, then logits.
fn head(draft: &mut Draft, x: Wire, size: &Size) -> Result<Wire> {
    let mean = draft.graph.mean_to(x, [draft.rows, size.width, 1, 1])?;
    let x = draft.graph.reshape(mean, [draft.rows, size.width])?;
    draft.linear(x, "head", size.outputs, "identity")
}

/// Attention and feed-forward branches without any normalization, over rows cut into tokens.
pub fn transformer(draft: &mut Draft, x: Wire, size: &Size) -> Result<Wire> {
    attend(draft, x, size, 1.0 / (size.width as f64).sqrt())
}

/// The same with logits that nothing divides by √d.
pub fn unscaled_transformer(draft: &mut Draft, x: Wire, size: &Size) -> Result<Wire> {
    attend(draft, x, size, 1.0)
}

fn attend(draft: &mut Draft, x: Wire, size: &Size, scale: f64) -> Result<Wire> {
    let (rows, width) = (draft.rows, size.width);
    let x = draft.graph.reshape(x, [rows, TOKENS, size.inputs / TOKENS])?;
    let mut x = draft.linear(x, "embed", width, "identity")?;
    for block in 0..size.depth {
        let name = format!("blocks.{block}");
        let output = format!("{name}.output");
        let mixed = draft.branch(&format!("{name}.attention"), |draft| {
            let [q, k, v] = ["query", "key", "value"]
                .map(|part| draft.linear(x, &format!("{name}.{part}"), width, "identity"));
            let logits = draft.graph.matmul_transposed(q?, k?)?;
            let logits = draft.graph.affine(logits, scale, 0.0)?;
            let weights = draft.graph.softmax(logits)?;
            let mixed = draft.graph.matmul(weights, v?)?;
            draft.linear(mixed, &output, width, "identity")
        })?;
        draft.ends_branch(&output);
        x = draft.graph.add(x, mixed)?;
        let down = format!("{name}.down");
        let fed = draft.branch(&format!("{name}.feed"), |draft| {
            let a = draft.linear(x, &format!("{name}.up"), 2 * width, size.activation)?;
            draft.linear(a, &down, width, "identity")
        })?;
        draft.ends_branch(&down);
        x = draft.graph.add(x, fed)?;
    }
    let mean = draft.graph.mean_to(x, [rows, 1, width])?;
    let x = draft.graph.reshape(mean, [rows, width])?;
    draft.linear(x, "head", size.outputs, "identity")
}

/// An LSTM over as many steps as a row has numbers, its last state to the logits.
pub fn lstm(draft: &mut Draft, x: Wire, size: &Size) -> Result<Wire> {
    let (rows, width) = (draft.rows, size.width);
    let gates =
        [Component::InputGate, Component::ForgetGate, Component::Candidate, Component::OutputGate];
    let packed = |name: &str, inputs: Option<usize>, role| {
        let mut parameter = match inputs {
            Some(inputs) => Parameter::linear(name, 4 * width, inputs),
            None => Parameter::new(name, [4 * width], role),
        };
        parameter.role = role;
        parameter.fan_in = inputs.unwrap_or(width);
        parameter.fan_out = width;
        "lstm".clone_into(&mut parameter.place.module);
        let parts = gates.iter().map(|gate| (*gate, width)).collect();
        parameter.packing = Some(Packing { axis: 0, parts });
        parameter
    };
    let w = draft.parameter(packed("lstm.weight_ih", Some(1), Role::Weight));
    let u = draft.parameter(packed("lstm.weight_hh", Some(width), Role::Recurrent));
    let b = draft.parameter(packed("lstm.bias", None, Role::Bias));
    let [sigmoid, tanh] =
        ["sigmoid", "tanh"].map(|name| activations::find(name).expect("it is known"));
    let graph = &mut draft.graph;
    let mut h = graph.constant([rows, width], 0.0)?;
    let mut c = graph.constant([rows, width], 0.0)?;
    for step in 0..size.inputs {
        let now = graph.slice_axis(x, 1, Span::neighbors(step, 1))?;
        let seen = graph.matmul_transposed(now, w)?;
        let kept = graph.matmul_transposed(h, u)?;
        let z = graph.add(seen, kept)?;
        let z = graph.add(z, b)?;
        let mut gate = |index: usize, curve: &dyn fanin::engine::activations::Activation| {
            let part = graph.slice_axis(z, 1, Span::neighbors(index * width, width))?;
            graph.activate(part, curve)
        };
        let (input, forget) = (gate(0, &*sigmoid)?, gate(1, &*sigmoid)?);
        let (candidate, output) = (gate(2, &*tanh)?, gate(3, &*sigmoid)?);
        let old = graph.multiply(forget, c)?;
        let new = graph.multiply(input, candidate)?;
        c = graph.add(old, new)?;
        let shown = graph.activate(c, &*tanh)?;
        h = graph.multiply(output, shown)?;
    }
    draft.linear(h, "head", size.outputs, "identity")
}

/// A recurrent layer over as many steps as a row has numbers.
///
/// Without its bias one of tanh would be odd in its input but for the head's bias: of a row and its
/// negative, which the rhythms make alike, it could put both into the same class for one class alone.
pub fn recurrent(draft: &mut Draft, x: Wire, size: &Size) -> Result<Wire> {
    let (rows, width) = (draft.rows, size.width);
    let mut own = |name: &str, inputs, role| {
        let mut parameter = Parameter::linear(name, width, inputs).followed_by(size.activation);
        parameter.role = role;
        "rnn".clone_into(&mut parameter.place.module);
        draft.parameter(parameter)
    };
    let w = own("rnn.weight_ih", 1, Role::Weight);
    let u = own("rnn.weight_hh", width, Role::Recurrent);
    let mut bias = Parameter::new("rnn.bias", [width], Role::Bias);
    (bias.fan_in, bias.fan_out) = (width, width);
    "rnn".clone_into(&mut bias.place.module);
    let b = draft.parameter(bias);
    let curve = activations::find(size.activation).expect("activations of plans are known");
    let mut h = draft.graph.constant([rows, width], 0.0)?;
    for step in 0..size.inputs {
        let now = draft.graph.slice_axis(x, 1, Span::neighbors(step, 1))?;
        let seen = draft.graph.matmul_transposed(now, w)?;
        let kept = draft.graph.matmul_transposed(h, u)?;
        let z = draft.graph.add(seen, kept)?;
        let z = draft.graph.add(z, b)?;
        h = draft.graph.activate(z, &*curve)?;
    }
    draft.linear(h, "head", size.outputs, "identity")
}
