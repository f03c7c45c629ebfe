//! A check in SARIF 2.1.0, which code hosts and editors show (OASIS, 2020).
//!
//! Symptoms are rules, findings are results at the module where they show first, and a forecast of
//! failure is a result of its own, so that no run that ends with 1 is without one.

use serde_json::{Value, json};

use super::{Checked, Json};
use crate::check::rules::{Finding, RULES};
use crate::check::{Severity, Verdict};

/// Where the form is defined.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The rule whose result is the forecast.
const FORECAST: &str = "forecast";

/// The log of one check whose command ends with `exit_code`.
pub fn sarif(checked: &Checked<'_>, exit_code: u8) -> Json {
    let diagnosis = checked.diagnosis;
    let results: Vec<Value> =
        diagnosis.findings.iter().map(result).chain(forecast(checked)).collect();
    let skipped = diagnosis
        .skipped
        .iter()
        .map(|text| json!({ "level": "warning", "message": { "text": text } }));
    Json::plain(json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "fanin",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules(),
            } },
            "invocations": [{
                "executionSuccessful": true,
                "exitCode": exit_code,
                "toolExecutionNotifications": skipped.collect::<Vec<_>>(),
            }],
            "results": results,
            "properties": {
                "model": checked.model,
                "start": checked.start,
                "seeds": diagnosis.seeds,
                "forecast": diagnosis.forecast,
                "confidence": diagnosis.confidence,
            },
        }],
    }))
}

fn rules() -> Vec<Value> {
    let symptom = RULES.iter().map(|rule| {
        let page = format!("docs/theory/{}.md", rule.page());
        json!({
            "id": rule.code(),
            "shortDescription": { "text": rule.title() },
            "help": {
                "text": format!("Ignore it: {}. Derivation: {page}", rule.ignore()),
                "markdown": format!("Ignore it: {}. Derivation: `{page}`", rule.ignore()),
            },
        })
    });
    let forecast = json!({
        "id": FORECAST,
        "shortDescription": { "text": "how training will go, forecast before the first step" },
        "help": { "text": "Derivation: docs/theory/verdict.md" },
    });
    symptom.chain([forecast]).collect()
}

fn result(finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": format!("{}. Fix: {}", finding.why, finding.fix) },
        "properties": {
            "severity": finding.severity,
            "measured": finding.measured,
            "consequenceOf": finding.consequence_of,
        },
    });
    if let Some(index) = RULES.iter().position(|rule| rule.code() == finding.code) {
        result["ruleIndex"] = index.into();
    }
    if let Some(module) = &finding.module {
        let place = json!({ "name": module, "fullyQualifiedName": module, "kind": "module" });
        result["locations"] = json!([{ "logicalLocations": [place] }]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Inconclusive => "note",
        Severity::Warn => "warning",
        Severity::Fail => "error",
    }
}

/// The forecast, unless it is that all goes well.
fn forecast(checked: &Checked<'_>) -> Option<Value> {
    let diagnosis = checked.diagnosis;
    let level = match diagnosis.forecast {
        Verdict::Learns => return None,
        Verdict::Slow => "warning",
        Verdict::Unsure => "note",
        Verdict::Stuck | Verdict::Unstable => "error",
    };
    let text = super::terminal::forecast(diagnosis, usize::MAX);
    Some(json!({
        "ruleId": FORECAST,
        "ruleIndex": RULES.len(),
        "level": level,
        "message": { "text": text.trim() },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Diagnosis;
    use crate::report::terminal::sample_of_a_diagnosis;
    use crate::spec::Spec;

    fn log(diagnosis: &Diagnosis) -> Value {
        let (model, start) = ("4 -> 2".to_owned(), "zeros".to_owned());
        let checked = Checked { model, start, spec: &Spec::default(), diagnosis };
        serde_json::from_str(&sarif(&checked, 1).to_string()).unwrap()
    }

    #[test]
    fn a_healthy_start_has_rules_and_no_results() {
        let log = log(&sample_of_a_diagnosis(Verdict::Learns));
        let run = &log["runs"][0];
        assert_eq!(log["version"], "2.1.0");
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), RULES.len() + 1);
        for (rule, symptom) in rules.iter().zip(RULES) {
            assert_eq!(rule["id"], symptom.code());
            assert_eq!(rule["shortDescription"]["text"], symptom.title());
            assert!(rule["help"]["text"].as_str().unwrap().contains(symptom.page()));
        }
        assert_eq!(run["results"].as_array().unwrap().len(), 0);
        assert_eq!(run["invocations"][0]["exitCode"], 1);
    }

    #[test]
    fn findings_are_results_at_their_module_with_the_index_of_their_rule() {
        let finding = |code, severity| {
            Finding::plain(code, severity, "why".to_owned(), "fix".to_owned()).at("a\"b\n/c")
        };
        let findings = vec![
            finding("chaos", Severity::Inconclusive),
            finding("dead-end", Severity::Warn),
            finding("unit-symmetry", Severity::Fail),
        ];
        let skipped = vec!["tensor `x` is missing".to_owned()];
        let sick = sample_of_a_diagnosis(Verdict::Stuck);
        let log = log(&Diagnosis { findings, skipped, ..sick });
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        let levels: Vec<&str> = results.iter().map(|r| r["level"].as_str().unwrap()).collect();
        assert_eq!(levels, ["note", "warning", "error", "error"]);
        for result in results {
            let Some(index) = result["ruleIndex"].as_u64() else {
                assert_eq!(result["ruleId"], "dead-end");
                continue;
            };
            let rule = &run["tool"]["driver"]["rules"][index as usize];
            assert_eq!(rule["id"], result["ruleId"]);
        }
        let place = &results[0]["locations"][0]["logicalLocations"][0];
        assert_eq!(place["fullyQualifiedName"], "a\"b\n/c");
        assert_eq!(results[0]["message"]["text"], "why. Fix: fix");
        let said = results[3]["message"]["text"].as_str().unwrap();
        assert!(said.starts_with("forecast: stuck"), "{said}");
        let notes = &run["invocations"][0]["toolExecutionNotifications"];
        assert_eq!(notes[0]["message"]["text"], "tensor `x` is missing");
    }
}
