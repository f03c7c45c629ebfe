//! Starting weights by theory alone: one walk over the graph, no training step.
//!
//! Mean, second moment and likeness of rows are followed through every operator, forward and
//! backward; each weight then gets the variance that keeps signal and gradient in bounds through
//! the whole depth. Where a few weights of a start are off and all is well without them, they alone
//! change; else every weight that a layer multiplies by gets its own start, whatever was there.

mod rows;
mod prelude;
mod walk;
mod loss_gradient;
mod route;
mod place;
mod attention;
mod tables;
mod table;
mod targets;
mod scaler;
mod follow;
mod sound;
mod isometry;
mod mirror;
mod recurrent;
mod solve;

#[cfg(test)]
mod tests;

pub use walk::Expected;

use std::cell::LazyCell;

use self::follow::Functions;
use self::mirror::Size;
use self::place::Surroundings;
use self::rows::Rows;
use self::solve::{Extent, Solved, solve};
use self::sound::is_sound;
use self::walk::{Scales, Walk};
use crate::error::Result;
use crate::init::{self, Rules};
use crate::recommend::{Change, Facts, Method, Problem, Recommendation, Redrawn, Scale};
use crate::spec::{self, LayerWires, Role};
use crate::weights::Weights;

/// Starting weights by theory alone.
#[derive(Clone, Copy, Debug)]
pub struct Auto;

static FACTS: Facts = Facts {
    name: "auto",
    about: "the variance of every weight by theory: signal and gradient in bounds at any depth",
    source: "Poole et al. 2016; Schoenholz et al. 2017; Bingham & Miikkulainen 2023",
    needs_data: false,
    redrawn: Redrawn::Whole,
};

impl Method for Auto {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        let walk = Walk::new(problem, Rows::first(problem))?;
        let mut present = Scales::of(&walk.network, problem.weights, walk::FEW);
        for (head, table) in spec::tied(&walk.parameters) {
            present[table] = present[head];
        }
        let mut found = problem.unchanged(FACTS.name);
        let solved = solution(&walk, problem, &present)?;
        change(&walk, problem, &solved, &mut found)?;
        found.unmet.extend(unmet(&walk, &solved));
        Ok(found)
    }
}

/// What theory expects of every layer of a network with these weights, in the network's order, on
/// the rows of [`expected_on`], as if layers of units were infinitely wide.
///
/// # Errors
/// If the network cannot be built.
pub fn expected(problem: &Problem<'_>) -> Result<Vec<Expected>> {
    let walk = Walk::new(problem, Rows::apart(problem))?;
    let present = Scales::of(&walk.network, problem.weights, walk::MANY);
    walk.expect(problem, &present)
}

/// As [`expected`], of layers of units as wide as they are: the mean over `walks` walks at most whose units are
/// drawn, fewer where the mean is known to 2 % before. So depth over width counts, at which networks stray from each other.
///
/// # Errors
/// If the network cannot be built.
pub fn expected_of_width(problem: &Problem<'_>, walks: usize) -> Result<Vec<Expected>> {
    let walk = Walk::new(problem, Rows::apart(problem))?;
    let present = Scales::of(&walk.network, problem.weights, walk::MANY);
    walk.expect_over(problem, &present, walks)
}

/// The rows of the data, by their places, that [`expected`] speaks of: as many of each class, or the
/// first ones; places from 0 on where there are no data.
pub fn expected_on(problem: &Problem<'_>) -> Vec<usize> {
    Rows::apart(problem).places
}

/// What is off alone, where that is at most half of the layers and enough; else the whole start. Of a chain so
/// deep for its width that independent draws of any scale lose directions, the whole one, if its units can be
/// mirrored.
fn solution(walk: &Walk, problem: &Problem<'_>, present: &[Scales]) -> Result<Solved> {
    let around = Surroundings::new(walk);
    let functions = LazyCell::new(|| Functions::new(walk, &around, present));
    let is_free = |layer: usize, signal: f64| {
        let own = &walk.network.layers[layer];
        around.is_normalized(own)
            || around.gathered(own).is_some_and(|all| all.is_fair(signal))
            || functions.scaler(layer).is_some_and(|scaler| scaler.is_even(signal))
    };
    let passes = |scales: &[Scales]| -> Result<bool> {
        Ok(is_sound(walk, &walk.expect(problem, scales)?, is_free))
    };
    if !passes(present)? {
        let needed = solve(walk, present, problem.loss, Extent::Needed);
        let is_little = 2 * needed.choices.len() <= walk.network.layers.len();
        if is_little && !needed.choices.is_empty() && passes(&needed.scales)? {
            if !is_narrowing(walk) {
                return Ok(needed);
            }
            let whole = solve(walk, present, problem.loss, Extent::Whole);
            let is_mirrored = whole.choices.iter().any(|own| own.scheme.starts_with(MIRRORED));
            return Ok(if is_mirrored { whole } else { needed });
        }
    }
    Ok(solve(walk, present, problem.loss, Extent::Whole))
}

/// The scheme of mirrored units.
const MIRRORED: &str = "looks-linear";

/// Whether a chain has at least a fourth as many layers as its narrowest one has units: a product of so many
/// independent matrices leaves one or two directions of ten.
fn is_narrowing(walk: &Walk) -> bool {
    let hidden = walk.network.layers.split_last().map_or(&[][..], |(_, hidden)| hidden);
    let units = |layer: &LayerWires| Size::of(&walk.parameters[layer.weight]).outputs;
    let narrowest = hidden.iter().map(units).min();
    narrowest.is_some_and(|narrowest| 4 * hidden.len() >= narrowest)
}

/// What theory could not follow.
fn unmet(walk: &Walk, solved: &Solved) -> Vec<String> {
    let mut unmet = Vec::new();
    if !solved.guessed.is_empty() {
        unmet.push(format!(
            "no rule says how {} spreads its inputs: it was tried on normal numbers",
            solved.guessed.join(", ")
        ));
    }
    let in_layers = |index: usize| walk.network.layers.iter().any(|layer| layer.weight == index);
    let cells = recurrent::cells(walk);
    let in_cells = |index: usize| cells.iter().any(|cell| cell.input.contains(&index));
    let left = walk.parameters.iter().enumerate().filter(|(index, own)| {
        let is_known = in_layers(*index) || in_cells(*index) || own.packing.is_some();
        own.role == Role::Weight && !is_known
    });
    let left: Vec<&str> = left.map(|(_, own)| own.name.as_str()).collect();
    if !left.is_empty() {
        unmet
            .push(format!("kept, as no layer is known that multiplies by it: {}", left.join(", ")));
    }
    unmet
}

/// Draws what changes; what is there already is no change.
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
        if drawn.get(&parameter.name) == problem.weights.get(&parameter.name) {
            continue;
        }
        let scale = |weights: &Weights| {
            weights.get(&parameter.name).map_or(Scale::default(), |own| Scale::of(own.data()))
        };
        found.changes.push(Change {
            parameter: parameter.name.clone(),
            module: None,
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
