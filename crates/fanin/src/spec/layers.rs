//! A network as written: layers one after another, with sizes that the data may still decide.
//!
//! Both the short text and the `[[layers]]` tables of a TOML file say a [`ModelSpec`], which
//! [`ModelSpec::resolve`] turns into a [`Model`] once the data is known.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

use super::model::{Layer, Model};
use super::named::named;
use super::{check, text};
use crate::error::Result;

/// A network whose width of input and output may be left to the data.
///
/// ```
/// use fanin::spec::ModelSpec;
///
/// let spec: ModelSpec = "features -> 2x64 relu -> outputs".parse()?;
/// let model = spec.resolve(64, 10)?;
/// assert_eq!(model.to_string(), "64 -> 2x64 relu -> 10");
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSpec {
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
    #[serde(skip_serializing_if = "is_one")]
    pub repeat: usize,
    /// Outputs of the linear layer; missing: no linear layer, only what is said besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// Whether the linear layer has a bias. Default true.
    #[serde(skip_serializing_if = "is_true")]
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
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "residual")]
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

impl Default for ModelSpec {
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

impl ModelSpec {
    /// The network for data with so many features and so many classes or targets.
    ///
    /// # Errors
    /// [`Error::Grammar`](crate::Error::Grammar) with a caret under the place if sizes do not fit
    /// or exceed a limit, [`Error::Setting`](crate::Error::Setting) if they do in total.
    pub fn resolve(&self, features: usize, outputs: usize) -> Result<Model> {
        let sizes = check::Sizes { features: Some(features), outputs: Some(outputs) };
        if let Err(misfit) = check::check(self, sizes) {
            let text = self.to_string();
            return Err(match text::read(&text) {
                Ok((_, spans)) => misfit.in_text(&text, &spans),
                Err(_) => misfit.in_tables(),
            });
        }
        let model = self.expand(features, outputs);
        model.parameters()?;
        Ok(model)
    }

    /// Whether the short text says all of it: no layer has a scheme of its own.
    pub fn fits_text(&self) -> bool {
        fn fits(layers: &[LayerSpec]) -> bool {
            layers.iter().all(|layer| layer.init.is_none() && fits(&layer.layers))
        }
        fits(&self.layers)
    }

    /// Whether the width of the result is left to the data.
    pub(super) fn asks_for_outputs(&self) -> bool {
        self.layers.last().is_some_and(|layer| layer.units == Some(Units::Outputs))
    }

