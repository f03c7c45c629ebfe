//! Scales of parameters that are learned by descent on an objective of the start itself.
//!
//! Both objectives need derivatives of the gradient, which the engine builds as graphs.

mod curved;
mod grad_init;
mod meta_init;

#[cfg(test)]
mod tests;

pub(super) use grad_init::{GradInitSettings, grad_init};
pub(super) use meta_init::{MetaInitSettings, meta_init};

use super::Problem;
use super::Recommendation;
use super::draft::{Draft, spread};
use crate::error::Result;

/// A recommendation with these values of the trained parameters, scaled from what they were.
///
/// Says of parameters that are all 0 that no scale lifts them.
fn scaled(
    problem: &Problem<'_>,
    method: &'static str,
    trained: &[usize],
    values: Vec<Vec<f32>>,
    mut unmet: Vec<String>,
) -> Result<Recommendation> {
    let mut draft = Draft::new(problem)?;
    let is_zero = |values: &[f32]| values.iter().all(|&x| x == 0.0);
    let zeros = trained.iter().zip(&values).filter(|(position, values)| {
        is_zero(values) && draft.parameters[**position].role.is_matrix()
    });
    let names: Vec<String> =
        zeros.map(|(&position, _)| format!("`{}`", draft.parameters[position].name)).collect();
    if !names.is_empty() {
        unmet.push(format!("{}: all 0, which no scale changes", names.join(", ")));
    }
    for (&position, values) in trained.iter().zip(values) {
        let parameter = &draft.parameters[position];
        let before = problem.weights.get(&parameter.name).map_or(0.0, |t| norm(t.data()));
        let factor = norm(&values) / before;
        let scheme = spread(&values, parameter.role.is_matrix());
        draft.set(position, values, scheme, format!("scale × {factor:.3}, learned"));
    }
    draft.unmet = unmet;
    draft.finish(problem, method)
}

fn norm(values: &[f32]) -> f64 {
    fanin_kernels::reduce::sum_of_squares(values).sqrt()
}
