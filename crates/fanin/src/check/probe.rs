//! What one forward and one backward pass through starting weights show.
//!
//! Key: B rows, N units of a layer, z pre-activation, a activation, δ = ∂loss/∂z.

use std::borrow::Cow;

use fanin_engine::{Graph, Plan, Type, Wire, Workspace, activations};
use fanin_kernels::reduce;

use super::around;
use super::bends::{Bends, Shape, output_range};
use super::cells::{CellMeasurement, CellPass};
use super::duplicates::{Duplicate, duplicates};
use super::features::{FeatureScales, input_scales};
use super::instruments::budget::Work;
use super::instruments::pass::{Pass, first, hold_statistics, part};
use super::instruments::underflow::Backward;
use super::instruments::updates::{self, Step, TensorUpdate};
use super::measurement::{LayerMeasurement, Measurement};
use super::neighbors::Neighbors;
use super::samples::Lay;
use super::shared::{Shared, is_product};
use super::statistics::{self, Telling};
use super::straight_line::{Bend, StraightLine};
use crate::error::{Error, Result};
use crate::spec::{LayerWires, Loss, Mode, Model, Network, to_framework};
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

/// Rows whose pairs are compared: the pairs of more tell nothing new.
const PAIRED_ROWS: usize = 32;

/// Rows of which one neighbor each is run: a median of so many tells order from chaos.
const NEIGHBORED_ROWS: usize = 32;

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
    Probe::new(model, loss, batch, Gradients::OfLayers)?.measure(weights)
}

/// A forward and a backward pass on a batch, planned once for weights of any number.
pub struct Probe<'a> {
    model: &'a Model,
    loss: &'a Loss,
    batch: Batch<'a>,
    network: Network,
    /// Whether a layer's gradient for one row is a product of an error and an input.
    products: Vec<bool>,
    /// Parameters of no layer's weight whose gradients are kept, too.
    others: Vec<usize>,
    work: Work,
    plan: Plan,
    workspace: Workspace<f32>,
    /// Those of the last pass, in the graph's order.
    parameters: Vec<Vec<f32>>,
    /// Planned with the first weights, where there are recurrent cells.
    cells: Option<CellPass>,
    neighbors: Neighbors,
    bends: Bends,
    loss_of_zero_output: f64,
    input_second_moment: f64,
    features: FeatureScales,
    /// Where it is not enough for the targets.
    line: Option<StraightLine>,
}

/// What a pass keeps of every layer, in this order.
#[derive(Clone, Copy)]
enum Kept {
    PreActivation,
    Activation,
    /// What enters the activation.
    Bent,
    Delta,
    WeightGradient,
    Input,
    /// One number for all layers; behind it the gradients of other parameters.
    Loss,
}

/// Of which parameters a pass keeps the gradients.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Gradients {
    /// Of the weights of layers.
    OfLayers,
    /// Of all that are trained.
    OfAll,
}

/// What a layer is measured against.
struct Across {
    near: Vec<f64>,
    row_gradients: Vec<Option<f64>>,
    /// Second moments of rows at the first layer, of what enters its activation.
    first_z: Vec<f64>,
    /// The same of the errors at the last hidden layer.
    last_delta: Vec<f64>,
}

