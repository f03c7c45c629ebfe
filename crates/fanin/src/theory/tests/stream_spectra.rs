//! Singular values of linear streams, whose blocks are free of each other, by closed forms.

use super::named;
use crate::theory::complex::Complex;
use crate::theory::{Layer, Network, Point, Quantiles, Weights, stream_singular_values};

fn linear(branch: f64, weight_variance: f64, depth: usize, weights: Weights) -> Quantiles {
    let activation = named("identity");
    let layer = Layer::new(&*activation, Point::new(weight_variance, 0.0));
    let network = Network::Residual { branch };
    stream_singular_values(&network, &layer, 1.0, depth, weights).expect("it is a stream")
}

/// ψ and t = 1/λ of 1 + T, T = σ times a circular element. With w the value of the Cauchy transform of the
/// symmetric law of its singular values, w times the R-transforms of ±1 and of T is c + σ²w², c(1 + c) = w²:
/// they add up to ψ, and t = (w/(1 + ψ))².
fn block(c: Complex, variance: f64) -> (Complex, Complex) {
    let one = Complex::new(1.0, 0.0);
    let factor = one + c.scaled(variance);
    (c + (c * (one + c)).scaled(variance), c / ((one + c) * factor * factor))
}

/// The density of ln λ of `depth` linear blocks, −Im ψ/π, along λ: S-transforms multiply, so that t goes
/// to t^L·((1 + ψ)/ψ)^{L − 1}. c is followed by Newton's method from far above the real axis of λ.
fn shares(variance: f64, depth: usize) -> Vec<(f64, f64)> {
    const STEPS: usize = 5000;
    let one = Complex::new(1.0, 0.0);
    let log = |c: Complex| {
        let (series, t) = block(c, variance);
        let more = ((one + series) / series).ln().scaled(depth as f64 - 1.0);
        (t.ln().scaled(depth as f64) + more, series)
    };
    let (top, bottom) = (8.0_f64, -20.0);
    let solve = |c: &mut Complex, want: Complex| {
        for _ in 0..50 {
            let nudge = c.scaled(1e-6);
            let (here, near) = (log(*c).0, log(*c + nudge).0);
            let mut off = here - want;
            let turns = (off.imaginary / std::f64::consts::TAU).round();
            off.imaginary -= turns * std::f64::consts::TAU;
            let step = off * nudge / (near - here);
            let size = step.size() / c.size();
            *c = *c - step.scaled(if size > 0.1 { 0.1 / size } else { 1.0 });
            if size < 1e-13 {
                return;
            }
        }
    };
    // From the far negative axis of λ, t = −e^{-top}, to just below the positive axis of t.
    let mut c = Complex::new(-(-top).exp(), 0.0);
    for step in 0..=STEPS {
        let angle = -std::f64::consts::PI * (1.0 - step as f64 / STEPS as f64) - 1e-5;
        solve(&mut c, Complex::new(-top, angle));
    }
    let mut found = Vec::new();
    for step in 0..STEPS {
        let place = top + (bottom - top) * (step as f64 + 0.5) / STEPS as f64;
        solve(&mut c, Complex::new(-place, -1e-5));
        let density = -log(c).1.imaginary / std::f64::consts::PI;
        found.push((place, density * (top - bottom) / STEPS as f64));
    }
    found.reverse();
    found
}

#[test]
fn linear_normal_blocks_have_the_law_of_their_free_product() {
    for (variance, depth) in [(1.0, 1), (0.3, 1), (0.3, 3), (1.0, 3)] {
        let law = shares(variance, depth);
        let total: f64 = law.iter().map(|part| part.1).sum();
        assert!((total - 1.0).abs() < 0.01, "{variance} {depth}: {total}");
        let found = linear(1.0, variance, depth, Weights::Gaussian);
        for (value, share) in [(found.low, 0.05), (found.median, 0.5), (found.high, 0.95)] {
            let below = law.iter().filter(|part| part.0 <= 2.0 * value.ln());
            let got: f64 = below.map(|part| part.1).sum();
            assert!((got - share).abs() < 4e-3, "{variance} {depth}: {got}, not {share}");
        }
    }
}

// |1 + σe^{iθ}| with θ uniform.
#[test]
fn one_linear_orthogonal_block_has_the_lengths_of_sums_of_unit_vectors() {
    for (branch, variance) in [(1.0_f64, 1.0_f64), (0.5, 2.0), (2.0, 1.5), (-0.01, 1.0)] {
        let found = linear(branch, variance, 1, Weights::Orthogonal);
        let size = branch.abs() * variance.sqrt();
        for (value, share) in [(found.low, 0.05), (found.median, 0.5), (found.high, 0.95)] {
            let angle = std::f64::consts::PI * (1.0 - share);
            let want = (1.0 + size * size + 2.0 * size * angle.cos()).sqrt();
            assert!(
                (value / want - 1.0).abs() < 0.01 * size,
                "{branch} {variance}: {value} {want}"
            );
        }
    }
}

#[test]
fn a_branch_that_adds_nothing_leaves_all_singular_values_at_one() {
    let found = linear(0.0, 1.0, 9, Weights::Gaussian);
    assert_eq!([found.low, found.median, found.high], [1.0; 3]);
}

/// Narrow laws are narrow: ln s has deviation √(L·a) for L small normal blocks.
#[test]
fn small_branches_have_narrow_laws() {
    let found = linear(0.01, 1.0, 30, Weights::Gaussian);
    assert!((found.median - 1.0).abs() < 5e-3, "{found:?}");
    let width = (found.high / found.low).ln();
    assert!(width > 0.1 && width < 0.25, "{found:?}");
}
