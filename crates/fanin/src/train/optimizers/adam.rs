//! Adam: steps scaled by running means of the gradient and of its square, as `torch.optim.Adam`.
//!
//! Key: m mean of gradients, v mean of squared gradients, β₁ and β₂ their memories, ε a floor.

use fanin_kernels::{Float, elementwise};

use crate::check::evidence::StepRule;
use crate::train::hyperparameters::{Hyperparameter, Range, Values};

use super::rule::{Rule, Step, optimizer, power};
use super::{Feed, Layout, Method, Optimizer, Work};

/// Adam with weight decay added to the gradient.
pub static METHOD: Method = Method {
    name: "adam",
    formula: "g := g + λW; m := β₁m + (1−β₁)g; v := β₂v + (1−β₂)g²; \
              W := W − α·m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε)",
    paper: "Kingma & Ba 2015, algorithm 1",
    when: "when layers need different step sizes and there is no time to tune; robust by default",
    learning_rate: 0.001,
    weight_decay: 0.0,
    hyperparameters: HYPERPARAMETERS,
    step: StepRule::Normalized,
    scales_decay: true,
    feed: Feed::Batches,
    work: Work::Gradients { single: build, double: build },
};

/// The numbers of Adam and AdamW.
pub(super) static HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        name: "beta1",
        default: 0.9,
        range: Range::BelowOne,
        about: "β₁: memory of the mean of gradients",
    },
    Hyperparameter {
        name: "beta2",
        default: 0.999,
        range: Range::BelowOne,
        about: "β₂: memory of the mean of squared gradients",
    },
    Hyperparameter {
        name: "epsilon",
        default: 1e-8,
        range: Range::Floor,
        about: "ε: added to the root so that nothing is divided by 0",
    },
];

fn build<T: Float>(values: &Values, layout: &Layout) -> Box<dyn Optimizer<T>> {
    optimizer("adam", Adam(Moments::new(values)), layout)
}

struct Adam(Moments);

impl Rule<2> for Adam {
    const SLOTS: [&'static str; 2] = Moments::SLOTS;

    fn update<T: Float>(&self, step: Step, w: &mut [T], slots: [&mut [T]; 2], gradient: &[T]) {
        self.0.update(step, Decay { coupled: step.decay, shrink: 0.0 }, w, slots, gradient);
    }
}

/// Where weight decay enters.
#[derive(Clone, Copy)]
pub(super) struct Decay {
    /// Times W, added to the gradient.
    pub coupled: f64,
    /// Times W, taken from W before the step.
    pub shrink: f64,
}

/// The step that Adam and AdamW share.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl Moments {
    pub(super) const SLOTS: [&'static str; 2] = ["m", "v"];

    pub(super) fn new(values: &Values) -> Self {
        let [beta1, beta2, epsilon] = ["beta1", "beta2", "epsilon"].map(|name| values.get(name));
        Self { beta1, beta2, epsilon }
    }

    /// The factors of bias correction are taken out of the loop: α/(1−β₁ᵗ) and 1/√(1−β₂ᵗ).
    pub(super) fn update<T: Float>(
        &self,
        step: Step,
        decay: Decay,
        parameter: &mut [T],
        [m, v]: [&mut [T]; 2],
        gradient: &[T],
    ) {
        let keep = T::from_f64(1.0 - decay.shrink);
        let coupled = T::from_f64(decay.coupled);
        let (gain1, beta2) = (T::from_f64(1.0 - self.beta1), T::from_f64(self.beta2));
        let gain2 = T::from_f64(1.0 - self.beta2);
        let rate = T::from_f64(step.learning_rate / (1.0 - power(self.beta1, step.number)));
        let unbias = T::from_f64((1.0 - power(self.beta2, step.number)).sqrt().recip());
        let epsilon = T::from_f64(self.epsilon);
        elementwise::update([parameter, m, v], gradient, |[w, m, v], g| {
            let g = g + coupled * w;
            let m = (m + gain1 * (g - m)).or_zero();
            let v = beta2 * v + gain2 * g * g;
            [keep * w - rate * m / (v.sqrt() * unbias + epsilon), m, v]
        });
    }
}
