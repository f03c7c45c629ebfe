//! What a layer of Keras takes from the seeds, and the parameters that come of it.

use super::initializer::Initializer;
use super::layer::{Kind, Layer};
use super::seed::{PythonRandom, Seed};
use crate::error::{Error, Result};

/// A parameter of a layer.
pub(super) struct Part {
    /// Below the layer's name: `kernel`, `lstm_cell/bias`.
    pub name: String,
    pub shape: Vec<usize>,
    pub start: Start,
}

/// What a parameter starts from.
pub(super) enum Start {
    /// One of the layer's initializers, by its place among them, with fans of its own if any.
    Drawn(usize, Option<[f64; 2]>),
    Constant(Initializer),
    /// Zeros, but ones in the second of four parts: the bias of an LSTM.
    ForgetGate,
}

/// The initializers that a layer makes when it is constructed, with the seeds that they take.
pub(super) fn construct(layer: &Layer, random: &mut PythonRandom) -> Vec<(Initializer, Seed)> {
    let kernel = |default| layer.kernel_initializer.unwrap_or(default);
    let glorot = kernel(Initializer::GlorotUniform);
    let initializers = match layer.kind {
        Kind::Dense { .. }
        | Kind::Conv { .. }
        | Kind::ConvTranspose { .. }
        | Kind::DepthwiseConv { .. }
        | Kind::MultiHeadAttention { .. } => vec![glorot],
        Kind::SeparableConv { .. } => vec![glorot, glorot],
        Kind::Embedding { .. } => {
            vec![kernel(Initializer::RandomUniform { low: -0.05, high: 0.05 })]
        }
        Kind::SimpleRnn { .. } | Kind::Lstm { .. } | Kind::Gru { .. } => {
            vec![glorot, Initializer::Orthogonal { gain: 1.0 }]
        }
        Kind::BatchNormalization { .. } | Kind::LayerNormalization { .. } | Kind::Dropout => {
            Vec::new()
        }
    };
    // The generator of dropout masks, which SimpleRNN makes before its initializers.
    let first = matches!(layer.kind, Kind::SimpleRnn { .. } | Kind::Dropout);
    let last = matches!(layer.kind, Kind::Lstm { .. } | Kind::Gru { .. });
    if first {
        random.default_seed();
    }
    let seeds = initializers.into_iter().map(|made| (made, seed(made, random)));
    let seeded = seeds.collect();
    if last {
        random.default_seed();
    }
    seeded
}

/// The seed that an initializer without one takes.
fn seed(initializer: Initializer, random: &mut PythonRandom) -> Seed {
    if initializer.is_random() { random.default_seed() } else { Seed::new(0) }
}

/// The initializers after the layer was built: attention makes one for each of its projections.
pub(super) fn build(
    layer: &Layer,
    made: Vec<(Initializer, Seed)>,
    random: &mut PythonRandom,
) -> Vec<(Initializer, Seed)> {
    const PROJECTIONS: usize = 4;
    match (&layer.kind, &made[..]) {
        (Kind::MultiHeadAttention { .. }, [(initializer, _)]) => {
            (0..PROJECTIONS).map(|_| (*initializer, seed(*initializer, random))).collect()
        }
        _ => made,
    }
}

