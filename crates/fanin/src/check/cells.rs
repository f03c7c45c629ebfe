//! Recurrent cells over their steps, before the first training step.
//!
//! Key: T steps, B rows, G gates, H units of a gate, z what enters the gates' activations, h the
//! state, δ = ∂loss/∂z.

use std::collections::BTreeSet;

use fanin_engine::activations;
use fanin_kernels::reduce;
use serde::Serialize;

use super::bends::steepest;
use super::instruments::pass::Pass;
use super::probe::Batch;
use super::statistics;
use crate::error::Result;
use crate::spec::{CellWires, Component, Loss, Mode, Model, Network, Squash};
use crate::weights::Weights;

/// A recurrent cell in one direction.
///
/// What it checks: whether the signal lives over the steps, forward and backward, and whether gates
/// are open. A state that fades or a gradient that is smaller at the first step than at the last
/// means that nothing far back can be learned from (Hochreiter 1991).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellMeasurement {
    /// The module's name, with the direction if it is one of two.
    pub module: String,
    /// Inputs that reach one unit of a gate.
    pub inputs: usize,
    /// Units of a gate, and as many that reach one of them from the step before.
    pub hidden: usize,
    /// The gates, in the order in which they lie in the weights.
    pub gates: Vec<GateMeasurement>,
    /// `E[h²]` behind every step, the first first.
    pub states: Vec<f64>,
    /// ‖δ‖ over all gates at every step, the first first.
    pub deltas: Vec<f64>,
    /// ‖W‖ of the weights from the input.
    pub input_weight_norm: f64,
    /// ‖∂loss/∂W‖ of the weights from the input.
    pub input_gradient_norm: f64,
    /// ‖W‖ of the weights from the state.
    pub state_weight_norm: f64,
    /// ‖∂loss/∂W‖ of the weights from the state.
    pub state_gradient_norm: f64,
}

/// A gate over all steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateMeasurement {
    /// What it is called: `input-gate`, `forget-gate`, `candidate`, …
    pub name: &'static str,
    /// Mean of z.
    pub mean: f64,
    /// `E[z²]`.
    pub second_moment: f64,
    /// ‖δ‖ over all steps.
    pub delta_norm: f64,
    /// Share of units and rows at every step, the first first, whose slope φ′ is below a twentieth
    /// of the steepest; empty where φ is not flat on both sides.
    pub saturated_shares: Vec<f64>,
    /// The part of these that lies on the upper side, where a gate is open.
    pub open_shares: Vec<f64>,
}

impl GateMeasurement {
    /// Shares of saturated values over all steps: closed, which is low, and open, which is high.
    fn saturated(&self) -> Option<(f64, f64)> {
        let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
        let (all, open) = (mean(&self.saturated_shares), mean(&self.open_shares));
        (!self.saturated_shares.is_empty()).then_some((all - open, open))
    }
}

impl CellMeasurement {
    /// The gate with the largest share of saturated values that harm, and that share; none where no
    /// gate is flat on both sides.
    ///
    /// A gate that keeps the state harms where it is closed; open, it is a memory. Where it is open,
    /// as many closed input gates are part of that memory: a unit that forgets one part in T of
    /// itself should take in one part in T (chrono, Tallec & Ollivier 2018).
    pub fn stuck_gate(&self) -> Option<(usize, f64)> {
        let is = |gate: &GateMeasurement, what: Component| gate.name == what.label();
        let forget = self.gates.iter().find(|gate| is(gate, Component::ForgetGate));
        let kept = forget.and_then(GateMeasurement::saturated).map_or(0.0, |(_, open)| open);
        let harm = |gate: &GateMeasurement| {
            let (closed, open) = gate.saturated()?;
            Some(if is(gate, Component::ForgetGate) || is(gate, Component::UpdateGate) {
                closed
            } else if is(gate, Component::InputGate) {
                open + (closed - kept).max(0.0)
            } else {
                closed + open
            })
        };
        let harms = self.gates.iter().enumerate().filter_map(|(at, gate)| Some((at, harm(gate)?)));
        harms.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Whether the loss depends on the first of several steps alone, as where the last position is read of a
    /// cell that runs backward.
    pub fn is_read_at_first_alone(&self) -> bool {
        let Some((first, later)) = self.deltas.split_first() else { return false };
        *first > 0.0 && !later.is_empty() && later.iter().all(|delta| *delta == 0.0)
    }

    /// ln ‖δ‖² at the first step over that at the last; none with one step, or where one is 0.
    pub fn log_gradient_growth(&self) -> Option<f64> {
        let (first, last) = ends(&self.deltas)?;
        Some(2.0 * (first / last).ln())
    }

    /// ln `E[h²]` behind the last step over that behind the first; none as for the gradient.
    pub fn log_state_growth(&self) -> Option<f64> {
        let (first, last) = ends(&self.states)?;
        Some((last / first).ln())
    }
}

/// The first and the last of several numbers that are neither 0 nor infinite.
fn ends(numbers: &[f64]) -> Option<(f64, f64)> {
    let (&first, &last) = (numbers.first()?, numbers.last()?);
    let is_size = |x: f64| x > 0.0 && x.is_finite();
    (numbers.len() > 1 && is_size(first) && is_size(last)).then_some((first, last))
}

/// A pass through recurrent cells, planned once for weights of any number.
pub(super) struct CellPass {
    network: Network,
    /// Parameters that are weights of cells.
    matrices: Vec<usize>,
    pass: Pass<f32>,
}

impl CellPass {
    /// Plans the pass on `batch`, to begin with `weights`.
    ///
    /// # Errors
    /// If the weights or the batch do not fit the model.
    pub fn new(model: &Model, loss: &Loss, weights: &Weights, batch: Batch<'_>) -> Result<Self> {
        let mut network = Network::new(model, loss, batch.rows, Mode::Probe)?;
        let cells = &network.cells;
        let matrices =
            cells.iter().flat_map(|cell| cell.input_weights.iter().chain(&cell.state_weights));
        let matrices: Vec<usize> =
            matrices.copied().collect::<BTreeSet<usize>>().into_iter().collect();
        let parameters = network.graph.parameters();
        let added = cells.iter().map(|cell| cell.added);
        let wanted: Vec<_> = added.chain(matrices.iter().map(|&p| parameters[p])).collect();
        let mut keep = fanin_engine::gradients(&mut network.graph, network.loss, &wanted)?;
        keep.extend(network.cells.iter().flat_map(|cell| [cell.pre_activation, cell.states]));
        let mut pass = Pass::new(&network, &keep, weights)?;
        pass.feed_batch(batch);
        Ok(Self { network, matrices, pass })
    }

