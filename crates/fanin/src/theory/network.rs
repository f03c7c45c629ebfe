//! What one layer or block of a network does, for each way of building it.
//!
//! Key: as in `layer`; α the factor on a residual branch.
//!
//! | network | q′ | factor on E‖δ‖² |
//! |---|---|---|
//! | dense, convolution | `σ_w²·E` φ² + `σ_b²` | χ₁ = `σ_w²·E` φ′² |
//! | residual, x + α(Wφ(x) + b) | q + α²(`σ_w²·E` φ² + `σ_b²`) | 1 + α²χ₁ |
//! | pre-norm, x + α(Wφ(LN x) + b) | q + α²(`σ_w²·E` φ² + `σ_b²`) at q = 1 | 1 + α²χ₁/q |
//! | batch norm of W φ | 1 | E φ′²/Var φ, whatever W's scale |
//! | layer norm of Wφ + b | 1 | χ₁/(`σ_w²·E` φ² + `σ_b²`): E φ′²/E φ² without bias, whatever W's scale |
//!
//! A convolution has fan-in k²·channels; every position and difference of positions follows the
//! dense maps, but what differs from place to place averages out as `spatial_modes` says. Batch
//! normalization of few rows: `batch_rows`; what a normalized layer is in plain terms:
//! `normalized`.

use serde::Serialize;

use super::layer::{Layer, Point};
use super::pairs::Pairs;

/// How layers are put together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Network {
    /// Each layer takes the activations of the one before.
    Dense,
    /// As dense, with fan-in k²·channels.
    Convolution,
    /// x + `branch`·(W·φ(x) + b).
    Residual {
        /// α, the factor on the branch.
        branch: f64,
    },
    /// x + `branch`·(W·φ(LN x) + b), layer normalization inside of the branch.
    PreNorm {
        /// α, the factor on the branch.
        branch: f64,
    },
    /// Batch normalization of every pre-activation, over many rows.
    BatchNorm,
    /// Layer normalization of every pre-activation.
    LayerNorm,
}

impl Network {
    /// The scale of a block and whether it normalizes what it takes; `None` where there is no stream.
    pub(super) fn stream(&self) -> Option<(f64, bool)> {
        match *self {
            Self::Residual { branch } => Some((branch, false)),
            Self::PreNorm { branch } => Some((branch, true)),
            _ => None,
        }
    }

    /// Names for the kinds, as the command line takes them.
    pub const NAMES: [&'static str; 6] =
        ["dense", "convolution", "residual", "pre-norm", "batch-norm", "layer-norm"];

    /// The network of this name, with `branch` as factor where there is a residual branch.
    pub fn named(name: &str, branch: f64) -> Option<Self> {
        Some(match name {
            "dense" => Self::Dense,
            "convolution" => Self::Convolution,
            "residual" => Self::Residual { branch },
            "pre-norm" => Self::PreNorm { branch },
            "batch-norm" => Self::BatchNorm,
            "layer-norm" => Self::LayerNorm,
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        let place = match self {
            Self::Dense => 0,
            Self::Convolution => 1,
            Self::Residual { .. } => 2,
            Self::PreNorm { .. } => 3,
            Self::BatchNorm => 4,
            Self::LayerNorm => 5,
        };
        Self::NAMES[place]
    }

    /// Whether layers see what the one before gives and nothing else, neither skipped nor scaled.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Dense | Self::Convolution)
    }

    /// From one layer, with second moment and correlation of its input signal, to the next.
    pub fn step(&self, layer: &Layer<'_>, signal: Signal) -> Step {
        self.step_by(layer, signal, &mut layer.gaussian.pairs(self.taken(signal.second_moment)))
    }

    /// The second moment of what φ takes, where that of the signal is `q`: all but plain and
    /// residual layers bring it to 1 themselves.
    pub(super) fn taken(&self, q: f64) -> f64 {
        match self {
            Self::Dense | Self::Convolution | Self::Residual { .. } => q,
            _ => 1.0,
        }
    }

    /// As [`step`](Self::step), by `pairs` at what φ takes.
    pub(super) fn step_by(&self, layer: &Layer<'_>, signal: Signal, pairs: &mut Pairs<'_>) -> Step {
        let Signal { second_moment: q, correlation: c } = signal;
        let moments = pairs.moments();
        let product = if c == 1.0 { moments.second } else { pairs.product(c) };
        let Point { weight_variance, bias_variance } = layer.point;
        let (added, shared) =
            (layer.second_moment_of(&moments), weight_variance * product + bias_variance);
        let factor = weight_variance * moments.slope_second;
        let (second_moment, shared, gradient_factor) = match *self {
            Self::Dense | Self::Convolution => (added, shared, factor),
            Self::Residual { branch } => {
                let scale = branch * branch;
                (q + scale * added, q * c + scale * shared, 1.0 + scale * factor)
            }
            Self::PreNorm { branch } => {
                let scale = branch * branch;
                (q + scale * added, q * c + scale * shared, 1.0 + scale * factor / q)
            }
            Self::BatchNorm => {
                let variance = moments.variance();
                let shared = product - moments.mean * moments.mean;
                (1.0, shared / variance, moments.slope_second / variance)
            }
            Self::LayerNorm => (1.0, shared / added, factor / added),
        };
        let correlation = if c == 1.0 { 1.0 } else { (shared / second_moment).clamp(-1.0, 1.0) };
        Step { signal: Signal { second_moment, correlation }, gradient_factor }
    }

    /// `depth` steps from `signal` on.
    ///
    /// ```
    /// use fanin::theory::{Layer, Network, Point, Signal};
    /// let relu = fanin::engine::activations::find("relu").expect("it is registered");
    /// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    /// let residual = Network::Residual { branch: 1.0 };
    /// let steps = residual.course(&layer, Signal { second_moment: 1.0, correlation: 0.0 }, 50);
    /// assert_eq!(steps[49].signal.second_moment, f64::exp2(50.0));
    /// ```
    pub fn course(&self, layer: &Layer<'_>, signal: Signal, depth: usize) -> Vec<Step> {
        let mut signal = signal;
        let mut pairs = layer.gaussian.pairs(self.taken(signal.second_moment));
        let mut last: Option<(Signal, Step)> = None;
        (0..depth)
            .map(|_| {
                if let Some((_, step)) = last.filter(|(before, _)| before.is_near(&signal)) {
                    return step;
                }
                let at = self.taken(signal.second_moment);
                if pairs.variance() != at {
                    pairs = layer.gaussian.pairs(at);
                }
                let step = self.step_by(layer, signal, &mut pairs);
                last = Some((signal, step));
                signal = step.signal;
                step
            })
            .collect()
    }
}

/// What two inputs are at some layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Signal {
    /// q, the second moment of each.
    pub second_moment: f64,
    /// Their correlation.
    pub correlation: f64,
}

impl Signal {
    /// Whether both have settled, to rounding: a further layer does what the one before did.
    fn is_near(&self, other: &Self) -> bool {
        const ROUNDING: f64 = 4.0 * f64::EPSILON;
        let near = |a: f64, b: f64| (a - b).abs() <= ROUNDING * b.abs();
        let gaps = [1.0 - self.correlation, 1.0 - other.correlation];
        near(self.second_moment, other.second_moment)
            && near(self.correlation, other.correlation)
            && near(gaps[0], gaps[1])
    }
}

/// What one layer does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The signal after it.
    pub signal: Signal,
    /// The factor on E‖δ‖² through it, backwards.
    pub gradient_factor: f64,
}
