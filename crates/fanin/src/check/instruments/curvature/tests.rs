//! Quadratics whose Hessian is known, and tiny networks against finite differences.

use fanin_kernels::singular_values::singular_values;

use super::*;
use crate::check::instruments::tests::Sample;

const THOROUGH: Options = Options {
    most_steps: 200,
    tolerance: 1e-8,
    search: Search::Both,
    limit: None,
    seed: 0,
    adam: None,
};

/// A linear layer under squared error has the Hessian XᵀX/B for each output, whatever the
/// weights; with a bias, X has a column of ones.
#[test]
fn sharpness_of_least_squares_is_that_of_the_inputs() {
    let sample = Sample::new("6 -> 3", "he-normal", 40);
    let mut x = Vec::new();
    for row in sample.features.chunks_exact(6) {
        x.extend(row.iter().map(|&x| f64::from(x)).chain([1.0]));
    }
    let values = singular_values(&x, 40, 7);
    let expected = values.map_to_curvature(40.0);
    for (loss, factor) in [(Loss::SquaredError, 1.0), (Loss::MeanSquaredError, 2.0 / 3.0)] {
        let found =
            measure_in::<f64>(&sample.model, &loss, &sample.weights, sample.batch(), &THOROUGH)
                .unwrap();
        let (largest, smallest) = (factor * expected.0, factor * expected.1);
        assert!((found.plain.largest / largest - 1.0).abs() < 1e-9, "{found:?} {largest}");
        assert!((found.plain.smallest / smallest - 1.0).abs() < 1e-9, "{found:?} {smallest}");
        assert!(found.plain.converged);
        assert!((found.stable_rate(0.0).unwrap() - 2.0 / largest).abs() < 1e-9);
        assert!((found.stable_rate(0.9).unwrap() - 3.8 / largest).abs() < 1e-9);
        assert_eq!(found.stable_adam_rate(0.9), None);
    }
}

trait Curved {
    fn map_to_curvature(&self, rows: f64) -> (f64, f64);
}

impl Curved for Vec<f64> {
    fn map_to_curvature(&self, rows: f64) -> (f64, f64) {
        (self[0].powi(2) / rows, self[self.len() - 1].powi(2) / rows)
    }
}

/// Gradient descent on the quadratic converges just below the rate 2/λ and diverges just above.
#[test]
fn the_stable_rate_is_where_descent_turns_into_divergence() {
    let sample = Sample::new("6 -> 1", "he-normal", 30);
    let (model, weights, batch) = (&sample.model, &sample.weights, sample.batch());
    let found = measure_in::<f64>(model, &Loss::SquaredError, weights, batch, &THOROUGH).unwrap();
    let limit = found.stable_rate(0.0).unwrap();
    let norm_after = |rate: f64| {
        let mut network = Network::new(model, &Loss::SquaredError, 30, Mode::Probe).unwrap();
        let keep = network.add_gradients().unwrap();
        let mut moved = weights.clone();
        let mut norm = 0.0;
        for _ in 0..400 {
            let mut pass = Pass::<f32>::new(&network, &keep, &moved).unwrap();
            pass.feed_batch(batch);
            pass.run();
            norm = 0.0;
            for (index, &p) in network.trained.iter().enumerate() {
                let tensor = moved.tensors.iter_mut().find(|(n, _)| *n == network.names[p]);
                let values = tensor.unwrap().1.data_mut();
                for (w, g) in values.iter_mut().zip(pass.read(index)) {
                    *w -= (rate * f64::from(*g)) as f32;
                    norm += f64::from(*g).powi(2);
                }
            }
        }
        norm
    };
    assert!(norm_after(0.97 * limit) < 1e-6, "{}", norm_after(0.97 * limit));
    assert!(norm_after(1.03 * limit) > 1e3, "{}", norm_after(1.03 * limit));
}

/// The whole Hessian by central differences of the gradient, in f64.
fn dense(sample: &Sample, loss: &Loss) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let mut network = Network::new(&sample.model, loss, sample.rows, Mode::Probe).unwrap();
    let keep = network.add_gradients().unwrap();
    let mut pass = Pass::<f64>::new(&network, &keep, &sample.weights).unwrap();
    pass.feed_batch(sample.batch());
    let mut columns = Vec::new();
    for &p in &network.trained {
        for element in 0..pass.parameters_mut()[p].len() {
            let start = pass.parameters_mut()[p][element];
            let mut at = |value: f64| -> Vec<f64> {
                pass.parameters_mut()[p][element] = value;
                pass.run();
                (0..keep.len()).flat_map(|k| pass.read(k).to_vec()).collect()
            };
            let (up, down) = (at(start + STEP), at(start - STEP));
            pass.parameters_mut()[p][element] = start;
            columns.extend(up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * STEP)));
        }
    }
    columns
}

/// Largest and smallest eigenvalue of a symmetric matrix, by shifting it until all are positive.
fn ends_of(matrix: &[f64], n: usize) -> (f64, f64) {
    let bound = singular_values(matrix, n, n)[0];
    let shifted = |sign: f64| {
        let mut moved: Vec<f64> = matrix.iter().map(|x| sign * x).collect();
        (0..n).for_each(|i| moved[i * n + i] += bound);
        singular_values(&moved, n, n)[0] - bound
    };
    (shifted(1.0), -shifted(-1.0))
}

