//! Singular values of the Jacobian: what the network does to small changes of a row.
//!
//! Key: J the m × n matrix of derivatives of m results with respect to n inputs, at one row; σ its
//! singular values; u and v vectors on the side of the results and of the inputs.

use fanin_engine::{Wire, pullback};
use fanin_kernels::lanczos::GolubKahan;
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::singular_values::singular_values;
use serde::Serialize;

use super::pass::{Arranged, Pass, Source, ensure_fits, hold_statistics, part, spaced};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{LayerWires, Loss, Mode, Model, Network};
use crate::weights::Weights;

/// The shorter side from which on the whole of J is not computed.
const EXACT_BELOW: usize = 512;

/// Operations m·n·min(m, n) above which the exact singular values take a quarter of a second.
const EXACT_WORK: usize = 1 << 28;

/// Copies of a row that are sent through the network together.
const COPIES: usize = 128;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Rows of the batch, evenly spaced, at which J is taken.
    pub rows: usize,
    /// m·n·min(m, n) above which Lanczos' method takes the place of exact singular values.
    pub exact_work: usize,
    /// Products with J, and as many with Jᵀ, per start vector of Lanczos' method.
    pub steps: usize,
    /// Start vectors per row of Lanczos' method.
    pub probes: usize,
    /// Seed of the start vectors.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { rows: 4, exact_work: EXACT_WORK, steps: 60, probes: 4, seed: 0 }
    }
}

/// How singular values were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// All of them, from the whole matrix.
    Exact,
    /// Their extremes and density, by Golub & Kahan's bidiagonalization from random vectors.
    Lanczos,
}

/// The singular values of J at some rows: min(m, n) of them at each.
///
/// Standard errors are over rows, or over rows and start vectors where the method is Lanczos';
/// they do not say how much another seed of the weights would change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spectrum {
    /// n.
    pub inputs: usize,
    /// m.
    pub outputs: usize,
    /// Rows at which J was taken.
    pub rows: usize,
    /// How.
    pub method: Method,
    /// The largest σ, mean over rows; from below where the method is Lanczos'.
    pub largest: f64,
    /// The smallest σ, mean over rows; from above where the method is Lanczos'. Below 10⁻⁶ of the
    /// largest it is rounding.
    pub smallest: f64,
    /// 95 % point over 5 % point of all σ; infinite where more than 5 % are 0.
    pub condition: f64,
    /// Mean of σ²: factor on the square of a small random change, per result.
    pub mean_square: f64,
    /// Standard error of `mean_square`.
    pub mean_square_error: f64,
    /// Variance of σ² over its mean squared: 0 for an isometry, L for L Gaussian linear layers.
    pub relative_variance: f64,
    /// Standard error of `relative_variance`.
    pub relative_variance_error: f64,
}

/// Jacobians of a network at its starting weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Jacobian {
    /// Outputs with respect to the features of one row.
    pub input_output: Spectrum,
    /// The last hidden layer's z with respect to the first one's: what depth does. Where the last
    /// hidden layer stands in a branch, what enters the output layer takes its place. `None` with
    /// fewer than two hidden layers.
    pub depth: Option<Spectrum>,
    /// Whether statistics of batch normalization were held at the batch's own.
    pub statistics_held: bool,
}

/// Measures the Jacobians of `model` with `weights` at rows of `batch`.
///
/// # Errors
/// If the weights or the batch do not fit the model.
pub fn measure(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
    options: &Options,
) -> Result<Jacobian> {
    ensure_fits(model, batch)?;
    let (held, statistics_held) = hold_statistics(model, loss, weights, batch)?;
    let mut planned = Planned::new(model, loss, &held, batch, *options, Wanted::BOTH)?;
    let Spectra { ends, depth } = planned.measure();
    let input_output = ends.expect("it was asked for");
    Ok(Jacobian { input_output, depth, statistics_held })
}

/// Which Jacobians are measured.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct Wanted {
    /// That of the outputs.
    pub ends: bool,
    /// That of the depth, if there is one.
    pub depth: bool,
}

impl Wanted {
    const BOTH: Self = Self { ends: true, depth: true };
}

