//! The numbers of a measured start, layer by layer.
//!
//! Key: B rows, N units of a layer, z pre-activation, a activation, δ = ∂loss/∂z, φ the activation.

use serde::Serialize;

use super::cells::CellMeasurement;
use super::claims::Claim;
use super::duplicates::Duplicate;
use super::features::{FeatureScales, TargetScales};
use super::straight_line::Bend;

/// One linear layer, measured before the first step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerMeasurement {
    /// The module's name: `0` for the parameters `0.weight` and `0.bias`.
    pub module: String,
    /// Names of the residual blocks around it, outermost first.
    #[serde(skip)]
    pub branches: Vec<String>,
    /// Number of units.
    pub units: usize,
    /// Standard deviation of a over all units and rows.
    pub activation_deviation: f64,
    /// Root mean square over units of the standard deviation of a over rows: what the layer
    /// still says about its input.
    pub signal: f64,
    /// `E[z²]`.
    pub pre_activation_second_moment: f64,
    /// Whether it gets no gradient and the data get around it: others learn without it.
    #[serde(skip)]
    pub is_passed_by: bool,
    /// Share of units whose activation is the same for every row.
    pub silent_share: f64,
    /// √(Σ δ²): the gradient of the batch loss with respect to z.
    pub delta_norm: f64,
    /// ‖∂loss/∂W‖.
    pub gradient_norm: f64,
    /// The norm of the part of ∂loss/∂W that tells rows apart: Σ (δ − δ̄)(x − x̄)ᵀ, with x what
    /// enters the layer. The rest, which moves all answers alike, a bias could do.
    pub telling_norm: f64,
    /// The root mean square over rows of the norm of ∂(a row's loss)/∂W.
    pub row_gradient_norm: f64,
    /// The same of the part that tells rows apart: of (δ − δ̄)(x − x̄)ᵀ, times the rows.
    #[serde(skip)]
    pub row_telling_norm: f64,
    /// ‖W‖.
    pub weight_norm: f64,
    /// d · Var(W), d the layer's fan-in: 1 keeps the second moment of a linear layer
    /// (`docs/theory/fan-in.md`).
    pub scaled_weight_variance: f64,
    /// Mean square of the biases; 0 without any.
    pub bias_mean_square: f64,
    /// √ of the number of weights.
    pub root_elements: f64,
    /// Numbers among z, a and δ that are NaN or infinite.
    pub non_finite: usize,
    /// `E[z]` over units and rows.
    pub pre_activation_mean: f64,
    /// The standard error, over rows, of ln(`E[z²]` of this layer / that of the first).
    pub growth_error: f64,
    /// The standard error, over rows, of ln(Σ δ² of this layer / that of the last hidden one).
    pub gradient_growth_error: f64,
    /// The median cosine between the z of two rows.
    pub cosine: f64,
    /// The median cosine between what enters the layer for two rows.
    pub input_cosine: f64,
    /// In how many directions the activations of rows differ: the participation ratio of their
    /// centered Gram matrix.
    pub directions: f64,
    /// The median cosine between the z of a row and that of a row at cosine 0.99 to it.
    pub near_cosine: f64,
    /// Whether a normalization stands between z and the activation: then the scale of the weights
    /// does not matter.
    pub normalized: bool,
    /// The activation's name, if one follows.
    pub activation: Option<String>,
    /// Share of units and rows whose slope φ′ is below a twentieth of the steepest, if φ is flat
    /// on both sides, as tanh is.
    pub saturated_share: Option<f64>,
    /// Share of units whose slope is exactly 0 for every row.
    pub dead_share: Option<f64>,
    /// Share of units whose slope is 0 for no row, if φ is 0 on one side, as relu is.
    pub always_on_share: Option<f64>,
}

impl LayerMeasurement {
    /// Whether the layer stands in a residual branch, which the signal can go round.
    pub fn in_branch(&self) -> bool {
        !self.branches.is_empty()
    }

