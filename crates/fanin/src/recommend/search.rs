//! Methods tried one after another, until a start passes the check.

use serde::Serialize;

use super::{METHODS, Problem, Recommendation};
use crate::check::{Diagnosis, Severity, Verdict};
use crate::error::{Error, Result};
use crate::weights::Weights;

/// What a start that is sound already is recommended by.
pub const UNCHANGED: &str = "unchanged";

/// The first start that passes, or the best of those that do not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// The start.
    pub recommendation: Recommendation,
    /// What the check says of it.
    pub diagnosis: Diagnosis,
    /// Whether it passes.
    pub passes: bool,
    /// What was tried before it, and why it was not taken; in order.
    pub tried: Vec<Tried>,
}

/// A method that was tried and not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The method.
    pub method: &'static str,
    /// Why its start was not taken.
    pub reason: String,
}

/// Whether a start passes: it is forecast to learn, and nothing fails.
pub fn passes(diagnosis: &Diagnosis) -> bool {
    failing(diagnosis).is_none()
}

/// Tries the start as it is, then every method, cheapest first, and stops at the first that passes.
///
/// `judge` checks weights. Where none passes, the best by forecast and severity is given.
///
/// # Errors
/// If the start itself cannot be judged; a method that cannot serve the network is passed over.
pub fn first_that_passes(
    problem: &Problem<'_>,
    judge: &dyn Fn(&Weights) -> Result<Diagnosis>,
) -> Result<Found> {
    let unchanged = problem.unchanged(UNCHANGED);
    let diagnosis = judge(&unchanged.weights)?;
    let mut best = (unchanged, diagnosis);
    let mut tried = Vec::new();
    let mut methods = METHODS.iter();
    loop {
        let (recommendation, diagnosis) = &best;
        if failing(diagnosis).is_none() {
            tried.retain(|one: &Tried| one.method != recommendation.method);
            let (recommendation, diagnosis) = best;
            return Ok(Found { recommendation, diagnosis, passes: true, tried });
        }
        if tried.is_empty() {
            tried.push(refusal(recommendation.method, diagnosis));
        }
        let Some(method) = methods.next() else { break };
        let name = method.facts().name;
        let found = method.recommend(problem).and_then(|found| {
            let diagnosis = judge(&found.weights)?;
            Ok((found, diagnosis))
        });
        match found {
            Ok((found, diagnosis)) => {
                tried.push(refusal(name, &diagnosis));
                if rank(&diagnosis) < rank(&best.1) {
                    best = (found, diagnosis);
                }
            }
            Err(error) => tried.push(Tried { method: name, reason: told(&error) }),
        }
    }
    let (recommendation, diagnosis) = best;
    Ok(Found { recommendation, diagnosis, passes: false, tried })
}

/// What keeps a start from passing.
fn failing(diagnosis: &Diagnosis) -> Option<String> {
    let fails = diagnosis.findings.iter().find(|finding| finding.severity == Severity::Fail);
    match fails {
        Some(finding) => Some(format!("{}: {}", finding.code, finding.why)),
        None if diagnosis.forecast != Verdict::Learns => {
            let cause = diagnosis.cause().map(|cause| format!(", {}", cause.code));
            Some(format!("forecast {}{}", diagnosis.forecast, cause.unwrap_or_default()))
        }
        None => None,
    }
}

fn refusal(method: &'static str, diagnosis: &Diagnosis) -> Tried {
    Tried { method, reason: failing(diagnosis).unwrap_or_default() }
}

/// Smaller is better: forecast, findings that fail, all findings.
fn rank(diagnosis: &Diagnosis) -> (Verdict, usize, usize) {
    let fails = diagnosis.findings.iter().filter(|f| f.severity == Severity::Fail).count();
    (diagnosis.forecast, fails, diagnosis.findings.len())
}

/// An error with its causes, in one line.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::cases::Case;

    #[test]
    fn a_sound_start_is_left_alone() {
        let case = Case::new("64 -> 2x32 relu -> 10", "he-normal");
        let found =
            first_that_passes(&case.problem(), &|weights| Ok(case.diagnose(weights))).unwrap();
        assert!(found.passes && found.tried.is_empty());
        assert_eq!(found.recommendation.method, UNCHANGED);
        assert!(found.recommendation.changes.is_empty());
        assert_eq!(found.recommendation.weights, case.weights);
    }

    #[test]
    fn a_sick_start_gets_the_first_method_that_passes() {
        for scheme in ["zeros", "normal:0.001"] {
            let case = Case::new("64 -> 6x32 relu -> 10", scheme);
            let found =
                first_that_passes(&case.problem(), &|weights| Ok(case.diagnose(weights))).unwrap();
            assert!(found.passes, "{scheme}: {:?}", found.tried);
            assert!(passes(&found.diagnosis));
            assert_eq!(found.tried[0].method, UNCHANGED);
            assert!(!found.tried[0].reason.is_empty());
            let before: Vec<&str> = found.tried[1..].iter().map(|one| one.method).collect();
            let names = crate::recommend::names();
            let own = names.iter().position(|name| *name == found.recommendation.method).unwrap();
            assert_eq!(before, names[..own]);
        }
    }

    #[test]
    fn where_none_passes_the_best_is_given_with_all_reasons() {
        let case = Case::new("64 -> 10", "zeros");
        let problem = Problem { data: None, ..case.problem() };
        let sick = Case::new("64 -> 8x8 relu -> 10", "zeros");
        let diagnosis = sick.diagnose(&sick.weights);
        let found = first_that_passes(&problem, &|_| Ok(diagnosis.clone())).unwrap();
        assert!(!found.passes);
        assert_eq!(found.tried.len(), METHODS.len() + 1);
        assert!(found.tried.iter().any(|one| one.reason.contains("no data")));
        assert!(found.tried.iter().all(|one| !one.reason.is_empty()));
    }
}
