//! Adagrad: steps divided by the root of all squared gradients so far, as `torch.optim.Adagrad`.

use fanin_kernels::{Float, elementwise};

use crate::check::evidence::StepRule;
use crate::train::hyperparameters::{Hyperparameter, Range, Values};

use super::rule::{Rule, Step, optimizer};
use super::{Feed, Layout, Method, Optimizer, Work};

/// G := G + g²; W := W − α·g/(√G + ε).
pub static METHOD: Method = Method {
    name: "adagrad",
    formula: "g := g + λW; G := G + g²; W := W − αg/(√G + ε)",
    paper: "Duchi, Hazan & Singer 2011",
    when: "sparse features: rare ones keep large steps; steps only ever shrink",
    learning_rate: 0.01,
    weight_decay: 0.0,
    hyperparameters: &[Hyperparameter {
        name: "epsilon",
        default: 1e-10,
        range: Range::Floor,
        about: "ε: added to the root so that nothing is divided by 0",
    }],
    step: StepRule::Normalized,
    scales_decay: true,
    feed: Feed::Batches,
    work: Work::Gradients { single: build, double: build },
};

fn build<T: Float>(values: &Values, layout: &Layout) -> Box<dyn Optimizer<T>> {
    optimizer("adagrad", Adagrad { epsilon: values.get("epsilon") }, layout)
}

struct Adagrad {
    epsilon: f64,
}

impl Rule<1> for Adagrad {
    const SLOTS: [&'static str; 1] = ["sum"];

    fn update<T: Float>(
        &self,
        step: Step,
        parameter: &mut [T],
        [sum]: [&mut [T]; 1],
        gradient: &[T],
    ) {
        let (rate, decay) = (T::from_f64(step.learning_rate), T::from_f64(step.decay));
        let epsilon = T::from_f64(self.epsilon);
        elementwise::update([parameter, sum], gradient, |[w, sum], g| {
            let g = g + decay * w;
            let sum = sum + g * g;
            [w - rate * g / (sum.sqrt() + epsilon), sum]
        });
    }
}
