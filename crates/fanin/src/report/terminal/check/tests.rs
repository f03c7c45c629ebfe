//! The whole screen of a check, at any width.

use super::*;
use crate::check::estimate::Bounds;
use crate::check::evidence::Horizon;
use crate::check::rules::{Measured, Passed};
use crate::check::symmetry::Symmetry;
use crate::check::{Estimate, Finding, LayerMeasurement, Measurement, Severity, Verdict};
use crate::report::Asked;
use crate::spec::Spec;

/// A diagnosis of so many layers of tanh whose signal and gradient shrink.
pub fn diagnosis(layers: usize) -> Diagnosis {
    let layer = |index: usize| LayerMeasurement {
        module: (2 * index).to_string(),
        branches: Vec::new(),
        units: 64,
        activation_deviation: 0.5,
        signal: 0.4,
        pre_activation_second_moment: 0.5_f64.powi(index as i32),
        is_passed_by: false,
        silent_share: 0.0,
        delta_norm: 0.5_f64.powi((layers - index) as i32),
        gradient_norm: 0.1,
        telling_norm: 0.1,
        row_gradient_norm: 0.1,
        row_telling_norm: 0.1,
        input_cosine: 0.5,
        weight_norm: 8.0,
        scaled_weight_variance: 1.0,
        bias_mean_square: 0.0,
        root_elements: 64.0,
        non_finite: 0,
        pre_activation_mean: 0.0,
        growth_error: 0.0,
        gradient_growth_error: 0.0,
        cosine: 0.5,
        directions: 9.0,
        near_cosine: 0.99,
        normalized: false,
        activation: Some("tanh".to_owned()),
        saturated_share: Some(0.0),
        dead_share: None,
        always_on_share: None,
    };
    let layers = (0..layers).map(layer).collect();
    let measurement = Measurement { layers, loss: 2.3, ..Measurement::default() };
    Diagnosis {
        measurement,
        horizon: Horizon::SAMPLE,
        seeds: 5,
        units: 128,
        effective_units: 128,
        symmetry: Symmetry::default(),
        signal_factor: Some(0.5),
        gradient_factor: Some(0.5),
        escape_steps: Some(3_210.0),
        findings: Vec::new(),
        passed: Vec::new(),
        forecast: Verdict::Learns,
        confidence: 0.97,
        remarks: Vec::new(),
        skipped: Vec::new(),
        is_partial: false,
        readings: None,
        readings_over_seeds: std::collections::BTreeMap::new(),
    }
}

/// A diagnosis of three layers with this forecast and no finding.
pub fn sample_of_a_diagnosis(forecast: Verdict) -> Diagnosis {
    Diagnosis { forecast, ..diagnosis(3) }
}

/// Three findings, two of them with one cause, after a skipped tensor.
fn sick() -> Diagnosis {
    let finding = |code, severity, consequence_of| Finding {
        consequence_of,
        ..Finding::plain(code, severity, format!("why of {code}"), "take he-normal".to_owned())
    };
    let estimate = Estimate { value: 2.0, standard_error: 2.0, seeds: 5 };
    let bounds = Bounds { warn: 1.0, fail: 3.0 };
    let findings = vec![
        finding("chaos", Severity::Inconclusive, None).measured(Measured { estimate, bounds }),
        finding("vanishing-signal", Severity::Fail, None),
        finding("gain-mismatch", Severity::Warn, Some("vanishing-signal")),
    ];
    let passed = vec![Passed { code: "non-finite", measured: None }];
    let skipped = vec!["tensor `2.weight` is missing".to_owned()];
    Diagnosis { findings, passed, skipped, forecast: Verdict::Stuck, ..diagnosis(4) }
}

fn screen(diagnosis: &Diagnosis, width: usize) -> String {
    let (model, start) = ("64 -> 2x64 tanh -> 10".to_owned(), "torch-default".to_owned());
    let (spec, asked) = (&Spec::default(), &Asked::default());
    check(&Checked { model, start, spec, asked, diagnosis }, width)
}

#[test]
fn a_screen_says_causes_first_and_the_forecast_last() {
    let text = screen(&sick(), 100);
    let parts = [
        "skipped: tensor `2.weight` is missing",
        "\n\nFAIL vanishing-signal · signal and gradient shrink from layer to layer\n",
        "     Why of vanishing-signal.\n",
        "     follows from it: gain-mismatch\n",
        "     fix: take he-normal\n",
        "     try: fanin check \"64 -> 2x64 tanh -> 10\" --scheme he-normal\n",
        "\nINCONCLUSIVE chaos",
        "--seeds 81\n",
        "\nsound: 1 of 4 symptoms looked for: non-finite\n",
        "\nforecast: stuck (97 % sure, 5 seeds) — ",
    ];
    let mut rest = text.as_str();
    for part in parts {
        let place =
            rest.find(part).unwrap_or_else(|| panic!("`{part}` is not, or earlier: {text}"));
        rest = &rest[place + part.len()..];
    }
    assert!(!text.contains("hy of gain-mismatch"), "a consequence is named only: {text}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [80, 100, 140] {
        for line in screen(&sick(), width).lines().filter(|line| !line.contains("try:")) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn what_everybody_has_to_know_of_the_data_stands_in_the_head() {
    let remarks = vec!["always answering `0` is right for 97.0 %".to_owned()];
    let text = screen(&Diagnosis { remarks, ..diagnosis(3) }, 100);
    let head: Vec<&str> = text.lines().take(3).collect();
    assert_eq!(head[1], "data: always answering `0` is right for 97.0 %", "{text}");
    assert_eq!(head[2], "", "{text}");
    assert!(!screen(&diagnosis(3), 100).contains("data:"));
}
