//! RMSprop: steps divided by a running root mean square, not centered, as `torch.optim.RMSprop`.

use fanin_kernels::{Float, elementwise};

use crate::check::evidence::StepRule;
use crate::train::hyperparameters::{Hyperparameter, Range, Values};

use super::rule::{Rule, Step, optimizer};
use super::{Feed, Layout, Method, Optimizer, Work};

/// v := ρ·v + (1−ρ)·g²; W := W − α·g/(√v + ε).
pub static METHOD: Method = Method {
    name: "rmsprop",
    formula: "g := g + λW; v := ρv + (1−ρ)g²; W := W − αg/(√v + ε)",
    paper: "Tieleman & Hinton 2012, lecture 6e",
    when: "noisy or changing gradients, recurrent networks",
    learning_rate: 0.01,
    weight_decay: 0.0,
    hyperparameters: &[
        Hyperparameter {
            name: "alpha",
            default: 0.99,
            range: Range::BelowOne,
            about: "ρ: memory of the mean of squared gradients",
        },
        Hyperparameter {
            name: "epsilon",
            default: 1e-8,
            range: Range::Floor,
            about: "ε: added to the root so that nothing is divided by 0",
        },
    ],
    step: StepRule::Normalized,
    scales_decay: true,
    feed: Feed::Batches,
    work: Work::Gradients { single: build, double: build },
};

fn build<T: Float>(values: &Values, layout: &Layout) -> Box<dyn Optimizer<T>> {
    let rule = RmsProp { memory: values.get("alpha"), epsilon: values.get("epsilon") };
    optimizer("rmsprop", rule, layout)
}

struct RmsProp {
    memory: f64,
    epsilon: f64,
}

impl Rule<1> for RmsProp {
    const SLOTS: [&'static str; 1] = ["v"];

    fn update<T: Float>(
        &self,
        step: Step,
        parameter: &mut [T],
        [v]: [&mut [T]; 1],
        gradient: &[T],
    ) {
        let (rate, decay) = (T::from_f64(step.learning_rate), T::from_f64(step.decay));
        let (memory, gain) = (T::from_f64(self.memory), T::from_f64(1.0 - self.memory));
        let epsilon = T::from_f64(self.epsilon);
        elementwise::update([parameter, v], gradient, |[w, v], g| {
            let g = g + decay * w;
            let v = memory * v + gain * g * g;
            [w - rate * g / (v.sqrt() + epsilon), v]
        });
    }
}
