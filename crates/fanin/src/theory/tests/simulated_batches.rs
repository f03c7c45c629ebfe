//! Whole batches under batch normalization against simulated ones, in plain f64.

use fanin_engine::activations::Activation;
use fanin_kernels::matmul::{Matrix, matmul};
use fanin_kernels::random::Stream;

use super::draws::{normal, product, variance};
use super::named;
use crate::theory::batch_variances;

const ROWS: usize = 8;
const WIDTH: usize = 160;
const DEPTH: usize = 4;

/// ln q and the correlation of the last pre-activations, and ln ‖δ‖² before the first normalization over
/// that behind the last.
fn batch(activation: &dyn Activation, seed: u64) -> [f64; 3] {
    let stream = Stream::new(seed, "batch");
    let count = ROWS as f64;
    let mut y = normal(stream.numbered(0), 1.0, WIDTH * ROWS);
    let (mut layers, mut out) = (Vec::new(), vec![0.0; WIDTH * ROWS]);
    for layer in 0..DEPTH as u64 {
        let deviation = (WIDTH as f64).sqrt().recip();
        let weights = normal(stream.numbered(layer + 1), deviation, WIDTH * WIDTH);
        let mut sizes = Vec::new();
        for h in y.chunks_exact_mut(ROWS) {
            let mean = h.iter().sum::<f64>() / count;
            h.iter_mut().for_each(|x| *x -= mean);
            let size = (product(h, h) / count).sqrt();
            h.iter_mut().for_each(|x| *x /= size);
            sizes.push(size);
        }
        let values: Vec<f64> = y.iter().map(|x| activation.at(0, *x)).collect();
        let of = Matrix::new(&weights, WIDTH, WIDTH);
        matmul(of, Matrix::new(&values, WIDTH, ROWS), &mut out, false);
        layers.push((weights, std::mem::replace(&mut y, out.clone()), sizes));
    }
    let square = product(&y, &y) / count;
    let sums = y.chunks_exact(ROWS).map(|h| h.iter().sum::<f64>().powi(2));
    let common = (sums.sum::<f64>() - count * square) / (count * (count - 1.0));
    let mut delta = normal(stream.numbered(100), 1.0, WIDTH * ROWS);
    for unit in delta.chunks_exact_mut(ROWS) {
        let mean = unit.iter().sum::<f64>() / count;
        unit.iter_mut().for_each(|x| *x -= mean);
    }
    let start = product(&delta, &delta);
    for (weights, h, sizes) in layers.iter().rev() {
        let turned = Matrix::new(weights, WIDTH, WIDTH).transposed(true);
        matmul(turned, Matrix::new(&delta, WIDTH, ROWS), &mut out, false);
        delta.copy_from_slice(&out);
        for ((unit, h), size) in delta.chunks_exact_mut(ROWS).zip(h.chunks_exact(ROWS)).zip(sizes) {
            unit.iter_mut().zip(h).for_each(|(d, x)| *d *= activation.at(1, *x));
            let mean = unit.iter().sum::<f64>() / count;
            let along = product(unit, h) / count;
            unit.iter_mut().zip(h).for_each(|(d, x)| *d = (*d - mean - along * x) / size);
        }
    }
    [square.ln(), common / square, (product(&delta, &delta) / start).ln()]
}

// 1000 seeds leave a variance an error of 4.5 %, the drawn units one of 3 %, and further terms are as
// ROWS·DEPTH/WIDTH, a fifth: hence 25 %.
#[test]
fn whole_batches_vary_over_seeds_as_theory_says() {
    let mut wrong = Vec::new();
    for name in ["relu", "tanh", "gelu"] {
        let activation = named(name);
        let mut found: [Vec<f64>; 3] = Default::default();
        for seed in 0..1000 {
            for (values, value) in found.iter_mut().zip(batch(&*activation, seed)) {
                values.push(value);
            }
        }
        let law = batch_variances(&*activation, ROWS).unwrap();
        let gradient = DEPTH as f64 * law.log_gradient.unwrap();
        let want = [law.log_second_moment, law.correlation, gradient];
        for ((what, values), want) in ["q", "correlation", "gradient"].iter().zip(&found).zip(want)
        {
            let got = WIDTH as f64 * variance(values);
            if (got / want - 1.0).abs() >= 0.25 || got.is_nan() {
                wrong.push(format!("{name}, {what}: {got}, expected {want}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// A unit on the sphere has mean square 1 in every batch, and what batches have in common is −1/(B − 1).
#[test]
fn linear_batches_vary_by_their_last_layer_alone() {
    for rows in [4, 12, 64] {
        let found = batch_variances(&*named("identity"), rows).unwrap();
        let b = rows as f64;
        assert!((found.log_second_moment - 2.0 / (b - 1.0)).abs() < 1e-9, "{rows}: {found:?}");
        assert!(found.correlation < 1e-9, "{rows}: {found:?}");
        assert_eq!(found.log_gradient.is_some(), rows > 5);
        if let Some(gradient) = found.log_gradient {
            let want = (4.0 * b - 10.0) / ((b - 5.0) * (b - 2.0));
            assert!((gradient / want - 1.0).abs() < 1e-9, "{rows}: {gradient} {want}");
        }
    }
}
