//! What pictures show beyond a [`Measurement`](super::Measurement): where pre-activations lie, how
//! angles between inputs change, what becomes of a cloud of rows, and single values of Jacobians.
//!
//! It is made only when a picture is asked for: no verdict needs it.
//!
//! Key: B rows, N units of a layer, z pre-activation, a activation.

use fanin_engine::Wire;
use fanin_kernels::reduce;
use serde::Serialize;

use super::first_rows::FirstRows;
use super::instruments::jacobian;
use super::instruments::pass::{Pass, first};
use super::probe::Batch;
use super::samples::Lay;
use crate::data::{Dataset, Targets};
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Half the line of pre-activations that is looked at: activations bend within it.
pub const REACH: f64 = 5.0;
/// Even parts of that line.
const PARTS: usize = 100;
/// Rows of a cloud.
const ROWS: usize = 120;
/// Layers with a cloud, evenly chosen: each costs about as much as the pass.
const CLOUDS: usize = 16;
/// Pairs of rows behind each curve of angles.
const PAIRS: usize = 12;
/// Cosines at which pairs start.
pub const STARTS: [f64; 5] = [0.0, 0.5, 0.8, 0.95, 0.99];
/// Turns of the power method; a cloud is drawn to a hundredth of its size.
const TURNS: usize = 40;

/// What pictures show of one start.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trace {
    /// Linear layers in the order of the data.
    pub layers: Vec<LayerTrace>,
    /// For each of [`STARTS`], the mean cosine between the z of such pairs, layer by layer.
    pub angles: Vec<Vec<f64>>,
    /// The class of each row of the clouds; empty where targets are no classes.
    pub classes: Vec<u32>,
    /// Singular values of what depth does, with their shares, smallest first.
    pub singular_values: Vec<(f64, f64)>,
}

/// What pictures show of one layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LayerTrace {
    /// The module.
    pub module: String,
    /// What enters the activation, in even parts of the line from −[`REACH`] to [`REACH`]; shares.
    pub shares: Vec<f64>,
    /// Share below that line.
    pub below: f64,
    /// Share above it.
    pub above: f64,
    /// The deviation of what enters the activation.
    pub deviation: f64,
    /// Its mean.
    pub mean: f64,
    /// Two principal components of a, a pair for each row, in units of the root mean square of ‖a‖;
    /// empty for layers that have no cloud.
    pub cloud: Vec<[f64; 2]>,
}

impl Trace {
    /// Traces `weights` on the first rows of `data`.
    ///
    /// # Errors
    /// If weights, data and model do not fit each other.
    pub fn new(model: &Model, loss: &Loss, weights: &Weights, data: &Dataset) -> Result<Self> {
        let rows = FirstRows::of(data, ROWS);
        let batch = rows.batch();
        let layers = layers(model, loss, weights, batch)?;
        let is_finite = layers.iter().all(|layer| layer.deviation.is_finite());
        let classes = match &data.targets {
            Targets::Classes { labels, .. } => labels[..batch.rows].to_vec(),
            _ => Vec::new(),
        };
        Ok(Self {
            layers,
            angles: angles(model, loss, weights, batch)?,
            classes,
            singular_values: if is_finite {
                jacobian::singular_values_of_depth(model, loss, weights, first(batch, 4))?
            } else {
                Vec::new()
            },
        })
    }
}

fn layers(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
) -> Result<Vec<LayerTrace>> {
    let network = Network::new(model, loss, batch.rows, Mode::Probe)?;
    let bent = network
        .layers
        .iter()
        .map(|layer| layer.bend.as_ref().map_or(layer.pre_activation, |bend| bend.input));
    let after = network.layers.iter().map(|layer| layer.activation);
    let keep: Vec<Wire> = bent.chain(after).collect();
    let mut pass = Pass::<f32>::new(&network, &keep, weights)?;
    pass.feed_batch(batch);
    pass.run();
    let depth = network.layers.len();
    let layer = |index: usize| {
        let wires = &network.layers[index];
        let z = pass.read(index);
        let has_cloud = depth <= CLOUDS || index * (CLOUDS - 1) % (depth - 1) < CLOUDS - 1;
        let a = Lay::of_units(&network, wires).samples(pass.read(depth + index));
        let cloud = if has_cloud { cloud(&a, batch.rows) } else { Vec::new() };
        LayerTrace { module: wires.module.clone(), cloud, ..line(z) }
    };
    Ok((0..depth).map(layer).collect())
}

