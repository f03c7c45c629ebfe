//! Stochastic gradient descent with momentum, plain or Nesterov's, as `torch.optim.SGD`.

use fanin_kernels::{Float, elementwise};

use crate::check::evidence::StepRule;
use crate::train::hyperparameters::{Hyperparameter, Range, Values};

use super::gradient_descent::Descent;
use super::rule::{Rule, Step, optimizer};
use super::{Feed, Layout, Method, Optimizer, Work};

/// v := μ·v + (g + λ·W); W := W − α·v, or with Nesterov W := W − α·(g + λ·W + μ·v).
pub static METHOD: Method = Method {
    name: "sgd",
    formula: "v := μv + g + λW; W := W − αv (nesterov: W := W − α(g + λW + μv))",
    paper: "Robbins & Monro 1951; Polyak 1964; Nesterov 1983; Sutskever et al. 2013",
    when: "the plain choice; with momentum 0.9 it trains most networks that start well",
    learning_rate: 0.01,
    weight_decay: 0.0,
    hyperparameters: &[
        Hyperparameter {
            name: "momentum",
            default: 0.0,
            range: Range::BelowOne,
            about: "μ: share of the last change that is kept",
        },
        Hyperparameter {
            name: "nesterov",
            default: 0.0,
            range: Range::Switch,
            about: "look ahead along the momentum before the step",
        },
    ],
    step: StepRule::Proportional,
    scales_decay: false,
    feed: Feed::Batches,
    work: Work::Gradients { single: build, double: build },
};

fn build<T: Float>(values: &Values, layout: &Layout) -> Box<dyn Optimizer<T>> {
    let momentum = values.get("momentum");
    if momentum == 0.0 {
        return optimizer("sgd", Descent, layout);
    }
    match values.get("nesterov") {
        0.0 => optimizer("sgd", Momentum::<false> { momentum }, layout),
        _ => optimizer("sgd", Momentum::<true> { momentum }, layout),
    }
}

/// With `LOOK_AHEAD` as Nesterov's.
struct Momentum<const LOOK_AHEAD: bool> {
    momentum: f64,
}

impl<const LOOK_AHEAD: bool> Rule<1> for Momentum<LOOK_AHEAD> {
    const SLOTS: [&'static str; 1] = ["momentum"];

    fn update<T: Float>(
        &self,
        step: Step,
        parameter: &mut [T],
        [velocity]: [&mut [T]; 1],
        gradient: &[T],
    ) {
        let (rate, decay) = (T::from_f64(step.learning_rate), T::from_f64(step.decay));
        let momentum = T::from_f64(self.momentum);
        elementwise::update([parameter, velocity], gradient, |[w, v], g| {
            let g = g + decay * w;
            let v = (momentum * v + g).or_zero();
            let change = if LOOK_AHEAD { g + momentum * v } else { v };
            [w - rate * change, v]
        });
    }
}