    /// The share of the gradient's norm that tells rows apart; 1 where there is no gradient.
    pub fn telling_share(&self) -> f64 {
        if self.gradient_norm == 0.0 { 1.0 } else { self.telling_norm / self.gradient_norm }
    }

    /// Makes of the layer what is foreseen of it on `times` as many rows, if so many more than `rows` are
    /// like these: with less noise in its gradient, taken off twice, and never less than all of it.
    pub(super) fn foresee(&mut self, rows: usize, times: f64) {
        // Of n rows' gradients gᵢ, E‖ḡ‖² = ‖E g‖² + S/n and E‖gᵢ‖² = ‖E g‖² + S.
        let lasting = |norm: f64, row_norm: f64| {
            let (square, row_square) = (norm * norm, row_norm * row_norm);
            let noise = (row_square - square).max(0.0) / (rows.max(2) - 1) as f64;
            let left = square - 2.0 * noise * (1.0 - 1.0 / times);
            left.max(square / times).sqrt()
        };
        self.gradient_norm = lasting(self.gradient_norm, self.row_gradient_norm);
        self.telling_norm = lasting(self.telling_norm, self.row_telling_norm);
    }

    /// ‖W‖ of a matrix with variance 1/d, which keeps the second moment of a linear layer.
    pub fn keeping_norm(&self) -> f64 {
        (self.units as f64).sqrt()
    }
}

/// A network's starting weights, measured on a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measurement {
    /// Rows measured on.
    pub rows: usize,
    /// Linear layers in the order of the data; the last one is the output, but of a part.
    pub layers: Vec<LayerMeasurement>,
    /// Whether these are the first layers of a network whose others were left out: all are hidden.
    #[serde(skip)]
    pub is_part: bool,
    /// Recurrent cells in the order of the data.
    pub cells: Vec<CellMeasurement>,
    /// Loss before the first step.
    pub loss: f64,
    /// The loss of an output of 0 for every row: ln K for softmax cross-entropy over K classes.
    pub loss_of_zero_output: f64,
    /// `E[x²]` of the features.
    pub input_second_moment: f64,
    /// How the features are scaled against each other.
    pub features: FeatureScales,
    /// How numbers to learn are scaled; none where targets are no numbers.
    #[serde(skip)]
    pub targets: Option<TargetScales>,
    /// The least and the greatest number that the outputs can give, for an activation of bounded values
    /// behind the last layer.
    #[serde(skip)]
    pub output_range: Option<[f64; 2]>,
    /// The share of rows of the commonest class; none where targets are no classes.
    #[serde(skip)]
    pub commonest: Option<f64>,
    /// How far the network is from a straight line, if the targets ask for more than one and rows tell.
    pub bend: Option<Bend>,
    /// Weights that are copies of others.
    pub duplicates: Vec<Duplicate>,
    /// Matrices beside the schemes that are said to have made them; none unless asked for.
    pub claims: Vec<Claim>,
}

impl Measurement {
    /// The place of the recurrent cell whose effect is largest; none if no cell has it.
    pub fn worst_cell(&self, effect: impl Fn(&CellMeasurement) -> Option<f64>) -> Option<usize> {
        let effects =
            self.cells.iter().enumerate().filter_map(|(at, cell)| Some((at, effect(cell)?)));
        effects.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
    }

    /// ‖∂loss/∂W‖ of the first layer over that of the last; 0 where the first gets no gradient.
    pub fn gradient_ratio(&self) -> f64 {
        match (self.layers.first(), self.layers.last()) {
            (Some(first), Some(last)) if first.gradient_norm > 0.0 => {
                first.gradient_norm / last.gradient_norm
            }
            _ => 0.0,
        }
    }

    /// The first layer with a number that is NaN or infinite.
    pub fn first_non_finite(&self) -> Option<&str> {
        self.layers.iter().find(|l| l.non_finite > 0).map(|l| l.module.as_str())
    }
}
