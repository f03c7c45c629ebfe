//! A start that is judged, the methods that are asked, and the first that passes.

use std::time::Instant;

use serde::Serialize;

use super::{METHODS, Method, Problem, Recommendation, Search, find, offers};
use crate::check::{Diagnosis, Severity, Verdict, gate};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::spec::Extent;
use crate::weights::Weights;

/// Why a method was left out that nobody wanted to wait for.
const STOPPED: &str = "the search was stopped";

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
    /// The methods that were not, or not to their end: for want of time, or as the search was stopped.
    pub left_out: Vec<LeftOut>,
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

/// A method that was not asked, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The method.
    pub method: &'static str,
    /// Why.
    pub reason: String,
}

impl Repair {
    /// The start of `problem`, judged, with nothing recommended yet.
    fn of(problem: &Problem<'_>, rows: &Dataset, limit: Severity) -> Result<Self> {
        let before = judge(problem, rows, problem.weights)?;
        let (tried, left_out) = (Vec::new(), Vec::new());
        Ok(Self { before, tried, left_out, recommendation: None, after: None, limit })
    }

    /// Notes that a method gave no start.
    fn miss(&mut self, method: &'static str, error: &Error) {
        match error {
            Error::TooDear { .. } => self.leave_out(method, error.to_string()),
            Error::Interrupted => self.leave_out(method, STOPPED.to_owned()),
            _ => self.tried.push(Tried::nothing(method, error)),
        }
    }

    fn leave_out(&mut self, method: &'static str, reason: String) {
        self.left_out.push(LeftOut { method, reason });
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
/// that was there. A method that fails is passed over, and said.
///
/// # Errors
/// If the start cannot be measured, `options` name an unknown method, or the one that they name
/// fails.
pub fn repair(problem: &Problem<'_>, rows: &Dataset, options: &Options) -> Result<Repair> {
    repair_within(problem, rows, options, &Search::default())
}

/// The same within the time of `search`: methods that do not fit are left out, and said. The first
/// method is asked in any case.
///
/// # Errors
/// As [`repair`]; [`Error::Interrupted`] if the method that `options` name was stopped with nothing
/// found.
pub fn repair_within(
    problem: &Problem<'_>,
    rows: &Dataset,
    options: &Options,
    search: &Search<'_>,
) -> Result<Repair> {
    let mut repair = match options.method.as_deref().map(find).transpose()? {
        None => repair_by(METHODS, problem, rows, options.limit, search)?,
        Some(method) => {
            let mut repair = Repair::of(problem, rows, options.limit)?;
            let found = method.recommend_within(problem, search)?;
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
    search: &Search<'_>,
) -> Result<Repair> {
    let mut repair = Repair::of(problem, rows, limit)?;
    if passes(&repair.before, limit) {
        return Ok(repair);
    }
    let mut begun = Instant::now();
    for (place, method) in methods.iter().enumerate() {
        let name = method.facts().name;
        if place == 1 {
            begun = Instant::now();
        }
        let left = search.seconds.map(|all| all - begun.elapsed().as_secs_f64());
        if place > 0 && search.observer.is_stopped() {
            repair.leave_out(name, STOPPED.to_owned());
            continue;
        }
        if place > 0 && left.is_some_and(|left| left <= 0.0) {
            repair.leave_out(name, "the time of the search is over".to_owned());
            continue;
        }
        let search = Search { seconds: left.filter(|_| place > 0), must_fit: true, ..*search };
        let found = match method.recommend_within(problem, &search) {
            Ok(found) => found,
            Err(error) => {
                repair.miss(name, &error);
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
