//! What a verdict is made from: measurements, symmetry, and the training that is planned.

use serde::Serialize;

use super::forecast::{
    LARGEST_JUMP, LARGEST_NORMALIZED_JUMP, LARGEST_SHARPNESS, LEAST_NEAR_COSINE,
};
use super::measurement::{LayerMeasurement, Measurement};
use super::readings::Readings;
use super::severity::Severity;
use super::symmetry::{Partition, Units};

/// How an optimizer turns a gradient into a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepRule {
    /// The step is proportional to the gradient, as in SGD.
    Proportional,
    /// The step has the size of the learning rate whatever the gradient's, as in Adam.
    Normalized,
    /// The step's length is searched for, as in L-BFGS: it fits whatever the gradient's size.
    Searched,
}

/// The training that the weights are to start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Horizon {
    /// Steps of the optimizer.
    pub steps: usize,
    /// Learning rate over 1 − momentum: what a lasting gradient moves in one step.
    pub effective_learning_rate: f64,
    /// How the optimizer turns a gradient into a step.
    pub step_rule: StepRule,
    /// Momentum, 0 where there is none.
    pub momentum: f64,
    /// ε of a normalized step: gradients far below it make no step of full size.
    pub epsilon: f64,
    /// Which equality of units the optimizer keeps.
    pub partition: Partition,
}

impl Horizon {
    /// The learning rate as the user sets it.
    pub fn learning_rate(&self) -> f64 {
        self.effective_learning_rate * (1.0 - self.momentum)
    }
}

#[cfg(test)]
impl Horizon {
    /// 15 epochs of batches of 64 on digits, by SGD with learning rate 0.02 and momentum 0.9.
    pub(crate) const SAMPLE: Self = Self {
        steps: 345,
        effective_learning_rate: 0.2,
        step_rule: StepRule::Proportional,
        momentum: 0.9,
        epsilon: 0.0,
        partition: Partition::BlockSums,
    };
}

/// Everything known before the first step.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// One forward and one backward pass.
    pub measurement: &'a Measurement,
    /// Classes of the hidden units.
    pub units: &'a [Units],
    /// The training that is planned.
    pub horizon: Horizon,
    /// What the instruments read, where they were used.
    pub readings: Option<&'a Readings>,
}

