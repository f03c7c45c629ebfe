//! Networks whose Jacobian is known: orthogonal, Gaussian products, and a small explicit one.

use super::*;
use crate::check::instruments::tests::Sample;

fn jacobian(sample: &Sample, options: &Options) -> Jacobian {
    measure(&sample.model, &Loss::SquaredError, &sample.weights, sample.batch(), options).unwrap()
}

#[test]
fn orthogonal_layers_are_an_isometry() {
    let sample = Sample::new("40 -> 3x40 -> 40", "orthogonal:1.0", 3);
    let found = jacobian(&sample, &Options::default());
    for spectrum in [&found.input_output, &found.depth.unwrap()] {
        assert_eq!((spectrum.inputs, spectrum.outputs, spectrum.rows), (40, 40, 3));
        assert_eq!(spectrum.method, Method::Exact);
        for value in [spectrum.largest, spectrum.smallest, spectrum.condition, spectrum.mean_square]
        {
            assert!((value - 1.0).abs() < 1e-5, "{spectrum:?}");
        }
        assert!(spectrum.relative_variance < 1e-9, "{spectrum:?}");
    }
}

/// Means over seeds of the relative variance and of the largest σ² over the mean.
fn over_seeds(model: &str, scheme: &str, seeds: u64) -> (f64, f64) {
    let of_seed = |seed| {
        let sample = Sample::seeded(model, scheme, 1, seed);
        let depth = jacobian(&sample, &Options::default()).depth.unwrap();
        (depth.relative_variance, depth.largest.powi(2) / depth.mean_square)
    };
    let all: Vec<(f64, f64)> = (0..seeds).map(of_seed).collect();
    let mean = |f: fn(&(f64, f64)) -> f64| all.iter().map(f).sum::<f64>() / seeds as f64;
    (mean(|x| x.0), mean(|x| x.1))
}

/// Var of eig(JJᵀ)/mean is L for L Gaussian linear layers, 2L with relu, L for relu with
/// orthogonal layers (Pennington, Schoenholz & Ganguli 2017). 20 networks of width 200 gave 4.02,
/// 8.16 and 4.10 for L = 4, so 15 % are enough for 6 of width 128.
#[test]
fn gaussian_products_have_the_spectrum_of_free_probability() {
    for (model, scheme, variance) in [
        ("128 -> 5x128 -> 4", "lecun-normal", 4.0),
        ("128 -> 5x128 relu -> 4", "he-normal", 8.0),
        ("128 -> 5x128 relu -> 4", "orthogonal", 4.0),
    ] {
        let (found, largest) = over_seeds(model, scheme, 6);
        assert!((found / variance - 1.0).abs() < 0.15, "{model} {scheme}: {found}");
        if variance == 4.0 && scheme == "lecun-normal" {
            // (L+1)^(L+1)/L^L for L = 4; finite width stays below it: 11.37 at width 200.
            let limit = 3125.0 / 256.0;
            assert!(largest < 1.1 * limit && largest > 0.8 * limit, "{largest} of {limit}");
        }
    }
}

/// A chain of matrices by hand, whichever side is longer and whatever the method.
#[test]
fn products_give_the_explicit_matrix() {
    let mut sample = Sample::new("2 -> 3", "zeros", 1);
    sample.set("0.weight", &[3.0, 0.0, 0.0, 0.0, 0.0, 4.0]);
    let tall = jacobian(&sample, &Options::default()).input_output;
    assert!((tall.largest - 4.0).abs() < 1e-6 && (tall.smallest - 3.0).abs() < 1e-6);
    assert!((tall.mean_square - 12.5).abs() < 1e-5 && tall.outputs == 3);
    let mut sample = Sample::new("3 -> 2", "zeros", 1);
    sample.set("0.weight", &[3.0, 0.0, 0.0, 0.0, 0.0, 4.0]);
    let wide = jacobian(&sample, &Options::default()).input_output;
    assert!((wide.largest - 4.0).abs() < 1e-6 && (wide.condition - 4.0 / 3.0).abs() < 1e-6);
    assert!(jacobian(&sample, &Options::default()).depth.is_none());
}

/// 600 and more units on both sides are above the limit; their spectrum is that of one Gaussian
/// matrix with aspect ratio c = 600/800: σ² from (1 − √c)² to (1 + √c)² times its mean over c,
/// variance c.
#[test]
fn lanczos_finds_ends_and_moments_of_a_large_matrix() {
    for model in ["800 -> 600", "600 -> 800"] {
        let mut sample = Sample::new(model, "normal:0.05", 2);
        let options = Options { rows: 1, steps: 50, probes: 6, seed: 3, ..Options::default() };
        let found = jacobian(&sample, &options).input_output;
        assert_eq!(found.method, Method::Lanczos);
        let scale = 0.05 * 800_f64.sqrt();
        let root = 0.75_f64.sqrt();
        assert!((found.largest / (scale * (1.0 + root)) - 1.0).abs() < 0.03, "{found:?}");
        // The lower edge is reached from above.
        assert!(found.smallest / scale > 0.9 * (1.0 - root), "{found:?}");
        assert!(found.smallest / scale < 2.0 * (1.0 - root), "{found:?}");
        let mean_square = scale * scale;
        // √(2·0.75/600) of the mean for one probe, so 2 % for six.
        let error = 0.0204 * mean_square;
        assert!((found.mean_square - mean_square).abs() < 4.0 * error, "{found:?}");
        assert!(found.mean_square_error < 2.5 * error, "{found:?}");
        assert!(found.mean_square_error > 0.2 * error, "{found:?}");
        assert!((found.relative_variance / 0.75 - 1.0).abs() < 0.15, "{found:?}");
        // All weights alike: one singular value and 599 zeros.
        let weight = vec![0.01; 480_000];
        sample.set("0.weight", &weight);
        let flat = jacobian(&sample, &options).input_output;
        assert!((flat.largest / (0.01 * 480_000_f64.sqrt()) - 1.0).abs() < 1e-4, "{flat:?}");
    }
}

/// Products with half of the units of a relu layer on: exact and Lanczos' method agree.
#[test]
fn both_methods_agree() {
    let sample = Sample::new("30 -> 3x40 relu -> 20", "he-normal", 1);
    let options = Options { rows: 1, steps: 30, probes: 200, ..Options::default() };
    let exact = jacobian(&sample, &options).input_output;
    let found = jacobian(&sample, &Options { exact_work: 0, ..options }).input_output;
    assert_eq!([exact.method, found.method], [Method::Exact, Method::Lanczos]);
    assert!((found.largest / exact.largest - 1.0).abs() < 1e-4, "{found:?} {exact:?}");
    let off = (found.mean_square - exact.mean_square).abs();
    assert!(off < 4.0 * found.mean_square_error, "{found:?} {exact:?}");
}

#[test]
fn statistics_of_a_batch_are_held() {
    let sample = Sample::new("20 -> 2x20 batch_norm -> 20", "orthogonal:1.0", 200);
    let found = jacobian(&sample, &Options::default());
    assert!(found.statistics_held);
    // Standard normal features through orthogonal layers have variance 1 already.
    assert!((found.input_output.mean_square - 1.0).abs() < 0.1, "{found:?}");
}

#[test]
fn quantiles_count_weights() {
    let density = vec![(0.0, 0.25), (1.0, 0.25), (3.0, 0.5)];
    assert_eq!([0.05, 0.25, 0.3, 0.95].map(|q| quantile(&density, q)), [0.0, 0.0, 1.0, 3.0]);
}