impl<'a> Probe<'a> {
    /// Plans the pass.
    ///
    /// # Errors
    /// If the batch does not fit the model.
    pub(super) fn new(
        model: &'a Model,
        loss: &'a Loss,
        batch: Batch<'a>,
        kept: Gradients,
    ) -> Result<Self> {
        let mut network = Network::new(model, loss, batch.rows, Mode::Probe)?;
        if network.layers.is_empty() {
            return Err(Error::Setting {
                place: "model".to_owned(),
                found: "no layer with weights".to_owned(),
                expected: "at least one to check".to_owned(),
            });
        }
        let work = Work::of(&network);
        let wires = |of: fn(&LayerWires) -> Wire| network.layers.iter().map(of).collect();
        let pre: Vec<Wire> = wires(|l| l.pre_activation);
        let post: Vec<Wire> = wires(|l| l.activation);
        let bent: Vec<Wire> =
            wires(|l| l.bend.as_ref().map_or(l.pre_activation, |bend| bend.input));
        let inputs: Vec<Wire> = wires(|l| l.input);
        // Asked before gradients use the weights, too.
        let products: Vec<bool> = network.layers.iter().map(|l| is_product(&network, l)).collect();
        let parameters = network.graph.parameters();
        let weights = || network.layers.iter().map(|l| l.weight);
        let others = network.trained.iter().copied();
        let others: Vec<usize> = others
            .filter(|&p| kept == Gradients::OfAll && weights().all(|weight| weight != p))
            .collect();
        let weights = weights().chain(others.iter().copied()).map(|p| parameters[p]);
        let wanted: Vec<Wire> = pre.iter().copied().chain(weights).collect();
        let gradients = fanin_engine::gradients(&mut network.graph, network.loss, &wanted)?;
        let (of_layers, of_others) = gradients.split_at(2 * network.layers.len());
        let layers = [&pre[..], &post[..], &bent[..], of_layers, &inputs[..]].concat();
        let keep: Vec<Wire> = [&layers[..], &[network.loss], of_others].concat();
        let plan = Plan::new(&network.graph, &keep)?;
        let mut workspace = plan.try_workspace::<f32>()?;
        workspace.feed(Network::FEATURES).copy_from_slice(batch.features);
        workspace.feed(Network::TARGETS).copy_from_slice(batch.targets);
        let (input_second_moment, features) = input_scales(model, batch);
        Ok(Self {
            neighbors: Neighbors::new(model, loss, first(batch, NEIGHBORED_ROWS))?,
            bends: Bends::of(&network.layers),
            loss_of_zero_output: loss_of_zero_output(model, loss, batch)?,
            input_second_moment,
            features,
            line: StraightLine::not_enough_for(model, batch),
            model,
            loss,
            batch,
            network,
            products,
            others,
            work,
            plan,
            workspace,
            parameters: Vec::new(),
            cells: None,
        })
    }

    /// Runs the pass with `weights` and measures every layer.
    ///
    /// # Errors
    /// If the weights do not fit the model.
    pub fn measure(&mut self, weights: &Weights) -> Result<Measurement> {
        let parameters = self.network.arrange(weights)?;
        self.plan.run(&parameters, &mut self.workspace);
        let depth = self.network.layers.len();
        let across = Across {
            near: self.neighbors.cosines(&parameters),
            row_gradients: row_gradient_norms(
                self.model,
                self.loss,
                weights,
                self.batch,
                &self.products,
            )?,
            first_z: self.row_second_moments(Kept::PreActivation, 0),
            last_delta: self.row_second_moments(Kept::Delta, self.last_hidden_read()),
        };
        let mut layers: Vec<LayerMeasurement> = Vec::with_capacity(depth);
        // What leaves a layer mostly enters the next one.
        let mut left = None;
        for index in 0..depth {
            let (layer, own) = self.layer(index, &parameters, &across, left);
            left = Some((self.network.layers[index].activation, own));
            layers.push(layer);
        }
        around::mark(&self.network, &mut layers);
        let cells = self.cells(weights, &parameters)?;
        self.parameters = parameters;
        Ok(Measurement {
            rows: self.batch.rows,
            layers,
            is_part: self.model.architecture().is_part(),
            cells,
            loss: f64::from(self.read(Kept::Loss, 0)[0]),
            loss_of_zero_output: self.loss_of_zero_output,
            input_second_moment: self.input_second_moment,
            features: self.features,
            targets: None,
            output_range: output_range(&self.network),
            commonest: None,
            bend: self.bend(),
            duplicates: self.duplicates(weights)?,
            claims: Vec::new(),
        })
    }

