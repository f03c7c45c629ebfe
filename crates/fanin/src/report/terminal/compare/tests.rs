//! What a comparison says in words.

use super::*;
use crate::check::Measurement;
use crate::check::evidence::Horizon;
use crate::check::symmetry::Symmetry;
use crate::compare::Outcome;
use crate::train::metrics::Spread;

fn start(signal_factor: f64) -> Diagnosis {
    let measurement = Measurement { loss: 2.3, ..Measurement::default() };
    Diagnosis {
        measurement,
        horizon: Horizon::SAMPLE,
        seeds: 1,
        readings: None,
        readings_over_seeds: std::collections::BTreeMap::new(),
        units: 128,
        effective_units: 128,
        symmetry: Symmetry::default(),
        signal_factor: Some(signal_factor),
        gradient_factor: None,
        escape_steps: Some(32_531.0),
        findings: Vec::new(),
        passed: Vec::new(),
        forecast: Verdict::Slow,
        confidence: 0.9,
        remarks: Vec::new(),
        skipped: Vec::new(),
        is_partial: false,
    }
}

fn entry(scheme: &str, signal_factor: f64, verdict: Verdict) -> Entry {
    let outcome = Outcome {
        verdict,
        loss: Spread::of(&[1e33]),
        score: Spread::of(&[-0.000_1]),
        epochs_to_target: vec![None],
    };
    Entry {
        scheme: scheme.to_owned(),
        starts: vec![start(signal_factor)],
        forecast: Verdict::Slow,
        trained: Vec::new(),
        outcome: Some(outcome),
    }
}

fn network(hidden_layers: usize, uniform: Verdict, normal: Verdict) -> NetworkComparison {
    NetworkComparison {
        model: "64 -> 10".to_owned(),
        hidden_layers,
        parameters: 650,
        entries: vec![entry("fan-in-uniform", 0.1, uniform), entry("fan-in-normal", 0.5, normal)],
    }
}

#[test]
fn two_readings_are_compared_by_outcome() {
    let cases = [
        (Verdict::Learns, Verdict::Learns, "both learn here"),
        (Verdict::Stuck, Verdict::Stuck, "both stay stuck here"),
        (Verdict::Stuck, Verdict::Learns, "here one learns and the other does not"),
        (Verdict::Stuck, Verdict::Slow, "neither learns here"),
    ];
    for (uniform, normal, expected) in cases {
        let note = two_readings(&network(3, uniform, normal)).unwrap();
        assert!(note.contains(&format!("two readings; {expected}: ")), "{note}");
    }
}

#[test]
fn signals_are_multiplied_once_between_two_layers() {
    let note = |depth| two_readings(&network(depth, Verdict::Learns, Verdict::Learns)).unwrap();
    assert!(
        note(4).ends_with(
            "by 0.10 or 0.50 per layer, by 1e-3 or 0.12 from the first to the last hidden layer."
        ),
        "{}",
        note(4)
    );
    let two =
        "so the signal is multiplied by 0.10 or 0.50 from the first to the last hidden layer.";
    assert!(note(2).ends_with(two), "{}", note(2));
}

#[test]
fn what_follows_the_training_stays_within_100_characters() {
    let text = after_training(&network(4, Verdict::Stuck, Verdict::Learns), Task::Regression, 0.9);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("epochs to R² 0.9") && text.contains(" 1.0e33  0.000 "), "{text}");
    assert!(text.contains("takes about 33,000 steps, longer than planned"), "{text}");
}

#[test]
fn an_accuracy_is_held_against_that_of_the_commonest_class() {
    let mut entry = entry("he-normal", 0.5, Verdict::Slow);
    entry.forecast = Verdict::Learns;
    let plain =
        "nothing before the first step foretells it; try another learning rate or longer training";
    assert_eq!(without_finding(&entry), plain);
    entry.starts[0].measurement.commonest = Some(0.97);
    let told = without_finding(&entry);
    assert!(
        told.contains("it; always answering the commonest class is right for 97.0 %"),
        "{told}"
    );
}
