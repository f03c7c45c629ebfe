//! What simulations draw, and what they tell of it.

use fanin_kernels::orthogonal::fill_orthonormal_rows;
use fanin_kernels::random::{Stream, fill_normal_f64};

use crate::theory::Weights;

/// Normal numbers of mean 0.
pub fn normal(stream: Stream, deviation: f64, count: usize) -> Vec<f64> {
    let mut values = vec![0.0; count];
    fill_normal_f64(stream, 0, 0.0, deviation, &mut values);
    values
}

/// The square weight of a layer, of variance `σ_w²`/`width`.
pub fn square(stream: Stream, kind: Weights, weight_variance: f64, width: usize) -> Vec<f64> {
    match kind {
        Weights::Gaussian => normal(stream, (weight_variance / width as f64).sqrt(), width * width),
        Weights::Orthogonal => {
            let mut values = vec![0.0_f32; width * width];
            fill_orthonormal_rows(stream, width, weight_variance.sqrt(), &mut values);
            values.into_iter().map(f64::from).collect()
        }
    }
}

/// Σ ab.
pub fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The mean.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The variance over independent draws.
pub fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}