    /// Copies among the weights, under the names and in the layout of the module that they came from, where
    /// rows are units.
    fn duplicates(&self, weights: &Weights) -> Result<Vec<Duplicate>> {
        let parameters = self.model.parameters()?;
        if parameters.iter().all(|own| own.framework.is_none()) {
            return Ok(duplicates(weights));
        }
        Ok(duplicates(&to_framework(&parameters, weights)?))
    }

    /// How far what enters the output layer is from a straight line, where there are hidden layers.
    fn bend(&self) -> Option<Bend> {
        let hidden = self.network.layers.len().checked_sub(1).filter(|&hidden| hidden > 0)?;
        self.line.as_ref()?.bend(self.read(Kept::Input, hidden), self.batch.rows)
    }

    /// What one pass forward takes.
    pub(super) fn work(&self) -> Work {
        self.work
    }

    /// Whether theory has closed forms for the first layer's activation, or none is asked for.
    pub(super) fn is_closed(&self) -> bool {
        let bend = self.network.layers.first().and_then(|layer| layer.bend.as_ref());
        let activation = bend.and_then(|bend| activations::find(&bend.name));
        activation.is_none_or(|phi| phi.homogeneity() == Some(1.0))
    }

    /// What low precision would lose of the last pass's gradients and δ; none where f32 may have
    /// lost too much of them to tell.
    pub(super) fn backward(&self) -> Option<Backward> {
        let layers = self.network.layers.iter().enumerate();
        let deltas = layers.map(|(index, layer)| {
            let name = layer.bend.as_ref().map(|bend| &bend.name);
            let activation = name.and_then(|name| activations::find(name));
            let is_smooth = activation.is_some_and(|phi| phi.kinks().is_empty());
            (self.read(Kept::Delta, index), !is_smooth)
        });
        Backward::of_f32(self.gradients().map(|(_, gradient)| (gradient, true)).chain(deltas))
    }

    /// How far a step by the last pass's gradients moves each trained parameter.
    pub(super) fn updates(&self, step: &Step) -> Vec<TensorUpdate> {
        let tensors = self.gradients().map(|(parameter, gradient)| {
            let name = &self.network.names[parameter];
            updates::update(name, &self.parameters[parameter], gradient, step)
        });
        tensors.collect()
    }

    /// Every trained parameter whose gradient is kept, with that.
    fn gradients(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let (layers, others) = (&self.network.layers, &self.others);
        let behind = Kept::Loss as usize * layers.len() + 1;
        self.network.trained.iter().filter_map(move |&parameter| {
            let of_layer = || layers.iter().position(|layer| layer.weight == parameter);
            let other = others.iter().position(|&other| other == parameter);
            let gradient = match other {
                Some(other) => self.workspace.read(behind + other),
                None => self.read(Kept::WeightGradient, of_layer()?),
            };
            Some((parameter, gradient))
        })
    }

    fn cells(
        &mut self,
        weights: &Weights,
        parameters: &[Vec<f32>],
    ) -> Result<Vec<CellMeasurement>> {
        if self.network.cells.is_empty() {
            return Ok(Vec::new());
        }
        let pass = match &mut self.cells {
            Some(pass) => pass,
            none => none.insert(CellPass::new(self.model, self.loss, weights, self.batch)?),
        };
        Ok(pass.measure(parameters))
    }

    fn read(&self, kind: Kept, layer: usize) -> &[f32] {
        self.workspace.read(kind as usize * self.network.layers.len() + layer)
    }

    /// The last hidden layer that the loss depends on; the last one where it depends on none.
    fn last_hidden_read(&self) -> usize {
        let hidden = self.network.layers.len().saturating_sub(1);
        let is_read = |&layer: &usize| self.read(Kept::Delta, layer).iter().any(|x| *x != 0.0);
        (0..hidden).rev().find(is_read).unwrap_or(hidden.saturating_sub(1))
    }

