//! Flax linen's layers, on a CPU.

use super::modules::{Kind, modules};
use super::{Library, flax_names};
use crate::error::{Error, Result};
use crate::init::Parameter;
use crate::init::like::flax::{Layer, linen};
use crate::init::like::jax::Key;
use crate::weights::Weights;

/// `flax.linen`.
#[derive(Debug)]
pub struct Flax;

impl Library for Flax {
    fn name(&self) -> &'static str {
        "flax"
    }

    fn program(&self) -> &'static str {
        "model.init(jax.random.key(seed), x) of a compact linen module with these layers, or of the \
         module that names its parameters so"
    }

    fn exact(&self) -> &'static str {
        "all layers' defaults, outside jit; recurrent kernels, which are orthogonal, agree to 2e-6"
    }

    fn draws_in_order(&self) -> bool {
        false
    }

    fn initialize(
        &self,
        parameters: &[Parameter],
        scheme: Option<&str>,
        seed: u64,
    ) -> Result<Weights> {
        if let Some(scheme) = scheme {
            return Err(Error::Setting {
                place: "--like flax".to_owned(),
                found: format!("scheme {scheme}"),
                expected: "none, for the layers' own defaults; jax takes a scheme".to_owned(),
            });
        }
        if flax_names::are_those_of_flax(parameters) {
            return flax_names::initialize(Key::new(seed as i64), parameters);
        }
        let mut counts = std::collections::HashMap::<&str, usize>::new();
        let layers: Vec<(String, Layer)> = modules(parameters)?
            .into_iter()
            .map(|module| {
                let (kind, layer) = layer(module.kind);
                let count = counts.entry(kind).or_default();
                *count += 1;
                (format!("{kind}_{}", *count - 1), layer)
            })
            .collect();
        let layers: Vec<(&str, Layer)> =
            layers.iter().map(|(path, layer)| (path.as_str(), layer.clone())).collect();
        linen(Key::new(seed as i64), &layers)
    }
}

/// A layer as Flax names and describes it.
fn layer(kind: Kind) -> (&'static str, Layer) {
    match kind {
        Kind::Weighted { kernel, inputs, outputs, bias, .. } if kernel.is_empty() => {
            ("Dense", Layer::Dense { inputs, outputs, bias })
        }
        Kind::Weighted { kernel, inputs, outputs, bias, is_transposed: true, .. } => {
            ("ConvTranspose", Layer::ConvTranspose { kernel, inputs, outputs, bias })
        }
        Kind::Weighted { kernel, inputs, outputs, groups, bias, .. } => {
            ("Conv", Layer::Conv { kernel, inputs, outputs, groups, bias })
        }
        Kind::Embedding { rows, features } => {
            ("Embed", Layer::Embed { embeddings: rows, features })
        }
        Kind::Norm { features, is_batch: true, .. } => ("BatchNorm", Layer::BatchNorm { features }),
        Kind::Norm { features, shift: true, .. } => ("LayerNorm", Layer::LayerNorm { features }),
        Kind::Norm { features, .. } => ("RMSNorm", Layer::RmsNorm { features }),
    }
}
