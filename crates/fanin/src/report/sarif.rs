//! A check in SARIF 2.1.0, which code hosts and editors show (OASIS, 2020).
//!
//! Symptoms are rules, findings are results at the module where they show first, in the file that
//! names the network where there is one, and a forecast of failure is a result of its own, so that
//! no run that ends with 1 is without one.

use std::fmt::Write;
use std::path::Path;

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
        diagnosis.findings.iter().map(|f| result(checked, f)).chain(forecast(checked)).collect();
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

fn result(checked: &Checked<'_>, finding: &Finding) -> Value {
    let command = checked.command(finding);
    let mut text = format!("{}. Fix: {}", finding.why, finding.fix);
    if let Some(command) = &command {
        let _ = write!(text, ". Try: {command}");
    }
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": text },
        "properties": {
            "try": command,
            "severity": finding.severity,
            "measured": finding.measured,
            "consequenceOf": finding.consequence_of,
        },
    });
    if let Some(index) = RULES.iter().position(|rule| rule.code() == finding.code) {
        result["ruleIndex"] = index.into();
    }
    place(&mut result, checked.file(), finding.module.as_deref());
    result
}

/// Says of a result where it is: in the file that names the network, at a module.
fn place(result: &mut Value, file: Option<&Path>, module: Option<&str>) {
    let mut location = json!({});
    if let Some(file) = file {
        location["physicalLocation"] = json!({
            "artifactLocation": { "uri": uri(file) },
            "region": { "startLine": 1 },
        });
    }
    if let Some(module) = module {
        let place = json!({ "name": module, "fullyQualifiedName": module, "kind": "module" });
        location["logicalLocations"] = json!([place]);
    }
    if file.is_some() || module.is_some() {
        result["locations"] = json!([location]);
    }
}

/// A path as a reference to a file: relative as it is, absolute with its scheme (RFC 3986, 8089).
fn uri(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    let mut uri = match (path.is_absolute(), text.starts_with('/')) {
        (true, true) => "file://".to_owned(),
        (true, false) => "file:///".to_owned(),
        (false, _) => String::new(),
    };
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
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
    let mut result = json!({
        "ruleId": FORECAST,
        "ruleIndex": RULES.len(),
        "level": level,
        "message": { "text": text.trim() },
    });
    place(&mut result, checked.file(), None);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Diagnosis;
    use crate::report::Asked;
    use crate::report::terminal::sample_of_a_diagnosis;
    use crate::spec::Spec;

    fn log(diagnosis: &Diagnosis) -> Value {
        let (model, start) = ("4 -> 2".to_owned(), "zeros".to_owned());
        let (spec, asked) = (&Spec::default(), &Asked::default());
        let checked = Checked { model, start, spec, asked, diagnosis };
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
    fn results_are_in_the_file_that_names_the_network_with_a_command_to_try() {
        let finding = Finding::plain(
            "chaos",
            Severity::Warn,
            "why".to_owned(),
            "he-normal for relu".to_owned(),
        );
        let sick = sample_of_a_diagnosis(Verdict::Stuck);
        let diagnosis = &Diagnosis { findings: vec![finding], ..sick };
        let spec = &Spec { model: "nets/my net.onnx".parse().unwrap(), ..Spec::default() };
        let (model, start, asked) = ("a".to_owned(), "zeros".to_owned(), &Asked::default());
        let checked = Checked { model, start, spec, asked, diagnosis };
        let log: Value = serde_json::from_str(&sarif(&checked, 1).to_string()).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        for result in results {
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "nets/my%20net.onnx");
            assert_eq!(place["region"]["startLine"], 1);
        }
        let command = "fanin check \"nets/my net.onnx\" --scheme he-normal";
        assert_eq!(results[0]["properties"]["try"], command);
        let text = format!("why. Fix: he-normal for relu. Try: {command}");
        assert_eq!(results[0]["message"]["text"], text);
    }

    #[test]
    #[cfg(unix)]
    fn an_absolute_path_has_a_scheme() {
        assert_eq!(uri(Path::new("/a b/ä.toml")), "file:///a%20b/%C3%A4.toml");
        assert_eq!(uri(Path::new("./a.toml")), "./a.toml");
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
