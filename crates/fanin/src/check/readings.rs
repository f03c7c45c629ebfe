//! What the instruments read at one start, and what theory expects of it: the numbers that one
//! pass does not give.

use fanin_engine::activations;
use serde::Serialize;

use super::evidence::{Evidence, Horizon, StepRule};
use super::forecast::LARGEST_SHARPNESS;
use super::instruments::budget::{Priced, Taken, Work};
use super::instruments::curvature::{Adam, Curvature, stable_rate};
use super::instruments::effort::{Effort, Need};
use super::instruments::kit::{Kit, Kitted, Measured};
use super::instruments::underflow::Backward;
use super::instruments::updates::TensorUpdate;
use super::measurement::Measurement;
use super::probe::Batch;
use super::rules::SATURATION;
use crate::error::Result;
use crate::spec::{Extent, Loss, Model};
use crate::theory::{DepthLimit, Gaussian, Layer, Network, Point, trainable_depth};
use crate::weights::Weights;

/// Adam's memory of gradients, which its stable learning rate depends on.
const BETA1: f64 = 0.9;

/// What the instruments read; means and definitions in `docs/theory/instruments.md`.
///
/// What takes longer than an epoch of the same network is none unless it was asked for, or the word
/// hangs on it: [`left_out`](Self::left_out) names it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Readings {
    /// Rows that they saw some or all of; of low precision and updates the layers' own.
    pub rows: usize,
    /// 95 % over 5 % point of the singular values of ∂output/∂input, a row's.
    pub jacobian_condition: Option<f64>,
    /// Mean of their squares.
    pub jacobian_mean_square: Option<f64>,
    /// 95 % over 5 % point of the singular values of ∂z of the last over ∂z of the first hidden
    /// layer; none with fewer than two.
    pub depth_condition: Option<f64>,
    /// Variance of the squares of these over their squared mean: 0 for an isometry.
    pub depth_relative_variance: Option<f64>,
    /// Largest over smallest eigenvalue of the tangent kernel, the mean over outputs, on 64 rows at
    /// most.
    pub tangent_kernel_condition: Option<f64>,
    /// Standard error of this condition where the mean over outputs is estimated by sums of them
    /// with random signs; 0 where it is taken over all, none where there is one sum.
    pub tangent_kernel_condition_error: Option<f64>,
    /// Outputs that the kernel is the mean over, or such sums.
    pub tangent_kernel_outputs: Option<usize>,
    /// Rows of the kernel.
    pub tangent_kernel_rows: Option<usize>,
    /// Directions that the kernel learns at about the same speed.
    pub tangent_kernel_directions: Option<f64>,
    /// The largest eigenvalue of the loss's Hessian.
    pub sharpness: Option<f64>,
    /// Rows whose mean loss it is that of; fewer have the larger one on average.
    pub curvature_rows: Option<usize>,
    /// The largest learning rate that this sharpness allows the planned optimizer; none where
    /// nothing curves upwards, or where the step's length is searched for.
    pub stable_learning_rate: Option<f64>,
    /// Gradient's mean squared over its variance over rows, mean over parameters, in units of
    /// what pure noise gives.
    pub gradient_signal_to_noise: Option<f64>,
    /// The batch in which signal and noise of the gradient are equal.
    pub gradient_noise_scale: Option<f64>,
    /// Rows whose gradients both are taken from.
    pub gradient_noise_rows: Option<usize>,
    /// Share of gradients that fp16 would flush to 0.
    pub fp16_flushed: f64,
    /// Share of gradients that bf16 would flush to 0.
    pub bf16_flushed: f64,
    /// The least power of two to multiply the loss by so that fp16 flushes at most 1 %; none where
    /// no power of two saves it.
    pub fp16_loss_scale: Option<i32>,
    /// How far the first step moves each parameter.
    pub updates: Vec<Update>,
    /// How deep theory says that such a network can be, for plain chains; of the first seed, and
    /// between which depths it lies over seeds.
    pub trainable_depth: Option<Depth>,
    /// What was left out, because it takes longer than an epoch of the same network.
    pub left_out: Vec<LeftOut>,
}

