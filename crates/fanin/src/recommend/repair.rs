//! A start that is judged, the methods that are asked, and the first that passes.

use serde::Serialize;

use super::{METHODS, Method, Problem, Recommendation, find, offers, tied};
use crate::check::{Diagnosis, Severity, Verdict, gate};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::spec::Extent;
use crate::weights::Weights;

/// What counts as repaired, and who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The method to take, whatever the start; without one all are asked, cheapest first, and only
    /// of a start that does not pass.
    pub method: Option<String>,
    /// Severity of findings that a start may not have.
    pub limit: Severity,
}

impl Default for Options {
    /// All methods, cheapest first, until nothing fails.
    fn default() -> Self {
        Self { method: None, limit: Severity::Fail }
    }
}

/// A start, what is recommended in its place, and both judged in the same way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repair {
    /// The start as it was.
    pub before: Diagnosis,
    /// The methods that were asked, in their order, and what came of each.
    pub tried: Vec<Tried>,
    /// What is recommended; none where the start passes, or no method found a better one.
    pub recommendation: Option<Recommendation>,
    /// The start as recommended.
    pub after: Option<Diagnosis>,
    /// Severity of findings that a start may not have.
    pub limit: Severity,
}

/// What came of one method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The method.
    pub method: &'static str,
    /// How its start was judged; none where it gave none.
    pub forecast: Option<Verdict>,
    /// Whether its start passed.
    pub passed: bool,
    /// Why it gave no start, or one that does not pass.
    pub reason: Option<String>,
}

impl Repair {
    /// The start of `problem`, judged, with nothing recommended yet.
    fn of(problem: &Problem<'_>, rows: &Dataset, limit: Severity) -> Result<Self> {
        let before = judge(problem, rows, problem.weights)?;
        Ok(Self { before, tried: Vec::new(), recommendation: None, after: None, limit })
    }

    fn take(&mut self, found: Recommendation, after: Diagnosis) {
        self.tried.push(Tried::new(found.method, &after, self.limit));
        self.after = Some(after);
        self.recommendation = Some(found);
    }

    /// The judgment of the start that is left: the recommended one, else the one that was there.
    pub fn result(&self) -> &Diagnosis {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// Whether the start that is left has nothing that it may not have, and no forecast of failure.
    pub fn is_healthy(&self) -> bool {
        !gate::fails(self.result(), self.limit)
    }
}

impl Tried {
    fn new(method: &'static str, after: &Diagnosis, limit: Severity) -> Self {
        let passed = passes(after, limit);
        let cause = after.cause().filter(|_| !passed);
        let reason = cause.map(|finding| format!("{}: {}", finding.code, finding.why));
        Self { method, forecast: Some(after.forecast), passed, reason }
    }

    fn nothing(method: &'static str, error: &Error) -> Self {
        Self { method, forecast: None, passed: false, reason: Some(error.to_string()) }
    }
}

/// Whether a start needs no repair: it should learn, and nothing is as bad as `limit`.
fn passes(diagnosis: &Diagnosis, limit: Severity) -> bool {
    diagnosis.forecast == Verdict::Learns && !gate::fails(diagnosis, limit)
}

/// Judges the start of `problem` on `rows`, and asks methods for a better one.
///
/// The first whose start passes is taken; else the best of all, where it is better than the start
/// that was there. A method that fails is passed over, and said. What is one tensor in the module, as
/// [`spec::tied`](crate::spec::tied) tells, is one in all that is recommended, before it is judged.
///
/// # Errors
/// If the start cannot be measured, `options` name an unknown method, or the one that they name
/// fails.
pub fn repair(problem: &Problem<'_>, rows: &Dataset, options: &Options) -> Result<Repair> {
    let mut repair = match options.method.as_deref().map(find).transpose()? {
        None => repair_by(METHODS, problem, rows, options.limit)?,
        Some(method) => {
            let mut repair = Repair::of(problem, rows, options.limit)?;
            let found = asked(method, problem)?;
            let after = judge(problem, rows, &found.weights)?;
            repair.take(found, after);
            repair
        }
    };
    if let Some(found) = &mut repair.recommendation {
        let start = Problem { weights: &found.weights, ..*problem };
        let after = repair.after.as_ref().unwrap_or(&repair.before);
        let offers = offers(&start, after);
        found.offers.extend(offers);
    }
    Ok(repair)
}

fn repair_by(
    methods: &[&dyn Method],
    problem: &Problem<'_>,
    rows: &Dataset,
    limit: Severity,
) -> Result<Repair> {
    let mut repair = Repair::of(problem, rows, limit)?;
    if passes(&repair.before, limit) {
        return Ok(repair);
    }
    for method in methods {
        let found = match asked(*method, problem) {
            Ok(found) => found,
            Err(error) => {
                repair.tried.push(Tried::nothing(method.facts().name, &error));
                continue;
            }
        };
        let after = judge(problem, rows, &found.weights)?;
        if illness(&after) < illness(repair.result()) {
            repair.take(found, after);
        } else {
            repair.tried.push(Tried::new(found.method, &after, limit));
        }
        if repair.tried.last().is_some_and(|tried| tried.passed) {
            break;
        }
    }
    Ok(repair)
}

/// What a method recommends, with tied tensors as one.
fn asked(method: &dyn Method, problem: &Problem<'_>) -> Result<Recommendation> {
    let mut found = method.recommend(problem)?;
    tied::tie(&problem.model.parameters()?, problem.weights, &mut found)?;
    Ok(found)
}

fn judge(problem: &Problem<'_>, rows: &Dataset, weights: &Weights) -> Result<Diagnosis> {
    let Problem { model, loss, horizon, .. } = *problem;
    Diagnosis::claimed(model, loss, weights, &[], rows, horizon, Extent::All)
}

/// How ill a start is: by its forecast, then by the worst finding, then by how many there are.
fn illness(diagnosis: &Diagnosis) -> (Verdict, Option<Severity>, usize) {
    (diagnosis.forecast, diagnosis.severity(), diagnosis.findings.len())
}

#[cfg(test)]
mod tests;