    /// The modules of a network that has been checked.
    pub(super) fn expand(&self, features: usize, outputs: usize) -> Model {
        let mut layers = Vec::new();
        expand(&self.layers, outputs, &mut layers);
        Model { inputs: self.inputs.unwrap_or(features), layers }
    }
}

fn expand(specs: &[LayerSpec], outputs: usize, into: &mut Vec<Layer>) {
    for spec in specs {
        for _ in 0..spec.repeat {
            match spec.residual {
                Some(scale) => {
                    let mut layers = Vec::new();
                    expand_once(spec, outputs, &mut layers);
                    into.push(Layer::Residual { scale, layers });
                }
                None => expand_once(spec, outputs, into),
            }
        }
    }
}

fn expand_once(spec: &LayerSpec, outputs: usize, into: &mut Vec<Layer>) {
    expand(&spec.layers, outputs, into);
    if let Some(units) = spec.units {
        let units = match units {
            Units::Count(units) => units,
            Units::Outputs => outputs,
        };
        into.push(Layer::Linear { units, bias: spec.bias });
    }
    match spec.norm {
        Some(Norm::Batch) => into.push(Layer::BatchNorm),
        Some(Norm::Layer) => into.push(Layer::LayerNorm),
        None => {}
    }
    match spec.activation.as_deref() {
        Some(check::PRELU) => into.push(Layer::PRelu),
        Some(name) => into.push(Layer::Activation(name.to_owned())),
        None => {}
    }
    if let Some(rate) = spec.dropout {
        into.push(Layer::Dropout { rate });
    }
}

impl From<&Model> for ModelSpec {
    /// The shortest way to write the network: equal neighbors become one repeated layer.
    fn from(model: &Model) -> Self {
        Self { inputs: Some(model.inputs), layers: collect(&model.layers) }
    }
}

fn collect(modules: &[Layer]) -> Vec<LayerSpec> {
    let mut specs: Vec<LayerSpec> = Vec::new();
    let mut filled = END;
    for module in modules {
        let rank = rank(module);
        if rank <= filled || rank == END {
            specs.push(LayerSpec::default());
        }
        filled = rank;
        let last = specs.len() - 1;
        add(&mut specs[last], module);
    }
    merge(specs)
}

/// A full element: a residual begins one, and whatever module comes next begins another.
const END: u8 = 4;

/// The place of a module among those of one element.
fn rank(module: &Layer) -> u8 {
    match module {
        Layer::Linear { .. } => 0,
        Layer::BatchNorm | Layer::LayerNorm => 1,
        Layer::Activation(_) | Layer::PRelu => 2,
        Layer::Dropout { .. } => 3,
        Layer::Residual { .. } => END,
    }
}

fn add(spec: &mut LayerSpec, module: &Layer) {
    match module {
        Layer::Linear { units, bias } => {
            spec.units = Some(Units::Count(*units));
            spec.bias = *bias;
        }
        Layer::BatchNorm => spec.norm = Some(Norm::Batch),
        Layer::LayerNorm => spec.norm = Some(Norm::Layer),
        Layer::Activation(name) => spec.activation = Some(name.clone()),
        Layer::PRelu => spec.activation = Some(check::PRELU.to_owned()),
        Layer::Dropout { rate } => spec.dropout = Some(*rate),
        Layer::Residual { scale, layers } => {
            let mut branch = collect(layers);
            let is_one_layer =
                matches!(&branch[..], [only] if only.residual.is_none() && only.repeat == 1);
            *spec = match branch.pop() {
                Some(only) if is_one_layer => only,
                last => {
                    branch.extend(last);
                    LayerSpec { layers: branch, ..LayerSpec::default() }
                }
            };
            spec.residual = Some(*scale);
        }
    }
}

fn merge(specs: Vec<LayerSpec>) -> Vec<LayerSpec> {
    let mut merged: Vec<LayerSpec> = Vec::new();
    for spec in specs {
        match merged.last_mut() {
            Some(last) if last.can_repeat() && LayerSpec { repeat: 1, ..last.clone() } == spec => {
                last.repeat += 1;
            }
            _ => merged.push(spec),
        }
    }
    merged
}

impl LayerSpec {
    /// Whether there is something that a repetition can stand before.
    pub(super) fn can_repeat(&self) -> bool {
        self.units.is_some() || !self.layers.is_empty()
    }
}

impl Serialize for Units {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Count(units) => serializer.serialize_u64(*units as u64),
            Self::Outputs => serializer.serialize_str(text::OUTPUTS[0]),
        }
    }
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct UnitsVisitor;

        impl Visitor<'_> for UnitsVisitor {
            type Value = Units;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of units, or \"outputs\"")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<Units, E> {
                usize::try_from(value)
                    .map(Units::Count)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Units, E> {
                Ok(Units::Count(value as usize))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> std::result::Result<Units, E> {
                let refused = || E::invalid_value(de::Unexpected::Str(value), &self);
                text::OUTPUTS.contains(&value).then_some(Units::Outputs).ok_or_else(refused)
            }
        }

        deserializer.deserialize_any(UnitsVisitor)
    }
}

fn residual<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<f64>, D::Error> {
    struct ResidualVisitor;

    impl Visitor<'_> for ResidualVisitor {
        type Value = Option<f64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true, false or the factor on the branch")
        }

        fn visit_bool<E: de::Error>(self, value: bool) -> std::result::Result<Option<f64>, E> {
            Ok(value.then_some(1.0))
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<Option<f64>, E> {
            Ok(Some(value as f64))
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Option<f64>, E> {
            Ok(Some(value as f64))
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> std::result::Result<Option<f64>, E> {
            Ok(Some(value))
        }
    }

    deserializer.deserialize_any(ResidualVisitor)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(repeat: &usize) -> bool {
    *repeat == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_true(bias: &bool) -> bool {
    *bias
}