/// The parameters of a layer in the order in which Keras makes them.
pub(super) fn parts(layer: &Layer) -> Result<Vec<Part>> {
    Ok(match &layer.kind {
        Kind::Dense { inputs, units, bias } => weighted(vec![*inputs, *units], *units, *bias),
        Kind::Conv { kernel, inputs, filters, groups, bias } => {
            if *groups == 0 || inputs % groups != 0 || filters % groups != 0 {
                return Err(Error::Setting {
                    place: format!("layer `{}`", layer.name),
                    found: format!("{groups} groups for {inputs} inputs and {filters} filters"),
                    expected: "a number that divides both".to_owned(),
                });
            }
            let shape = [kernel, &[inputs / groups, *filters][..]].concat();
            weighted(shape, *filters, *bias)
        }
        Kind::ConvTranspose { kernel, inputs, filters, bias } => {
            weighted([kernel, &[*filters, *inputs][..]].concat(), *filters, *bias)
        }
        Kind::DepthwiseConv { kernel, inputs, multiplier, bias } => {
            weighted([kernel, &[*inputs, *multiplier][..]].concat(), inputs * multiplier, *bias)
        }
        Kind::SeparableConv { kernel, inputs, filters, multiplier, bias } => {
            let depthwise = [kernel, &[*inputs, *multiplier][..]].concat();
            let pointwise = [&vec![1; kernel.len()], &[inputs * multiplier, *filters][..]].concat();
            let mut parts = vec![
                part("depthwise_kernel", depthwise, Start::Drawn(0, None)),
                part("pointwise_kernel", pointwise, Start::Drawn(1, None)),
            ];
            parts.extend(bias.then(|| zeros("bias", vec![*filters])));
            parts
        }
        Kind::Embedding { inputs, outputs } => {
            vec![part("embeddings", vec![*inputs, *outputs], Start::Drawn(0, None))]
        }
        Kind::SimpleRnn { inputs, units } => {
            let bias = zeros("bias", vec![*units]);
            recurrent("simple_rnn_cell", [*inputs, *units, *units], bias)
        }
        Kind::Lstm { inputs, units } => {
            let bias = part("bias", vec![4 * units], Start::ForgetGate);
            recurrent("lstm_cell", [*inputs, *units, 4 * units], bias)
        }
        Kind::Gru { inputs, units } => {
            let bias = zeros("bias", vec![2, 3 * units]);
            recurrent("gru_cell", [*inputs, *units, 3 * units], bias)
        }
        Kind::MultiHeadAttention { inputs, heads, head, bias } => {
            attention(*inputs, *heads, *head, *bias)
        }
        Kind::BatchNormalization { features } => vec![
            part("gamma", vec![*features], Start::Constant(Initializer::Ones)),
            zeros("beta", vec![*features]),
            zeros("moving_mean", vec![*features]),
            part("moving_variance", vec![*features], Start::Constant(Initializer::Ones)),
        ],
        Kind::LayerNormalization { features } => vec![
            part("gamma", vec![*features], Start::Constant(Initializer::Ones)),
            zeros("beta", vec![*features]),
        ],
        Kind::Dropout => Vec::new(),
    })
}

fn part(name: &str, shape: Vec<usize>, start: Start) -> Part {
    Part { name: name.to_owned(), shape, start }
}

fn zeros(name: &str, shape: Vec<usize>) -> Part {
    part(name, shape, Start::Constant(Initializer::Zeros))
}

fn weighted(shape: Vec<usize>, outputs: usize, bias: bool) -> Vec<Part> {
    let kernel = part("kernel", shape, Start::Drawn(0, None));
    let bias = bias.then(|| zeros("bias", vec![outputs]));
    [Some(kernel), bias].into_iter().flatten().collect()
}

fn recurrent(cell: &str, [inputs, units, gates]: [usize; 3], bias: Part) -> Vec<Part> {
    let parts = [
        part("kernel", vec![inputs, gates], Start::Drawn(0, None)),
        part("recurrent_kernel", vec![units, gates], Start::Drawn(1, None)),
        bias,
    ];
    parts.map(|part| Part { name: format!("{cell}/{}", part.name), ..part }).into()
}

/// Four projections, whose fans count heads and their features together.
fn attention(inputs: usize, heads: usize, head: usize, bias: bool) -> Vec<Part> {
    let (outer, inner) = (inputs as f64, heads as f64 * head as f64);
    let mut parts = Vec::new();
    for (index, (name, shape, fans, bias_shape)) in [
        ("query", vec![inputs, heads, head], [outer, inner], vec![heads, head]),
        ("key", vec![inputs, heads, head], [outer, inner], vec![heads, head]),
        ("value", vec![inputs, heads, head], [outer, inner], vec![heads, head]),
        ("attention_output", vec![heads, head, inputs], [inner, outer], vec![inputs]),
    ]
    .into_iter()
    .enumerate()
    {
        parts.push(part(&format!("{name}/kernel"), shape, Start::Drawn(index, Some(fans))));
        parts.extend(bias.then(|| zeros(&format!("{name}/bias"), bias_shape)));
    }
    parts
}
