//! A start that is judged, the methods that are asked, and the first that passes.

use serde::Serialize;

use super::{METHODS, Method, Problem, Recommendation, find};
use crate::check::{Diagnosis, Severity, Verdict, gate};
use crate::data::Dataset;
use crate::error::Result;
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
    /// The judgment of the start that is left: the recommended one, else the one that was there.
    pub fn result(&self) -> &Diagnosis {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// Whether the start that is left has nothing that it may not have, and no forecast of failure.
    pub fn is_healthy(&self) -> bool {
        !gate::fails(self.result(), self.limit)
    }
}

/// Whether a start needs no repair: it should learn, and nothing is as bad as `limit`.
fn passes(diagnosis: &Diagnosis, limit: Severity) -> bool {
    diagnosis.forecast == Verdict::Learns && !gate::fails(diagnosis, limit)
}

/// Judges the start of `problem` on `rows`, and asks methods for a better one.
///
/// The first whose start passes is taken; else the best of all, where it is better than the start
/// that was there. A method that fails is passed over, and said.
///
/// # Errors
/// If the start cannot be measured, `options` name an unknown method, or the one that they name
/// fails.
pub fn repair(problem: &Problem<'_>, rows: &Dataset, options: &Options) -> Result<Repair> {
    let judge = |weights: &Weights| {
        Diagnosis::claimed(problem.model, problem.loss, weights, &[], rows, problem.horizon)
    };
    let limit = options.limit;
    let before = judge(problem.weights)?;
    let named = options.method.as_deref().map(find).transpose()?;
    let mut repair =
        Repair { before, tried: Vec::new(), recommendation: None, after: None, limit };
    if named.is_none() && passes(&repair.before, limit) {
        return Ok(repair);
    }
    let methods: Vec<&dyn Method> = named.map_or_else(|| METHODS.to_vec(), |method| vec![method]);
    for method in methods {
        let name = method.facts().name;
        let found = match method.recommend(problem) {
            Ok(found) => found,
            Err(error) if named.is_some() => return Err(error),
            Err(error) => {
                let reason = Some(error.to_string());
                repair.tried.push(Tried { method: name, forecast: None, passed: false, reason });
                continue;
            }
        };
        let after = judge(&found.weights)?;
        let passed = passes(&after, limit);
        let cause = (!passed).then(|| after.cause().map(|finding| finding.why.clone())).flatten();
        let forecast = Some(after.forecast);
        repair.tried.push(Tried { method: name, forecast, passed, reason: cause });
        if named.is_some() || illness(&after) < illness(repair.result()) {
            repair.after = Some(after);
            repair.recommendation = Some(found);
        }
        if passed {
            break;
        }
    }
    Ok(repair)
}

/// How ill a start is: by its forecast, then by the worst finding, then by how many there are.
fn illness(diagnosis: &Diagnosis) -> (Verdict, Option<Severity>, usize) {
    (diagnosis.forecast, diagnosis.severity(), diagnosis.findings.len())
}
