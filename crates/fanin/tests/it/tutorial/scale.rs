//! How signals and gradients follow the size of the weights, the fan-in and the depth.

use fanin::check::LayerMeasurement;
use fanin::check::probe::{Batch, measure};
use fanin::init::{Rules, for_model};
use fanin::spec::{Loss, Model};
use fanin::weights::Weights;
use fanin_kernels::random::{Stream, fill_normal};

/// Standard errors within which a measured moment must lie.
const SIGMAS: f64 = 4.0;

fn model(text: &str) -> Model {
    text.parse().unwrap()
}

fn rules(scheme: &str) -> Rules {
    Rules { bias: Some("zeros".to_owned()), ..Rules::new(scheme) }
}

/// Standard normal features and targets of ±1 for `rows` rows.
fn rows(model: &Model, rows: usize) -> (Vec<f32>, Vec<f32>) {
    let mut features = vec![0.0; rows * model.inputs()];
    fill_normal(Stream::new(1, "features"), 0, 0.0, 1.0, &mut features);
    let targets = features.chunks_exact(model.inputs());
    let targets = targets.map(|x| if x[0] * x[1] > 0.0 { 1.0 } else { -1.0 }).collect();
    (features, targets)
}

fn layers(model: &Model, weights: &Weights, count: usize) -> Vec<LayerMeasurement> {
    let (features, targets) = rows(model, count);
    let batch = Batch { rows: count, features: &features, targets: &targets };
    measure(model, &Loss::SquaredError, weights, batch).unwrap().layers
}

/// The norm of the first layer's gradient.
fn first_gradient(text: &str, scheme: &str, seed: u64) -> f64 {
    let model = model(text);
    let weights = for_model(&model, &rules(scheme), seed).unwrap();
    layers(&model, &weights, 64)[0].gradient_norm
}

/// With outputs far below 1 the error is the target itself, so the first layer's gradient is the
/// product of the other layers' weights times a constant: ε^H for H hidden layers. Outputs and the
/// curvature of tanh leave (ε√d)² ≈ 1e-5.
#[test]
fn first_gradient_shrinks_with_epsilon_to_the_power_of_the_depth() {
    for activation in ["", " tanh"] {
        for depth in 1..=4 {
            let text = format!("2 -> {depth}x8{activation} -> 1");
            let large = first_gradient(&text, "normal:0.001", 0);
            let small = first_gradient(&text, "normal:0.0001", 0);
            let ratio = large / small / 10_f64.powi(depth);
            assert!((ratio - 1.0).abs() < 0.01, "{text}: {ratio}");
        }
    }
}

/// `‖W_(H+1)⋯W_2‖²` is a product of H independent `ε²χ²_d`, so over draws its mean is (dε²)^H and its
/// relative variance (1 + 2/d)^H − 1.
#[test]
fn first_gradient_is_the_product_of_the_weights_behind_it() {
    const DRAWS: u32 = 200;
    let (width, epsilon) = (8.0_f64, 0.01_f64);
    for activation in ["", " tanh"] {
        for depth in 1..=4 {
            let model = model(&format!("2 -> {depth}x8{activation} -> 1"));
            let (features, targets) = rows(&model, 64);
            let mut constant = [0.0_f64; 2];
            for (x, y) in features.chunks_exact(2).zip(&targets) {
                constant[0] += f64::from(x[0] * y) / 64.0;
                constant[1] += f64::from(x[1] * y) / 64.0;
            }
            let constant = constant.iter().map(|c| c * c).sum::<f64>();
            let squares = (0..u64::from(DRAWS)).map(|seed| {
                let weights = for_model(&model, &rules("normal:0.01"), seed).unwrap();
                layers(&model, &weights, 64)[0].gradient_norm.powi(2)
            });
            let mean = squares.sum::<f64>() / f64::from(DRAWS);
            let expected = (width * epsilon * epsilon).powi(depth) * constant;
            let variance = (1.0 + 2.0 / width).powi(depth) - 1.0;
            let error = (variance / f64::from(DRAWS)).sqrt();
            let off = (mean / expected - 1.0).abs();
            assert!(off < SIGMAS * error, "{depth}{activation}: {off} against {error}");
        }
    }
}

/// N units over B rows of d normal features: z² averages 2/N·(1/d + 1/B) of relative variance.
#[test]
fn pre_activation_variance_grows_with_the_fan_in_for_a_fixed_deviation() {
    let (epsilon, units, count) = (0.05_f64, 256.0, 256);
    let mut last = 0.0;
    for fan_in in [16, 64, 256, 1024] {
        let model = model(&format!("{fan_in} -> 256 -> 1"));
        let weights = for_model(&model, &rules("normal:0.05"), 5).unwrap();
        let (features, _) = rows(&model, count);
        let moment = features.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
        let moment = moment / features.len() as f64;
        let expected = f64::from(fan_in) * epsilon * epsilon * moment;
        let found = layers(&model, &weights, count)[0].pre_activation_second_moment;
        let error = (2.0 / units * (1.0 / f64::from(fan_in) + 1.0 / count as f64)).sqrt();
        let off = (found / expected - 1.0).abs();
        assert!(off < SIGMAS * error, "{fan_in}: {found} against {expected}");
        assert!(found > 3.0 * last, "four times the inputs, four times the variance");
        last = found;
    }
}

/// Layer l adds 2/N·(l/N + 1/B) of relative variance: its inputs, products of l random matrices,
/// vary in about 1/(l/N + 1/B) directions.
#[track_caller]
fn check_per_layer_factor(scheme: &str, factor: f64) {
    let (width, depth) = (256.0, 10);
    let model = model(&format!("256 -> {depth}x256 -> 1"));
    for seed in 0..3 {
        let weights = for_model(&model, &rules(scheme), seed).unwrap();
        let mut variance = 0.0;
        let mut expected = 1.0;
        for (index, layer) in layers(&model, &weights, 256)[..depth].iter().enumerate() {
            variance += 2.0 / width * ((index + 1) as f64 + 1.0) / width;
            expected *= factor;
            let off = (layer.pre_activation_second_moment / expected - 1.0).abs();
            let bound = SIGMAS * f64::sqrt(variance);
            assert!(off < bound, "{scheme} seed {seed} layer {index}: {off} against {bound}");
        }
    }
}

#[test]
fn variance_stays_at_one_where_weights_have_variance_one_over_the_fan_in() {
    check_per_layer_factor("fan-in-normal", 1.0);
}

#[test]
fn variance_falls_to_a_third_per_layer_where_weights_are_uniform_up_to_one_over_its_root() {
    check_per_layer_factor("fan-in-uniform", 1.0 / 3.0);
}

#[test]
fn pre_activation_variance_is_fan_in_times_weight_variance_times_activation_moment() {
    let (width, count) = (256.0, 256);
    let model = model("64 -> 4x256 tanh -> 1");
    let weights = for_model(&model, &rules("normal:0.08"), 2).unwrap();
    let layers = layers(&model, &weights, count);
    for pair in layers[..4].windows(2) {
        let moment = pair[0].activation_deviation.powi(2);
        let expected = width * 0.08_f64.powi(2) * moment;
        let error = (2.0 / width * (4.0 / width + 1.0 / count as f64)).sqrt();
        let off = (pair[1].pre_activation_second_moment / expected - 1.0).abs();
        assert!(off < SIGMAS * error, "{}: {off} against {error}", pair[1].module);
    }
}
