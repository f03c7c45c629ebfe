//! How far the optimizer's first steps move each parameter, relative to its own size.
//!
//! Key: W a parameter tensor, g its gradient, η learning rate, ε the floor of a normalized step.

use fanin_kernels::{Float, reduce};
use serde::Serialize;

use super::pass::ensure_fits;
use super::underflow;
use crate::check::evidence::StepRule;
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Model};
use crate::weights::Weights;

/// Gradients below this many ε are held back by it: by a tenth or more of the step.
pub const EPSILONS: f64 = 10.0;

/// The optimizer as far as the size of its steps goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Learning rate over 1 − momentum: what a lasting gradient moves in one step.
    pub learning_rate: f64,
    /// How a gradient becomes a step.
    pub rule: StepRule,
    /// ε of a normalized step; 0 where there is none.
    pub epsilon: f64,
}

/// One step of one parameter tensor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TensorUpdate {
    /// The parameter's name.
    pub name: String,
    /// Elements.
    pub elements: usize,
    /// ‖W‖.
    pub weight_norm: f64,
    /// ‖g‖.
    pub gradient_norm: f64,
    /// The length of one step; `None` where the optimizer searches for it.
    pub update_norm: Option<f64>,
    /// `update_norm` / ‖W‖, usual between 10⁻⁴ and 10⁻¹; `None` also where ‖W‖ is 0, as that of
    /// biases most often is.
    pub relative_update: Option<f64>,
    /// Share of the elements with |g| below 10·ε, those with g = 0 left out: they take no step
    /// of full size. 0 where the step is not normalized.
    pub below_epsilon: f64,
}

/// Measures how far one step of `step` on `batch` moves each trained parameter.
///
/// A normalized step is Adam's first: η·g/(|g| + ε).
///
/// # Errors
/// If the weights or the batch do not fit the model.
pub fn measure(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
    step: &Step,
) -> Result<Vec<TensorUpdate>> {
    ensure_fits(model, batch)?;
    let mut pass = underflow::Planned::new(model, loss, weights, batch)?;
    pass.run();
    let tensors = pass.gradients();
    Ok(tensors.map(|(name, weight, gradient)| update(name, weight, gradient, step)).collect())
}

/// How far one step moves a parameter with this gradient.
pub(in crate::check) fn update<T: Float>(
    name: &str,
    weight: &[T],
    gradient: &[T],
    step: &Step,
) -> TensorUpdate {
    let weight_norm = reduce::sum_of_squares(weight).sqrt();
    let gradient_norm = reduce::sum_of_squares(gradient).sqrt();
    let update_norm = match step.rule {
        StepRule::Proportional => Some(step.learning_rate * gradient_norm),
        StepRule::Normalized => Some(step.learning_rate * normalized_norm(gradient, step.epsilon)),
        StepRule::Searched => None,
    };
    TensorUpdate {
        name: name.to_owned(),
        elements: weight.len(),
        weight_norm,
        gradient_norm,
        update_norm,
        relative_update: update_norm.filter(|_| weight_norm > 0.0).map(|u| u / weight_norm),
        below_epsilon: match step.rule {
            StepRule::Normalized => below(gradient, EPSILONS * step.epsilon),
            StepRule::Proportional | StepRule::Searched => 0.0,
        },
    }
}

/// ‖g/(|g| + ε)‖, where 0/0 is 0.
fn normalized_norm<T: Float>(gradient: &[T], epsilon: f64) -> f64 {
    let square = |g: &T| {
        let size = g.to_f64().abs();
        if size == 0.0 { 0.0 } else { (size / (size + epsilon)).powi(2) }
    };
    gradient.iter().map(square).sum::<f64>().sqrt()
}

fn below<T: Float>(gradient: &[T], limit: f64) -> f64 {
    let moving = gradient.iter().map(|g| g.to_f64().abs()).filter(|size| *size != 0.0);
    let (count, small) = moving.fold((0_usize, 0_usize), |(count, small), size| {
        (count + 1, small + usize::from(size < limit))
    });
    small as f64 / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::instruments::tests::Sample;

    /// One weight of 2 and one row: the loss ½(2x − y)² has the gradient (2x − y)·x.
    #[test]
    fn steps_have_the_lengths_that_the_rules_say() {
        let mut sample = Sample::new("1 -> 1", "zeros", 1);
        sample.set("0.weight", &[2.0]);
        (sample.features, sample.targets) = (vec![3.0], vec![1.0]);
        let updates = |rule, epsilon| {
            let step = Step { learning_rate: 0.1, rule, epsilon };
            measure(&sample.model, &Loss::SquaredError, &sample.weights, sample.batch(), &step)
        };
        let proportional = updates(StepRule::Proportional, 0.0).unwrap();
        assert_eq!(proportional[0].name, "0.weight");
        assert!((proportional[0].gradient_norm - 15.0).abs() < 1e-6);
        assert!((proportional[0].relative_update.unwrap() - 0.75).abs() < 1e-6);
        assert_eq!(proportional[0].below_epsilon, 0.0);
        assert_eq!(proportional[1].relative_update, None, "the bias is 0");
        assert!((proportional[1].update_norm.unwrap() - 0.5).abs() < 1e-6);

        let normalized = updates(StepRule::Normalized, 5.0).unwrap();
        assert!((normalized[0].update_norm.unwrap() - 0.1 * 15.0 / 20.0).abs() < 1e-6);
        assert_eq!(normalized[0].below_epsilon, 1.0, "15 is below ten times 5");
        assert_eq!(updates(StepRule::Normalized, 1.0).unwrap()[0].below_epsilon, 0.0);
        assert_eq!(updates(StepRule::Searched, 0.0).unwrap()[0].update_norm, None);
    }

    #[test]
    fn elements_without_gradient_are_not_held_back_by_epsilon() {
        assert_eq!(below(&[0.0_f64, 1e-9, 1.0, 1.0], 1e-7), 1.0 / 3.0);
        assert_eq!(below(&[0.0_f64], 1.0), 0.0);
        assert_eq!(normalized_norm(&[0.0_f64, -2.0], 0.0), 1.0);
    }
}