/// What was measured of those that were wanted.
pub(in crate::check) struct Spectra {
    pub ends: Option<Spectrum>,
    pub depth: Option<Spectrum>,
}

/// Jacobians at rows of a batch, planned once for weights of any number.
pub(in crate::check) struct Planned<'a> {
    ends: Option<At<'a>>,
    depth: Option<At<'a>>,
}

impl<'a> Planned<'a> {
    /// Plans for weights in which statistics are held.
    pub fn new(
        model: &Model,
        loss: &Loss,
        held: &dyn Source,
        batch: Batch<'a>,
        options: Options,
        wanted: Wanted,
    ) -> Result<Self> {
        let one = &Network::new(model, loss, 1, Mode::Evaluate)?;
        let place = Place { model, loss, weights: held, one };
        let at = |between| At::new(&place, batch, options, between);
        let is_deep = wanted.depth && depth_wires(one).is_some();
        Ok(Self {
            ends: wanted.ends.then(|| at(Between::Ends)).transpose()?,
            depth: is_deep.then(|| at(Between::Hidden)).transpose()?,
        })
    }

    /// Takes other parameters, in the graph's order.
    pub fn set_parameters(&mut self, held: &Arranged<f32>) {
        let means = [self.ends.as_mut(), self.depth.as_mut()].into_iter().flatten();
        means.for_each(|at| at.means.set_parameters(held));
    }

    pub fn measure(&mut self) -> Spectra {
        let spectrum = |at: &mut Option<At<'a>>| at.as_mut().map(At::spectrum);
        Spectra { ends: spectrum(&mut self.ends), depth: spectrum(&mut self.depth) }
    }
}

/// The singular values of what depth does, as [`Jacobian::depth`] sums them up, with shares that
/// add up to 1, smallest first; none where there is no such Jacobian.
///
/// # Errors
/// As [`measure`].
pub fn singular_values_of_depth(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
) -> Result<Vec<(f64, f64)>> {
    ensure_fits(model, batch)?;
    let one = &Network::new(model, loss, 1, Mode::Evaluate)?;
    if depth_wires(one).is_none() {
        return Ok(Vec::new());
    }
    let (held, _) = hold_statistics(model, loss, weights, batch)?;
    let place = Place { model, loss, weights: &held, one };
    let densities = At::new(&place, batch, Options::default(), Between::Hidden)?.densities();
    let share = 1.0 / densities.len().max(1) as f64;
    let mut pooled: Density = densities.into_iter().flatten().collect();
    pooled.iter_mut().for_each(|(_, weight)| *weight *= share);
    pooled.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(pooled)
}

/// From where to where derivatives are taken.
#[derive(Clone, Copy)]
enum Between {
    Ends,
    Hidden,
}

impl Between {
    fn wires(self, network: &Network) -> (Wire, Wire) {
        match self {
            Self::Ends => (network.graph.inputs()[Network::FEATURES], network.output),
            Self::Hidden => depth_wires(network).expect("the network has two hidden layers"),
        }
    }
}

fn depth_wires(network: &Network) -> Option<(Wire, Wire)> {
    let (output, hidden) = network.layers.split_last()?;
    let in_branch = |layer: &LayerWires| !layer.branches.is_empty();
    let first = hidden.iter().find(|layer| !in_branch(layer))?;
    let last = hidden.last().filter(|last| last.module != first.module)?;
    let to = if in_branch(last) { output.input } else { last.pre_activation };
    (!in_branch(output)).then_some((first.pre_activation, to))
}

/// Where derivatives are taken.
struct Place<'a> {
    model: &'a Model,
    loss: &'a Loss,
    weights: &'a dyn Source,
    /// The network for one row.
    one: &'a Network,
}

