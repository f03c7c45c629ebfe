//! Gradient descent: straight down the slope, with nothing remembered.

use fanin_kernels::{Float, elementwise};

use crate::check::evidence::StepRule;

use super::rule::{Rule, Step, optimizer};
use super::{Feed, Method, Work};

/// W := W − α·(g + λ·W), on the whole data at once.
pub static METHOD: Method = Method {
    name: "gradient-descent",
    formula: "W := W − α·(g + λW)",
    paper: "Cauchy 1847",
    when: "to study training itself: each step follows the exact gradient of the whole data",
    learning_rate: 0.1,
    weight_decay: 0.0,
    hyperparameters: &[],
    step: StepRule::Proportional,
    scales_decay: false,
    feed: Feed::Whole,
    work: Work::Gradients {
        single: |_, layout| optimizer("gradient-descent", Descent, layout),
        double: |_, layout| optimizer("gradient-descent", Descent, layout),
    },
};

/// The rule alone; stochastic gradient descent without momentum follows it too.
pub(super) struct Descent;

impl Rule<0> for Descent {
    const SLOTS: [&'static str; 0] = [];

    fn update<T: Float>(&self, step: Step, parameter: &mut [T], _: [&mut [T]; 0], gradient: &[T]) {
        let (rate, decay) = (T::from_f64(step.learning_rate), T::from_f64(step.decay));
        elementwise::zip_in_place(parameter, gradient, |w, g| w - rate * (g + decay * w));
    }
}
