//! What the instruments read at one start, and what theory expects of it: the numbers that one
//! pass does not give.

use fanin_engine::activations;
use serde::Serialize;

use super::evidence::{Evidence, Horizon, StepRule};
use super::forecast::LARGEST_SHARPNESS;
use super::instruments::curvature;
use super::instruments::curvature::stable_rate;
use super::instruments::effort::Need;
use super::instruments::kit::{Kit, Measured};
use super::instruments::updates::Step;
use super::measurement::Measurement;
use super::probe::Batch;
use super::rules::SATURATION;
use crate::error::Result;
use crate::spec::{Loss, Model};
use crate::theory::{DepthLimit, Gaussian, Layer, Network, Point, trainable_depth};
use crate::weights::Weights;

/// Adam's memory of gradients, which its stable learning rate depends on.
const BETA1: f64 = 0.9;

/// What the instruments read; means and definitions in `docs/theory/instruments.md`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Readings {
    /// Rows that they saw.
    pub rows: usize,
    /// 95 % over 5 % point of the singular values of ∂output/∂input, a row's.
    pub jacobian_condition: f64,
    /// Mean of their squares.
    pub jacobian_mean_square: f64,
    /// 95 % over 5 % point of the singular values of ∂z of the last over ∂z of the first hidden
    /// layer; none with fewer than two.
    pub depth_condition: Option<f64>,
    /// Variance of the squares of these over their squared mean: 0 for an isometry.
    pub depth_relative_variance: Option<f64>,
    /// Largest over smallest eigenvalue of the tangent kernel on 64 rows at most.
    pub tangent_kernel_condition: f64,
    /// Directions that the kernel learns at about the same speed.
    pub tangent_kernel_directions: f64,
    /// The largest eigenvalue of the loss's Hessian.
    pub sharpness: f64,
    /// The largest learning rate that this sharpness allows the planned optimizer; none where
    /// nothing curves upwards, or where the step's length is searched for.
    pub stable_learning_rate: Option<f64>,
    /// Gradient's mean squared over its variance over rows, mean over parameters, in units of
    /// what pure noise gives.
    pub gradient_signal_to_noise: Option<f64>,
    /// The batch in which signal and noise of the gradient are equal.
    pub gradient_noise_scale: Option<f64>,
    /// Share of gradients that fp16 would flush to 0.
    pub fp16_flushed: f64,
    /// Share of gradients that bf16 would flush to 0.
    pub bf16_flushed: f64,
    /// The least power of two to multiply the loss by so that fp16 flushes at most 1 %; none where
    /// no power of two saves it.
    pub fp16_loss_scale: Option<i32>,
    /// How far the first step moves each parameter.
    pub updates: Vec<Update>,
    /// How deep theory says that such a network can be, for plain chains; of the first seed alone.
    pub trainable_depth: Option<Depth>,
}

/// The first step of one parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Update {
    /// The parameter.
    pub tensor: String,
    /// ‖step‖ over ‖W‖; none where W is 0 or the step's length is searched for.
    pub relative: Option<f64>,
    /// Share of its gradients that are below ten ε, so that Adam makes no full step of them.
    pub below_epsilon: f64,
}

/// The depth of a network beside the one that theory gives it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Depth {
    /// Hidden layers of the network.
    pub hidden_layers: usize,
    /// The most that can be trained with its activation and variances; none for any number.
    pub trainable: Option<usize>,
    /// What limits it.
    pub limit: DepthLimit,
}

/// All instruments, planned for one network, its rows and the training that is planned, for starts
/// of any number.
pub(in crate::check) struct Instruments<'a> {
    horizon: Horizon,
    kit: Kit<'a>,
}

impl<'a> Instruments<'a> {
    /// Plans them for the first rows of `batch`, as many as an epoch of so many rows pays for;
    /// `weights` are the first that are read.
    ///
    /// # Errors
    /// If the weights or the batch do not fit the model.
    pub fn new(
        model: &'a Model,
        loss: &'a Loss,
        weights: &Weights,
        batch: Batch<'a>,
        horizon: Horizon,
        epoch: usize,
    ) -> Result<Self> {
        let adam = (horizon.step_rule == StepRule::Normalized)
            .then(|| curvature::Adam { epsilon: horizon.epsilon, ..curvature::Adam::default() });
        Ok(Self { horizon, kit: Kit::new(model, loss, weights, batch, adam, epoch)? })
    }