#[test]
fn ends_equal_those_of_the_dense_hessian() {
    for (model, loss) in [
        ("3 -> 4 tanh -> 3", Loss::CrossEntropy),
        ("3 -> 4 gelu -> 4 silu -> 2", Loss::SquaredError),
        ("3 -> 4 layer_norm softplus -> 2", Loss::BinaryCrossEntropy),
        ("3 -> 4 batch_norm tanh -> 2", Loss::MeanSquaredError),
        ("3 -> 3 tanh -> 2x(4 sin -> 3) residual -> 3", Loss::CrossEntropy),
    ] {
        let mut sample = Sample::new(model, "lecun-normal", 12);
        if loss == Loss::CrossEntropy || loss == Loss::BinaryCrossEntropy {
            sample = sample.with_classes();
        }
        let matrix = dense(&sample, &loss);
        let n = (matrix.len() as f64).sqrt() as usize;
        let (largest, smallest) = ends_of(&matrix, n);
        let batch = sample.batch();
        let found =
            measure_in::<f64>(&sample.model, &loss, &sample.weights, batch, &THOROUGH).unwrap();
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-6 * largest.abs();
        assert!(close(found.plain.largest, largest), "{model}: {found:?} {largest}");
        assert!(close(found.plain.smallest, smallest), "{model}: {found:?} {smallest}");
        let single = measure(&sample.model, &loss, &sample.weights, batch, &Options::default());
        let single = single.unwrap().plain;
        assert!((single.largest - largest).abs() <= single.largest_residual + 1e-4 * largest);
    }
}

/// With the P of the whole batch, the ends are those of P^(−½)·H·P^(−½) made by hand.
#[test]
fn preconditioned_ends_equal_those_of_the_scaled_matrix() {
    let sample = Sample::new("3 -> 4 tanh -> 3", "lecun-normal", 12).with_classes();
    let (loss, batch) = (Loss::CrossEntropy, sample.batch());
    let mut matrix = dense(&sample, &loss);
    let adam = Adam { epsilon: 1e-3, parts: 1 };
    let scale = AdamScale::new(&sample.model, &loss, &sample.weights, batch, adam).unwrap().read();
    let n = scale.len();
    for (index, x) in matrix.iter_mut().enumerate() {
        *x *= f64::from(scale[index / n]) * f64::from(scale[index % n]);
    }
    let (largest, smallest) = ends_of(&matrix, n);
    let options = Options { adam: Some(adam), ..THOROUGH };
    let found = measure_in::<f64>(&sample.model, &loss, &sample.weights, batch, &options).unwrap();
    let ends = found.preconditioned.unwrap();
    assert!((ends.largest / largest - 1.0).abs() < 1e-6, "{ends:?} {largest}");
    assert!((ends.smallest / smallest - 1.0).abs() < 1e-5, "{ends:?} {smallest}");
    assert!((found.stable_adam_rate(0.9).unwrap() * largest - 38.0).abs() < 1e-4);
}

#[test]
fn a_network_of_zeros_has_no_curvature_in_its_hidden_layer() {
    let sample = Sample::new("4 -> 5 tanh -> 2", "zeros", 10).with_classes();
    let found = measure(
        &sample.model,
        &Loss::CrossEntropy,
        &sample.weights,
        sample.batch(),
        &Options::default(),
    )
    .unwrap();
    // Only the output bias sees anything: softmax at 0 has the curvature 1/2 for two classes.
    assert!((found.plain.largest - 0.5).abs() < 1e-5, "{found:?}");
}

/// From near the gradient few products find the largest eigenvalue; where a limit is near, it is
/// known better.
#[test]
fn a_search_near_the_gradient_finds_the_largest_eigenvalue_soon() {
    for (model, scheme) in [
        ("20 -> 2x30 relu -> 5", "he-normal"),
        ("20 -> 4x20 tanh -> 5", "xavier-normal"),
        ("20 -> 3x16 gelu -> 5", "normal:0.5"),
    ] {
        let sample = Sample::new(model, scheme, 64).with_classes();
        let ends = |options: &Options| {
            let (weights, batch) = (&sample.weights, sample.batch());
            measure(&sample.model, &Loss::CrossEntropy, weights, batch, options).unwrap().plain
        };
        let exact = ends(&Options { tolerance: 1e-3, most_steps: 100, ..Options::default() });
        let quick = Options {
            most_steps: 16,
            tolerance: 0.1,
            search: Search::Largest,
            ..Options::default()
        };
        let found = ends(&quick);
        let share = found.largest / exact.largest;
        assert!((0.8..1.001).contains(&share), "{model}: {share} in {} products", found.steps);
        assert!(found.converged && found.steps < 12, "{model}: {found:?}");
        let limit = Some(1.5 * exact.largest);
        let close = ends(&Options { limit, ..quick });
        assert!(close.steps >= found.steps.max(4), "{close:?} {found:?}");
        assert!(close.largest_residual <= 0.02 * close.largest, "{model}: {close:?}");
    }
}