impl<'a> Evidence<'a> {
    /// Hidden layers: all linear layers but the last; of a part all.
    pub fn hidden(&self) -> &'a [LayerMeasurement] {
        let layers = &self.measurement.layers;
        let outputs = usize::from(!self.measurement.is_part);
        &layers[..layers.len().saturating_sub(outputs)]
    }

    /// Hidden units, and how many of them can ever differ.
    pub fn unit_counts(&self) -> (usize, usize) {
        self.units.iter().fold((0, 0), |(all, effective), units| {
            (all + units.width(), effective + units.effective_width())
        })
    }

    /// The first hidden set with too few units that can ever differ.
    pub fn symmetric(&self) -> Option<&Units> {
        self.units.iter().find(|units| units.is_stuck())
    }

    /// The factor by which the signal changes per hidden layer, geometric mean; `None` with fewer
    /// than two hidden layers or no signal at all.
    pub fn signal_factor(&self) -> Option<f64> {
        geometric_factor(&self.hidden().iter().map(told_signal).collect::<Vec<f64>>())
    }

    /// The factor by which the gradient at z changes per hidden layer on its way back.
    pub fn gradient_factor(&self) -> Option<f64> {
        let hidden = self.hidden().iter().rev().filter(|l| !l.is_passed_by);
        let deltas: Vec<f64> = hidden.map(|l| l.delta_norm).collect();
        geometric_factor(&deltas)
    }

    /// The last hidden layer whose z is computed from all that came before it: the end of a
    /// residual branch shows its branch alone. One that is passed by shows nothing that is learned.
    pub fn last_hidden(&self) -> Option<&'a LayerMeasurement> {
        let mut whole = self.hidden().iter().rev().filter(|layer| !self.ends_branch(layer));
        whole.clone().find(|layer| !layer.is_passed_by).or_else(|| whole.next())
    }

    /// ln ‖δ‖² of the first hidden layer outside branches over that of the last one, per unit;
    /// `None` with fewer than two, or where a gradient is 0.
    pub fn log_gradient_growth(&self) -> Option<f64> {
        let hidden: Vec<_> = self.chain_of_hidden().collect();
        let per_unit = |l: &LayerMeasurement| l.delta_norm.powi(2) / l.units as f64;
        let (first, last) = (per_unit(hidden.first()?), per_unit(hidden.last()?));
        let growth = (first / last).ln();
        (hidden.len() > 1 && first > 0.0 && last > 0.0 && growth.is_finite()).then_some(growth)
    }

    /// The standard error, over rows, of [`log_gradient_growth`](Self::log_gradient_growth).
    pub fn gradient_growth_error(&self) -> f64 {
        self.chain_of_hidden().next().map_or(0.0, |l| l.gradient_growth_error)
    }

    /// A severity that is no failure where steps do not depend on the gradient's size.
    pub fn softened(&self, severity: Severity) -> Severity {
        match self.horizon.step_rule {
            StepRule::Proportional => severity,
            StepRule::Normalized | StepRule::Searched => severity.min(Severity::Warn),
        }
    }

    /// Whether a hidden layer's weights are all 0, though it is not the end of a branch.
    pub fn is_zero_where_it_hurts(&self, layer: &LayerMeasurement) -> bool {
        let is_last = self.measurement.layers.last().is_some_and(|l| l.module == layer.module);
        let is_output = is_last && !self.measurement.is_part;
        layer.weight_norm == 0.0 && !is_output && !self.ends_branch(layer)
    }

    /// Whether a layer is the last one of a residual branch, whose z is added to the stream.
    fn ends_branch(&self, layer: &LayerMeasurement) -> bool {
        let layers = &self.measurement.layers;
        let next = layers.iter().skip_while(|l| l.module != layer.module).nth(1);
        layer.in_branch() && next.and_then(|l| l.branches.last()) != layer.branches.last()
    }

    /// Whether the hidden layers lose half of the signal or more.
    pub fn shrinks(&self) -> bool {
        let between = self.hidden().len().saturating_sub(1) as i32;
        self.signal_factor().is_some_and(|factor| factor.powi(between) <= 0.5)
    }

    /// Layers that every signal must pass: those outside residual branches.
    pub fn chain(&self) -> impl Iterator<Item = &LayerMeasurement> {
        self.measurement.layers.iter().filter(|l| !l.in_branch())
    }

    /// Hidden layers of the [chain](Self::chain) that are not passed by.
    fn chain_of_hidden(&self) -> impl Iterator<Item = &LayerMeasurement> {
        self.hidden().iter().filter(|l| !l.in_branch() && !l.is_passed_by)
    }

    /// The first layer that gets no gradient, if it will not get one after the first step either and
    /// the data do not get around it.
    ///
    /// A matrix of zeros that itself gets a gradient, such as an output that starts at 0, keeps
    /// the gradient from all layers before it, but only until the first step.
    pub fn without_gradient(&self) -> Option<&LayerMeasurement> {
        let waits = |l: &LayerMeasurement| l.gradient_norm == 0.0 && !l.is_passed_by;
        if self.opens() { None } else { self.chain().find(|l| waits(l)) }
    }

    /// The changes that decide how fast a chain grows out of its start, relative to each matrix:
    /// those of layers that get a gradient, or of all where no first step will help; without those that
    /// are passed by.
    pub fn chain_steps(&self) -> impl Iterator<Item = f64> {
        let opens = self.opens();
        self.chain()
            .filter(move |l| !(l.is_passed_by || opens && l.gradient_norm == 0.0))
            .map(|l| self.relative_step(l) * l.telling_share())
    }

    /// The steps after which the loss would be that of no error if it went on falling as it does
    /// at the start, by the part of the gradient that tells rows apart; `None` where a step's
    /// length is searched for, or the loss does not fall.
    pub fn descent_steps(&self) -> Option<f64> {
        let descent = |l: &LayerMeasurement| {
            // A step of equal entries descends by Σ|g|, which is √(2/π)·√n·‖g‖ for normal g.
            let along = match self.horizon.step_rule {
                StepRule::Proportional => 1.0,
                StepRule::Normalized | StepRule::Searched => (2.0 / std::f64::consts::PI).sqrt(),
            };
            along * self.step_norm(l) * l.telling_share() * l.telling_norm
        };
        let fall: f64 = self.measurement.layers.iter().map(descent).sum();
        let steps = self.measurement.loss / fall;
        (self.horizon.step_rule != StepRule::Searched && fall > 0.0 && steps.is_finite())
            .then_some(steps)
    }

    /// Whether the loss is below half of that of saying nothing: no random start comes so far.
    pub fn has_learned(&self) -> bool {
        self.measurement.loss < 0.5 * self.measurement.loss_of_zero_output
    }

    /// In how many directions rows have to differ before the outputs: as many as they do in the first hidden
    /// layer, as pass the narrowest one and as the outputs can use, K − 1 of K; beyond four it matters little.
    pub fn directions_of_use(&self) -> f64 {
        const MOST: f64 = 4.0;
        let first = self.hidden().first().map_or(0.0, |layer| layer.directions);
        let narrowest = self.hidden().iter().filter(|l| !l.in_branch()).map(|l| l.units).min();
        let outputs = self.measurement.layers.last().map_or(0, |l| l.units.saturating_sub(1));
        first.min(narrowest.unwrap_or(0).min(outputs) as f64).min(MOST)
    }

    /// How many times as long as along the first direction learning takes along the others in which rows
    /// differ, for what depth does to them; 1 where it does nothing, or is not known.
    ///
    /// Gradient descent follows a direction at a speed that goes with its variance. Where one direction
    /// has nearly all, the participation ratio d of the variances exceeds 1 by twice the share of the
    /// others, so the speeds part by (d − 1 [of use](Self::directions_of_use)) / (d − 1 of the last hidden layer).
    pub fn narrowing(&self) -> f64 {
        /// A difference of 1 that rounding may make.
        const FLOOR: f64 = 1e-6;
        let Some(last) = self.last_hidden() else { return 1.0 };
        // Where rows do not differ at all, a matrix of zeros waits for its first step.
        if last.directions == 0.0 || self.measurement.is_part || self.has_learned() {
            return 1.0;
        }
        let (of_use, left) = (self.directions_of_use() - 1.0, last.directions - 1.0);
        (of_use / left.max(FLOOR)).max(1.0)
    }

    /// How many times as long as what a straight line tells learning takes for the rest, where the targets ask
    /// for more and the network starts nearly as a line; 1 where it does not, or is not known.
    ///
    /// As [along directions](Self::narrowing), a speed goes with a variance. Layers in branches, and such as wait
    /// for a first step, may bend what the others do not.
    pub fn bending(&self) -> f64 {
        /// The share of the variance beyond a line from which weights grow along it soon enough.
        const ENOUGH: f64 = 0.003;
        /// A share that rounding may make.
        const FLOOR: f64 = 1e-12;
        let layers = &self.measurement.layers;
        let is_chain = layers.iter().all(|l| !l.in_branch() && l.gradient_norm > 0.0);
        match self.measurement.bend {
            Some(bend) if is_chain && !self.has_learned() => {
                (ENOUGH / bend.given.max(FLOOR)).max(1.0)
            }
            _ => 1.0,
        }
    }

    /// Whether a normalization follows a layer outside branches.
    pub(in crate::check) fn is_normalized(&self) -> bool {
        self.hidden().iter().any(|l| l.normalized)
    }

    /// The [`jump`](Self::jump) that this network can just stand.
    pub fn largest_jump(&self) -> f64 {
        if self.is_normalized() { LARGEST_NORMALIZED_JUMP } else { LARGEST_JUMP }
    }

    /// The planned learning rate over the largest that the curvature at the start allows.
    pub fn sharpness_ratio(&self) -> Option<f64> {
        Some(self.horizon.learning_rate() / self.readings?.stable_learning_rate?)
    }

    /// Whether plain descent jumps at the planned rate for its curvature; Adam's own scaling and
    /// normalization take the curvature back.
    pub fn is_too_sharp(&self) -> bool {
        self.horizon.step_rule == StepRule::Proportional
            && !self.is_normalized()
            && self.sharpness_ratio().is_some_and(|ratio| ratio > LARGEST_SHARPNESS)
    }

    /// Whether inputs that hardly differ end as strangers in the last hidden layer.
    pub fn is_chaotic(&self) -> bool {
        let apart = |l: &LayerMeasurement| l.near_cosine < LEAST_NEAR_COSINE;
        !self.is_normalized() && self.last_hidden().is_some_and(apart)
    }

    /// ln of the growth of the mean square through the depth: of the signal over hidden layers, or
    /// of the stream over residual blocks, whichever is larger.
    pub fn log_growth(&self) -> Option<f64> {
        let growths = [self.log_signal_growth(), self.log_stream_growth()];
        growths.into_iter().flatten().max_by(f64::total_cmp)
    }

    /// The hidden layers whose signals are compared: all, or from the first on behind which a normalization
    /// stands. That gives any signal the size 1, which is no growth over layers before it.
    pub fn compared(&self) -> &'a [LayerMeasurement] {
        let hidden = self.hidden();
        &hidden[hidden.iter().position(|layer| layer.normalized).unwrap_or(0)..]
    }

    /// ln of the signal's mean square in the last of the [compared](Self::compared) layers over that in the first.
    pub fn log_signal_growth(&self) -> Option<f64> {
        let signals: Vec<f64> = self.compared().iter().map(told_signal).collect();
        Some(2.0 * signals.len().saturating_sub(1) as f64 * geometric_factor(&signals)?.ln())
    }

    /// ln of the stream's mean square at the last residual block over that at the first.
    pub fn log_stream_growth(&self) -> Option<f64> {
        let openings = self.branch_openings();
        let stream =
            |l: &LayerMeasurement| l.pre_activation_second_moment / l.scaled_weight_variance;
        let (first, last) = (stream(openings.first()?), stream(openings.last()?));
        let growth = (last / first).ln();
        (openings.len() > 1 && growth.is_finite()).then_some(growth)
    }

    /// The first layers of all residual branches: what they see is the stream.
    pub fn branch_openings(&self) -> Vec<&'a LayerMeasurement> {
        let mut branch = None;
        let mut openings = Vec::new();
        for layer in self.hidden() {
            let own = layer.branches.first();
            if own.is_some() && own != branch {
                openings.push(layer);
            }
            branch = own;
        }
        openings
    }

    /// The change of a layer's weights in one step, relative to their own size; to that of a
    /// matrix which keeps the signal where they are all 0.
    pub fn relative_step(&self, layer: &LayerMeasurement) -> f64 {
        let size = if layer.weight_norm == 0.0 { layer.keeping_norm() } else { layer.weight_norm };
        self.step_norm(layer) / size
    }

    /// How far one step changes what the hidden layers outside branches do together: the sum of
    /// their relative changes, since a chain multiplies its matrices; with the layer that changes
    /// most. `None` without hidden layers.
    ///
    /// A change counts against the matrix itself or against one that keeps the signal, whichever
    /// is larger; else every start near 0 would seem to jump. The output is left out: the loss is
    /// convex in its weights, so a step that is too long there comes back.
    pub fn jump(&self) -> Option<(f64, &LayerMeasurement)> {
        if self.horizon.step_rule == StepRule::Searched {
            return None;
        }
        let layers = &self.measurement.layers;
        let hidden = self.chain().filter(|l| layers.last().is_some_and(|o| o.module != l.module));
        let jump = |l: &LayerMeasurement| self.step_norm(l) / l.weight_norm.max(l.keeping_norm());
        let jumps: Vec<_> = hidden.map(|l| (jump(l), l)).collect();
        let sum = jumps.iter().map(|(jump, _)| jump).sum();
        let (_, layer) = jumps.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some((sum, layer))
    }

    /// The length of one step in the space of a layer's weights.
    fn step_norm(&self, layer: &LayerMeasurement) -> f64 {
        let length = match self.horizon.step_rule {
            StepRule::Proportional => layer.gradient_norm,
            StepRule::Normalized if layer.gradient_norm > 0.0 => {
                let rms = layer.gradient_norm / layer.root_elements;
                layer.root_elements * rms / (rms + self.horizon.epsilon)
            }
            StepRule::Searched if layer.gradient_norm > 0.0 => return layer.keeping_norm(),
            StepRule::Normalized | StepRule::Searched => 0.0,
        };
        self.horizon.effective_learning_rate * length
    }

    /// Whether some matrix of zeros leaves 0 in the first step.
    fn opens(&self) -> bool {
        self.chain().any(|l| l.weight_norm == 0.0 && l.gradient_norm > 0.0)
    }
}

/// A layer's signal. Where activations differ between units and by no bit between rows, it is lost in rounding,
/// and counts as that of their deviation.
fn told_signal(layer: &LayerMeasurement) -> f64 {
    layer.signal.max(f64::EPSILON * layer.activation_deviation)
}

fn geometric_factor(values: &[f64]) -> Option<f64> {
    let (first, last) = (*values.first()?, *values.last()?);
    let steps = values.len() - 1;
    (steps > 0 && first > 0.0 && last > 0.0).then(|| (last / first).powf(1.0 / steps as f64))
}
