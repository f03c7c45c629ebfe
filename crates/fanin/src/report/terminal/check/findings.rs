//! What is wrong: causes with their remedy first, what follows from them on one line.

use std::fmt::Write;

use super::remedy;
use crate::check::rules::{Measured, RULES};
use crate::check::{Diagnosis, Finding, Severity};
use crate::report::Checked;
use crate::report::checked::title;
use crate::report::terminal::number::{fixed, number, whole};
use crate::report::terminal::wrap::wrapped_within;

/// Before the further lines of a finding.
const INDENT: &str = "     ";
/// More seeds than anybody would measure.
const MANY_SEEDS: usize = 1000;

/// Errors below this change none of the decimals that are printed.
const LEAST_ERROR: f64 = 5e-4;

/// Every cause with why, numbers, fix and page; the worst first.
pub fn findings(checked: &Checked<'_>, width: usize) -> String {
    let findings = &checked.diagnosis.findings;
    let mut causes: Vec<&Finding> =
        findings.iter().filter(|f| f.consequence_of.is_none()).collect();
    causes.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    causes.into_iter().map(|cause| finding(checked, cause, width)).collect()
}

fn finding(checked: &Checked<'_>, finding: &Finding, width: usize) -> String {
    let line = |lead: &str, text: &str| {
        let lead = format!("{INDENT}{lead} ");
        wrapped_within(width, &lead, &" ".repeat(lead.chars().count()), text)
    };
    let mut head = format!("\n{} {}", finding.severity.word(), finding.code);
    if !title(finding.code).is_empty() {
        let _ = write!(head, " · {}", title(finding.code));
    }
    let mut text = wrapped_within(width, "", INDENT, &head);
    text.insert(0, '\n');
    text.push_str(&wrapped_within(width, INDENT, INDENT, &sentence(&finding.why)));
    if let Some(measured) = &finding.measured {
        let effect = match finding.effect {
            "" => String::new(),
            effect => format!("; E: {effect}"),
        };
        let told = format!("{}{effect}", estimate(measured));
        text.push_str(&wrapped_within(width, INDENT, INDENT, &told));
        if finding.severity == Severity::Inconclusive {
            text.push_str(&wrapped_within(width, INDENT, INDENT, &more(measured)));
        }
    }
    let follows = consequences(&checked.diagnosis.findings, finding.code);
    if !follows.is_empty() {
        text.push_str(&line("follows from it:", &follows.join(", ")));
    }
    text.push_str(&line("fix:", &finding.fix));
    if let Some(command) = remedy::command(checked, finding) {
        let _ = writeln!(text, "{INDENT}try: {command}");
    }
    if !finding.ignore.is_empty() {
        text.push_str(&line("ignore it:", finding.ignore));
    }
    if let Some(page) = finding.page {
        let _ = writeln!(text, "{INDENT}page: docs/theory/{page}.md");
    }
    text
}

/// A text as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string());
    format!("{first}{}.", letters.as_str())
}

/// Codes of findings that a cause explains, directly or through another one.
fn consequences(findings: &[Finding], code: &str) -> Vec<&'static str> {
    let direct = findings.iter().filter(|f| f.consequence_of == Some(code));
    direct.flat_map(|f| [vec![f.code], consequences(findings, f.code)].concat()).collect()
}

/// `E = 2.87 ± 0.03 over 5 seeds (warn at 0.00, fail at 1.61)`.
fn estimate(measured: &Measured) -> String {
    let Measured { estimate, bounds } = measured;
    let sample = match estimate.seeds {
        1 if estimate.standard_error == 0.0 => "at one start".to_owned(),
        1 => "over rows".to_owned(),
        seeds => format!("over {seeds} seeds"),
    };
    let warn = fixed(bounds.warn, 2);
    let bounds = if bounds.fail.is_finite() {
        format!("warn at {warn}, fail at {}", fixed(bounds.fail, 2))
    } else {
        format!("warn at {warn}")
    };
    if !estimate.value.is_finite() {
        return format!("E is not a finite number ({bounds})");
    }
    let error = match estimate.standard_error {
        error if error.is_finite() && error >= LEAST_ERROR => format!(" ± {}", number(error)),
        _ => String::new(),
    };
    format!("E = {}{error} {sample} ({bounds})", fixed(estimate.value, 2))
}

/// What would tell whether it harms.
fn more(measured: &Measured) -> String {
    let Measured { estimate, bounds } = measured;
    if estimate.seeds == 1 {
        return "one start does not tell; measure the scheme over several: --scheme and --seeds"
            .to_owned();
    }
    match estimate.seeds_needed(*bounds).max(estimate.seeds + 1) {
        needed if needed > MANY_SEEDS => {
            format!("the seeds differ so much that not even {} would tell", whole(MANY_SEEDS))
        }
        needed => format!("these seeds do not tell whether it harms; more would: --seeds {needed}"),
    }
}

/// One line on what was looked for and is sound.
pub fn sound(diagnosis: &Diagnosis, width: usize) -> String {
    let passed: Vec<&str> = diagnosis.passed.iter().map(|passed| passed.code).collect();
    let looked = RULES.iter().map(|rule| rule.code()).filter(|code| {
        passed.contains(code) || diagnosis.findings.iter().any(|finding| finding.code == *code)
    });
    let looked = looked.count();
    if passed.is_empty() {
        return String::new();
    }
    let text = format!("{} of {looked} symptoms looked for: {}", passed.len(), passed.join(", "));
    "\n".to_owned() + &wrapped_within(width, "sound: ", "       ", &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Estimate;
    use crate::check::estimate::Bounds;

    const BOUNDS: Bounds = Bounds { warn: 1.0, fail: 3.0 };

    #[test]
    fn an_estimate_names_error_sample_and_bounds() {
        let estimate = |estimate| super::estimate(&Measured { estimate, bounds: BOUNDS });
        assert_eq!(
            estimate(Estimate { value: 2.868, standard_error: 0.031, seeds: 5 }),
            "E = 2.87 ± 0.03 over 5 seeds (warn at 1.00, fail at 3.00)"
        );
        assert_eq!(
            estimate(Estimate::single(2.0, 0.5)),
            "E = 2.00 ± 0.50 over rows (warn at 1.00, fail at 3.00)"
        );
        assert_eq!(
            estimate(Estimate::single(0.62, 8e-146)),
            "E = 0.62 over rows (warn at 1.00, fail at 3.00)"
        );
        let unknown = estimate(Estimate::single(f64::NAN, 0.0));
        assert_eq!(unknown, "E is not a finite number (warn at 1.00, fail at 3.00)");
    }

    #[test]
    fn what_is_inconclusive_says_how_many_seeds_would_tell() {
        let more = |standard_error| {
            let estimate = Estimate { value: 2.0, standard_error, seeds: 4 };
            super::more(&Measured { estimate, bounds: BOUNDS })
        };
        assert!(more(2.0).ends_with("--seeds 64"), "{}", more(2.0));
        assert!(more(1e3).contains("not even 1,000"), "{}", more(1e3));
    }

    #[test]
    fn consequences_of_consequences_stand_under_the_first_cause() {
        let finding = |code, consequence_of| Finding {
            consequence_of,
            ..Finding::plain(code, Severity::Warn, String::new(), String::new())
        };
        let findings = [
            finding("a", None),
            finding("b", Some("a")),
            finding("c", Some("b")),
            finding("d", None),
        ];
        assert_eq!(consequences(&findings, "a"), ["b", "c"]);
        assert!(consequences(&findings, "d").is_empty());
    }
}
