//! Against explicit Jacobians of tiny networks, and against the limit of infinite width.

use fanin_engine::{Type, pullback};

use super::*;
use crate::check::instruments::pass::{Pass, hold_statistics};
use crate::check::instruments::tests::Sample;
use crate::spec::{Mode, Network};

const ALL: Options = Options { rows: 64, outputs: 64 };

/// J·Jᵀ from whole gradients in f64, averaged over outputs.
fn explicit(sample: &Sample) -> Vec<f64> {
    let (rows, outputs) = (sample.rows, sample.model.outputs());
    let mut network = Network::new(&sample.model, &Loss::SquaredError, 1, Mode::Evaluate).unwrap();
    let seed = network.graph.input("seed", Type::float([1, outputs]));
    let parameters = network.graph.parameters();
    let wires: Vec<_> = network.trained.iter().map(|&p| parameters[p]).collect();
    let keep = pullback(&mut network.graph, &[(network.output, seed)], &wires).unwrap();
    let mut pass = Pass::<f64>::new(&network, &keep, &sample.weights).unwrap();
    let mut kernel = vec![0.0; rows * rows];
    for output in 0..outputs {
        let mut gradients: Vec<Vec<f64>> = Vec::new();
        for row in 0..rows {
            let width = sample.model.inputs();
            pass.feed(0, &sample.features[row * width..(row + 1) * width]);
            pass.input(2).fill(0.0);
            pass.input(2)[output] = 1.0;
            pass.run();
            gradients.push((0..keep.len()).flat_map(|k| pass.read(k).to_vec()).collect());
        }
        for (i, j) in (0..rows).flat_map(|i| (0..rows).map(move |j| (i, j))) {
            let product = gradients[i].iter().zip(&gradients[j]).map(|(a, b)| a * b);
            kernel[i * rows + j] += product.sum::<f64>() / outputs as f64;
        }
    }
    kernel
}

#[test]
fn kernel_is_the_product_of_explicit_jacobians() {
    for model in [
        "4 -> 5 tanh -> 3",
        "4 -> 2x5 layer_norm prelu -> 3",
        "4 -> 5 relu -> 2x(6 relu -> 5) residual -> 2",
    ] {
        let sample = Sample::new(model, "he-normal", 6);
        let expected = explicit(&sample);
        let (network, weights, batch) = (&sample.model, &sample.weights, sample.batch());
        let mut gradients =
            RowGradients::new(network, &Loss::CrossEntropy, weights, batch).unwrap();
        let found = mean(&kernels(&mut gradients, network.outputs(), ALL.outputs));
        let size = expected.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5 * size, "{model}: {found} {expected}");
        }
    }
}

/// J·Jᵀ of all outputs of the batch as one function, by central differences in f64, averaged over
/// outputs.
fn by_differences(sample: &Sample) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let (rows, outputs) = (sample.rows, sample.model.outputs());
    let network = Network::new(&sample.model, &Loss::SquaredError, rows, Mode::Probe).unwrap();
    let mut pass = Pass::<f64>::new(&network, &[network.output], &sample.weights).unwrap();
    pass.feed_batch(sample.batch());
    let mut moved = |parameter: usize, element: usize, step: f64| -> Vec<f64> {
        pass.parameters_mut()[parameter][element] += step;
        pass.run();
        let found = pass.read(0).to_vec();
        pass.parameters_mut()[parameter][element] -= step;
        found
    };
    let mut kernel = vec![0.0; rows * rows];
    for &parameter in &network.trained {
        let wire = network.graph.parameters()[parameter];
        for element in 0..network.graph.shape(wire).elements() {
            let (up, down) = (moved(parameter, element, STEP), moved(parameter, element, -STEP));
            let slope: Vec<f64> =
                up.iter().zip(&down).map(|(up, down)| (up - down) / (2.0 * STEP)).collect();
            for (i, j) in (0..rows).flat_map(|i| (0..rows).map(move |j| (i, j))) {
                let (own, other) = (&slope[i * outputs..], &slope[j * outputs..]);
                let product: f64 = (0..outputs).map(|f| own[f] * other[f]).sum();
                kernel[i * rows + j] += product / outputs as f64;
            }
        }
    }
    kernel
}