/// What a check can leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// The depth that theory lets train.
    TrainableDepth,
    /// Singular values from the first to the last hidden layer.
    DepthJacobian,
    /// The curvature of the loss, and the learning rate that it allows.
    Curvature,
    /// Singular values from the features to the outputs.
    Jacobian,
    /// The tangent kernel.
    TangentKernel,
    /// Signal and noise of the gradient.
    GradientNoise,
}

impl LeftOut {
    /// What it is in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::TrainableDepth => "trainable depth",
            Self::DepthJacobian => "Jacobian of the depth",
            Self::Curvature => "curvature",
            Self::Jacobian => "Jacobian of the outputs",
            Self::TangentKernel => "tangent kernel",
            Self::GradientNoise => "gradient noise",
        }
    }
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

impl From<TensorUpdate> for Update {
    fn from(update: TensorUpdate) -> Self {
        Self {
            tensor: update.name,
            relative: update.relative_update,
            below_epsilon: update.below_epsilon,
        }
    }
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
    /// The least over seeds; none for any number.
    pub least: Option<usize>,
    /// The most over seeds; none for any number.
    pub most: Option<usize>,
    /// Seeds with such a depth, [`READ_SEEDS`](super::diagnosis::READ_SEEDS) at most.
    pub seeds: usize,
}

/// What the pass that measures layers shows beside them.
#[derive(Clone, Debug)]
pub(in crate::check) struct Seen {
    /// What low precision would lose.
    pub backward: Backward,
    /// How far the first step moves each parameter.
    pub updates: Vec<Update>,
    /// What a pass forward takes.
    pub work: Work,
    /// Weights of the network.
    pub weights: usize,
    /// Rows that were run in all.
    pub looked: usize,
    /// Whether theory has closed forms for the activation.
    pub is_closed: bool,
}

/// Instruments, planned for one network, its rows and the training that is planned, for starts of
/// any number.
pub(in crate::check) struct Instruments<'a> {
    horizon: Horizon,
    of: Kitted<'a>,
    /// Planned when something is measured.
    kit: Option<Kit<'a>>,
}

impl<'a> Instruments<'a> {
    /// For the first rows of `batch`, as many as an epoch of so many rows pays for; what is taken is
    /// decided by the `first` start.
    pub fn new(
        model: &'a Model,
        loss: &'a Loss,
        batch: Batch<'a>,
        first: &Seen,
        horizon: Horizon,
        (epoch, extent): (usize, Extent),
    ) -> Self {
        let is_adam = horizon.step_rule == StepRule::Normalized;
        let fitting = Effort::new(epoch, first.weights);
        let effort = match extent {
            Extent::All => first.work.asked(fitting, epoch, is_adam),
            Extent::Fitting => fitting,
        };
        let adam = Adam { epsilon: horizon.epsilon, parts: effort.parts };
        let (work, looked) = (first.work, first.looked);
        let is_closed = first.is_closed;
        let case = Priced { work, effort: &effort, epoch, looked, is_adam, is_closed };
        let taken = Taken::new(extent, &case);
        let adam = is_adam.then_some(adam);
        Self { horizon, of: Kitted { model, loss, all: batch, effort, taken, adam }, kit: None }
    }

    /// Reads one start: what was seen there, and what instruments measure.
    ///
    /// # Errors
    /// If the weights do not fit the model.
    pub fn read(
        &mut self,
        weights: &Weights,
        measurement: &Measurement,
        seen: &Seen,
    ) -> Result<Readings> {
        let Kitted { loss, taken, .. } = self.of;
        let need = need(self.horizon, measurement, loss);
        let need = (taken.curvature || need != Need::Shown).then_some(need);
        let measured = if taken.is_any() || need.is_some() {
            let kit = match &mut self.kit {
                Some(kit) => kit,
                none => none.insert(Kit::new(self.of, weights)?),
            };
            kit.measure(weights, need)?
        } else {
            Measured::default()
        };
        Ok(self.told(&measured, seen, left_out(taken, need.is_some())))
    }

