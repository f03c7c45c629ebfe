use fanin_kernels::random::{Stream, fill_normal};

use super::*;
use crate::check::evidence::{Horizon, StepRule};
use crate::check::probe::{Batch, measure};
use crate::check::symmetry::Partition;
use crate::init::for_model;
use crate::spec::{Loss, Model};

const ROWS: usize = 64;

const HORIZON: Horizon = Horizon {
    steps: 345,
    effective_learning_rate: 0.2,
    step_rule: StepRule::Proportional,
    momentum: 0.9,
    epsilon: 0.0,
    partition: Partition::BlockSums,
};

/// Standard normal features and one class a row.
fn rows(model: &Model) -> (Vec<f32>, Vec<f32>) {
    let (inputs, outputs) = (model.inputs(), model.outputs());
    let mut features = vec![0.0; ROWS * inputs];
    fill_normal(Stream::new(1, "rows"), 0, 0.0, 1.0, &mut features);
    let mut targets = vec![0.0; ROWS * outputs];
    for row in 0..ROWS {
        targets[row * outputs + (7 * row + row / 5) % outputs] = 1.0;
    }
    (features, targets)
}

/// The largest |ln| of expected over measured of E z² and of ‖∂loss/∂W‖ over all layers, measured
/// as the mean over some draws.
fn errors(model: &Model, rules: &Rules) -> (f64, f64) {
    const DRAWS: u64 = 3;
    let loss = &Loss::CrossEntropy;
    let (features, targets) = rows(model);
    let batch = Batch { rows: ROWS, features: &features, targets: &targets };
    let mut sums: Vec<(f64, f64)> = Vec::new();
    let mut expected = Vec::new();
    for seed in 0..DRAWS {
        let weights = for_model(model, rules, seed).unwrap();
        let found = measure(model, loss, &weights, batch).unwrap();
        sums.resize(found.layers.len(), (0.0, 0.0));
        for (sum, layer) in sums.iter_mut().zip(&found.layers) {
            sum.0 += layer.pre_activation_second_moment / DRAWS as f64;
            sum.1 += layer.gradient_norm.powi(2) / DRAWS as f64;
        }
        let problem = Problem {
            model,
            loss,
            weights: &weights,
            data: None,
            horizon: HORIZON,
            seed: 0,
        };
        expected = super::expected(&problem).unwrap();
    }
    let mut worst = (0.0_f64, 0.0_f64);
    for (layer, (own, (signal, gradient))) in expected.iter().zip(&sums).enumerate() {
        let (a, b) = ((own.signal / signal).ln(), 0.5 * (own.gradient / gradient).ln());
        if std::env::var("SHOW").is_ok() {
            eprintln!("{layer}: q {:.4} {signal:.4}  g {:.3e} {:.3e} cos {:.3}", own.signal, own.gradient.sqrt(), gradient.sqrt(), own.cosine);
        }
        let worse = |x: f64, y: f64| if y.is_nan() || y.abs() > x { y.abs() } else { x };
        worst = (worse(worst.0, a), worse(worst.1, b));
    }
    worst
}

#[test]
fn explore() {
    for name in fanin_engine::activations::names() {
        let model: Model = format!("64 -> 8x512 {name} -> 10").parse().unwrap();
        eprintln!("{name}: {:?}", errors(&model, &Rules::new("he-normal")));
    }
    for text in [
        "64 -> 8x512 relu batch_norm -> 10",
        "64 -> 8x512 relu layer_norm -> 10",
        "64 -> 512 -> 6x(512 relu -> 512) residual -> 10",
        "64 -> 512 -> 6x(512 relu layer_norm -> 512) residual -> 10",
        "64 -> 512 -> 6x(512 tanh batch_norm -> 512 batch_norm) residual:0.5 -> 10",
    ] {
        let model: Model = text.parse().unwrap();
        eprintln!("{text}: {:?}", errors(&model, &Rules::new("he-normal")));
    }
}
