//! Gradients that are known to be all noise, or all signal.

use fanin_kernels::random::{Stream, fill_normal};

use super::*;
use crate::check::instruments::tests::Sample;

fn noise(sample: &Sample, loss: Loss) -> GradientNoise {
    measure(&sample.model, &loss, &sample.weights, sample.batch()).unwrap().unwrap()
}

/// At W = 0 the gradient of ½‖Wx − y‖² is −y·xᵀ; with x = ±1 and y standard normal it is standard
/// normal in every element, independent of all others. 3000 elements, 32 rows.
fn pure_noise(seed: u64) -> Sample {
    let mut sample = Sample::seeded("3 -> 1000", "zeros", 32, seed);
    sample.features.iter_mut().for_each(|x| *x = x.signum());
    fill_normal(Stream::new(seed, "y"), 0, 0.0, 1.0, &mut sample.targets);
    sample
}

#[test]
fn pure_noise_has_the_null_mean() {
    let found = noise(&pure_noise(1), Loss::SquaredError);
    assert_eq!((found.parts, found.rows_per_part), (32, 1));
    assert_eq!(found.null, 1.0 / 29.0);
    let weight = &found.tensors[0];
    assert_eq!((weight.name.as_str(), weight.elements), ("0.weight", 3000));
    // Three elements share a variance, which widens the error by less than a half.
    let off = (weight.signal_to_noise - found.null).abs();
    assert!(off < 5.0 * weight.null_error, "{weight:?}");
    assert!(weight.null_error < 0.05 * found.null, "the test could not fail: {weight:?}");
    // ‖E g‖² is 0, and tr Σ is 1 per element.
    assert!(weight.squared_norm.abs() < 4.0 * weight.squared_norm_error, "{weight:?}");
    assert!((weight.noise / 3000.0 - 1.0).abs() < 0.1, "{weight:?}");
    assert!(weight.half_cosine.abs() < 0.1, "{weight:?}");
}

/// Over many draws the estimate of ‖E g‖² is on average what it should be: no bias.
#[test]
fn the_squared_norm_has_no_bias() {
    let estimates: Vec<f64> = (0..40)
        .map(|seed| {
            let mut sample = Sample::seeded("3 -> 20", "zeros", 16, seed);
            sample.features.fill(1.0);
            fill_normal(Stream::new(seed, "y"), 0, 0.5, 1.0, &mut sample.targets);
            noise(&sample, Loss::SquaredError).tensors[0].squared_norm
        })
        .collect();
    let mean = estimates.iter().sum::<f64>() / 40.0;
    let variance = estimates.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 39.0;
    // 60 elements of mean 0.5, three alike: 15.
    assert!((mean - 15.0).abs() < 4.0 * (variance / 40.0).sqrt(), "{mean} {variance}");
    assert!((variance / 40.0).sqrt() < 1.5, "the test could not fail: {variance}");
}

#[test]
fn identical_rows_have_no_noise() {
    let mut sample = Sample::new("4 -> 5 tanh -> 3", "he-normal", 10).with_classes();
    for row in 1..10 {
        sample.features.copy_within(0..4, row * 4);
        sample.targets.copy_within(0..3, row * 3);
    }
    let found = noise(&sample, Loss::CrossEntropy);
    for tensor in found.tensors.iter().chain([&found.total]) {
        assert_eq!(tensor.noiseless_share, 1.0, "{tensor:?}");
        assert_eq!(tensor.signal_to_noise, 0.0, "{tensor:?}");
        assert!(tensor.noise.abs() < 1e-9 * tensor.squared_norm, "{tensor:?}");
        assert!((tensor.half_cosine - 1.0).abs() < 1e-9, "{tensor:?}");
        assert!(tensor.noise_scale.unwrap().abs() < 1e-9, "{tensor:?}");
    }
}

/// The factors give what whole gradients of single rows give, for every kind of parameter.
#[test]
fn factors_equal_whole_gradients() {
    let sample = Sample::new("4 -> 2x5 layer_norm prelu -> 3", "he-normal", 8).with_classes();
    let (model, weights, batch) = (&sample.model, &sample.weights, sample.batch());
    let loss = Loss::CrossEntropy;
    let whole = of_groups(model, &loss, weights, batch, 1).unwrap();
    let factored = RowGradients::new(model, &loss, weights, batch).unwrap().of(Of::Loss);
    assert_eq!(whole.len(), factored.len());
    for tensor in &factored {
        let same = whole.iter().find(|t| t.name == tensor.name).unwrap();
        assert_eq!(same.elements, tensor.elements);
        let (found, expected) = (tensor.gram(), same.gram());
        let size = expected.iter().fold(1e-12, |a: f64, x| a.max(x.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5 * size, "{}: {found} {expected}", tensor.name);
        }
        let list = |tensor: &TensorGradients| {
            let mut all = Vec::new();
            tensor.moments(|element| all.extend([element.mean, element.mean_square]));
            all
        };
        for (found, expected) in list(tensor).iter().zip(&list(same)) {
            assert!((found - expected).abs() < 1e-5 * size.max(size.sqrt()), "{}", tensor.name);
        }
    }
}

#[test]
fn batch_normalization_is_measured_in_groups() {
    let sample = Sample::new("4 -> 6 batch_norm relu -> 3", "he-normal", 100).with_classes();
    let found = noise(&sample, Loss::CrossEntropy);
    assert_eq!((found.parts, found.rows_per_part), (16, 6));
    assert_eq!(found.tensors.len(), 6);
    let few = Sample::new("4 -> 6 batch_norm relu -> 3", "he-normal", 10).with_classes();
    let none = measure(&few.model, &Loss::CrossEntropy, &few.weights, few.batch()).unwrap();
    assert_eq!(none, None, "five groups of two rows say nothing");
}
