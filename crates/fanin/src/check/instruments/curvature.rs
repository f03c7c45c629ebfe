//! Curvature of the loss at the starting weights, and the longest step that stays stable.
//!
//! Key: g gradient, H Hessian of the mean loss over the batch with respect to all trained
//! parameters, λ an eigenvalue of H, P the diagonal by which Adam divides a gradient, η learning
//! rate, β momentum.

use fanin_engine::{Element, Type, Wire, pullback};
use fanin_kernels::lanczos::{Lanczos, Ritz};
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::reduce;
use serde::Serialize;

use super::pass::{Arranged, Number, Pass, Source, ensure_fits, part};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Numbers that all vectors of a Krylov space may hold together: 1 GB in f32.
const MOST_NUMBERS: usize = 1 << 28;

/// How long the search goes on, and whose steps it is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Products with the Hessian at most; fewer where memory would pass 1 GB.
    pub most_steps: usize,
    /// Residual, relative to the largest |λ|, at which an eigenvalue counts as found.
    pub tolerance: f64,
    /// Which ends must be found before the search is over.
    pub search: Search,
    /// An eigenvalue that something hangs on: where the largest may be near it, residuals count as
    /// found at a fifth of the tolerance, and none before four products unless it is a thirtieth of it:
    /// then at twice the tolerance.
    pub limit: Option<f64>,
    /// Seed of the start vector.
    pub seed: u64,
    /// Also the curvature that Adam and its like see; `None`: not measured.
    pub adam: Option<Adam>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            most_steps: 40,
            tolerance: 0.02,
            search: Search::Both,
            limit: None,
            seed: 0,
            adam: None,
        }
    }
}

/// Which ends of the spectrum are searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Both: the space starts from a normal vector.
    Both,
    /// The largest alone: the space starts near the gradient, which at the start of training lies
    /// mostly in the space of the largest few (Gur-Ari, Roberts & Dyer 2018).
    Largest,
}

/// How Adam scales gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// ε, added to the root mean square.
    pub epsilon: f64,
    /// Parts of the batch, of two rows or more, over which the gradient's square is averaged: P = √(mean g²) + ε. With
    /// one part P is that of the very first step, |g| + ε, in which single elements near 0 decide.
    pub parts: usize,
}

impl Default for Adam {
    fn default() -> Self {
        Self { epsilon: 1e-8, parts: 8 }
    }
}

/// The ends of a spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ends {
    /// The largest λ: the sharpness.
    pub largest: f64,
    /// Some eigenvalue is at most this far from `largest`; the largest one itself is not smaller
    /// than `largest` − rounding.
    pub largest_residual: f64,
    /// The smallest λ, most often negative; known only to within its residual, since it hardly
    /// stands out of the others.
    pub smallest: f64,
    /// Some eigenvalue is at most this far from `smallest`.
    pub smallest_residual: f64,
    /// Products with the Hessian that were taken.
    pub steps: usize,
    /// Whether the residuals of the ends searched for are below the tolerance.
    pub converged: bool,
}

/// The largest stable learning rate for a largest curvature, or the largest curvature that is
/// stable at a learning rate: their product is at most 2(1 + β).
pub(in crate::check) fn stable_rate(largest: f64, momentum: f64) -> f64 {
    2.0 * (1.0 + momentum) / largest
}

/// Curvature of the mean loss of a batch.
///
/// Kinks (relu at 0) have no curvature here: they have measure 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Curvature {
    /// Rows of the batch; the sharpness of fewer rows is larger on average.
    pub rows: usize,
    /// ‖g‖.
    pub gradient_norm: f64,
    /// Ends of the spectrum of H.
    pub plain: Ends,
    /// Ends of the spectrum of P^(−½)·H·P^(−½), where it was asked for.
    pub preconditioned: Option<Ends>,
}

impl Curvature {
    /// The largest stable learning rate of gradient descent with momentum β: 2(1 + β)/λ on a
    /// quadratic (Polyak 1964); with β = 0 it is 2/λ. `None` where no direction curves upwards.
    pub fn stable_rate(&self, momentum: f64) -> Option<f64> {
        let largest = self.plain.largest;
        (largest > 0.0).then(|| stable_rate(largest, momentum))
    }

    /// The largest stable learning rate of Adam with memory β₁, for a P that no longer changes:
    /// (2 + 2β₁)/((1 − β₁)·λ), 38/λ for β₁ = 0.9 (Cohen et al. 2022, §3).
    pub fn stable_adam_rate(&self, beta1: f64) -> Option<f64> {
        let largest = self.preconditioned?.largest;
        (largest > 0.0).then(|| (2.0 + 2.0 * beta1) / ((1.0 - beta1) * largest))
    }
}