/// The shares of `z` along the line.
fn line(z: &[f32]) -> LayerTrace {
    let (mut parts, mut below, mut above) = (vec![0_usize; PARTS], 0_usize, 0_usize);
    for &z in z {
        let place = (f64::from(z) + REACH) / (2.0 * REACH) * PARTS as f64;
        match place {
            place if place < 0.0 => below += 1,
            place if place < PARTS as f64 => parts[place as usize] += 1,
            _ => above += 1,
        }
    }
    let share = |count: usize| count as f64 / z.len().max(1) as f64;
    LayerTrace {
        shares: parts.into_iter().map(share).collect(),
        below: share(below),
        above: share(above),
        deviation: reduce::variance(z).sqrt(),
        mean: reduce::mean(z),
        ..LayerTrace::default()
    }
}

/// Two principal components of the rows of `a`, which may be several samples each.
fn cloud(a: &[f32], rows: usize) -> Vec<[f64; 2]> {
    let columns = a.len() / rows.max(1);
    let size = (reduce::sum_of_squares(a) / rows as f64).sqrt();
    if columns == 0 || !(size > 0.0 && size.is_finite()) {
        return vec![[0.0; 2]; rows];
    }
    let mut means = vec![0.0; columns];
    for row in a.chunks_exact(columns) {
        row.iter().zip(&mut means).for_each(|(&x, mean)| *mean += f64::from(x) / rows as f64);
    }
    let centered: Vec<f64> =
        a.iter().enumerate().map(|(i, &x)| (f64::from(x) - means[i % columns]) / size).collect();
    let mut gram = vec![0.0; rows * rows];
    for i in 0..rows {
        for j in 0..=i {
            let (x, y) = (&centered[i * columns..][..columns], &centered[j * columns..][..columns]);
            let product: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
            (gram[i * rows + j], gram[j * rows + i]) = (product, product);
        }
    }
    let first = component(&mut gram, rows, 0);
    let second = component(&mut gram, rows, 1);
    first.into_iter().zip(second).map(|(x, y)| [x, y]).collect()
}

/// The scores of the largest component of a Gram matrix, which is then taken out of it.
fn component(gram: &mut [f64], rows: usize, number: usize) -> Vec<f64> {
    let mut v: Vec<f64> = (0..rows).map(|i| ((i * 7 + number * 3) % 11) as f64 - 5.0).collect();
    let mut value = 0.0;
    for _ in 0..TURNS {
        let next: Vec<f64> =
            gram.chunks_exact(rows).map(|g| g.iter().zip(&v).map(|(g, v)| g * v).sum()).collect();
        value = next.iter().map(|x| x * x).sum::<f64>().sqrt();
        if value <= 1e-12 {
            return vec![0.0; rows];
        }
        v = next.into_iter().map(|x| x / value).collect();
    }
    let turned = if v.iter().map(|x| x.powi(3)).sum::<f64>() < 0.0 { -1.0 } else { 1.0 };
    for i in 0..rows {
        for j in 0..rows {
            gram[i * rows + j] -= value * v[i] * v[j];
        }
    }
    v.into_iter().map(|x| turned * x * value.sqrt()).collect()
}

