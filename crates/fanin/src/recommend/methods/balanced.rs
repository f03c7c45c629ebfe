//! Units to variance 1 within layers, and layers to one rate of change between them.

use crate::error::Result;
use crate::recommend::draft::Draft;
use crate::recommend::layerwise::{ROWS, Start, balance_rates, standardize_units};
use crate::recommend::observer::Observer;
use crate::recommend::rows::Rows;
use crate::recommend::{Facts, Method, Problem, Recommendation, Redrawn};
use crate::spec::Mode;

/// Within layers every unit to mean 0 and variance 1; then layers are balanced where that leaves
/// what the network computes as it is.
#[derive(Clone, Copy, Debug)]
pub struct Balanced;

static FACTS: Facts = Facts {
    name: "balanced",
    about: "units to variance 1 on the data, then all layers to the same relative rate of change",
    source: "Krähenbühl, Doersch, Donahue & Darrell 2016",
    needs_data: true,
    redrawn: Redrawn::Tensors,
};

impl Method for Balanced {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        let rows = Rows::of(problem, FACTS.name, ROWS)?;
        let mut observer = Observer::new(problem, rows, Mode::Probe)?;
        let mut draft = Draft::new(problem)?;
        standardize_units(&mut observer, &mut draft, Start::FanIn)?;
        balance_rates(&mut observer, &mut draft, problem.seed)?;
        draft.finish(problem, FACTS.name)
    }
}