    /// Reads all of them at one start.
    ///
    /// # Errors
    /// If the weights do not fit the model.
    pub fn read(&mut self, weights: &Weights, measurement: &Measurement) -> Result<Readings> {
        let horizon = self.horizon;
        let step = Step {
            learning_rate: horizon.effective_learning_rate,
            rule: horizon.step_rule,
            epsilon: horizon.epsilon,
        };
        let Measured { jacobian, kernel, curvature, noise, underflow, updates } =
            self.kit.measure(weights, need(horizon, measurement), &step)?;
        Ok(Readings {
            rows: self.kit.rows(),
            jacobian_condition: jacobian.input_output.condition,
            jacobian_mean_square: jacobian.input_output.mean_square,
            depth_condition: jacobian.depth.as_ref().map(|depth| depth.condition),
            depth_relative_variance: jacobian.depth.as_ref().map(|depth| depth.relative_variance),
            tangent_kernel_condition: kernel.condition,
            tangent_kernel_directions: kernel.participation_ratio,
            sharpness: curvature.plain.largest,
            stable_learning_rate: match horizon.step_rule {
                StepRule::Proportional => curvature.stable_rate(horizon.momentum),
                StepRule::Normalized => curvature.stable_adam_rate(BETA1),
                StepRule::Searched => None,
            },
            gradient_signal_to_noise: noise.as_ref().map(|n| n.total.signal_to_noise / n.null),
            gradient_noise_scale: noise.as_ref().and_then(|n| n.total.noise_scale),
            fp16_flushed: underflow.fp16.flushed,
            bf16_flushed: underflow.bf16.flushed,
            fp16_loss_scale: underflow.fp16_loss_scale.map(|scale| scale.least),
            updates: updates
                .into_iter()
                .map(|update| Update {
                    tensor: update.name,
                    relative: update.relative_update,
                    below_epsilon: update.below_epsilon,
                })
                .collect(),
            trainable_depth: None,
        })
    }
}

impl Readings {
    /// The same beside what theory says of the depth, which takes as long as an instrument.
    pub(in crate::check) fn with_depth(self, measurement: &Measurement) -> Self {
        Self { trainable_depth: depth(measurement), ..self }
    }

    /// The numbers that a start has, by the names of their fields.
    pub fn numbers(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let numbers = [
            ("jacobian_condition", Some(self.jacobian_condition)),
            ("jacobian_mean_square", Some(self.jacobian_mean_square)),
            ("depth_condition", self.depth_condition),
            ("depth_relative_variance", self.depth_relative_variance),
            ("tangent_kernel_condition", Some(self.tangent_kernel_condition)),
            ("tangent_kernel_directions", Some(self.tangent_kernel_directions)),
            ("sharpness", Some(self.sharpness)),
            ("stable_learning_rate", self.stable_learning_rate),
            ("gradient_signal_to_noise", self.gradient_signal_to_noise),
            ("gradient_noise_scale", self.gradient_noise_scale),
            ("fp16_flushed", Some(self.fp16_flushed)),
            ("bf16_flushed", Some(self.bf16_flushed)),
        ];
        numbers.into_iter().filter_map(|(name, number)| Some((name, number?)))
    }
}

/// What hangs on the curvature: whether plain descent can stand its steps.
fn need(horizon: Horizon, measurement: &Measurement) -> Need {
    let evidence = Evidence { measurement, units: &[], horizon, readings: None };
    if horizon.step_rule != StepRule::Proportional || evidence.is_normalized() {
        return Need::Shown;
    }
    let limit = LARGEST_SHARPNESS * stable_rate(horizon.learning_rate(), horizon.momentum);
    let saturates = |share: f64| share > SATURATION.warn;
    if evidence.hidden().iter().any(|l| l.saturated_share.is_some_and(saturates)) {
        Need::Hidden(limit)
    } else {
        Need::Decides(limit)
    }
}

/// What theory says of a chain with the activation of its first hidden layer and the variances
/// that were measured, geometric mean over the hidden layers behind it.
fn depth(measurement: &Measurement) -> Option<Depth> {
    let (_, hidden) = measurement.layers.split_last()?;
    let (first, behind) = hidden.split_first()?;
    let is_plain = hidden.iter().all(|l| !l.in_branch() && !l.normalized);
    let name = first.activation.as_deref()?;
    let same = hidden.iter().all(|l| l.activation.as_deref() == Some(name));
    let variances: Vec<f64> = behind.iter().map(|l| l.scaled_weight_variance.ln()).collect();
    let variance = (variances.iter().sum::<f64>() / variances.len() as f64).exp();
    let biases: f64 = behind.iter().map(|l| l.bias_mean_square).sum();
    let q = first.pre_activation_second_moment;
    let measured = is_plain && same && variance > 0.0 && variance.is_finite() && q > 0.0;
    if !measured || !q.is_finite() {
        return None;
    }
    let activation = activations::find(name)?;
    let point = Point::new(variance, biases / behind.len() as f64);
    let layer = Layer { gaussian: Gaussian::coarse(&*activation), point };
    let found = trainable_depth(&Network::Dense, &layer, q);
    Some(Depth { hidden_layers: hidden.len(), trainable: found.layers, limit: found.limit })
}