/// Cosines between the z of pairs that start at each of [`STARTS`], layer by layer.
fn angles(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
) -> Result<Vec<Vec<f64>>> {
    let columns = batch.features.len() / batch.rows;
    let targets = batch.targets.len() / batch.rows;
    let pairs = PAIRS.min(batch.rows / 2);
    let numbers =
        model.architecture().feeds().iter().all(|f| f.numbers == crate::spec::Numbers::Measured);
    if pairs == 0 || !numbers {
        return Ok(Vec::new());
    }
    let together = pairs * (1 + STARTS.len());
    let network = Network::new(model, loss, together, Mode::Probe)?;
    let keep: Vec<Wire> = network.layers.iter().map(|layer| layer.pre_activation).collect();
    let mut pass = Pass::<f32>::new(&network, &keep, weights)?;
    let row = |index: usize| &batch.features[index * columns..][..columns];
    let mut features = batch.features[..pairs * columns].to_vec();
    for start in STARTS {
        (0..pairs).for_each(|i| features.extend(turned(row(i), row(batch.rows - 1 - i), start)));
    }
    pass.feed(Network::FEATURES, &features);
    pass.feed(Network::TARGETS, &batch.targets[..pairs * targets].repeat(1 + STARTS.len()));
    pass.run();
    let curve = |start: usize| {
        let layer = |index: usize| {
            let z = Lay::of_units(&network, &network.layers[index]).samples(pass.read(index));
            let size = z.len() / together;
            let of = |row: usize| &z[row * size..][..size];
            let cosines = (0..pairs).map(|i| cosine(of(i), of((1 + start) * pairs + i)));
            cosines.sum::<f64>() / pairs as f64
        };
        (0..keep.len()).map(layer).collect()
    };
    Ok((0..STARTS.len()).map(curve).collect())
}

/// A row of the length of `x` at the cosine `c` to it, in the plane of `x` and `other`.
fn turned(x: &[f32], other: &[f32], c: f64) -> Vec<f32> {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let size = dot(x, x).max(f64::MIN_POSITIVE);
    let along = dot(x, other) / size;
    let across: Vec<f64> =
        x.iter().zip(other).map(|(x, o)| f64::from(*o) - along * f64::from(*x)).collect();
    let length = across.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    let sine = (1.0 - c * c).sqrt() * size.sqrt() / length;
    x.iter().zip(across).map(|(x, a)| (c * f64::from(*x) + sine * a) as f32).collect()
}

fn cosine(x: &[f32], y: &[f32]) -> f64 {
    let product: f64 = x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
    let size = (reduce::sum_of_squares(x) * reduce::sum_of_squares(y)).sqrt();
    if size > 0.0 { product / size } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_row_has_the_cosine_and_the_length_asked_for() {
        let (x, other) = ([3.0, 0.0, 4.0], [1.0, 2.0, 0.5]);
        for c in STARTS {
            let y = turned(&x, &other, c);
            assert!((cosine(&x, &y) - c).abs() < 1e-6);
            assert!((reduce::sum_of_squares(&y) - 25.0).abs() < 1e-4);
        }
    }

    /// Rows on a line have one component, whose scores are their places on it.
    #[test]
    fn a_cloud_on_a_line_has_its_places() {
        let a = [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 5.0, 5.0];
        let scores = cloud(&a, 4);
        let size = (60.0_f64 / 4.0).sqrt();
        let root = 2.0_f64.sqrt() / size;
        for (score, place) in scores.iter().zip([-2.0, -1.0, 0.0, 3.0]) {
            assert!((score[0] - place * root).abs() < 1e-9, "{scores:?}");
            assert!(score[1].abs() < 1e-6, "{scores:?}");
        }
    }

    #[test]
    fn shares_along_the_line_add_up_to_one() {
        let trace = line(&[-7.0, -4.99, 0.0, 0.01, 4.99, 5.0, f32::NAN]);
        assert_eq!((trace.below, trace.above), (1.0 / 7.0, 2.0 / 7.0));
        let all = trace.shares.iter().sum::<f64>() + trace.below + trace.above;
        assert!((all - 1.0).abs() < 1e-12);
        assert_eq!(trace.shares[50], 2.0 / 7.0);
    }
}