#[test]
fn kernel_of_tied_rows_is_that_of_the_whole_batch() {
    for model in
        ["4 -> 2x5 batch_norm tanh -> 3", "4 -> 5 tanh -> 2x(6 batch_norm gelu -> 5) residual -> 2"]
    {
        let sample = Sample::new(model, "he-normal", 6);
        let expected = by_differences(&sample);
        let (network, weights, batch) = (&sample.model, &sample.weights, sample.batch());
        let loss = &Loss::SquaredError;
        let mut gradients = JointGradients::<f64>::new(network, loss, weights, batch).unwrap();
        let found = mean(&kernels(&mut gradients, network.outputs(), ALL.outputs));
        let size = expected.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-8 * size, "{model}: {found} {expected}");
        }
        let measured = measure(network, loss, weights, batch, &ALL).unwrap();
        let trace: f64 = (0..6).map(|i| expected[7 * i]).sum();
        assert!(measured.joint && (measured.rows, measured.outputs) == (6, network.outputs()));
        assert!((measured.mean_diagonal - trace / 6.0).abs() < 1e-5 * size, "{measured:?}");
        // With statistics held, rows pull less on each other: that is another kernel.
        let (held, _) = hold_statistics(network, loss, weights, batch).unwrap();
        let mut alone = RowGradients::new(network, loss, &held, batch).unwrap();
        let alone = mean(&kernels(&mut alone, network.outputs(), ALL.outputs));
        let off = alone.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f64::max) > 0.05 * size, "{model}: {alone:?} {expected:?}");
    }
}

#[test]
fn one_linear_layer_has_the_gram_matrix_of_its_inputs() {
    let mut sample = Sample::new("2 -> 3", "he-normal", 2);
    sample.features = vec![1.0, 0.0, 0.0, 2.0];
    let found = measure(
        &sample.model,
        &Loss::SquaredError,
        &sample.weights,
        sample.batch(),
        &Options::default(),
    )
    .unwrap();
    // XXᵀ + 1 for the bias: (2, 1; 1, 5).
    assert!(
        (found.mean_diagonal - 3.5).abs() < 1e-9 && (found.mean_off_diagonal - 1.0).abs() < 1e-9
    );
    let root = 13_f64.sqrt();
    assert!((2.0 * found.largest - 7.0 - root).abs() < 1e-9, "{found:?}");
    assert!((found.condition - (7.0 + root) / (7.0 - root)).abs() < 1e-9, "{found:?}");
    assert!((found.participation_ratio - 49.0 / (49.0 - 2.0 * 9.0)).abs() < 1e-9, "{found:?}");
    assert_eq!((found.rows, found.outputs), (2, 3));
}

/// Θ ⊗ I of one linear layer: sums of 40 outputs with random signs have the kernel of each, so that
/// it is known although fewer are taken.
#[test]
fn sums_of_many_linear_outputs_have_the_gram_matrix_of_the_inputs() {
    let sample = Sample::new("7 -> 40", "he-normal", 5);
    let (model, weights, batch) = (&sample.model, &sample.weights, sample.batch());
    let loss = &Loss::SquaredError;
    let options = |outputs| Options { rows: 5, outputs };
    let all = measure(model, loss, weights, batch, &options(40)).unwrap();
    let x = |row: usize| &sample.features[7 * row..7 * row + 7];
    let square = |row: usize| x(row).iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() + 1.0;
    let diagonal = (0..5).map(square).sum::<f64>() / 5.0;
    assert!(all.exact && (all.outputs, all.condition_error) == (40, 0.0));
    assert!((all.mean_diagonal - diagonal).abs() < 1e-6 * diagonal, "{all:?}");
    for outputs in [1, 16] {
        let some = measure(model, loss, weights, batch, &options(outputs)).unwrap();
        assert!(!some.exact && some.outputs == outputs);
        assert!((some.mean_diagonal - diagonal).abs() < 1e-6 * diagonal, "{some:?}");
        assert!((some.condition - all.condition).abs() < 1e-5 * all.condition, "{some:?}");
        assert!(some.condition_error < 1e-5 * all.condition || outputs == 1, "{some:?}");
        assert_eq!(some.condition_error.is_nan(), outputs == 1, "one sum tells no error");
    }
}