    fn told(&self, measured: &Measured, seen: &Seen, left_out: Vec<LeftOut>) -> Readings {
        let Measured { ends, depth, kernel, curvature, noise } = measured;
        let stable = |curvature: &Curvature| match self.horizon.step_rule {
            StepRule::Proportional => curvature.stable_rate(self.horizon.momentum),
            StepRule::Normalized => curvature.stable_adam_rate(BETA1),
            StepRule::Searched => None,
        };
        let noise = noise.as_ref();
        let backward = seen.backward;
        Readings {
            rows: self.of.effort.rows.min(self.of.all.rows),
            jacobian_condition: ends.as_ref().map(|ends| ends.condition),
            jacobian_mean_square: ends.as_ref().map(|ends| ends.mean_square),
            depth_condition: depth.as_ref().map(|depth| depth.condition),
            depth_relative_variance: depth.as_ref().map(|depth| depth.relative_variance),
            tangent_kernel_condition: kernel.as_ref().map(|kernel| kernel.condition),
            tangent_kernel_condition_error: kernel
                .as_ref()
                .map(|kernel| kernel.condition_error)
                .filter(|error| error.is_finite()),
            tangent_kernel_outputs: kernel.as_ref().map(|kernel| kernel.outputs),
            tangent_kernel_rows: kernel.as_ref().map(|kernel| kernel.rows),
            tangent_kernel_directions: kernel.as_ref().map(|kernel| kernel.participation_ratio),
            sharpness: curvature.as_ref().map(|curvature| curvature.plain.largest),
            curvature_rows: curvature.as_ref().map(|curvature| curvature.rows),
            stable_learning_rate: curvature.as_ref().and_then(stable),
            gradient_signal_to_noise: noise.map(|n| n.total.signal_to_noise / n.null),
            gradient_noise_scale: noise.and_then(|n| n.total.noise_scale),
            gradient_noise_rows: noise.map(|n| n.parts * n.rows_per_part),
            fp16_flushed: backward.fp16.flushed,
            bf16_flushed: backward.bf16.flushed,
            fp16_loss_scale: backward.fp16_loss_scale.map(|scale| scale.least),
            updates: seen.updates.clone(),
            trainable_depth: None,
            left_out,
        }
    }
}

fn left_out(taken: Taken, is_curvature_known: bool) -> Vec<LeftOut> {
    let all = [
        (taken.theory, LeftOut::TrainableDepth),
        (taken.depth, LeftOut::DepthJacobian),
        (is_curvature_known, LeftOut::Curvature),
        (taken.ends, LeftOut::Jacobian),
        (taken.gradients, LeftOut::TangentKernel),
        (taken.gradients, LeftOut::GradientNoise),
    ];
    all.into_iter().filter(|(is_known, _)| !is_known).map(|(_, what)| what).collect()
}

impl Readings {
    /// The same beside what theory says of the depth, which takes as long as an instrument.
    /// That is said of the first of `measurements`, one for each seed.
    pub(in crate::check) fn with_depth(self, measurements: &[&Measurement]) -> Self {
        let is_asked = !self.left_out.contains(&LeftOut::TrainableDepth);
        let all = if is_asked { measurements } else { &[] };
        let depths = fanin_kernels::threads::map(all, |measurement| depth(measurement));
        let first = depths.first().copied().flatten();
        let known: Vec<Depth> = depths.into_iter().flatten().collect();
        // No limit is beyond every limit.
        let layers = |depth: &&Depth| depth.trainable.unwrap_or(usize::MAX);
        let (least, most) = (known.iter().min_by_key(layers), known.iter().max_by_key(layers));
        let trainable_depth = first.map(|first| Depth {
            least: least.and_then(|depth| depth.trainable),
            most: most.and_then(|depth| depth.trainable),
            seeds: known.len(),
            ..first
        });
        Self { trainable_depth, ..self }
    }

