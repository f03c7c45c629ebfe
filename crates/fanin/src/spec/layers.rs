//! A network as written: layers one after another, with sizes that the data may still decide.
//!
//! Both the short text and the `[[layers]]` tables of a TOML file say a [`SequentialSpec`], which
//! [`SequentialSpec::resolve`] turns into a [`Sequential`] once the data is known.

mod keys;
mod modules;

use serde::{Deserialize, Serialize};

use super::named::named;
use super::sections::InitRule;
use super::sequential::Sequential;
use super::{check, text};
use crate::error::Result;

/// A network whose width of input and output may be left to the data.
///
/// ```
/// use fanin::spec::SequentialSpec;
///
/// let spec: SequentialSpec = "features -> 2x64 relu -> outputs".parse()?;
/// let model = spec.resolve(64, 10)?;
/// assert_eq!(model.to_string(), "64 -> 2x64 relu -> 10");
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SequentialSpec {
    /// Features of one sample; `None`: as many as the data has.
    pub inputs: Option<usize>,
    /// Layers in order.
    pub layers: Vec<LayerSpec>,
}

/// One element of the short text, or one `[[layers]]` table: a linear layer with what follows it.
///
/// Its modules come in this order: linear, norm, activation, dropout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LayerSpec {
    /// How many such layers follow one another. Default 1.
    #[serde(skip_serializing_if = "keys::is_one")]
    pub repeat: usize,
    /// Outputs of the linear layer; missing: no linear layer, only what is said besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// Whether the linear layer has a bias. Default true.
    #[serde(skip_serializing_if = "keys::is_true")]
    pub bias: bool,
    /// Normalization. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
    /// Activation, as in [`fanin_engine::activations::find`], or `prelu`. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
    /// Probability in [0, 1) that an activation is zeroed while training. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// `true` or a factor: the layer's result, times the factor, is added to its input.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "keys::residual")]
    pub residual: Option<f64>,
    /// Scheme for the layer's weights, before `[init]` is asked. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// Instead of units: a group of layers, to repeat or to make one residual branch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerSpec>,
}

impl Default for LayerSpec {
    fn default() -> Self {
        Self {
            repeat: 1,
            units: None,
            bias: true,
            norm: None,
            activation: None,
            dropout: None,
            residual: None,
            init: None,
            layers: Vec::new(),
        }
    }
}

/// Outputs of a linear layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// So many.
    Count(usize),
    /// As many as the data has classes or targets; `"outputs"`, and only in the last layer.
    Outputs,
}

named! {
    /// How a layer's results are normalized.
    Norm, "normalization" {
        /// Over the batch, per unit, with trained gain and shift.
        Batch = "batch",
        /// Over the units, per sample, with trained gain and shift.
        Layer = "layer",
    }
}

impl Default for SequentialSpec {
    /// `features -> 2x64 relu -> outputs`, the network that one meets first.
    fn default() -> Self {
        let relu = || Some("relu".to_owned());
        Self {
            inputs: None,
            layers: vec![
                LayerSpec {
                    repeat: 2,
                    units: Some(Units::Count(64)),
                    activation: relu(),
                    ..LayerSpec::default()
                },
                LayerSpec { units: Some(Units::Outputs), ..LayerSpec::default() },
            ],
        }
    }
}

impl SequentialSpec {
    /// Whether every size is written down, so that no data are needed to resolve it.
    pub fn is_complete(&self) -> bool {
        fn complete(layers: &[LayerSpec]) -> bool {
            layers.iter().all(|l| l.units != Some(Units::Outputs) && complete(&l.layers))
        }
        self.inputs.is_some() && complete(&self.layers)
    }

    /// The network as it stands, for which no data are needed.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if a size is left to the data, and as
    /// [`resolve`](Self::resolve).
    pub fn resolve_alone(&self) -> Result<Sequential> {
        match self.inputs {
            Some(inputs) if self.is_complete() => {
                check::check(self, check::Sizes::default())
                    .map_err(super::mistake::Misfit::in_tables)?;
                let model = self.expand(inputs, 0);
                model.module_parameters()?;
                Ok(model)
            }
            _ => Err(crate::Error::Setting {
                place: "model".to_owned(),
                found: format!("`{self}`"),
                expected: "numbers in place of `features` and `outputs`".to_owned(),
            }),
        }
    }

    /// The network for data with so many features and so many classes or targets.
    ///
    /// # Errors
    /// [`Error::Grammar`](crate::Error::Grammar) with a caret under the place if sizes do not fit
    /// or exceed a limit, [`Error::Setting`](crate::Error::Setting) if they do in total.
    pub fn resolve(&self, features: usize, outputs: usize) -> Result<Sequential> {
        let sizes = check::Sizes { features: Some(features), outputs: Some(outputs) };
        if let Err(misfit) = check::check(self, sizes) {
            let text = self.to_string();
            return Err(match text::read(&text) {
                Ok((_, spans)) => misfit.in_text(&text, &spans),
                Err(_) => misfit.in_tables(),
            });
        }
        let model = self.expand(features, outputs);
        model.module_parameters()?;
        Ok(model)
    }

    /// Whether the short text says all of it: no layer has a scheme of its own.
    pub fn fits_text(&self) -> bool {
        fn fits(layers: &[LayerSpec]) -> bool {
            layers.iter().all(|layer| layer.init.is_none() && fits(&layer.layers))
        }
        fits(&self.layers)
    }

    /// The schemes of single layers as rules on the names of their weights.
    pub fn init_rules(&self) -> Vec<InitRule> {
        let mut rules = Vec::new();
        list_rules(&self.layers, "", &mut 0, &mut rules);
        rules
    }

    /// Whether the width of the result is left to the data.
    pub(super) fn asks_for_outputs(&self) -> bool {
        self.layers.last().is_some_and(|layer| layer.units == Some(Units::Outputs))
    }

    /// The modules of a network that has been checked.
    pub(super) fn expand(&self, features: usize, outputs: usize) -> Sequential {
        let mut layers = Vec::new();
        modules::expand(&self.layers, outputs, &mut layers);
        Sequential { inputs: self.inputs.unwrap_or(features), layers }
    }
}

/// Lists rules for layers whose first module has the index `next` after `prefix`.
fn list_rules(specs: &[LayerSpec], prefix: &str, next: &mut usize, rules: &mut Vec<InitRule>) {
    for spec in specs {
        for _ in 0..spec.repeat {
            if spec.residual.is_some() {
                let prefix = format!("{prefix}{next}.branch.");
                list_rules_once(spec, &prefix, &mut 0, rules);
                *next += 1;
            } else {
                list_rules_once(spec, prefix, next, rules);
            }
        }
    }
}

fn list_rules_once(spec: &LayerSpec, prefix: &str, next: &mut usize, rules: &mut Vec<InitRule>) {
    list_rules(&spec.layers, prefix, next, rules);
    if let Some(scheme) = &spec.init {
        let pattern = format!("{prefix}{next}.weight");
        rules.push(InitRule { pattern, scheme: scheme.clone() });
    }
    *next += [
        spec.units.is_some(),
        spec.norm.is_some(),
        spec.activation.is_some(),
        spec.dropout.is_some(),
    ]
    .into_iter()
    .filter(|&has_module| has_module)
    .count();
}

impl LayerSpec {
    /// Whether there is something that a repetition can stand before.
    pub(super) fn can_repeat(&self) -> bool {
        self.units.is_some() || !self.layers.is_empty()
    }
}