impl Place<'_> {
    /// Products with J or Jᵀ for so many copies of a row.
    fn products(&self, between: Between, side: Side, copies: usize) -> Result<Products> {
        let mut network = Network::new(self.model, self.loss, copies, Mode::Evaluate)?;
        let (from, to) = between.wires(&network);
        let graph = &mut network.graph;
        let u = graph.input("u", graph.type_of(to).clone());
        let backward = pullback(graph, &[(to, u)], &[from])?[0];
        let (wire, seed) = match side {
            Side::Backward => (backward, U),
            Side::Forward => {
                let v = graph.input("v", graph.type_of(from).clone());
                // Jᵀu is linear in u, so its derivative by u along v is J·v.
                (pullback(graph, &[(backward, v)], &[u])?[0], V)
            }
        };
        let pass = Pass::staged(&network, &[wire], self.weights, &[seed])?;
        Ok(Products { pass, seed, copies })
    }
}

/// One Jacobian at rows of a batch.
struct At<'a> {
    batch: Batch<'a>,
    options: Options,
    /// m and n.
    size: (usize, usize),
    means: Means,
}

/// What singular values are found by.
enum Means {
    /// The whole matrix.
    Matrix(Box<Products>),
    /// Products with J and with Jᵀ.
    Both(Box<[Products; 2]>),
}

impl Means {
    fn set_parameters(&mut self, parameters: &Arranged<f32>) {
        let all = match self {
            Self::Matrix(products) => std::slice::from_mut(&mut **products),
            Self::Both(sides) => &mut sides[..],
        };
        all.iter_mut().for_each(|products| products.pass.set_parameters(parameters));
    }
}

/// σ with weights that add up to 1, smallest first.
type Density = Vec<(f64, f64)>;

impl<'a> At<'a> {
    fn new(
        place: &Place<'_>,
        batch: Batch<'a>,
        options: Options,
        between: Between,
    ) -> Result<Self> {
        let (from, to) = between.wires(place.one);
        let width = |wire: Wire| place.one.graph.shape(wire).elements();
        let (m, n) = (width(to), width(from));
        let shorter = m.min(n);
        let exact = shorter < EXACT_BELOW && m * n * shorter <= options.exact_work;
        let means = if exact {
            let side = if m <= n { Side::Backward } else { Side::Forward };
            Means::Matrix(Box::new(place.products(between, side, shorter.min(COPIES))?))
        } else {
            let side = |side| place.products(between, side, 1);
            Means::Both(Box::new([side(Side::Forward)?, side(Side::Backward)?]))
        };
        Ok(Self { batch, options, size: (m, n), means })
    }

    fn spectrum(&mut self) -> Spectrum {
        let densities = self.densities();
        let method = match self.means {
            Means::Matrix(_) => Method::Exact,
            Means::Both(_) => Method::Lanczos,
        };
        let rows = spaced(self.batch.rows, self.options.rows).count();
        summarize(&densities, self.size, rows, method)
    }

    /// Singular values at each row, or for each row and start vector.
    fn densities(&mut self) -> Vec<Density> {
        let Self { batch, options, size: (m, n), means } = self;
        let (shorter, longer) = ((*m).min(*n), (*m).max(*n));
        let mut densities: Vec<Density> = Vec::new();
        for row in spaced(batch.rows, options.rows) {
            let features = part(*batch, row, 1).features;
            match means {
                Means::Matrix(products) => {
                    let matrix = products.matrix(features, shorter, longer);
                    let mut values = singular_values(&matrix, shorter, longer);
                    values.reverse();
                    let share = 1.0 / shorter as f64;
                    densities.push(values.into_iter().map(|s| (s, share)).collect());
                }
                Means::Both(sides) => {
                    sides.iter_mut().for_each(|side| side.pass.feed(Network::FEATURES, features));
                    let stream = Stream::new(options.seed, "jacobian").numbered(row as u64);
                    let probes = 0..options.probes.max(1) as u64;
                    let streams = probes.map(|probe| stream.numbered(probe));
                    let steps = options.steps.max(1);
                    densities.extend(streams.map(|s| lanczos(sides, (*m, *n), steps, s)));
                }
            }
        }
        densities
    }
}