    fn samples(&self, kind: Kept, layer: usize) -> Cow<'_, [f32]> {
        Lay::of_units(&self.network, &self.network.layers[layer]).samples(self.read(kind, layer))
    }

    fn row_second_moments(&self, kind: Kept, layer: usize) -> Vec<f64> {
        let x = self.samples(kind, layer);
        statistics::row_second_moments(&x, x.len() / self.batch.rows)
    }

    /// What the pass says of a layer, and the cosine between rows of its activations; `before` is
    /// that of the layer before.
    fn layer(
        &self,
        index: usize,
        parameters: &[Vec<f32>],
        across: &Across,
        before: Option<(Wire, f64)>,
    ) -> (LayerMeasurement, f64) {
        let read = |kind: Kept| self.read(kind, index);
        let (z, a, delta) = (read(Kept::PreActivation), read(Kept::Activation), read(Kept::Delta));
        let (d_weight, x) = (read(Kept::WeightGradient), read(Kept::Input));
        let (network, rows) = (&self.network, self.batch.rows);
        let wires = &network.layers[index];
        let units = Lay::of_units(network, wires).units();
        let sampled = |kind: Kept| self.samples(kind, index);
        let (sampled_z, sampled_a) = (sampled(Kept::PreActivation), sampled(Kept::Activation));
        let told = statistics::spread(&sampled_a, sampled_a.len() / rows, PAIRED_ROWS);
        let cosine = |x: &[f32]| statistics::cosine(x, x.len() / rows, PAIRED_ROWS);
        let input_cosine = match before {
            Some((wire, cosine)) if wire == wires.input => cosine,
            _ => cosine(&Lay::of_channels(network, wires).samples(x)),
        };
        let growth = |kind: Kept, from: &[f64]| {
            statistics::log_ratio_error(&self.row_second_moments(kind, index), from)
        };
        let weight = &parameters[wires.weight];
        let fan_in = weight.len() / units;
        let deviations = statistics::deviations_over_rows(&sampled_a, units);
        let bend = wires.bend.as_ref();
        let (kind, slopes) =
            bend.map_or((None, None), |bend| self.bends.slopes(bend, &sampled(Kept::Bent), units));
        let row_gradient_norm = across.row_gradients[index]
            .unwrap_or_else(|| statistics::row_gradient_norm(delta, x, rows));
        let telling = if self.products[index] {
            statistics::telling(d_weight, delta, x, rows)
        } else {
            let norm = shared_telling_norm(network, wires, d_weight, delta, x);
            Telling { norm, of_rows: row_gradient_norm }
        };
        let layer = LayerMeasurement {
            module: wires.module.clone(),
            branches: wires.branches.clone(),
            units,
            activation_deviation: reduce::variance(a).sqrt(),
            signal: (reduce::sum_of_squares(&deviations) / units as f64).sqrt(),
            pre_activation_second_moment: reduce::sum_of_squares(z) / z.len() as f64,
            is_passed_by: false,
            silent_share: statistics::constant_columns(&sampled_a, units) as f64 / units as f64,
            delta_norm: reduce::sum_of_squares(delta).sqrt(),
            gradient_norm: reduce::sum_of_squares(d_weight).sqrt(),
            telling_norm: telling.norm,
            row_gradient_norm,
            row_telling_norm: telling.of_rows,
            weight_norm: reduce::sum_of_squares(weight).sqrt(),
            scaled_weight_variance: fan_in as f64 * reduce::variance(weight),
            bias_mean_square: bias_mean_square(network, parameters, index),
            root_elements: (weight.len() as f64).sqrt(),
            non_finite: [z, a, delta].into_iter().map(reduce::count_non_finite).sum(),
            pre_activation_mean: reduce::mean(z),
            growth_error: growth(Kept::PreActivation, &across.first_z),
            gradient_growth_error: growth(Kept::Delta, &across.last_delta),
            cosine: cosine(&sampled_z),
            input_cosine,
            directions: told.directions,
            near_cosine: across.near[index],
            normalized: bend.is_some_and(|b| b.input != wires.pre_activation),
            activation: bend.map(|bend| bend.name.clone()),
            saturated_share: slopes
                .filter(|_| kind == Some(Shape::FlatOnBothSides))
                .map(|s| s.flat),
            dead_share: slopes.map(|s| s.dead),
            always_on_share: slopes
                .filter(|_| kind == Some(Shape::ZeroOnOneSide))
                .map(|s| s.always_on),
        };
        (layer, told.cosine)
    }
}

