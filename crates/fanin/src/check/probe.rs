//! What one forward and one backward pass through starting weights show.
//!
//! Key: B rows, N units of a layer, z pre-activation, a activation, δ = ∂loss/∂z.

use std::borrow::Cow;
use std::iter::repeat_n;

use fanin_engine::activations::{self, Activation};
use fanin_engine::{Graph, Plan, Type, Wire};
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::reduce;

use super::duplicates;
use super::features::{self, FeatureScales};
use super::instruments::pass::{Pass, hold_statistics, part};
use super::measurement::{LayerMeasurement, Measurement};
use super::samples::Lay;
use super::shared::{Shared, is_product};
use super::statistics::{self, Slopes};
use crate::error::Result;
use crate::spec::{Bend, LayerWires, Loss, Mode, Model, Network, Numbers};
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
const PAIRED_ROWS: usize = 64;

/// The cosine between a row and its neighbor, as in the usual experiments on chaos
/// (Schoenholz et al. 2017).
const NEAR: f64 = 0.99;

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
    let bent: Vec<Wire> = network
        .layers
        .iter()
        .map(|l| l.bend.as_ref().map_or(l.pre_activation, |bend| bend.input))
        .collect();
    let inputs: Vec<Wire> = network.layers.iter().map(|l| l.input).collect();
    // Asked before gradients use the weights, too.
    let products: Vec<bool> = network.layers.iter().map(|l| is_product(&network, l)).collect();
    let parameters = network.graph.parameters();
    let weight: Vec<Wire> = network.layers.iter().map(|l| parameters[l.weight]).collect();
    let wanted: Vec<Wire> = pre.iter().chain(&weight).copied().collect();
    let gradients = fanin_engine::gradients(&mut network.graph, network.loss, &wanted)?;
    let keep: Vec<Wire> =
        [&pre[..], &post[..], &bent[..], &gradients[..], &inputs[..], &[network.loss]].concat();

    let plan = Plan::new(&network.graph, &keep)?;
    let mut workspace = plan.workspace::<f32>();
    workspace.feed(Network::FEATURES).copy_from_slice(batch.features);
    workspace.feed(Network::TARGETS).copy_from_slice(batch.targets);
    let parameters = network.arrange(weights)?;
    plan.run(&parameters, &mut workspace);

    let depth = pre.len();
    let near = near_cosines(model, loss, &parameters, batch)?;
    let read = |kind: usize, layer: usize| workspace.read(kind * depth + layer);
    let lay = |layer: usize| Lay::of_units(&network, &network.layers[layer]);
    let rows_of = |kind: usize, layer: usize| {
        let x = lay(layer).samples(read(kind, layer));
        statistics::row_second_moments(&x, x.len() / batch.rows)
    };
    let (first_z, last_delta) = (rows_of(0, 0), rows_of(3, depth.saturating_sub(2)));
    let row_gradients = row_gradient_norms(model, loss, weights, batch, &products)?;
    let layer = |index: usize| {
        let (z, a) = (read(0, index), read(1, index));
        let (delta, d_weight) = (read(3, index), read(4, index));
        let x = read(5, index);
        let wires = &network.layers[index];
        let (out, input) = (lay(index), Lay::of_channels(&network, wires));
        let units = out.units();
        let sampled = |kind: usize| out.samples(read(kind, index));
        let (sampled_z, sampled_a, bent) = (sampled(0), sampled(1), sampled(2));
        let sampled_x = input.samples(x);
        let row_of = |x: &[f32]| x.len() / batch.rows;
        let weight = &parameters[wires.weight];
        let fan_in = weight.len() / units;
        let deviations = statistics::deviations_over_rows(&sampled_a, units);
        let bend = wires.bend.as_ref();
        let (kind, slopes) = bend.map_or((None, None), |bend| slopes(bend, &bent, units));
        LayerMeasurement {
            module: wires.module.clone(),
            branches: wires.branches.clone(),
            units,
            activation_deviation: reduce::variance(a).sqrt(),
            signal: (reduce::sum_of_squares(&deviations) / units as f64).sqrt(),
            pre_activation_second_moment: reduce::sum_of_squares(z) / z.len() as f64,
            silent_share: statistics::constant_columns(&sampled_a, units) as f64 / units as f64,
            delta_norm: reduce::sum_of_squares(delta).sqrt(),
            gradient_norm: reduce::sum_of_squares(d_weight).sqrt(),
            telling_norm: if products[index] {
                statistics::telling_norm(d_weight, delta, x, batch.rows)
            } else {
                shared_telling_norm(&network, wires, d_weight, delta, x)
            },
            row_gradient_norm: row_gradients[index]
                .unwrap_or_else(|| statistics::row_gradient_norm(delta, x, batch.rows)),
            weight_norm: reduce::sum_of_squares(weight).sqrt(),
            scaled_weight_variance: fan_in as f64 * reduce::variance(weight),
            bias_mean_square: bias_mean_square(&network, &parameters, index),
            root_elements: (weight.len() as f64).sqrt(),
            non_finite: [z, a, delta].into_iter().map(reduce::count_non_finite).sum(),
            pre_activation_mean: reduce::mean(z),
            growth_error: statistics::log_ratio_error(&rows_of(0, index), &first_z),
            gradient_growth_error: statistics::log_ratio_error(&rows_of(3, index), &last_delta),
            cosine: statistics::spread(&sampled_z, row_of(&sampled_z), PAIRED_ROWS).cosine,
            input_cosine: statistics::spread(&sampled_x, row_of(&sampled_x), PAIRED_ROWS).cosine,
            directions: statistics::spread(&sampled_a, row_of(&sampled_a), PAIRED_ROWS).directions,
            near_cosine: near[index],
            normalized: bend.is_some_and(|b| b.input != wires.pre_activation),
            activation: bend.map(|bend| bend.name.clone()),
            saturated_share: slopes
                .filter(|_| kind == Some(Shape::FlatOnBothSides))
                .map(|s| s.flat),
            dead_share: slopes.map(|s| s.dead),
            always_on_share: slopes
                .filter(|_| kind == Some(Shape::ZeroOnOneSide))
                .map(|s| s.always_on),
        }
    };
    let (input_second_moment, features) = input_scales(model, batch);
    Ok(Measurement {
        rows: batch.rows,
        layers: (0..depth).map(layer).collect(),
        loss: f64::from(workspace.read(keep.len() - 1)[0]),
        loss_of_zero_output: loss_of_zero_output(model, loss, batch)?,
        input_second_moment,
        features,
        duplicates: duplicates::duplicates(weights),
        claims: Vec::new(),
    })
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
    let mut workspace = plan.workspace::<f32>();
    workspace.feed(0).fill(0.0);
    workspace.feed(1).copy_from_slice(batch.targets);
    plan.run(&[], &mut workspace);
    Ok(f64::from(workspace.read(0)[0]))
}

