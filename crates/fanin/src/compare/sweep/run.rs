//! One run of a sweep: start, steps of gradient descent, and how it ended.

use fanin_kernels::random::{Stream, fill_uniform};

use super::{Ending, Start};
use crate::error::Result;
use crate::init::{Rules, for_model};
use crate::spec::{Loss, Model};
use crate::train::Interrupt;
use crate::train::hyperparameters::Settings;
use crate::train::optimizers;
use crate::train::step::TrainingPass;

/// Trains until the run ends in one way or another.
pub(super) fn run(start: &Start<'_>, model: &Model, interrupt: &Interrupt) -> Result<Ending> {
    let options = start.options;
    let mut pass = TrainingPass::new(model, &Loss::MeanSquaredError, options.rows)?;
    pass.feed(points);
    let mut parameters = weights(start, model, &pass)?;
    let network = pass.network();
    let layout: Vec<_> = network
        .names
        .iter()
        .cloned()
        .zip(network.graph.parameters().iter().map(|&w| network.graph.shape(w).clone()))
        .collect();
    let method = optimizers::find("gradient-descent")?;
    let mut optimizer = method.build_f32(&Settings::new(), &layout)?;
    let decays = vec![0.0; parameters.len()];

    let mut before = parameters.clone();
    for steps in 0..=options.cap {
        if interrupt.requested() {
            return Ok(Ending::Interrupted);
        }
        let error = pass.run(&parameters, start.seed, steps);
        if error < options.target_error {
            return Ok(Ending::Learned { steps });
        }
        if !error.is_finite() {
            return Ok(Ending::Diverged { steps });
        }
        optimizer.begin_step(options.learning_rate);
        for (index, parameter) in parameters.iter_mut().enumerate() {
            optimizer.update(index, parameter, pass.gradient(index), decays[index]);
        }
        if parameters == before {
            return Ok(Ending::AtRest { steps });
        }
        parameters.iter().zip(&mut before).for_each(|(now, before)| before.copy_from_slice(now));
    }
    Ok(Ending::Capped)
}

/// ε times a draw from N(0, 1/d) that no ε changes; biases 0.
fn weights(start: &Start<'_>, model: &Model, pass: &TrainingPass) -> Result<Vec<Vec<f32>>> {
    let drawn = for_model(model, &Rules::new("fan-in-normal"), start.seed)?;
    let mut parameters = pass.network().arrange(&drawn)?;
    for weight in parameters.iter_mut().flatten() {
        *weight = (start.scale * f64::from(*weight)) as f32;
    }
    Ok(parameters)
}

/// Fills the points of the sweep's problem: two features, uniform on [−1, 1), and sign(x₁·x₂).
pub fn points(features: &mut [f32], targets: &mut [f32]) {
    fill_uniform(Stream::new(0, "sweep/points"), 0, -1.0, 1.0, features);
    for (target, point) in targets.iter_mut().zip(features.chunks_exact(2)) {
        *target = if point[0] * point[1] < 0.0 { -1.0 } else { 1.0 };
    }
}
