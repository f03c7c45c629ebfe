//! Rows of a problem's data, gathered once.

use super::Problem;
use crate::check::probe::Batch;
use crate::error::{Error, Result};

/// Rows of features and targets that lie one after another.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// How many there are.
    pub count: usize,
    features: Vec<f32>,
    targets: Vec<f32>,
}

impl Rows {
    /// The first rows of the data, at most so many, for `method`.
    ///
    /// # Errors
    /// If there are none, or the network takes others.
    pub fn of(problem: &Problem<'_>, method: &str, most: usize) -> Result<Self> {
        let count = problem.data.map_or(0, crate::data::Dataset::rows).min(most);
        Self::at(problem, method, &(0..count).collect::<Vec<usize>>())
    }

    /// The rows of the data with these indices.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn at(problem: &Problem<'_>, method: &str, rows: &[usize]) -> Result<Self> {
        let refused = |found: String, expected: String| Error::Setting {
            place: format!("method `{method}`"),
            found,
            expected,
        };
        let Some(data) = problem.data.filter(|_| !rows.is_empty()) else {
            let expected = "rows of data: their statistics decide the scale of each layer";
            return Err(refused("no data".to_owned(), expected.to_owned()));
        };
        let targets = problem.loss.target_columns(&problem.model.architecture().output());
        let (found, expected) =
            ((data.columns(), data.target_columns()), (problem.model.inputs(), targets));
        if found != expected {
            return Err(refused(
                format!("rows of {} features and {} targets", found.0, found.1),
                format!("{} and {}, as the network has them", expected.0, expected.1),
            ));
        }
        let mut features = vec![0.0; rows.len() * found.0];
        let mut targets = vec![0.0; rows.len() * found.1];
        data.gather(rows, &mut features, &mut targets, 0.0);
        Ok(Self { count: rows.len(), features, targets })
    }

    /// Rows that were made otherwise, features and targets row-major.
    pub fn made(count: usize, features: Vec<f32>, targets: Vec<f32>) -> Self {
        Self { count, features, targets }
    }

    pub fn batch(&self) -> Batch<'_> {
        Batch { rows: self.count, features: &self.features, targets: &self.targets }
    }
}
