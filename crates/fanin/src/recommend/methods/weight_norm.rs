//! The data initialization of weight normalization, folded into weights and biases.

use crate::error::Result;
use crate::recommend::draft::Draft;
use crate::recommend::layerwise::{ROWS, Start, standardize_units};
use crate::recommend::observer::Observer;
use crate::recommend::rows::Rows;
use crate::recommend::{Facts, Method, Problem, Recommendation, Redrawn};
use crate::spec::Mode;

/// Every unit to mean 0 and variance 1 on the data: g = 1/σ and b = −μ/σ.
#[derive(Clone, Copy, Debug)]
pub struct WeightNorm;

static FACTS: Facts = Facts {
    name: "weight-norm",
    about: "each unit of each layer to mean 0 and variance 1 on the data, by weight and bias",
    source: "Salimans & Kingma 2016, section 3",
    needs_data: true,
    redrawn: Redrawn::Tensors,
};

/// σ of the directions before they are scaled (Salimans & Kingma 2016, section 3).
const DEVIATION: f64 = 0.05;

impl Method for WeightNorm {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        let rows = Rows::of(problem, FACTS.name, ROWS)?;
        let mut observer = Observer::new(problem, rows, Mode::Probe)?;
        let mut draft = Draft::new(problem)?;
        standardize_units(&mut observer, &mut draft, Start::Normal(DEVIATION))?;
        draft.finish(problem, FACTS.name)
    }
}
