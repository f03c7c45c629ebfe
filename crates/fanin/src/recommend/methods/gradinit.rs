//! One factor on each parameter, learned so that the first step lowers the loss most.

use crate::error::Result;
use crate::recommend::learned::{GradInitSettings, grad_init};
use crate::recommend::{Facts, Method, Problem, Recommendation, Redrawn, Search};

/// `GradInit` with its published settings: 390 iterations, γ = 1, η = 0.1, α ≥ 0.01 for weights and
/// 0 for biases; descent or Adam as planned.
#[derive(Clone, Copy, Debug)]
pub struct GradInit;

static FACTS: Facts = Facts {
    name: "gradinit",
    about: "one factor per parameter, learned so that the first step lowers the loss most",
    source: "Zhu et al. 2021",
    needs_data: true,
    redrawn: Redrawn::LearnedScales,
};

impl Method for GradInit {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        self.find_within(problem, &Search::default())
    }

    fn find_within(&self, problem: &Problem<'_>, search: &Search<'_>) -> Result<Recommendation> {
        grad_init(problem, FACTS.name, &GradInitSettings::default(), search)
    }
}
