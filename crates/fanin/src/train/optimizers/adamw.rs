//! AdamW: Adam with weight decay taken from the weights themselves, as `torch.optim.AdamW`.

use fanin_kernels::Float;

use crate::check::evidence::StepRule;
use crate::train::hyperparameters::Values;

use super::adam::{Decay, HYPERPARAMETERS, Moments};
use super::rule::{Rule, Step, optimizer};
use super::{Feed, Layout, Method, Optimizer, Work};

/// Adam with decoupled weight decay.
pub static METHOD: Method = Method {
    name: "adamw",
    formula: "W := (1 − αλ)W, then Adam's step on g alone",
    paper: "Loshchilov & Hutter 2019, algorithm 2",
    when: "Adam together with weight decay: the usual choice for transformers",
    learning_rate: 0.001,
    weight_decay: 0.01,
    hyperparameters: HYPERPARAMETERS,
    step: StepRule::Normalized,
    scales_decay: false,
    feed: Feed::Batches,
    work: Work::Gradients { single: build, double: build },
};

fn build<T: Float>(values: &Values, layout: &Layout) -> Box<dyn Optimizer<T>> {
    optimizer("adamw", AdamW(Moments::new(values)), layout)
}

struct AdamW(Moments);

impl Rule<2> for AdamW {
    const SLOTS: [&'static str; 2] = Moments::SLOTS;

    fn update<T: Float>(&self, step: Step, w: &mut [T], slots: [&mut [T]; 2], gradient: &[T]) {
        let decay = Decay { coupled: 0.0, shrink: step.learning_rate * step.decay };
        self.0.update(step, decay, w, slots, gradient);
    }
}