/// Outputs whose kernels differ by far: the mean over all is not that of any of them, and its
/// estimate lies within four of its errors.
#[test]
fn sums_with_random_signs_estimate_the_mean_over_all_outputs() {
    let mut sample = Sample::new("6 -> 64 tanh -> 40", "he-normal", 12);
    let head: Vec<f32> = sample.weights.get("2.weight").unwrap().data().to_vec();
    let scaled = |(i, w): (usize, &f32)| w * (i / 64) as f32 / 2.0;
    let head: Vec<f32> = head.iter().enumerate().map(scaled).collect();
    sample.set("2.weight", &head);
    let (model, weights, batch) = (&sample.model, &sample.weights, sample.batch());
    let of = |outputs| {
        let options = Options { rows: 12, outputs };
        measure(model, &Loss::SquaredError, weights, batch, &options).unwrap()
    };
    let (all, some, one) = (of(40), of(16), of(1));
    assert!(some.mean_diagonal_error < 0.2 * all.mean_diagonal, "the test could not fail");
    let off = (some.mean_diagonal - all.mean_diagonal).abs();
    assert!(off < 4.0 * some.mean_diagonal_error, "{some:?} {all:?}");
    let off = (some.condition - all.condition).abs();
    assert!(off < 4.0 * some.condition_error + 0.05 * all.condition, "{some:?} {all:?}");
    // The first output alone, whose weights are 0 here, has the last layer's kernel and no other.
    assert!(one.mean_diagonal > 0.3 * all.mean_diagonal, "{one:?} {all:?}");
}

/// Two orthogonal rows through L = 3 relu layers of one width: the kernel's off-diagonal over its
/// diagonal is .685708636/3 and its condition 1.592586 at infinite width. At finite width the
/// means over 6 starts lie within four of their own standard errors, and 0.005 for the biases and
/// for what is of order 1/width.
#[test]
fn wide_relu_networks_are_near_the_infinite_limit() {
    let mut ratios = Vec::new();
    for seed in 0..6 {
        let mut sample = Sample::seeded("512 -> 2x512 relu -> 512", "he-normal", 2, seed);
        sample.features.fill(0.0);
        let length = (512_f32 / 2.0).sqrt();
        (sample.features[0], sample.features[513]) = (length, length);
        // Biases have a kernel of their own, which the limit leaves out: they take part with
        // 1/256 of the weight that a layer's inputs have.
        let (model, weights) = (&sample.model, &sample.weights);
        let options = Options { rows: 2, outputs: 16 };
        let found = measure(model, &Loss::SquaredError, weights, sample.batch(), &options).unwrap();
        ratios.push(found.mean_off_diagonal / found.mean_diagonal);
    }
    let mean = ratios.iter().sum::<f64>() / 6.0;
    let error = (ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 30.0).sqrt();
    assert!(error < 0.01, "the test could not fail: {ratios:?}");
    let bound = 4.0 * error + 0.005;
    assert!((mean - 0.685_708_636 / 3.0).abs() < bound, "{mean} ± {error}");
    // The condition (1 + r)/(1 − r) has the slope 2/(1 − r)² = 3.4.
    let condition = (1.0 + mean) / (1.0 - mean);
    assert!((condition - 1.592_586).abs() < 3.6 * bound, "{condition}");
}
