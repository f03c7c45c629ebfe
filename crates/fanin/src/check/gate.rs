//! Whether a start is sound enough to go on with: what decides how a pipeline ends.

use super::diagnosis::Diagnosis;
use super::forecast::Verdict;
use super::severity::Severity;

/// Whether a finding is at least as bad as `limit`, or the forecast says that training fails.
///
/// A forecast of stuck or unstable counts as [`Severity::Fail`], also where no finding says why:
/// who asks whether these weights will learn has been told no. What is inconclusive never fails,
/// and neither does a forecast that is unsure or slow.
pub fn fails(diagnosis: &Diagnosis, limit: Severity) -> bool {
    let limit = limit.max(Severity::Warn);
    let refused = matches!(diagnosis.forecast, Verdict::Stuck | Verdict::Unstable);
    refused || diagnosis.severity().is_some_and(|severity| severity >= limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Finding;
    use crate::check::evidence::Horizon;

    fn diagnosis(forecast: Verdict, severities: &[Severity]) -> Diagnosis {
        let finding = |&severity: &Severity| {
            Finding::plain("dead-units", severity, String::new(), String::new())
        };
        let findings = severities.iter().map(finding).collect();
        Diagnosis { findings, forecast, ..Diagnosis::of_nothing(Horizon::SAMPLE) }
    }

    #[track_caller]
    fn check(forecast: Verdict, severities: &[Severity], expected: [bool; 2]) {
        let diagnosis = diagnosis(forecast, severities);
        let found = [Severity::Warn, Severity::Fail].map(|limit| fails(&diagnosis, limit));
        assert_eq!(found, expected, "{forecast} with {severities:?}");
    }

    #[test]
    fn findings_fail_from_the_limit_on() {
        check(Verdict::Learns, &[], [false, false]);
        check(Verdict::Learns, &[Severity::Warn], [true, false]);
        check(Verdict::Slow, &[Severity::Warn, Severity::Fail], [true, true]);
    }

    #[test]
    fn what_is_inconclusive_never_fails() {
        check(Verdict::Unsure, &[Severity::Inconclusive], [false, false]);
        assert!(!fails(
            &diagnosis(Verdict::Slow, &[Severity::Inconclusive]),
            Severity::Inconclusive
        ));
    }

    #[test]
    fn a_forecast_of_failure_fails_without_any_finding() {
        check(Verdict::Stuck, &[], [true, true]);
        check(Verdict::Unstable, &[], [true, true]);
        check(Verdict::Slow, &[], [false, false]);
    }
}