/// What an activation does far from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    FlatOnBothSides,
    ZeroOnOneSide,
    Other,
}

impl Shape {
    /// Told by the slope far out on both sides.
    fn of(activation: &dyn Activation) -> Self {
        const FAR: f64 = 1e3;
        let (left, right) = (activation.at(1, -FAR).abs(), activation.at(1, FAR).abs());
        let flat = 0.05 * steepest(activation);
        match (left, right) {
            (left, right) if left < flat && right < flat => Self::FlatOnBothSides,
            (0.0, right) if right > 0.0 => Self::ZeroOnOneSide,
            _ => Self::Other,
        }
    }
}

/// The largest |φ′| on [−8, 8], on a grid of sixteenths.
fn steepest(activation: &dyn Activation) -> f64 {
    (-128..=128).map(|i| activation.at(1, f64::from(i) / 16.0).abs()).fold(0.0, f64::max)
}

fn slopes(bend: &Bend, input: &[f32], units: usize) -> (Option<Shape>, Option<Slopes>) {
    let Some(activation) = activations::find(&bend.name) else { return (None, None) };
    let mut slope = vec![0.0; input.len()];
    activation.apply_f32(1, input, &mut slope);
    let told = statistics::slopes(&slope, units, steepest(&*activation));
    (Some(Shape::of(&*activation)), Some(told))
}

