//! The strip at the head: will these weights learn, why, what mends them, how sure that is.

use super::{Material, Repair, training};
use crate::check::{Diagnosis, Severity, Verdict};
use crate::compare::NetworkComparison;
use crate::compare::proof::Conclusion;
use crate::report::Checked;
use crate::report::checked::title;
use crate::report::document::{Answer, Strip};
use crate::report::terminal::check::{percent, remedy};
use crate::report::terminal::number::count;

/// The strip; none where nothing was judged.
pub fn strip(material: &Material<'_>) -> Option<Strip> {
    match material.checked {
        Some(checked) => Some(match (material.repair, material.mended) {
            (Some(repair), Some(mended)) => of_repair(repair, checked.diagnosis, mended.diagnosis),
            _ => of_check(checked),
        }),
        None if material.epochs.is_some() => training::strip(material),
        None if material.networks.is_empty() => None,
        None => Some(of_comparison(material.networks)),
    }
}

fn of_check(checked: &Checked<'_>) -> Strip {
    let diagnosis = checked.diagnosis;
    let (answer, word) = match diagnosis.forecast {
        Verdict::Learns if diagnosis.severity() == Some(Severity::Warn) => {
            (Answer::Yes, "Yes, with warnings")
        }
        Verdict::Learns => (Answer::Yes, "Yes"),
        Verdict::Slow => (Answer::No, "No, too slowly"),
        Verdict::Stuck => (Answer::No, "No, stuck"),
        Verdict::Unstable => (Answer::No, "No, unstable"),
        Verdict::Unsure => (Answer::Unsure, "Unsure"),
    };
    let cause = diagnosis.cause();
    let why = match cause {
        Some(cause) => sentence(&cause.why),
        None if diagnosis.is_partial => {
            "Nothing that was looked for in part of the network stands in the way.".to_owned()
        }
        None => "Nothing that was looked for stands in the way.".to_owned(),
    };
    let command = cause.and_then(|cause| remedy::command(checked, cause)).unwrap_or_default();
    let fix = cause.map_or_else(String::new, |cause| {
        format!("First cause: {}. Fix: {}.", title(cause.code), cause.fix.trim_end_matches('.'))
    });
    Strip {
        question: "Will these weights learn in the planned training?".to_owned(),
        answer,
        word: word.to_owned(),
        why,
        sure: sure(diagnosis),
        fix,
        command,
    }
}

/// What a repair achieved: both starts by forecast and cause, and what training showed.
fn of_repair(repair: &Repair, before: &Diagnosis, after: &Diagnosis) -> Strip {
    let is = |word: Conclusion| repair.conclusion == word.to_string();
    let (answer, word) = match after.forecast {
        Verdict::Learns if is(Conclusion::Worse) => (Answer::Unsure, "Not by training"),
        Verdict::Learns if is(Conclusion::NeitherLearns) => (Answer::Unsure, "Not in training"),
        Verdict::Learns if is(Conclusion::Better) => (Answer::Yes, "Yes, mended and proven"),
        Verdict::Learns => (Answer::Yes, "Yes, mended"),
        Verdict::Slow => (Answer::No, "No, too slowly"),
        Verdict::Stuck => (Answer::No, "No, stuck"),
        Verdict::Unstable => (Answer::No, "No, unstable"),
        Verdict::Unsure => (Answer::Unsure, "Unsure"),
    };
    let told = |diagnosis: &Diagnosis| match diagnosis.cause() {
        Some(cause) => format!("{}, for {}", diagnosis.forecast, title(cause.code)),
        None => diagnosis.forecast.to_string(),
    };
    let why = format!("Before: {}. After: {}.", told(before), told(after));
    let proof = match repair.proven.as_str() {
        "" => "Nothing was trained to prove it.".to_owned(),
        proven => format!("Proof by training: {proven}."),
    };
    Strip {
        question: "Does the mended start learn in the planned training?".to_owned(),
        answer,
        word: word.to_owned(),
        why,
        sure: format!("{} {proof}", sure(after)),
        fix: "What changes, and code that draws the start, stand below.".to_owned(),
        command: repair.command.clone(),
    }
}

fn sure(diagnosis: &Diagnosis) -> String {
    if diagnosis.is_partial && diagnosis.forecast == Verdict::Unsure {
        return "Part of the network was judged; what was left out decides, too.".to_owned();
    }
    let sample = match diagnosis.seeds {
        1 => "one start".to_owned(),
        seeds => format!("{seeds} draws of the weights"),
    };
    let effect = diagnosis.cause().and_then(|cause| Some((cause, cause.measured?)));
    let error = effect
        .filter(|(_, m)| m.estimate.standard_error.is_finite() && m.estimate.standard_error > 0.0);
    let error = error.map_or_else(String::new, |(cause, measured)| {
        let estimate = measured.estimate;
        format!(
            "; {}: {:.2} ± {:.2} (standard error)",
            cause.effect, estimate.value, estimate.standard_error
        )
    });
    format!("{} sure, from {sample}{error}.", percent(diagnosis.confidence))
}

fn of_comparison(networks: &[NetworkComparison]) -> Strip {
    let is_trained = networks.iter().flat_map(|n| &n.entries).any(|e| e.outcome.is_some());
    let learns = |network: &NetworkComparison| {
        let verdicts = network.entries.iter().map(|entry| match &entry.outcome {
            Some(outcome) => outcome.verdict,
            None => entry.forecast,
        });
        verdicts.filter(|verdict| *verdict == Verdict::Learns).count()
    };
    let sentences: Vec<String> = networks
        .iter()
        .map(|n| {
            let layers = if n.hidden_layers == 1 { "layer" } else { "layers" };
            format!("{} of {} with {} hidden {layers}", learns(n), n.entries.len(), n.hidden_layers)
        })
        .collect();
    let best = networks.iter().map(learns).max().unwrap_or(0);
    let worst = networks.iter().map(|n| n.entries.len() - learns(n)).max().unwrap_or(0);
    let entries = || networks.iter().flat_map(|n| &n.entries);
    let told = entries().filter_map(|e| e.outcome.as_ref().map(|o| o.verdict == e.forecast));
    let (right, all) = told.fold((0, 0), |(right, all), hit| (right + usize::from(hit), all + 1));
    let seeds = entries().map(|entry| entry.starts.len()).max().unwrap_or(0);
    let seeds = count(seeds, "seed", "seeds");
    let (answer, word) = match (best, worst) {
        (0, _) => (Answer::No, "No start learns"),
        (_, 0) => (Answer::Yes, "No: all of these learn"),
        _ => (Answer::Yes, "Yes"),
    };
    let (question, verb) = if is_trained {
        ("Does it matter where training starts?", "learned")
    } else {
        ("Will it matter where training starts?", "are forecast to learn")
    };
    Strip {
        question: question.to_owned(),
        answer,
        word: word.to_owned(),
        why: format!("Of these starting points {verb}: {}.", sentences.join(", ")),
        sure: match all {
            0 => format!("{seeds} each; nothing was trained yet."),
            _ => format!(
                "{seeds} each; {right} of {all} forecasts, made before any training, came true."
            ),
        },
        fix: String::new(),
        command: String::new(),
    }
}

/// A text as a sentence of its own.
pub fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string());
    format!("{first}{}.", letters.as_str())
}
