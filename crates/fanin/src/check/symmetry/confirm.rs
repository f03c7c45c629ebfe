//! Classes of units, looked for in a real forward and backward pass.
//!
//! The theorem is proved for chains of layers with residual branches and normalizations; the graph
//! that is trained is built elsewhere. One pass through it says whether both mean the same network.

use std::collections::HashSet;

use fanin_engine::{Plan, Wire, Workspace};
use serde::Serialize;

use super::Units;
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Gaps up to this share of a wire's root mean square are rounding: f32 sums of a thousand
/// products stay below it, and units that differ are farther apart.
const ROUNDING: f64 = 1e-4;

/// What a pass says of the classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Activations and errors of all members are equal to the last bit, on every row.
    Bitwise,
    /// They are equal up to rounding.
    WithinRounding,
    /// Some are not: the classes are not those of this graph.
    Refuted,
}

/// Classes of units against activations and errors on a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confirmation {
    /// Rows of the batch.
    pub rows: usize,
    /// The worst of the layers.
    pub outcome: Outcome,
    /// Layers in which some units share a class.
    pub layers: Vec<LayerConfirmation>,
}

/// The classes of one layer against its activations and errors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerConfirmation {
    /// The module that computes the units.
    pub module: String,
    /// What the pass says of them.
    pub outcome: Outcome,
    /// The largest gap between members of a class in z, a or ∂loss/∂z, as a share of the root
    /// mean square of that wire.
    pub largest_gap: f64,
    /// Units that differ from each other in some bit of z or ∂loss/∂z.
    pub distinct_units: usize,
}

/// Runs `batch` forward and backward and compares units of one class: their pre-activations,
/// activations and errors must be equal, or opposite where the units are mirrored, on every row.
///
/// Batch normalization uses the batch's statistics and dropout is off.
///
/// # Errors
/// If the weights or the batch do not fit the model.
pub fn confirm(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
    units: &[Units],
) -> Result<Confirmation> {
    let mut network = Network::new(model, loss, batch.rows, Mode::Probe)?;
    let tied = units.iter().filter(|units| units.effective_width() < units.width());
    let layers = &network.layers;
    let found: Vec<(&Units, usize)> = tied
        .filter_map(|units| Some((units, layers.iter().position(|l| l.module == units.module)?)))
        .collect();
    let pre: Vec<Wire> = found.iter().map(|&(_, l)| layers[l].pre_activation).collect();
    let post: Vec<Wire> = found.iter().map(|&(_, l)| layers[l].activation).collect();
    let errors = fanin_engine::gradients(&mut network.graph, network.loss, &pre)?;
    let keep: Vec<Wire> = [pre, errors, post].concat();

    let plan = Plan::new(&network.graph, &keep)?;
    let mut workspace = plan.try_workspace::<f32>()?;
    workspace.feed(Network::FEATURES).copy_from_slice(batch.features);
    workspace.feed(Network::TARGETS).copy_from_slice(batch.targets);
    plan.run(&network.arrange(weights)?, &mut workspace);

    let layer = |(index, (units, _)): (usize, &(&Units, usize))| {
        compare(units, &workspace, [index, found.len() + index, 2 * found.len() + index])
    };
    let layers: Vec<LayerConfirmation> = found.iter().enumerate().map(layer).collect();
    let outcome = layers.iter().map(|l| l.outcome).max().unwrap_or(Outcome::Bitwise);
    Ok(Confirmation { rows: batch.rows, outcome, layers })
}

/// One layer's classes against its wires z, δ and a.
fn compare(units: &Units, workspace: &Workspace<f32>, wires: [usize; 3]) -> LayerConfirmation {
    let [z, delta, a] = wires.map(|wire| workspace.read(wire));
    let gaps = [z, delta, a].map(|wire| largest_gap(units, wire));
    let largest_gap = gaps.into_iter().fold(0.0, f64::max);
    let column = |unit: usize| -> Vec<u32> {
        let of = |wire: &[f32]| {
            wire.iter().skip(unit).step_by(units.width()).map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        [of(z), of(delta)].concat()
    };
    let distinct: HashSet<Vec<u32>> = (0..units.width()).map(column).collect();
    let outcome = match largest_gap {
        0.0 => Outcome::Bitwise,
        gap if gap <= ROUNDING => Outcome::WithinRounding,
        _ => Outcome::Refuted,
    };
    let (module, distinct_units) = (units.module.clone(), distinct.len());
    LayerConfirmation { module, outcome, largest_gap, distinct_units }
}

/// The largest gap of a member to the first unit of its class, relative to the whole wire.
fn largest_gap(units: &Units, wire: &[f32]) -> f64 {
    let firsts = units.first_members();
    let squares: f64 = wire.iter().map(|&x| f64::from(x).powi(2)).sum();
    let scale = (squares / wire.len().max(1) as f64).sqrt();
    let mut largest = 0.0_f64;
    for row in wire.chunks_exact(units.width()) {
        for (&x, &(first, sign)) in row.iter().zip(&firsts) {
            let (x, expected) = (f64::from(x), sign * f64::from(row[first]));
            let equal = x == expected || (x.is_nan() && expected.is_nan());
            let gap = (x - expected).abs() / scale;
            largest = if equal {
                largest
            } else {
                largest.max(if gap.is_nan() { f64::INFINITY } else { gap })
            };
        }
    }
    largest
}
