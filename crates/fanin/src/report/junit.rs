//! A check as JUnit XML, which every continuous integration shows: one test case per symptom.

use std::fmt::Write;

use super::checked::title;
use super::{Checked, terminal};
use crate::check::rules::{Finding, RULES};
use crate::check::{Severity, Verdict};

/// How one case went.
enum Outcome<'a> {
    Passed,
    Said(String),
    Skipped(&'a str),
    Failed { kind: &'a str, message: String, text: String },
}

/// A test suite with a case per symptom and one for the forecast.
///
/// Findings at least as bad as `limit` are failures, milder ones pass with their text; what is
/// inconclusive, or cannot occur in this network, is skipped. A forecast of stuck or unstable
/// fails.
pub fn junit(checked: &Checked<'_>, limit: Severity) -> String {
    let diagnosis = checked.diagnosis;
    let mut cases: Vec<(&str, Outcome<'_>)> = RULES
        .iter()
        .map(|rule| {
            let code = rule.code();
            let passed = diagnosis.passed.iter().any(|passed| passed.code == code);
            let found = diagnosis.findings.iter().find(|finding| finding.code == code);
            let outcome = match found {
                Some(finding) => outcome(finding, limit),
                None if passed => Outcome::Passed,
                None => Outcome::Skipped("was not looked for in this network"),
            };
            (code, outcome)
        })
        .collect();
    let is_other = |f: &&Finding| RULES.iter().all(|rule| rule.code() != f.code);
    let others = diagnosis.findings.iter().filter(is_other);
    cases.extend(others.map(|finding| (finding.code, outcome(finding, limit))));
    cases.push(("forecast", forecast(checked)));
    suite(checked, &cases)
}

fn outcome(finding: &Finding, limit: Severity) -> Outcome<'_> {
    let place = finding.module.as_ref().map_or_else(String::new, |m| format!("module {m}: "));
    let message = format!("{place}{}", finding.why);
    let text = format!("{}\n{message}.\nfix: {}\n", title(finding.code), finding.fix);
    match finding.severity {
        Severity::Inconclusive => Outcome::Skipped("the seeds do not tell: measure more of them"),
        severity if severity >= limit => Outcome::Failed { kind: severity.word(), message, text },
        _ => Outcome::Said(text),
    }
}

fn forecast<'a>(checked: &Checked<'_>) -> Outcome<'a> {
    let text = terminal::forecast(checked.diagnosis, usize::MAX).trim().to_owned();
    match checked.diagnosis.forecast {
        Verdict::Stuck | Verdict::Unstable => {
            Outcome::Failed { kind: Severity::Fail.word(), message: text.clone(), text }
        }
        Verdict::Unsure => Outcome::Skipped("more than one outcome is possible"),
        Verdict::Learns | Verdict::Slow => Outcome::Said(text),
    }
}

fn suite(checked: &Checked<'_>, cases: &[(&str, Outcome<'_>)]) -> String {
    let count = |of: fn(&Outcome<'_>) -> bool| cases.iter().filter(|(_, o)| of(o)).count();
    let failures = count(|outcome| matches!(outcome, Outcome::Failed { .. }));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"",
        cases.len()
    );
    let name = escaped(&format!("{} · starting from {}", checked.model, checked.start));
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(text, "<testsuites name=\"fanin check\" {counts}>");
    let _ = writeln!(text, "  <testsuite name=\"{name}\" {counts}>");
    for (code, outcome) in cases {
        text.push_str(&case(code, outcome));
    }
    if !checked.diagnosis.skipped.is_empty() {
        let skipped = escaped(&checked.diagnosis.skipped.join("\n"));
        let _ = writeln!(text, "    <system-out>{skipped}</system-out>");
    }
    text + "  </testsuite>\n</testsuites>\n"
}

fn case(code: &str, outcome: &Outcome<'_>) -> String {
    let start = format!("    <testcase classname=\"fanin.check\" name=\"{}\"", escaped(code));
    let inner = match outcome {
        Outcome::Passed => return format!("{start}/>\n"),
        Outcome::Said(text) => format!("<system-out>{}</system-out>", escaped(text)),
        Outcome::Skipped(message) => format!("<skipped message=\"{}\"/>", escaped(message)),
        Outcome::Failed { kind, message, text } => {
            let (message, text) = (escaped(message), escaped(text));
            format!("<failure type=\"{kind}\" message=\"{message}\">{text}</failure>")
        }
    };
    format!("{start}>\n      {inner}\n    </testcase>\n")
}

/// Text as XML 1.0 holds it, in elements and attributes; what it cannot hold becomes `U+FFFD`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' | '\t' | '\r' => {
                let _ = write!(escaped, "&#{};", c as u32);
            }
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Diagnosis;
    use crate::check::rules::Passed;
    use crate::report::Asked;
    use crate::report::terminal::sample_of_a_diagnosis;
    use crate::spec::Spec;

    fn suite(diagnosis: &Diagnosis, limit: Severity) -> String {
        let (model, start) = ("4 -> 2".to_owned(), "<\"a\" & 'b'>".to_owned());
        let (spec, asked) = (&Spec::default(), &Asked::default());
        junit(&Checked { model, start, spec, asked, diagnosis }, limit)
    }

    fn sick() -> Diagnosis {
        let finding = |code, severity| {
            let why = "a < b & \"c\"\u{1}".to_owned();
            Finding::plain(code, severity, why, "]]>".to_owned()).at("</failure>")
        };
        let findings = vec![
            finding("chaos", Severity::Inconclusive),
            finding("saturation", Severity::Warn),
            finding("unit-symmetry", Severity::Fail),
        ];
        let passed = vec![Passed { code: "non-finite", measured: None }];
        Diagnosis { findings, passed, ..sample_of_a_diagnosis(Verdict::Stuck) }
    }

    fn counts(text: &str) -> [usize; 3] {
        ["<testcase ", "<failure ", "<skipped "].map(|tag| text.matches(tag).count())
    }

    #[test]
    fn every_symptom_is_a_case_and_the_limit_decides_which_fail() {
        let all = RULES.len() + 1;
        let text = suite(&sick(), Severity::Fail);
        assert_eq!(counts(&text), [all, 2, all - 4]);
        assert!(text.contains("failures=\"2\""), "{text}");
        assert_eq!(counts(&suite(&sick(), Severity::Warn)), [all, 3, all - 4]);
        assert!(text.contains("name=\"non-finite\"/>"), "{text}");
        let healthy = suite(&sample_of_a_diagnosis(Verdict::Learns), Severity::Warn);
        assert_eq!(counts(&healthy)[1], 0, "{healthy}");
    }

    #[test]
    fn hostile_names_stay_text() {
        let text = suite(&sick(), Severity::Fail);
        assert!(text.contains("&lt;&quot;a&quot; &amp; &apos;b&apos;&gt;"), "{text}");
        assert!(text.contains("module &lt;/failure&gt;: a &lt; b &amp; &quot;c&quot;\u{fffd}"));
        assert_eq!(text.matches("</failure>").count(), 2);
        assert!(!text.contains("]]>"), "{text}");
        assert!(text.chars().all(|c| c == '\n' || c >= ' '));
    }

    #[test]
    fn tags_are_closed_in_their_order() {
        let text = suite(&sick(), Severity::Fail);
        let mut open = Vec::new();
        for tag in text.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name), "{text}");
            } else if !tag.ends_with('/') && !tag.starts_with('?') {
                open.push(name);
            }
        }
        assert!(open.is_empty());
    }
}
