//! Layer-sequential unit variance: orthonormal weights, then each layer's output to variance 1.
//!
//! Mishkin & Matas 2016 ("All you need is a good init"), in the three forms that were published:
//! the paper's, its Caffe script's, and that of the package `lsuv` 0.3.

use super::units::Moments;
use super::{ROWS, is_normalized, repeats, unseen};
use crate::error::Result;
use crate::init::{Component, Parameter};
use crate::recommend::draft::{Draft, rounded};
use crate::recommend::observer::Observer;
use crate::recommend::rows::Rows;
use crate::recommend::{Problem, Recommendation};
use crate::spec::{LayerWires, Mode};
use crate::weights::Weights;

/// When a layer counts as done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::recommend) enum Stop {
    /// |variance − 1| below this.
    VarianceBelow(f64),
    /// |variance − 1| at most this.
    VarianceAtMost(f64),
    /// |deviation − 1| at most this, the deviation that of a sample, n − 1 in its denominator.
    DeviationAtMost(f64),
}

impl Stop {
    /// What is compared with 1: the variance, or the deviation of a sample of `count`.
    fn measured(self, variance: f64, count: usize) -> f64 {
        match self {
            Self::VarianceBelow(_) | Self::VarianceAtMost(_) => variance,
            Self::DeviationAtMost(_) => {
                (variance * count as f64 / (count.max(2) - 1) as f64).sqrt()
            }
        }
    }

    /// Whether a layer with this variance over `count` numbers is done.
    pub fn is_done(self, variance: f64, count: usize) -> bool {
        let off = (self.measured(variance, count) - 1.0).abs();
        match self {
            Self::VarianceBelow(tolerance) => off < tolerance,
            Self::VarianceAtMost(tolerance) | Self::DeviationAtMost(tolerance) => off <= tolerance,
        }
    }

    /// What the weights are divided by.
    fn divisor(self, variance: f64, count: usize) -> f64 {
        /// What the package adds to a deviation before it divides.
        const EPSILON: f64 = 1e-8;
        match self {
            Self::VarianceBelow(_) | Self::VarianceAtMost(_) => variance.sqrt(),
            Self::DeviationAtMost(_) => self.measured(variance, count) + EPSILON,
        }
    }
}

/// One published form.
#[derive(Clone, Copy, Debug)]
pub(in crate::recommend) struct Variant {
    /// The method's name.
    pub name: &'static str,
    /// When a layer is done.
    pub stop: Stop,
    /// Times that a layer is divided, at most.
    pub most_divisions: usize,
    /// Which statistics a batch normalization uses.
    pub mode: Mode,
    /// Whether the inputs of attention stay orthonormal, so that it is scaled at its output alone.
    pub scales_attention_at_output: bool,
    /// Whether layers whose scale a normalization undoes are left orthonormal.
    pub skips_normalized: bool,
}

/// Starting weights by `variant`.
///
/// # Errors
/// If there are no rows, or the network cannot be built.
pub(in crate::recommend) fn layer_by_layer(
    problem: &Problem<'_>,
    variant: &Variant,
) -> Result<Recommendation> {
    scaled_from(problem, variant, None)
}

/// As [`layer_by_layer`], from these weights instead of orthonormal ones.
///
/// # Errors
/// As [`layer_by_layer`].
pub(super) fn scaled_from(
    problem: &Problem<'_>,
    variant: &Variant,
    given: Option<&Weights>,
) -> Result<Recommendation> {
    let rows = Rows::of(problem, variant.name, ROWS)?;
    let mut pass = Pass {
        observer: Observer::new(problem, rows, variant.mode)?,
        draft: Draft::new(problem)?,
        variant,
        given,
    };
    let layers = pass.observer.network.layers.clone();
    let again = repeats(&layers);
    let own = || layers.iter().zip(&again).filter(|(_, again)| !**again).map(|(layer, _)| layer);
    let starts: Vec<Start> = own().map(|layer| pass.prepare(layer)).collect::<Result<_>>()?;
    let mut starts = starts.into_iter();
    for (layer, again) in layers.iter().zip(&again) {
        if *again {
            pass.look_again(layer)?;
        } else if let Some(start) = starts.next() {
            pass.scale(layer, &start)?;
        }
    }
    let unseen = unseen(&pass.draft.parameters, &layers);
    pass.draft.unmet.extend(unseen);
    pass.draft.finish(problem, variant.name)
}

/// The scheme of weights that were given.
const GIVEN: &str = "given";

/// An orthonormal start of one weight, which is only scaled from then on.
struct Start {
    /// The scheme without its scale, and that scale.
    scheme: &'static str,
    scale: f64,
    values: Vec<f32>,
}

struct Pass<'a> {
    observer: Observer,
    draft: Draft,
    variant: &'a Variant,
    given: Option<&'a Weights>,
}