/// For every layer the median cosine between the z of rows and of neighbors at [`NEAR`] to them:
/// x′ = c·x + √(1 − c²)·ξ with ξ normal and of the size of x.
fn near_cosines(
    model: &Model,
    loss: &Loss,
    parameters: &[Vec<f32>],
    batch: Batch<'_>,
) -> Result<Vec<f64>> {
    let rows = batch.rows.min(PAIRED_ROWS);
    let columns = batch.features.len() / batch.rows;
    let targets = batch.targets.len() / batch.rows;
    let network = Network::new(model, loss, 2 * rows, Mode::Probe)?;
    let feeds = model.architecture().feeds();
    let pre: Vec<Wire> = network.layers.iter().map(|l| l.pre_activation).collect();
    let plan = Plan::new(&network.graph, &pre)?;
    let mut workspace = plan.workspace::<f32>();
    let (x, near) = workspace.feed(Network::FEATURES).split_at_mut(rows * columns);
    x.copy_from_slice(&batch.features[..rows * columns]);
    fill_normal(Stream::new(0, "neighbors"), 0, 0.0, 1.0, near);
    for (x, near) in x.chunks_exact(columns).zip(near.chunks_exact_mut(columns)) {
        let size = (reduce::sum_of_squares(x) / columns as f64).sqrt();
        let mut start = 0;
        for feed in &feeds {
            let columns = start..start + feed.columns;
            start = columns.end;
            for (x, near) in x[columns.clone()].iter().zip(&mut near[columns]) {
                *near = neighbor(feed.numbers, *x, *near, size);
            }
        }
    }
    let (first, second) = workspace.feed(Network::TARGETS).split_at_mut(rows * targets);
    first.copy_from_slice(&batch.targets[..rows * targets]);
    second.copy_from_slice(first);
    plan.run(parameters, &mut workspace);
    let cosine = |layer: usize| {
        let wires = &network.layers[layer];
        let z = Lay::of_units(&network, wires).samples(workspace.read(layer));
        let (x, near) = z.split_at(z.len() / 2);
        let units = x.len() / rows;
        let pairs = x.chunks_exact(units).zip(near.chunks_exact(units));
        let mut cosines: Vec<f64> = pairs.map(|(x, near)| cosine_between(x, near)).collect();
        cosines.sort_by(f64::total_cmp);
        cosines[cosines.len() / 2]
    };
    Ok((0..pre.len()).map(cosine).collect())
}

/// A number near `x`, by a normal draw: of an index, the next one in 1 − [`NEAR`] of all places.
fn neighbor(numbers: Numbers, x: f32, draw: f32, size: f64) -> f32 {
    /// P(|ξ| > 2.576) = 0.01 for standard normal ξ.
    const RARE: f32 = 2.576;
    match numbers {
        Numbers::Measured => {
            let noise = (1.0 - NEAR * NEAR).sqrt() * size * f64::from(draw);
            (NEAR * f64::from(x) + noise) as f32
        }
        Numbers::Indices(count) if draw.abs() > RARE => (x + 1.0) % count.max(1) as f32,
        Numbers::Indices(_) | Numbers::Switches => x,
    }
}

/// The mean square of the measured numbers in a batch, and how they are scaled.
fn input_scales(model: &Model, batch: Batch<'_>) -> (f64, FeatureScales) {
    let (numbers, columns) = measured(model, batch);
    if columns == 0 {
        return (1.0, FeatureScales { deviation_ratio: 1.0, ..FeatureScales::default() });
    }
    let second_moment = reduce::sum_of_squares(&numbers) / numbers.len() as f64;
    (second_moment, features::scales(&numbers, columns))
}

/// The columns of a batch that are measured numbers, and how many there are.
fn measured<'b>(model: &Model, batch: Batch<'b>) -> (Cow<'b, [f32]>, usize) {
    let columns = batch.features.len() / batch.rows;
    let feeds = model.architecture().feeds();
    if feeds.iter().all(|feed| feed.numbers == Numbers::Measured) {
        return (batch.features.into(), columns);
    }
    let is_measured: Vec<bool> = feeds
        .iter()
        .flat_map(|feed| repeat_n(feed.numbers == Numbers::Measured, feed.columns))
        .collect();
    let cells = batch.features.iter().zip(is_measured.iter().cycle());
    let kept = cells.filter(|(_, kept)| **kept).map(|(x, _)| *x).collect::<Vec<f32>>();
    (kept.into(), is_measured.iter().filter(|kept| **kept).count())
}

fn cosine_between(x: &[f32], y: &[f32]) -> f64 {
    let dot: f64 = x.iter().zip(y).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    let size = (reduce::sum_of_squares(x) * reduce::sum_of_squares(y)).sqrt();
    if size > 0.0 { dot / size } else { 1.0 }
}