/// Measures the curvature of the loss of `batch` at `weights`.
///
/// Batch normalization uses the batch's statistics, dropout is off.
///
/// # Errors
/// If the weights or the batch do not fit the model.
pub fn measure(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
    options: &Options,
) -> Result<Curvature> {
    measure_in::<f32>(model, loss, weights, batch, options)
}

fn measure_in<T: Number>(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
    options: &Options,
) -> Result<Curvature> {
    ensure_fits(model, batch)?;
    Ok(Planned::<T>::new(model, loss, weights, batch, options.adam)?.measure(options))
}

/// The curvature of the loss of a batch, planned once for weights of any number.
pub(in crate::check) struct Planned<'a, T> {
    batch: Batch<'a>,
    hessian: Hessian<T>,
    adam: Option<AdamScale<'a>>,
}

impl<'a, T: Number> Planned<'a, T> {
    /// Plans products with H, and with Adam's own where it is asked for.
    pub fn new(
        model: &Model,
        loss: &Loss,
        weights: &dyn Source,
        batch: Batch<'a>,
        adam: Option<Adam>,
    ) -> Result<Self> {
        let hessian = Hessian::new(model, loss, weights, batch)?;
        let adam =
            adam.map(|adam| AdamScale::new(model, loss, weights, batch, adam)).transpose()?;
        Ok(Self { batch, hessian, adam })
    }

    /// Takes other parameters, in the graph's order.
    pub fn set_parameters(&mut self, parameters: &Arranged<f32>) {
        self.hessian.pass.set_parameters(parameters);
        if let Some(adam) = &mut self.adam {
            adam.pass.set_parameters(parameters);
        }
    }

    pub fn measure(&mut self, options: &Options) -> Curvature {
        self.hessian.begin();
        let plain = self.hessian.ends(&Scale(None), options);
        let scale = self.adam.as_mut().map(AdamScale::read);
        Curvature {
            rows: self.batch.rows,
            gradient_norm: reduce::sum_of_squares(&self.hessian.gradient).sqrt(),
            plain,
            preconditioned: scale.map(|scale| self.hessian.ends(&Scale(Some(scale)), options)),
        }
    }
}

/// The product of a vector with H, by differentiating the gradient once more (Pearlmutter 1994).
struct Hessian<T> {
    pass: Pass<T>,
    sizes: Vec<usize>,
    gradient: Vec<T>,
}

/// The first input that takes a part of the vector.
const VECTOR: usize = 2;

impl<T: Number> Hessian<T> {
    fn new(model: &Model, loss: &Loss, weights: &dyn Source, batch: Batch<'_>) -> Result<Self> {
        let mut network = Network::new(model, loss, batch.rows, Mode::Probe)?;
        let gradients = network.add_gradients()?;
        let wires: Vec<Wire> =
            network.trained.iter().map(|&p| network.graph.parameters()[p]).collect();
        let graph = &mut network.graph;
        let seeds: Vec<(Wire, Wire)> = gradients
            .iter()
            .map(|&g| (g, graph.input("v", Type::float(graph.shape(g).clone()))))
            .collect();
        let products = pullback(graph, &seeds, &wires)?;
        let sizes = wires.iter().map(|&w| network.graph.shape(w).elements()).collect();
        let keep = [&products[..], &gradients[..]].concat();
        let vector: Vec<usize> = (VECTOR..VECTOR + wires.len()).collect();
        let mut pass = Pass::staged(&network, &keep, weights, &vector)?;
        pass.feed_batch(batch);
        Ok(Self { pass, sizes, gradient: Vec::new() })
    }

    /// Runs for the gradient alone.
    fn begin(&mut self) {
        self.pass.prepare();
        self.gradient.clear();
        self.gradient.reserve(self.sizes.iter().sum());
        for tensor in self.sizes.len()..2 * self.sizes.len() {
            self.gradient.extend_from_slice(self.pass.read(tensor));
        }
    }

    fn multiply(&mut self, scale: &Scale, x: &[T], out: &mut [T]) {
        let mut start = 0;
        for (index, &size) in self.sizes.iter().enumerate() {
            let input = self.pass.input(VECTOR + index);
            scale.apply(start, &x[start..start + size], input);
            start += size;
        }
        self.pass.run();
        let mut start = 0;
        for (index, &size) in self.sizes.iter().enumerate() {
            scale.apply(start, self.pass.read(index), &mut out[start..start + size]);
            start += size;
        }
    }

    /// Adds to `start` nine times as much of the scaled gradient; a normal vector alone remains
    /// where that is 0 or not finite.
    fn lean_on_gradient(&self, scale: &Scale, start: &mut [f64]) {
        const LEANING: f64 = 9.0;
        let mut gradient = vec![T::ZERO; start.len()];
        scale.apply(0, &self.gradient, &mut gradient);
        let size = reduce::sum_of_squares(&gradient).sqrt();
        let share = LEANING * (start.len() as f64).sqrt() / size;
        if share.is_finite() && size > 0.0 {
            start.iter_mut().zip(gradient).for_each(|(x, g)| *x += share * g.to_f64());
        }
    }

