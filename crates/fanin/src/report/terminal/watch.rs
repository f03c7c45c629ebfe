//! What has changed between two checks of a run, on one line.

use super::check::percent;
use super::wrap::wrapped;
use crate::train::{Check, Noted};

/// One line on a check of a running training; nothing where neither a finding nor the forecast is
/// other than before.
///
/// The first check is told as a whole: `step 0: vanishing-signal (FAIL); forecast stuck (97 %)`.
/// Later ones say what is gone, new or of another severity.
pub fn watched(now: &Check, before: Option<&Check>) -> Option<String> {
    let mut parts: Vec<String> = match before {
        None if now.findings.is_empty() => vec!["no findings".to_owned()],
        None => now.findings.iter().map(named).collect(),
        Some(before) => changes(now, before),
    };
    let same = before.is_some_and(|before| before.forecast == now.forecast);
    if parts.is_empty() && same {
        return None;
    }
    if !same {
        parts.push(format!("forecast {} ({})", now.forecast, percent(now.confidence)));
    }
    Some(wrapped(&format!("step {}: ", now.step), "  ", &parts.join("; ")))
}

fn changes(now: &Check, before: &Check) -> Vec<String> {
    let gone = before.findings.iter().filter(|old| now.finding(&old.code).is_none());
    let gone = gone.map(|old| format!("{} is gone", old.code));
    let other = now.findings.iter().filter_map(|new| match before.finding(&new.code) {
        None => Some(format!("{} is new", named(new))),
        Some(old) if old.severity != new.severity => {
            Some(format!("{} is now {}", new.code, new.severity.word()))
        }
        Some(_) => None,
    });
    gone.chain(other).collect()
}

fn named(finding: &Noted) -> String {
    format!("{} ({})", finding.code, finding.severity.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Severity, Verdict};

    fn seen(step: u64, forecast: Verdict, findings: &[(&str, Severity)]) -> Check {
        let noted = |(code, severity): &(&str, Severity)| Noted {
            code: (*code).to_owned(),
            severity: *severity,
            module: None,
        };
        let findings = findings.iter().map(noted).collect();
        Check { step, forecast, confidence: 0.97, findings }
    }

    #[test]
    fn only_what_changes_is_said() {
        let start = seen(0, Verdict::Stuck, &[("vanishing-signal", Severity::Fail)]);
        let first = watched(&start, None).unwrap();
        assert_eq!(first, "step 0: vanishing-signal (FAIL); forecast stuck (97 %)\n");
        assert_eq!(watched(&Check { step: 60, ..start.clone() }, Some(&start)), None);
        let later = seen(120, Verdict::Learns, &[]);
        let line = watched(&later, Some(&start)).unwrap();
        assert_eq!(line, "step 120: vanishing-signal is gone; forecast learns (97 %)\n");
        let milder = seen(60, Verdict::Stuck, &[("vanishing-signal", Severity::Warn)]);
        let line = watched(&milder, Some(&start)).unwrap();
        assert_eq!(line, "step 60: vanishing-signal is now WARN\n");
        let worse = seen(180, Verdict::Learns, &[("dead-units", Severity::Warn)]);
        assert_eq!(watched(&worse, Some(&later)).unwrap(), "step 180: dead-units (WARN) is new\n");
        let line = watched(&seen(0, Verdict::Learns, &[]), None).unwrap();
        assert_eq!(line, "step 0: no findings; forecast learns (97 %)\n");
    }
}
