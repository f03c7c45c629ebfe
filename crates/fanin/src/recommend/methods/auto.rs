//! Starting weights by theory alone: one walk over the graph, no training step.
//!
//! Mean, second moment and likeness of rows are followed through every operator, forward and
//! backward; each weight then gets the variance that keeps signal and gradient in bounds through
//! the whole depth. Parameters that are right already stay as they are.

mod prelude;
mod walk;
mod place;
mod targets;
mod solve;

#[cfg(test)]
mod tests;

pub use walk::Expected;

use self::solve::Solved;
use self::walk::{Scales, Walk};
use crate::error::Result;
use crate::init::{self, Rules};
use crate::recommend::{Change, Facts, Method, Problem, Recommendation, Scale};
use crate::weights::Weights;

/// Starting weights by theory alone.
#[derive(Clone, Copy, Debug)]
pub struct Auto;

static FACTS: Facts = Facts {
    name: "auto",
    about: "the variance of every weight by theory: signal and gradient in bounds at any depth",
    source: "Poole et al. 2016; Schoenholz et al. 2017; Bingham & Miikkulainen 2023",
    needs_data: false,
};

impl Method for Auto {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn recommend(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        let walk = Walk::new(problem)?;
        let present = Scales::of(&walk.network, problem.weights);
        let solved = solve::solve(&walk, &present);
        let mut found = problem.unchanged(FACTS.name);
        change(&walk, problem, &solved, &mut found)?;
        Ok(found)
    }
}

/// What theory expects of every layer of a network with these weights, in the network's order.
///
/// # Errors
/// If the network cannot be built.
pub fn expected(problem: &Problem<'_>) -> Result<Vec<Expected>> {
    let walk = Walk::new(problem)?;
    let present = Scales::of(&walk.network, problem.weights);
    walk.expect(problem, &present)
}

/// Draws what changes.
fn change(
    walk: &Walk,
    problem: &Problem<'_>,
    solved: &Solved,
    found: &mut Recommendation,
) -> Result<()> {
    let changed = solved.choices.iter().map(|choice| &walk.parameters[choice.parameter]);
    let parameters: Vec<init::Parameter> = changed.cloned().collect();
    let named = parameters.iter().map(|parameter| parameter.name.clone());
    let schemes = solved.choices.iter().map(|choice| choice.scheme.clone());
    let rules = Rules { patterns: named.zip(schemes).collect(), ..Rules::new("zeros") };
    let drawn = init::initialize(&parameters, &rules, problem.seed)?;
    for (parameter, choice) in parameters.iter().zip(&solved.choices) {
        let scale = |weights: &Weights| {
            weights.get(&parameter.name).map_or(Scale::default(), |own| Scale::of(own.data()))
        };
        found.changes.push(Change {
            parameter: parameter.name.clone(),
            role: parameter.role,
            before: scale(problem.weights),
            after: scale(&drawn),
            scheme: choice.scheme.clone(),
            reason: choice.reason.clone(),
        });
    }
    for tensor in &mut found.weights.tensors {
        if let Some(new) = drawn.get(&tensor.0) {
            tensor.1 = new.clone();
        }
    }
    Ok(())
}