    /// Lanczos' method until both ends are found.
    fn ends(&mut self, scale: &Scale, options: &Options) -> Ends {
        let size: usize = self.sizes.iter().sum();
        let mut normal = vec![0.0_f32; size];
        fill_normal(Stream::new(options.seed, "curvature"), 0, 0.0, 1.0, &mut normal);
        let mut start: Vec<f64> = normal.into_iter().map(f64::from).collect();
        if options.search == Search::Largest {
            self.lean_on_gradient(scale, &mut start);
        }
        let mut space = Lanczos::<T>::new(start.into_iter().map(T::from_f64).collect());
        let most = options.most_steps.min(MOST_NUMBERS / size.max(1)).max(2);
        loop {
            let more = space.step(|x, out| self.multiply(scale, x, out));
            let ritz = space.ritz();
            let mut ends = ends(&ritz, options);
            ends.converged |= !more && ends.largest.is_finite();
            if ends.converged || !more || space.steps() >= most {
                return ends;
            }
        }
    }
}

fn ends(ritz: &[Ritz], options: &Options) -> Ends {
    let (low, high) = (ritz[0], ritz[ritz.len() - 1]);
    let scale = match options.search {
        Search::Both => low.value.abs().max(high.value.abs()),
        Search::Largest => high.value,
    };
    // An eigenvalue of a Krylov space is below the largest, and after a few products not by much
    // more than ten times (Kuczyński & Woźniakowski 1992).
    let is_near = |limit: f64| (0.1 * limit..limit).contains(&high.value);
    // Where even thirty times as much would stay below it, more products decide nothing.
    let is_far = |limit: f64| 30.0 * (high.value + high.residual) < limit;
    let share = match options.limit {
        Some(limit) if is_near(limit) => 0.2,
        Some(limit) if is_far(limit) => 2.0,
        _ => 1.0,
    };
    let fewest = if options.limit.is_some_and(|limit| !is_far(limit)) { 4 } else { 2 };
    let found = |ritz: Ritz| ritz.residual <= share * options.tolerance * scale;
    Ends {
        largest: high.value,
        largest_residual: high.residual,
        smallest: low.value,
        smallest_residual: low.residual,
        steps: ritz.len(),
        converged: ritz.len() >= fewest
            && found(high)
            && (options.search == Search::Largest || found(low)),
    }
}

/// P^(−½), or 1 for all elements.
struct Scale(Option<Vec<f32>>);

impl Scale {
    fn apply<T: Element>(&self, start: usize, x: &[T], out: &mut [T]) {
        match &self.0 {
            None => out.copy_from_slice(x),
            Some(scale) => {
                let scale = &scale[start..start + x.len()];
                for ((out, &x), &s) in out.iter_mut().zip(x).zip(scale) {
                    *out = T::from_f64(x.to_f64() * f64::from(s));
                }
            }
        }
    }
}

/// The gradients of parts of a batch, which Adam's own scale is made from.
struct AdamScale<'a> {
    batch: Batch<'a>,
    adam: Adam,
    parts: usize,
    tensors: usize,
    pass: Pass<f32>,
}

impl<'a> AdamScale<'a> {
    fn new(
        model: &Model,
        loss: &Loss,
        weights: &dyn Source,
        batch: Batch<'a>,
        adam: Adam,
    ) -> Result<Self> {
        // A part of one row has no batch statistics.
        let parts = adam.parts.clamp(1, (batch.rows / 2).max(1));
        let (network, pass) = Pass::<f32>::of_gradients(model, loss, weights, batch.rows / parts)?;
        Ok(Self { batch, adam, parts, tensors: network.trained.len(), pass })
    }

    /// P^(−½).
    fn read(&mut self) -> Vec<f32> {
        let Self { batch, adam, parts, tensors, pass } = self;
        let rows = batch.rows / *parts;
        let mut squares: Vec<f32> = Vec::new();
        for index in 0..*parts {
            pass.run_on(part(*batch, index * rows, rows));
            let mut start = 0;
            for gradient in (0..*tensors).map(|tensor| pass.read(tensor)) {
                let end = start + gradient.len();
                if index == 0 {
                    squares.extend(gradient.iter().map(|g| g * g));
                } else {
                    let sums = squares[start..end].iter_mut();
                    sums.zip(gradient).for_each(|(sum, g)| *sum += g * g);
                }
                start = end;
            }
        }
        let scale = |square: f32| {
            let root = (f64::from(square) / *parts as f64).sqrt();
            (1.0 / (root + adam.epsilon).sqrt()) as f32
        };
        squares.into_iter().map(scale).collect()
    }
}

#[cfg(test)]
mod tests;
