//! Norms of weights, learned so that one step hardly changes the gradient.

use crate::error::Result;
use crate::recommend::learned::{MetaInitSettings, meta_init};
use crate::recommend::{Facts, Method, Problem, Recommendation, Redrawn, Search};

/// `MetaInit` with its published settings: 500 steps by the slope's sign, rate 0.1, momentum 0.9,
/// on random inputs and targets.
#[derive(Clone, Copy, Debug)]
pub struct MetaInit;

static FACTS: Facts = Facts {
    name: "metainit",
    about: "norms of weights, learned so that one step of descent hardly changes the gradient",
    source: "Dauphin & Schoenholz 2019",
    needs_data: false,
    redrawn: Redrawn::LearnedScales,
};

impl Method for MetaInit {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        self.find_within(problem, &Search::default())
    }

    fn find_within(&self, problem: &Problem<'_>, search: &Search<'_>) -> Result<Recommendation> {
        meta_init(problem, FACTS.name, &MetaInitSettings::default(), search)
    }
}