/// The density of σ as one start vector sees it, by products with J and with Jᵀ.
fn lanczos(
    [forward, backward]: &mut [Products; 2],
    (m, n): (usize, usize),
    steps: usize,
    stream: Stream,
) -> Density {
    let mut start = vec![0.0; m.min(n)];
    fill_normal(stream, 0, 0.0, 1.0, &mut start);
    let forward = |x: &[f32], out: &mut [f32]| forward.multiply(x, out);
    let backward = |x: &[f32], out: &mut [f32]| backward.multiply(x, out);
    let mut space = GolubKahan::new(start);
    let mut ahead: (Box<Apply<'_>>, Box<Apply<'_>>) = if n <= m {
        (Box::new(forward), Box::new(backward))
    } else {
        (Box::new(backward), Box::new(forward))
    };
    for _ in 0..steps {
        if !space.step(m.max(n), &mut ahead.0, &mut ahead.1) {
            break;
        }
    }
    space.ritz().iter().map(|r| (r.value, r.weight)).collect()
}

type Apply<'a> = dyn FnMut(&[f32], &mut [f32]) + 'a;

/// The input that takes u.
const U: usize = 2;
/// The input that takes v.
const V: usize = 3;

/// Whether a vector is multiplied by J or by Jᵀ.
#[derive(Clone, Copy)]
enum Side {
    Forward,
    Backward,
}

/// Products with J or with Jᵀ.
struct Products {
    pass: Pass<f32>,
    /// The input that takes the vectors.
    seed: usize,
    copies: usize,
}

impl Products {
    /// J at a row, or its transpose if it has more rows than columns: row-major, shorter side
    /// first.
    fn matrix(&mut self, features: &[f32], short: usize, long: usize) -> Vec<f64> {
        let Self { pass, seed, copies } = self;
        let rows = pass.input(Network::FEATURES).chunks_exact_mut(features.len());
        rows.for_each(|row| row.copy_from_slice(features));
        let mut matrix = Vec::with_capacity(short * long);
        for start in (0..short).step_by(*copies) {
            let count = short.min(start + *copies) - start;
            let seeds = pass.input(*seed);
            seeds.fill(0.0);
            (0..count).for_each(|i| seeds[i * short + start + i] = 1.0);
            pass.run();
            matrix.extend(pass.read(0)[..count * long].iter().map(|&x| f64::from(x)));
        }
        matrix
    }

    fn multiply(&mut self, x: &[f32], out: &mut [f32]) {
        self.pass.feed(self.seed, x);
        self.pass.run();
        out.copy_from_slice(self.pass.read(0));
    }
}

fn summarize(
    densities: &[Density],
    (outputs, inputs): (usize, usize),
    rows: usize,
    method: Method,
) -> Spectrum {
    let moment = |density: &Density, power: i32| -> f64 {
        density.iter().map(|(s, weight)| weight * s.powi(power)).sum()
    };
    let over = |f: &dyn Fn(&Density) -> f64| -> Vec<f64> { densities.iter().map(f).collect() };
    let (mean_square, mean_square_error) = mean_and_error(&over(&|d| moment(d, 2)));
    let spread = |d: &Density| (moment(d, 4) / moment(d, 2).powi(2) - 1.0).max(0.0);
    let (relative_variance, relative_variance_error) = mean_and_error(&over(&spread));
    let end = |f: fn(&Density) -> Option<&(f64, f64)>| -> f64 {
        mean_and_error(&over(&|d| f(d).map_or(f64::NAN, |(s, _)| *s))).0
    };
    let mut pooled: Density = densities.iter().flatten().copied().collect();
    pooled.sort_by(|a, b| a.0.total_cmp(&b.0));
    Spectrum {
        inputs,
        outputs,
        rows,
        method,
        largest: end(|d| d.last()),
        smallest: end(|d| d.first()),
        condition: quantile(&pooled, 0.95) / quantile(&pooled, 0.05),
        mean_square,
        mean_square_error,
        relative_variance,
        relative_variance_error,
    }
}

/// The smallest σ at which the weights below and at it reach the share.
fn quantile(density: &Density, share: f64) -> f64 {
    let total: f64 = density.iter().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    let reached = density.iter().find(|(_, weight)| {
        sum += weight;
        sum >= share * total * (1.0 - 1e-12)
    });
    reached.or(density.last()).map_or(f64::NAN, |(s, _)| *s)
}

/// Mean and its standard error; the error of a single value is not known: NaN.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

#[cfg(test)]
mod tests;
