//! The verdicts: what `fanin check` says of every case, which sees no label.
//!
//! A diagnosis is read as JSON, as any program outside would read it, so that new findings and
//! new words need no change here.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fanin::train::Course;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Failure;
use crate::cases::Case;
use crate::label::{self, processor_seconds, rounded};
use crate::tasks::Tasks;

/// What the check says of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgment {
    /// The case's key.
    pub key: String,
    /// The case in one line.
    pub case: String,
    /// The overall word: learns, slow, stuck, unstable, unsure.
    pub verdict: String,
    /// What was found, in the check's order.
    pub findings: Vec<Finding>,
    /// Every number of the diagnosis by its path; of a list of layers the ends and extremes.
    pub evidence: BTreeMap<String, f64>,
    /// Processor seconds that it took.
    pub seconds: f64,
    /// Processor seconds of an epoch of the same network, trained right afterwards: of its first
    /// [`TIMED_EPOCHS`] the mean, with their tests. None where not one of them was whole.
    #[serde(default)]
    pub epoch_seconds: Option<f64>,
}

/// Epochs that a check is timed beside.
const TIMED_EPOCHS: usize = 2;

/// One finding of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The symptom.
    pub code: String,
    /// warn, fail, or a word that is not known here.
    pub severity: String,
    /// The module where it shows first.
    #[serde(default)]
    pub module: Option<String>,
    /// What is wrong, in words.
    #[serde(default)]
    pub why: String,
}

/// Judges every case whose data are there and writes all that to the file at `path`.
///
/// # Errors
/// If a case cannot be checked, or the file cannot be written.
pub fn judge(cases: &[Case], tasks: &Tasks, path: &Path, threads: usize) -> Result<(), Failure> {
    let (next, judged) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || -> Result<(), Failure> {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(place) else { return Ok(()) };
            if tasks.get(&case.group.task).is_some() {
                let judgment = judge_one(case, tasks)?;
                judged.lock().expect("no thread panics").insert(place, judgment);
            }
        }
    };
    crate::side_by_side(threads, work)?;
    let judged = judged.into_inner().expect("no thread panics");
    let seconds: f64 = judged.values().map(|judgment| judgment.seconds).sum();
    let lines = judged.values().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    std::fs::File::create(path)?.write_all((lines.join("\n") + "\n").as_bytes())?;
    eprintln!("judged {} cases in {seconds:.0} processor seconds", lines.len());
    Ok(())
}

/// The judgments in a file.
///
/// # Errors
/// If the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<Judgment>, Failure> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// What `fanin check` says of the case: the same calls in the same order.
fn judge_one(case: &Case, tasks: &Tasks) -> Result<Judgment, Failure> {
    let data = tasks.get(&case.group.task).expect("the data of the case are there");
    let begun = processor_seconds();
    let spec = case.spec();
    let model = fanin::resolve(&spec, data)?;
    let weights = case.weights(&spec, &model, 0)?;
    let diagnosis = fanin::check(&spec, &model, &weights, data)
        .map_err(|error| format!("{}: {error}", case.describe()))?;
    let seconds = rounded(processor_seconds() - begun);
    let epoch_seconds = label::epoch_seconds(case, data, TIMED_EPOCHS)?.map(rounded);
    let json = serde_json::to_value(&diagnosis)?;
    let course = Course::new(&spec, data.task, 0)?;
    let steps = course.horizon(data.train.rows())?.steps as f64;
    let mut evidence = BTreeMap::from([("planned_steps".to_owned(), steps)]);
    collect(&json, "", &mut evidence);
    let findings = json.get("findings").cloned().unwrap_or(Value::Array(Vec::new()));
    Ok(Judgment {
        key: case.key(),
        case: case.describe(),
        verdict: verdict(&json).ok_or("the diagnosis has no verdict")?,
        findings: serde_json::from_value(findings)?,
        evidence,
        seconds,
        epoch_seconds,
    })
}

const WORDS: [&str; 5] = ["learns", "slow", "stuck", "unstable", "unsure"];

/// The overall word, wherever at the top of the diagnosis it stands.
fn verdict(json: &Value) -> Option<String> {
    let is_word = |value: &&Value| value.as_str().is_some_and(|word| WORDS.contains(&word));
    let named = ["verdict", "forecast"].into_iter().find_map(|key| json.get(key))?;
    let word = match named {
        Value::Object(fields) => fields.values().find(is_word)?,
        word => word,
    };
    Some(word.as_str()?.to_owned())
}

fn collect(json: &Value, path: &str, numbers: &mut BTreeMap<String, f64>) {
    match json {
        Value::Number(number) => {
            numbers.extend(number.as_f64().map(|n| (path.to_owned(), rounded(n))));
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(value, &path, numbers);
            }
        }
        Value::Array(list) if path != "findings" => summarize(list, path, numbers),
        _ => {}
    }
}

/// First, last, least and largest of every number that the elements of a list have in common.
fn summarize(list: &[Value], path: &str, numbers: &mut BTreeMap<String, f64>) {
    let Some(Value::Object(first)) = list.first() else { return };
    for key in first.keys() {
        let values: Vec<f64> = list.iter().filter_map(|v| v.get(key)?.as_f64()).collect();
        let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ends = [("first", *first), ("last", *last), ("least", least), ("largest", largest)];
        let named = ends.map(|(end, value)| (format!("{path}.{key}.{end}"), rounded(value)));
        numbers.extend(named);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_verdict_is_found_under_its_old_and_its_new_name() {
        assert_eq!(verdict(&json!({ "forecast": "stuck" })).as_deref(), Some("stuck"));
        let new = json!({ "verdict": { "confidence": 0.9, "word": "unsure" }, "forecast": "x" });
        assert_eq!(verdict(&new).as_deref(), Some("unsure"));
        assert_eq!(verdict(&json!({ "findings": [] })), None);
    }

    #[test]
    fn numbers_are_kept_by_their_paths_and_lists_by_their_ends() {
        let json = json!({ "a": { "b": 2 }, "layers": [{ "q": 1.0 }, { "q": 3.0 }, { "q": 2.0 }] });
        let mut numbers = BTreeMap::new();
        collect(&json, "", &mut numbers);
        let expected = [
            ("a.b", 2.0),
            ("layers.q.first", 1.0),
            ("layers.q.largest", 3.0),
            ("layers.q.last", 2.0),
            ("layers.q.least", 1.0),
        ];
        assert_eq!(numbers, expected.map(|(k, v)| (k.to_owned(), v)).into());
    }
}