impl Pass<'_> {
    /// Gives a layer orthonormal weights and, as all three forms take for granted, no bias.
    fn prepare(&mut self, layer: &LayerWires) -> Result<Start> {
        let name = &self.draft.parameters[layer.weight].name;
        let given = self.given.and_then(|weights| weights.get(name));
        let start = match self.draft.drawn(layer.weight, "orthogonal:1") {
            _ if given.is_some() => {
                let values = given.map_or_else(Vec::new, |tensor| tensor.data().to_vec());
                Start { scheme: GIVEN, scale: 1.0, values }
            }
            Ok(values) => Start { scheme: "orthogonal", scale: 1.0, values },
            Err(_) => {
                // No matrix to make orthonormal: normal numbers of the same second moment.
                let fan_in = self.draft.parameters[layer.weight].fan_in.max(1) as f64;
                let scale = rounded(1.0 / fan_in.sqrt());
                let values = self.draft.drawn(layer.weight, &format!("normal:{scale}"))?;
                Start { scheme: "normal", scale, values }
            }
        };
        self.observer.parameters[layer.weight].clone_from(&start.values);
        if let Some(bias) = layer.bias {
            self.observer.parameters[bias].fill(0.0);
            let values = self.observer.parameters[bias].clone();
            self.draft.set(bias, values, "zeros".to_owned(), "no bias at the start".to_owned());
        }
        Ok(start)
    }

    /// Divides a layer's weights until its output has variance 1.
    fn scale(&mut self, layer: &LayerWires, start: &Start) -> Result<()> {
        let (parameter, stop) = (&self.draft.parameters[layer.weight], self.variant.stop);
        let held = self.reason_to_hold(layer, parameter);
        let (mut scale, mut divisions, mut ill) = (start.scale, 0, None);
        let mut values = start.values.clone();
        let mut measured = None;
        if held.is_none() {
            let mut watch = self.observer.watch(&[layer.pre_activation])?;
            loop {
                self.observer.run(&mut watch);
                let z = watch.read(0);
                let moments = Moments::of(z);
                measured = Some(moments.variance);
                if stop.is_done(moments.variance, z.len()) {
                    break;
                }
                if !moments.varies() {
                    ill = Some(silent(layer, moments));
                    break;
                }
                if divisions == self.variant.most_divisions {
                    ill = Some(format!(
                        "`{}` has variance {:.3} after {divisions} divisions: its output does not \
                         scale with its weights alone",
                        layer.module, moments.variance
                    ));
                    break;
                }
                divisions += 1;
                scale = rounded(scale / stop.divisor(moments.variance, z.len()));
                let factor = (scale / start.scale) as f32;
                values = start.values.iter().map(|x| x * factor).collect();
                self.observer.parameters[layer.weight].clone_from(&values);
            }
        }
        let scheme = format!("{}:{scale}", start.scheme);
        if start.scheme != GIVEN {
            values = self.draft.drawn(layer.weight, &scheme)?;
        }
        self.observer.parameters[layer.weight].clone_from(&values);
        self.draft.unmet.extend(ill);
        let reason = held.unwrap_or_else(|| match measured {
            Some(variance) => format!("output to variance {variance:.2} in {divisions} divisions"),
            None => "orthonormal".to_owned(),
        });
        self.draft.set(layer.weight, values, scheme, reason);
        Ok(())
    }

    /// Why a layer's weights stay orthonormal.
    fn reason_to_hold(&self, layer: &LayerWires, parameter: &Parameter) -> Option<String> {
        if self.variant.skips_normalized && is_normalized(layer) {
            return Some("orthonormal; a normalization undoes its scale".to_owned());
        }
        (self.variant.scales_attention_at_output && enters_attention(parameter))
            .then(|| "orthonormal; attention is scaled at its output".to_owned())
    }

    /// Says whether a weight that was scaled at its first use fits here too.
    fn look_again(&mut self, layer: &LayerWires) -> Result<()> {
        let mut watch = self.observer.watch(&[layer.pre_activation])?;
        self.observer.run(&mut watch);
        let z = watch.read(0);
        let variance = Moments::of(z).variance;
        if !self.variant.stop.is_done(variance, z.len()) {
            self.draft.unmet.push(format!(
                "`{}` shares its weight with an earlier layer, which decided its scale; here the \
                 output has variance {variance:.3}",
                layer.module
            ));
        }
        Ok(())
    }
}

/// Whether a weight makes queries, keys or values, alone or packed.
fn enters_attention(parameter: &Parameter) -> bool {
    let own = parameter.place.component.into_iter();
    let packed = parameter.packing.iter().flat_map(|packing| packing.parts.iter().map(|(c, _)| *c));
    own.chain(packed).any(|c| matches!(c, Component::Query | Component::Key | Component::Value))
}

fn silent(layer: &LayerWires, moments: Moments) -> String {
    let module = &layer.module;
    if !moments.variance.is_finite() || !moments.mean.is_finite() {
        return format!("`{module}`: its output is not finite, so no scale was found for it");
    }
    format!(
        "`{module}`: its output is the same number, {:.3}, for all rows and units, whatever its \
         weights' scale: no signal reaches it",
        moments.mean
    )
}
