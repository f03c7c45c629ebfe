//! What every method tells of itself and can do.

use super::{Problem, Recommendation, Search, tied};
use crate::error::Result;

/// A way to find starting weights for a network.
pub trait Method: Sync {
    /// What people are told of it.
    fn facts(&self) -> &'static Facts;

    /// What the method itself says, of each parameter for itself; people ask
    /// [`recommend`](Self::recommend).
    ///
    /// # Errors
    /// If the method needs data and the problem has none, or the network cannot be built.
    fn find(&self, problem: &Problem<'_>) -> Result<Recommendation>;

    /// The same within the time of `search`, for a method that takes long.
    ///
    /// # Errors
    /// As [`find`](Self::find); [`Error::TooDear`](crate::Error::TooDear) if it would take longer than
    /// it may, and [`Error::Interrupted`](crate::Error::Interrupted) if it was stopped with nothing
    /// found.
    fn find_within(&self, problem: &Problem<'_>, _search: &Search<'_>) -> Result<Recommendation> {
        self.find(problem)
    }

    /// Starting weights for the network of `problem`, and why these. What is one tensor in the module, as
    /// [`spec::tied`](crate::spec::tied) tells, is one in them.
    ///
    /// What cannot be satisfied is said in [`Recommendation::unmet`]; it is no error.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn recommend(&self, problem: &Problem<'_>) -> Result<Recommendation> {
        self.recommend_within(problem, &Search::default())
    }

    /// The same within the time of `search`.
    ///
    /// # Errors
    /// As [`find_within`](Self::find_within).
    fn recommend_within(
        &self,
        problem: &Problem<'_>,
        search: &Search<'_>,
    ) -> Result<Recommendation> {
        let mut found = self.find_within(problem, search)?;
        let parameters = problem.model.parameters()?;
        tied::tie(&parameters, problem.weights, &mut found)?;
        Ok(found.named_as_in_module(&parameters))
    }
}

/// What people are told of a method.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Facts {
    /// The name in commands, tables and reports.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// Whether it needs rows of data.
    pub needs_data: bool,
    /// What code that draws its start for other seeds keeps of it.
    pub redrawn: Redrawn,
}

/// What code that draws a start for other seeds keeps of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redrawn {
    /// All that the method set.
    Whole,
    /// Scales that the data asked for at one seed.
    MeasuredScales,
    /// Scales that were learned at one seed.
    LearnedScales,
    /// Mean and deviation of tensors whose units were set one by one.
    Tensors,
}

impl Redrawn {
    /// The same as a sentence; none where all is kept.
    pub fn sentence(self) -> Option<&'static str> {
        match self {
            Self::Whole => None,
            Self::MeasuredScales => Some(
                "Other seeds get the scales that the data asked for at one seed; they are not \
                 measured anew.",
            ),
            Self::LearnedScales => Some(
                "Other seeds get the scales that were learned at one seed; they are not learned \
                 anew.",
            ),
            Self::Tensors => Some(
                "Of units that were set one by one, this draws mean and deviation of whole \
                 tensors: the exact start is in the weights alone.",
            ),
        }
    }
}
