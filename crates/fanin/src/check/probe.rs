//! What one forward and one backward pass through starting weights show.
//!
//! Key: B rows, N units of a layer, z pre-activation, a activation, δ = ∂loss/∂z.

use fanin_engine::{Plan, Wire};
use fanin_kernels::reduce;
use serde::Serialize;

use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Rows of data to measure on, features and targets in row-major order.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Number of rows.
    pub rows: usize,
    /// Features, rows × inputs.
    pub features: &'a [f32],
    /// Targets, rows × outputs.
    pub targets: &'a [f32],
}

/// One linear layer, measured before the first step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerMeasurement {
    /// The module's name: `0` for the parameters `0.weight` and `0.bias`.
    pub module: String,
    /// Number of units.
    pub units: usize,
    /// Standard deviation of a over all units and rows.
    pub activation_deviation: f64,
    /// Root mean square over units of the standard deviation of a over rows: what the layer
    /// still says about its input.
    pub signal: f64,
    /// `E[z²]`.
    pub pre_activation_second_moment: f64,
    /// Share of units whose activation is the same for every row.
    pub silent_share: f64,
    /// √(Σ δ²): the gradient of the batch loss with respect to z.
    pub delta_norm: f64,
    /// ‖∂loss/∂W‖.
    pub gradient_norm: f64,
    /// ‖W‖.
    pub weight_norm: f64,
    /// d · Var(W), d the layer's fan-in: 1 keeps the second moment of a linear layer
    /// (`docs/theory/fan-in.md`).
    pub scaled_weight_variance: f64,
    /// √ of the number of weights.
    pub root_elements: f64,
    /// Numbers among z, a and δ that are NaN or infinite.
    pub non_finite: usize,
}

impl LayerMeasurement {
    /// Whether the layer stands in a residual branch, which the signal can go round.
    pub fn in_branch(&self) -> bool {
        self.module.contains(".branch.")
    }

    /// ‖W‖ of a matrix with variance 1/d, which keeps the second moment of a linear layer.
    pub fn keeping_norm(&self) -> f64 {
        (self.units as f64).sqrt()
    }
}

/// A network's starting weights, measured on a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// Rows measured on.
    pub rows: usize,
    /// Linear layers in the order of the data; the last one is the output.
    pub layers: Vec<LayerMeasurement>,
    /// Loss before the first step.
    pub loss: f64,
    /// `E[x²]` of the features.
    pub input_second_moment: f64,
}

impl Measurement {
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

/// Runs `batch` forward and backward through `model` with `weights` and measures every layer.
///
/// Batch normalization uses the batch's statistics and dropout is off.
///
/// # Errors
/// If the weights or the batch do not fit the model.
pub fn measure(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
) -> Result<Measurement> {
    let mut network = Network::new(model, loss, batch.rows, Mode::Probe)?;
    let pre: Vec<Wire> = network.layers.iter().map(|l| l.pre_activation).collect();
    let post: Vec<Wire> = network.layers.iter().map(|l| l.activation).collect();
    let parameters = network.graph.parameters();
    let weight: Vec<Wire> = network.layers.iter().map(|l| parameters[l.weight]).collect();
    let wanted: Vec<Wire> = pre.iter().chain(&weight).copied().collect();
    let gradients = fanin_engine::gradients(&mut network.graph, network.loss, &wanted)?;
    let keep: Vec<Wire> = [&pre[..], &post[..], &gradients[..], &[network.loss]]
        .into_iter()
        .flatten()
        .copied()
        .collect();

    let plan = Plan::new(&network.graph, &keep)?;
    let mut workspace = plan.workspace::<f32>();
    workspace.feed(Network::FEATURES).copy_from_slice(batch.features);
    workspace.feed(Network::TARGETS).copy_from_slice(batch.targets);
    let parameters = network.arrange(weights)?;
    plan.run(&parameters, &mut workspace);

    let depth = pre.len();
    let layer = |index: usize| {
        let (z, a) = (workspace.read(index), workspace.read(depth + index));
        let (delta, d_weight) =
            (workspace.read(2 * depth + index), workspace.read(3 * depth + index));
        let units = z.len() / batch.rows;
        let weight = &parameters[network.layers[index].weight];
        let fan_in = weight.len() / units;
        let deviations = deviations_over_rows(a, units);
        LayerMeasurement {
            module: network.layers[index].module.clone(),
            units,
            activation_deviation: reduce::variance(a).sqrt(),
            signal: (reduce::sum_of_squares(&deviations) / units as f64).sqrt(),
            pre_activation_second_moment: reduce::sum_of_squares(z) / z.len() as f64,
            silent_share: silent_units(a, units) as f64 / units as f64,
            delta_norm: reduce::sum_of_squares(delta).sqrt(),
            gradient_norm: reduce::sum_of_squares(d_weight).sqrt(),
            weight_norm: reduce::sum_of_squares(weight).sqrt(),
            scaled_weight_variance: fan_in as f64 * reduce::variance(weight),
            root_elements: (weight.len() as f64).sqrt(),
            non_finite: [z, a, delta].into_iter().map(reduce::count_non_finite).sum(),
        }
    };
    Ok(Measurement {
        rows: batch.rows,
        layers: (0..depth).map(layer).collect(),
        loss: f64::from(workspace.read(keep.len() - 1)[0]),
        input_second_moment: reduce::sum_of_squares(batch.features) / batch.features.len() as f64,
    })
}

/// Columns of `a` that are the same in every row.
fn silent_units(a: &[f32], columns: usize) -> usize {
    let same = |column: &usize| a.iter().skip(*column).step_by(columns).all(|x| *x == a[*column]);
    (0..columns).filter(same).count()
}

/// The standard deviation of every column of `a` over its rows.
fn deviations_over_rows(a: &[f32], columns: usize) -> Vec<f64> {
    let rows = (a.len() / columns) as f64;
    let mut mean = vec![0.0; columns];
    for row in a.chunks_exact(columns) {
        mean.iter_mut().zip(row).for_each(|(m, &a)| *m += f64::from(a) / rows);
    }
    let mut variance = vec![0.0; columns];
    for row in a.chunks_exact(columns) {
        for ((v, &a), m) in variance.iter_mut().zip(row).zip(&mean) {
            *v += (f64::from(a) - m).powi(2) / rows;
        }
    }
    variance.into_iter().map(f64::sqrt).collect()
}
