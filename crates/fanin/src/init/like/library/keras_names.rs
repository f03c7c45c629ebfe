//! Models of Keras by the names of their own variables: `lstm/lstm_cell/recurrent_kernel`.

use crate::error::Result;
use crate::init::Parameter;
use crate::init::like::keras::Kind;

/// What Keras' variables are called, besides `bias`.
const LEAVES: &[&str] =
    &["kernel", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel", "embeddings", "gamma"];

/// Modules inside of a layer.
const INNER: &[&str] =
    &["lstm_cell", "gru_cell", "simple_rnn_cell", "query", "key", "value", "attention_output"];

/// Whether the names are those of Keras' variables.
pub fn are_those_of_keras(parameters: &[Parameter]) -> bool {
    parameters.iter().any(|parameter| LEAVES.contains(&split(parameter).1))
}

/// The layers with their names, in the order of their first parameters.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a parameter of no layer that is known here.
pub fn layers(parameters: &[Parameter]) -> Result<Vec<(&str, Kind, Vec<&Parameter>)>> {
    let mut grouped: Vec<(&str, Vec<&Parameter>)> = Vec::new();
    for parameter in parameters {
        let layer = layer_of(parameter);
        match grouped.iter_mut().find(|(known, _)| *known == layer) {
            Some((_, group)) => group.push(parameter),
            None => grouped.push((layer, vec![parameter])),
        }
    }
    grouped.into_iter().map(|(name, group)| Ok((name, kind(name, &group)?, group))).collect()
}

/// The module and the last part of a parameter's name.
fn split(parameter: &Parameter) -> (&str, &str) {
    parameter.name.rsplit_once('/').unwrap_or(("", &parameter.name))
}

fn layer_of(parameter: &Parameter) -> &str {
    let module = split(parameter).0;
    match module.rsplit_once('/') {
        Some((layer, inner)) if INNER.contains(&inner) => layer,
        _ => module,
    }
}

fn kind(name: &str, group: &[&Parameter]) -> Result<Kind> {
    let with = |end: &str| {
        let fits = |p: &&&Parameter| p.name.strip_prefix(name) == Some(end);
        group.iter().find(fits).map(|parameter| (*parameter, parameter.shape.axes()))
    };
    let bias = with("/bias").is_some();
    if let Some((_, &[inputs, outputs])) = with("/embeddings") {
        return Ok(Kind::Embedding { inputs, outputs });
    }
    if let Some((_, &[features])) = with("/gamma") {
        let is_batch = with("/moving_mean").is_some();
        let batch = Kind::BatchNormalization { features };
        return Ok(if is_batch { batch } else { Kind::LayerNormalization { features } });
    }
    if let Some((_, &[inputs, heads, head])) = with("/query/kernel") {
        let bias = with("/query/bias").is_some();
        return Ok(Kind::MultiHeadAttention { inputs, heads, head, bias });
    }
    for cell in ["lstm", "gru", "simple_rnn"] {
        let kernel = with(&format!("/{cell}_cell/kernel"));
        let recurrent = with(&format!("/{cell}_cell/recurrent_kernel"));
        if let (Some((_, &[inputs, _])), Some((_, &[units, _]))) = (kernel, recurrent) {
            return Ok(match cell {
                "lstm" => Kind::Lstm { inputs, units },
                "gru" => Kind::Gru { inputs, units },
                _ => Kind::SimpleRnn { inputs, units },
            });
        }
    }
    if let (Some((_, &[ref kernel @ .., inputs, multiplier])), Some((_, &[.., filters]))) =
        (with("/depthwise_kernel"), with("/pointwise_kernel"))
    {
        let kernel = kernel.to_vec();
        return Ok(Kind::SeparableConv { kernel, inputs, filters, multiplier, bias });
    }
    match with("/kernel") {
        Some((_, &[inputs, units])) => Ok(Kind::Dense { inputs, units, bias }),
        Some((weight, &[ref kernel @ .., first, second])) => {
            let (kernel, groups) = (kernel.to_vec(), weight.axes.output_groups.max(1));
            Ok(if weight.axes.input.is_empty() {
                Kind::DepthwiseConv { kernel, inputs: first, multiplier: second, bias }
            } else if weight.axes.input == [kernel.len() + 1] {
                Kind::ConvTranspose { kernel, inputs: second, filters: first, bias }
            } else {
                Kind::Conv { kernel, inputs: first * groups, filters: second, groups, bias }
            })
        }
        _ => Err(group[0].unfit(
            "one of the parameters of a layer that is not known here",
            "a Dense, convolutional, recurrent, Embedding, MultiHeadAttention or normalization \
             layer of Keras, with all its parameters",
        )),
    }
}