/// The norm of the part of a gradient that tells samples apart, where a weight is used at many
/// positions.
fn shared_telling_norm(
    network: &Network,
    layer: &LayerWires,
    gradient: &[f32],
    delta: &[f32],
    x: &[f32],
) -> f64 {
    let (out, input) = (Lay::of_units(network, layer), Lay::of_channels(network, layer));
    let weight = network.graph.parameters()[layer.weight];
    let weight = network.graph.shape(weight).axes();
    let shared = Shared { weight, axes: &layer.weight_axes, samples: out.count() };
    shared.telling_norm(gradient, &out.means(delta), &input.means(x))
}

/// Rows whose own gradients are computed, where they are no products of two vectors.
const GRADIENT_ROWS: usize = 16;

/// For every layer whose gradient of a row is no product of an error and an input, the root mean
/// square of its norm over the first [`GRADIENT_ROWS`] rows, with statistics held at the batch's.
fn row_gradient_norms(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
    products: &[bool],
) -> Result<Vec<Option<f64>>> {
    let mut norms = vec![None; products.len()];
    let asked: Vec<usize> = (0..norms.len()).filter(|&layer| !products[layer]).collect();
    if asked.is_empty() {
        return Ok(norms);
    }
    let (held, _) = hold_statistics(model, loss, weights, batch)?;
    let mut one = Network::new(model, loss, 1, Mode::Evaluate)?;
    let parameters = one.graph.parameters();
    let wanted: Vec<Wire> = asked.iter().map(|&l| parameters[one.layers[l].weight]).collect();
    let gradients = fanin_engine::gradients(&mut one.graph, one.loss, &wanted)?;
    let mut pass = Pass::<f32>::new(&one, &gradients, &held)?;
    let rows = batch.rows.min(GRADIENT_ROWS);
    let mut squares = vec![0.0; asked.len()];
    for row in 0..rows {
        pass.feed_batch(part(batch, row, 1));
        pass.run();
        for (index, sum) in squares.iter_mut().enumerate() {
            *sum += reduce::sum_of_squares(pass.read(index));
        }
    }
    for (layer, sum) in asked.into_iter().zip(squares) {
        norms[layer] = Some((sum / rows as f64).sqrt());
    }
    Ok(norms)
}

/// The mean square of a layer's biases; 0 without any.
fn bias_mean_square(network: &Network, parameters: &[Vec<f32>], layer: usize) -> f64 {
    let bias = network.layers[layer].bias.map(|position| &parameters[position]);
    bias.map_or(0.0, |bias| reduce::sum_of_squares(bias) / bias.len() as f64)
}

/// The loss of a network that answers 0 to every row.
fn loss_of_zero_output(model: &Model, loss: &Loss, batch: Batch<'_>) -> Result<f64> {
    let axes = model.architecture().output();
    let columns = loss.target_columns(&axes);
    let mut graph = Graph::new();
    let output = [&[batch.rows], axes.axes()].concat();
    let output = graph.input("output", Type::float(output));
    let targets = graph.input("targets", Type::float([batch.rows, columns]));
    let loss = loss.build(&mut graph, output, targets)?;
    let plan = Plan::new(&graph, &[loss])?;
    let mut workspace = plan.try_workspace::<f32>()?;
    workspace.feed(0).fill(0.0);
    workspace.feed(1).copy_from_slice(batch.targets);
    plan.run(&[], &mut workspace);
    Ok(f64::from(workspace.read(0)[0]))
}
