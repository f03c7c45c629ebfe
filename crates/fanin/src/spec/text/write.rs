//! From layers back to the text.

use std::fmt::{self, Display, Formatter};

use super::{INPUTS, OUTPUTS};
use crate::spec::layers::{LayerSpec, Norm, SequentialSpec, Units};
use crate::spec::sequential::Sequential;

impl Display for SequentialSpec {
    /// The short text, which leaves out the schemes of single layers.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.inputs {
            Some(inputs) => write!(f, "{inputs}")?,
            None => f.write_str(INPUTS[0])?,
        }
        f.write_str(" -> ")?;
        write_sequence(&self.layers, f)
    }
}

impl Display for Sequential {
    /// The shortest text; equal neighbors become `NxW`. Parsing it gives the same network.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        SequentialSpec::from(self).fmt(f)
    }
}

fn write_sequence(layers: &[LayerSpec], f: &mut Formatter<'_>) -> fmt::Result {
    for (position, layer) in layers.iter().enumerate() {
        if position > 0 {
            f.write_str(" -> ")?;
        }
        write_layer(layer, f)?;
    }
    Ok(())
}

fn write_layer(layer: &LayerSpec, f: &mut Formatter<'_>) -> fmt::Result {
    if layer.repeat != 1 {
        write!(f, "{}x", layer.repeat)?;
    }
    let mut separator = " ";
    match layer.units {
        Some(Units::Count(units)) => write!(f, "{units}")?,
        Some(Units::Outputs) => f.write_str(OUTPUTS[0])?,
        None if layer.layers.is_empty() => separator = "",
        None => {
            f.write_str("(")?;
            write_sequence(&layer.layers, f)?;
            f.write_str(")")?;
        }
    }
    for word in words(layer) {
        write!(f, "{separator}{word}")?;
        separator = " ";
    }
    Ok(())
}

fn words(layer: &LayerSpec) -> Vec<String> {
    let norm = layer.norm.map(|norm| match norm {
        Norm::Batch => "batch_norm",
        Norm::Layer => "layer_norm",
    });
    let residual = layer.residual.map(|scale| match scale {
        1.0 => "residual".to_owned(),
        _ => format!("residual:{scale}"),
    });
    [
        (!layer.bias).then(|| "no_bias".to_owned()),
        norm.map(str::to_owned),
        layer.activation.clone(),
        layer.dropout.map(|rate| format!("dropout:{rate}")),
        residual,
    ]
    .into_iter()
    .flatten()
    .collect()
}