    /// Measures the cells with the parameters of the network, in its order.
    pub fn measure(&mut self, parameters: &[Vec<f32>]) -> Vec<CellMeasurement> {
        self.pass.parameters_mut().clone_from_slice(parameters);
        self.pass.run();
        measured(&self.network, &self.matrices, &self.pass)
    }
}

fn measured(network: &Network, matrices: &[usize], pass: &Pass<f32>) -> Vec<CellMeasurement> {
    let cells = &network.cells;
    let norm = |values: &[f32]| reduce::sum_of_squares(values).sqrt();
    let gradient = |of: &[usize]| {
        let place = |p: &usize| matrices.binary_search(p).expect("it was asked for");
        let squares = of.iter().map(|p| norm(pass.read(cells.len() + place(p))).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let weight =
        |of: &[usize]| of.iter().map(|&p| norm(&pass.parameters()[p]).powi(2)).sum::<f64>().sqrt();
    let one = |(index, cell): (usize, &CellWires)| {
        let behind = cells.len() + matrices.len() + 2 * index;
        let (delta, z, h) = (pass.read(index), pass.read(behind), pass.read(behind + 1));
        let axes = |wire| network.graph.shape(wire).axes();
        let (steps, hidden) = (axes(cell.states)[0], axes(cell.states)[2]);
        let mut deltas = by_step(delta, steps, norm);
        if cell.is_reversed {
            deltas.reverse();
        }
        let gate = |(number, gate): (usize, &Component)| {
            let own = |x: &[f32]| -> Vec<f32> {
                let rows = x.chunks_exact(cell.gates.len() * hidden);
                rows.flat_map(|row| &row[number * hidden..][..hidden]).copied().collect()
            };
            let (z, delta) = (own(z), own(delta));
            let squash = cell.squashes[number].as_ref();
            let shares = squash.map(|squash| by_step(&z, steps, |z| saturated(squash, z)));
            let (saturated_shares, open_shares) = shares.into_iter().flatten().unzip();
            GateMeasurement {
                name: gate.label(),
                mean: reduce::mean(&z),
                second_moment: reduce::sum_of_squares(&z) / z.len() as f64,
                delta_norm: norm(&delta),
                saturated_shares,
                open_shares,
            }
        };
        CellMeasurement {
            module: cell.module.clone(),
            inputs: axes(cell.input)[2],
            hidden,
            gates: cell.gates.iter().enumerate().map(gate).collect(),
            states: by_step(h, steps, |h| reduce::sum_of_squares(h) / h.len() as f64),
            deltas,
            input_weight_norm: weight(&cell.input_weights),
            input_gradient_norm: gradient(&cell.input_weights),
            state_weight_norm: weight(&cell.state_weights),
            state_gradient_norm: gradient(&cell.state_weights),
        }
    };
    cells.iter().enumerate().map(one).collect()
}

/// What `of` says of every step of several.
fn by_step<R>(x: &[f32], steps: usize, of: impl Fn(&[f32]) -> R) -> Vec<R> {
    x.chunks((x.len() / steps.max(1)).max(1)).map(of).collect()
}

/// The share of z where a gate is flat, and the part of it above the middle.
fn saturated(squash: &Squash, z: &[f32]) -> (f64, f64) {
    let activation = activations::find(squash.activation).expect("the engine has this activation");
    let inner = z.iter().map(|&z| (squash.scale * f64::from(z) + squash.shift) as f32);
    let inner: Vec<f32> = inner.collect();
    let mut slope = vec![0.0; z.len()];
    activation.apply_f32(1, &inner, &mut slope);
    let bound = statistics::FLAT * steepest(&*activation);
    let flat = inner.iter().zip(&slope).filter(|pair| f64::from(pair.1.abs()) < bound);
    let count = |(all, open), (x, _): (&f32, _)| (all + 1, open + usize::from(*x > 0.0));
    let (all, open) = flat.fold((0, 0), count);
    let share = |count: usize| count as f64 / z.len().max(1) as f64;
    (share(all), share(open))
}