    /// The numbers that a start has, by the names of their fields.
    pub fn numbers(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let numbers = [
            ("jacobian_condition", self.jacobian_condition),
            ("jacobian_mean_square", self.jacobian_mean_square),
            ("depth_condition", self.depth_condition),
            ("depth_relative_variance", self.depth_relative_variance),
            ("tangent_kernel_condition", self.tangent_kernel_condition),
            ("tangent_kernel_directions", self.tangent_kernel_directions),
            ("sharpness", self.sharpness),
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
fn need(horizon: Horizon, measurement: &Measurement, loss: &Loss) -> Need {
    let evidence = Evidence { measurement, units: &[], horizon, readings: None };
    if horizon.step_rule != StepRule::Proportional || evidence.is_normalized() {
        return Need::Shown;
    }
    let limit = LARGEST_SHARPNESS * stable_rate(horizon.learning_rate(), horizon.momentum);
    if is_flat(measurement, loss, limit) {
        return Need::Shown;
    }
    let saturates = |share: f64| share > SATURATION.warn;
    if evidence.hidden().iter().any(|l| l.saturated_share.is_some_and(saturates)) {
        Need::Hidden(limit)
    } else {
        Need::Decides(limit)
    }
}

/// Whether the trace of the loss's curvature is far below a limit of its largest eigenvalue, by what
/// the rows' gradients say of it.
///
/// Of cross-entropy the Gauss–Newton part of the Hessian is the mean of ggᵀ over rows whose classes
/// are drawn as the network predicts them; classes as they are make g no shorter, the surer the network
/// is of the wrong ones the longer.
fn is_flat(measurement: &Measurement, loss: &Loss, limit: f64) -> bool {
    /// Biases, and the part that the outputs' own curvature adds.
    const MARGIN: f64 = 10.0;
    let squares = measurement.layers.iter().map(|layer| layer.row_gradient_norm.powi(2));
    let trace: f64 = squares.sum();
    matches!(loss, Loss::CrossEntropy | Loss::BinaryCrossEntropy) && MARGIN * trace < limit
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
    Some(Depth {
        hidden_layers: hidden.len(),
        trainable: found.layers,
        limit: found.limit,
        least: found.layers,
        most: found.layers,
        seeds: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::instruments::curvature;
    use crate::check::probe::measure;
    use crate::init::{Rules, for_model};

    /// What the margin is for: trace and largest eigenvalue of networks that are no textbook's.
    #[test]
    fn rows_gradients_bound_the_curvature_of_cross_entropy() {
        let classes = 7;
        let normal = |name: &str, count: usize| {
            let mut x = vec![0.0; count];
            fanin_kernels::random::fill_normal(
                fanin_kernels::random::Stream::new(0, name),
                0,
                0.0,
                1.0,
                &mut x,
            );
            x
        };
        let features = normal("features", 64 * 10);
        let mut targets = vec![0.0; 64 * classes];
        let rows = targets.chunks_exact_mut(classes).enumerate();
        rows.for_each(|(row, target)| target[row * 5 % classes] = 1.0);
        let batch = Batch { rows: 64, features: &features, targets: &targets };
        for text in ["10 -> 2x16 relu -> 7", "10 -> 6x16 tanh -> 7", "10 -> 3x16 sin -> 7"] {
            for scheme in ["he-normal", "xavier-normal", "normal:0.5", "normal:0.05"] {
                let model: Model = text.parse().unwrap();
                let weights = for_model(&model, &Rules::new(scheme), 0).unwrap();
                let loss = Loss::CrossEntropy;
                let options = curvature::Options::default();
                let found = curvature::measure(&model, &loss, &weights, batch, &options).unwrap();
                let measured = measure(&model, &loss, &weights, batch).unwrap();
                let largest = found.plain.largest;
                assert!(!is_flat(&measured, &loss, largest), "{text}, {scheme}: {largest}");
                assert!(is_flat(&measured, &loss, 1e9 * largest), "{text}, {scheme}");
                assert!(
                    !is_flat(&measured, &Loss::SquaredError, 1e9),
                    "of other losses none knows"
                );
            }
        }
    }

    #[test]
    fn what_is_left_out_is_named() {
        let none =
            Taken { theory: false, depth: false, curvature: false, ends: false, gradients: false };
        assert_eq!(left_out(none, false).len(), 6);
        let all = Taken { theory: true, depth: true, ends: true, gradients: true, ..none };
        assert_eq!(left_out(all, false), [LeftOut::Curvature], "unless the word hangs on it");
        assert!(left_out(all, true).is_empty());
    }
}
