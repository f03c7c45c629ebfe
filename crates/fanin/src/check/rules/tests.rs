//! Laws over the registry of symptoms.

use std::fmt::Write as _;

use super::*;
use crate::check::evidence::{Horizon, StepRule};
use crate::check::symmetry::confirm::Outcome;
use crate::check::{Diagnosis, Verdict};
use crate::data::{Dataset, LoadOptions, Preparation, PrepareOptions, load, prepare};
use crate::init::{Rules, explain, for_model, parameters};
use crate::spec::{Extent, Loss, Model};
use crate::weights::Weights;

mod cells;

#[path = "../../../tests/it/zoo.rs"]
mod zoo;

const HORIZON: Horizon = Horizon::SAMPLE;

fn data(name: &str, features: Preparation) -> Dataset {
    let options = PrepareOptions { features, ..PrepareOptions::default() };
    prepare(load(name, &LoadOptions::default()).unwrap(), &options).unwrap().train
}

fn diagnose(
    data: &Dataset,
    model: &str,
    scheme: &str,
    patterns: &[(&str, &str)],
    horizon: Horizon,
) -> Diagnosis {
    let (model, weights) = start(model, scheme, patterns);
    Diagnosis::new(&model, &Loss::CrossEntropy, &weights, data, horizon).unwrap()
}

fn start(model: &str, scheme: &str, patterns: &[(&str, &str)]) -> (Model, Weights) {
    let model: Model = model.parse().unwrap();
    let patterns = patterns.iter().map(|(p, s)| ((*p).to_owned(), (*s).to_owned())).collect();
    let rules = Rules { patterns, ..Rules::new(scheme) };
    let weights = for_model(&model, &rules, 0).unwrap();
    (model, weights)
}

/// A diagnosis in a few lines, for messages.
fn told(found: &Diagnosis) -> String {
    let mut text = format!("{} {:.2} {:?}", found.forecast, found.confidence, found.escape_steps);
    for f in &found.findings {
        let _ = write!(text, "\n  {:?} {} {:?}: {}", f.severity, f.code, f.consequence_of, f.why);
    }
    text
}

#[test]
fn codes_are_unique_and_those_of_their_files() {
    let source = include_str!("mod.rs");
    let modules = source.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let files: Vec<String> =
        modules.filter(|m| *m != "tests").map(|m| m.replace('_', "-")).collect();
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code()).collect();
    assert_eq!(codes, files);
    let titles: std::collections::HashSet<&str> = RULES.iter().map(|rule| rule.title()).collect();
    assert_eq!(titles.len(), RULES.len());
}

#[test]
fn every_rule_says_harm_looks_fix_and_when_to_ignore_it() {
    for rule in RULES {
        let file = format!("src/check/rules/{}.rs", rule.code().replace('-', "_"));
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let source = std::fs::read_to_string(path).unwrap();
        let doc: Vec<&str> = source.lines().filter_map(|l| l.strip_prefix("/// ")).collect();
        let doc = doc.join(" ");
        for part in ["Checks that", "Harm: ", "Looks like: ", "Fix: ", "When to ignore it: "] {
            assert!(doc.contains(part), "{} lacks `{part}`", rule.code());
        }
    }
}

#[test]
fn every_rule_is_silent_on_healthy_networks() {
    let mut alarms = String::new();
    for network in zoo::ZOO {
        let data = data(network.data, Preparation::Standard);
        let horizon = Horizon { steps: network.epochs * data.rows().div_ceil(64), ..HORIZON };
        let found = diagnose(&data, network.model, network.scheme, network.patterns, horizon);
        if !found.findings.is_empty() || found.forecast != Verdict::Learns {
            writeln!(alarms, "{network:?}: {}", told(&found)).unwrap();
        }
    }
    assert!(alarms.is_empty(), "{alarms}");
}

/// A network whose first finding is `code`.
struct Sick {
    code: &'static str,
    data: &'static str,
    model: &'static str,
    scheme: &'static str,
    patterns: &'static [(&'static str, &'static str)],
    features: Preparation,
    learning_rate: f64,
    /// Gives the second layer the weights of the first, every other one off by this share.
    copied: Option<f32>,
    /// Makes the second half of the first layer's units this many times the first half, every other
    /// weight a little off.
    scaled: Option<f32>,
    /// The scheme that is said to have made the weights, if anything is said.
    said: Option<&'static str>,
}

const fn sick(code: &'static str, model: &'static str, scheme: &'static str) -> Sick {
    let features = Preparation::Standard;
    Sick {
        code,
        data: "digits",
        model,
        scheme,
        patterns: &[],
        features,
        learning_rate: 0.2,
        copied: None,
        scaled: None,
        said: None,
    }
}

const SICK: &[Sick] = &[
    sick("non-finite", "64 -> 10x64 relu -> 10", "normal:100000"),
    Sick {
        features: Preparation::None,
        ..sick("unnormalized-data", "64 -> 2x64 relu -> 10", "he-normal")
    },
    sick("unit-symmetry", "64 -> 2x64 relu -> 10", "zeros"),
    sick("unit-symmetry", "64 -> 2x64 relu -> 10", "constant:0.01"),
    sick("unit-symmetry", "64 -> 64 sigmoid -> 10", "zeros"),
    sick("unit-symmetry", "64 -> 64 tanh -> 10", "ones"),
    Sick {
        patterns: &[("2.bias", "constant:-100")],
        ..sick("no-gradient", "64 -> 3x64 relu -> 10", "he-normal")
    },
    Sick {
        said: Some("lecun-normal"),
        ..sick("scheme-mismatch", "64 -> 2x64 relu -> 10", "he-normal")
    },
    Sick { copied: Some(0.0), ..sick("duplicated-weights", "64 -> 2x64 relu -> 10", "he-normal") },
    Sick { copied: Some(0.04), ..sick("duplicated-weights", "64 -> 2x64 relu -> 10", "he-normal") },
    Sick {
        scaled: Some(-3.0),
        ..sick("near-duplicate-units", "64 -> 2x64 relu -> 10", "he-normal")
    },
    Sick {
        scaled: Some(0.5),
        ..sick("near-duplicate-units", "64 -> 2x64 tanh -> 10", "lecun-normal")
    },
    Sick {
        patterns: &[("2.weight", "zeros")],
        ..sick("zero-weights", "64 -> 3x64 tanh -> 10", "xavier-normal")
    },
    Sick {
        patterns: &[("2.weight", "zeros")],
        ..sick("zero-weights", "64 -> 3x64 relu -> 10", "he-normal")
    },
    sick("residual-growth", "64 -> 64 -> 20x(64 relu -> 64) residual -> 10", "he-normal"),
    sick("gain-mismatch", "64 -> 10x64 relu -> 10", "torch-default"),
    Sick {
        patterns: &[("2.bias", "constant:-5")],
        ..sick("dead-units", "64 -> 3x64 relu -> 10", "he-normal")
    },
    sick("saturation", "64 -> 5x64 tanh -> 10", "normal:1"),
    sick("correlation-collapse", "64 -> 10x64 relu -> 10", "torch-default"),
    sick("chaos", "64 -> 10x64 tanh -> 10", "normal:0.5"),
    sick("exploding-gradient", "64 -> 20x64 tanh -> 10", "normal:0.3"),
    sick("vanishing-gradient", "64 -> 8x64 sigmoid -> 10", "xavier-normal"),
    sick("few-directions", "64 -> 20x16 gelu -> 10", "he-normal"),
    Sick { data: "spirals", ..sick("nearly-linear", "2 -> 32 tanh -> 2", "normal:0.05") },
    Sick { data: "spirals", ..sick("nearly-linear", "2 -> 32 -> 2", "he-normal") },
    sick("ill-conditioned-jacobian", "64 -> 60x64 relu -> 10", "torch-default"),
    sick("underflow", "64 -> 10x64 relu -> 10", "normal:0.01"),
    sick("wrong-output-scale", "64 -> 64 relu -> 10", "normal:1"),
    sick("exploding-signal", "64 -> 5x64 relu -> 10", "normal:0.5"),
    sick("exploding-signal", "64 -> 10x64 selu -> 10", "normal:0.3"),
    Sick { learning_rate: 200.0, ..sick("step-too-large", "64 -> 2x64 relu -> 10", "he-normal") },
    sick("vanishing-signal", "64 -> 10x64 relu -> 10", "torch-default"),
    sick("vanishing-signal", "64 -> 10x64 relu -> 10", "fan-in-uniform"),
    sick("vanishing-signal", "64 -> 10x64 relu -> 10", "normal:0.01"),
    sick("vanishing-signal", "64 -> 2x64 relu -> 10", "normal:0.01"),
    Sick {
        patterns: &[("20.weight", "zeros")],
        ..sick("vanishing-signal", "64 -> 10x64 relu -> 10", "normal:0.01")
    },
    Sick { learning_rate: 1e-6, ..sick("step-too-small", "64 -> 64 relu -> 10", "he-normal") },
    Sick { learning_rate: 1e-6, ..sick("step-too-small", "64 -> 3x64 relu -> 10", "he-normal") },
    Sick { learning_rate: 1e-6, ..sick("step-too-small", "64 -> 10", "zeros") },
];

fn diagnose_sick(sick: &Sick, data: &Dataset) -> Diagnosis {
    let horizon = Horizon { effective_learning_rate: sick.learning_rate, ..HORIZON };
    let (model, mut weights) = start(sick.model, sick.scheme, sick.patterns);
    if let Some(change) = sick.copied {
        weights.tensors[2].1 = weights.tensors[0].1.clone();
        let values = weights.tensors[2].1.data_mut().iter_mut().step_by(2);
        values.for_each(|value| *value *= 1.0 + change);
    }
    if let Some(factor) = sick.scaled {
        let first = weights.tensors[0].1.data_mut();
        let (half, copy) = first.split_at_mut(first.len() / 2);
        let off = |place: usize| if place.is_multiple_of(2) { 1.02 } else { 1.0 };
        let pairs = copy.iter_mut().zip(half).enumerate();
        pairs.for_each(|(place, (copy, x))| *copy = factor * off(place) * *x);
    }
    let said = sick.said.map_or_else(Vec::new, |scheme| {
        explain(&parameters(&model).unwrap(), &Rules::new(scheme)).unwrap()
    });
    let loss = Loss::CrossEntropy;
    Diagnosis::claimed(&model, &loss, &weights, &said, data, horizon, Extent::All).unwrap()
}

#[test]
fn every_rule_fires_on_its_own_sick_network_first_or_as_a_consequence() {
    for sick in SICK {
        let found = diagnose_sick(sick, &data(sick.data, sick.features));
        let codes: Vec<&str> = found.findings.iter().map(|f| f.code).collect();
        let own = found.findings.iter().find(|f| f.code == sick.code);
        let place = format!("{} with {}: {}", sick.model, sick.scheme, told(&found));
        let Some(own) = own else { panic!("{} is not among {place}", sick.code) };
        let known = own.code == codes[0] || own.consequence_of.is_some();
        assert!(known, "{} is neither first nor explained: {place}", sick.code);
        for finding in &found.findings {
            assert!(finding.why.contains(|c: char| c.is_ascii_digit()), "{finding:?}");
            assert!(!finding.why.ends_with('.') && !finding.why.contains("  "), "{finding:?}");
            assert!(!finding.why.contains("NaN of") && finding.why.len() < 300, "{finding:?}");
            assert!(!finding.fix.is_empty(), "{finding:?}");
        }
    }
    for rule in RULES {
        let has_own = SICK.iter().any(|sick| sick.code == rule.code());
        assert!(has_own || RECURRENT.contains(&rule.code()), "{} has none", rule.code());
    }
}

/// Symptoms of recurrent cells, which no short text has.
const RECURRENT: [&str; 3] = ["saturated-gates", "exploding-memory", "fading-memory"];

/// All that fails by its own bound in networks below that are forecast to learn.
const OVERRULED: &[&str] = &["chaos", "exploding-gradient", "saturation"];

/// A forecast of failure is explained, what cannot move is not forecast to learn, and what is known
/// to learn is.
#[test]
fn forecasts_and_findings_agree() {
    let mut overruled = std::collections::BTreeSet::new();
    let data = data("digits", Preparation::Standard);
    let activations = ["relu", "tanh", "sigmoid", "selu"];
    let schemes = ["zeros", "constant:0.1", "normal:0.001", "normal:0.1", "normal:3", "he-normal"];
    for depth in [0, 1, 3, 8] {
        for (activation, scheme) in activations.iter().flat_map(|a| schemes.map(|s| (a, s))) {
            for effective_learning_rate in [1e-7, 0.2, 1e3] {
                let horizon = Horizon { effective_learning_rate, ..HORIZON };
                let hidden = format!("{depth}x16 {activation} -> ");
                let hidden = if depth == 0 { String::new() } else { hidden };
                let model = format!("64 -> {hidden}10");
                let found = diagnose(&data, &model, scheme, &[], horizon);
                let place = format!("{model} {scheme} {effective_learning_rate}: {}", told(&found));
                let fails = found.severity() == Some(Severity::Fail);
                let is_alike = depth > 0 && ["zeros", "constant:0.1"].contains(&scheme);
                let is_usual = *activation == "relu" && scheme == "he-normal" && depth < 8;
                if effective_learning_rate == 0.2 && is_usual {
                    assert_eq!(found.forecast, Verdict::Learns, "{place}");
                }
                match found.forecast {
                    Verdict::Learns => {
                        assert!(!is_alike && effective_learning_rate > 1e-7, "{place}");
                        let (model, weights) = start(&model, scheme, &[]);
                        let loss = &Loss::CrossEntropy;
                        let alarms = Diagnosis::alarms(&model, loss, &weights, &data, horizon);
                        let (forecast, alarms) = alarms.unwrap();
                        assert_eq!(forecast, Verdict::Learns, "{place}");
                        overruled.extend(alarms);
                    }
                    Verdict::Slow => assert!(!found.findings.is_empty(), "{place}"),
                    Verdict::Unsure => {}
                    Verdict::Stuck | Verdict::Unstable => assert!(fails, "{place}"),
                }
            }
        }
    }
    assert!(overruled.iter().eq(OVERRULED), "{overruled:?}");
}

fn rows_of(value: f32, rows: usize) -> Dataset {
    let names = vec!["a".to_owned(), "b".to_owned()];
    Dataset {
        name: "extreme".to_owned(),
        feature_names: (0..3).map(|i| i.to_string()).collect(),
        features: vec![value; 3 * rows].into(),
        targets: crate::data::Targets::Classes { labels: vec![1; rows], names },
    }
}

#[test]
fn no_rule_panics_on_extreme_networks() {
    let models = [
        "3 -> 2",
        "3 -> 1 relu -> 2",
        "3 -> 1 tanh -> 1 tanh -> 2",
        "3 -> 4 batch_norm relu -> 2",
        "3 -> 4 layer_norm prelu -> 2",
        "3 -> 3 relu residual -> 2",
        "3 -> 2x(1 relu -> 3) residual -> 2",
    ];
    let values = [0.0, 1.0, -1e30, f32::MAX, f32::MIN_POSITIVE, f32::INFINITY, f32::NAN];
    for (model, value) in models.iter().flat_map(|m| values.map(|v| (m, v))) {
        for scheme in ["zeros", "ones", "he-normal", "normal:1e30"] {
            for rows in [1, 2] {
                for step_rule in [StepRule::Proportional, StepRule::Normalized] {
                    let horizon = Horizon { steps: 0, step_rule, ..HORIZON };
                    let found = diagnose(&rows_of(value, rows), model, scheme, &[], horizon);
                    for finding in &found.findings {
                        assert!(!finding.why.is_empty() && finding.why.len() < 300);
                    }
                    if !value.is_finite() {
                        assert_eq!(found.forecast, Verdict::Unstable, "{model} {scheme}");
                        assert_eq!(found.findings[0].code, "non-finite");
                    }
                }
            }
        }
    }
}

#[test]
fn one_cause_is_reported_once() {
    let data = data("digits", Preparation::Standard);
    let found = diagnose(&data, "64 -> 2x64 relu -> 10", "zeros", &[], HORIZON);
    assert_eq!(found.cause().map(|f| f.code), Some("unit-symmetry"));
    let causes = found.findings.iter().filter(|f| f.consequence_of.is_none());
    assert_eq!(causes.count(), 1, "{}", told(&found));
}

#[test]
fn growth_is_counted_between_layers_and_equal_weights_are_no_variance() {
    let data = data("digits", Preparation::Standard);
    let why = |depth: usize, scheme: &str| {
        let found = diagnose(&data, &format!("64 -> {depth}x64 relu -> 10"), scheme, &[], HORIZON);
        let mut findings = found.findings.into_iter();
        findings.find(|f| f.code == "exploding-signal").expect("it explodes").why
    };
    let two = why(2, "constant:1");
    assert_eq!(two, "the signal grows ×64 from the first to the last hidden layer");
    let three = why(3, "normal:1");
    assert!(three.contains("per layer, ×") && three.contains("variance is"), "{three}");
}

#[test]
fn layers_are_named_by_number_and_module() {
    let data = data("digits", Preparation::Standard);
    let horizon = Horizon { effective_learning_rate: 1e-6, ..HORIZON };
    let found = diagnose(&data, "64 -> 3x64 relu -> 10", "he-normal", &[], horizon);
    assert!(found.findings[0].why.contains("of layer 1 (module 0) by"), "{found:#?}");
}

/// A network of 32 tanh units on digits, of which `change` makes some alike: what unit symmetry
/// finds, and how training goes.
fn partly_symmetric(model: &str, change: impl Fn(&mut [f32], &mut [f32])) -> (Finding, Diagnosis) {
    let model: Model = model.parse().unwrap();
    let mut weights = for_model(&model, &Rules::new("xavier-normal"), 0).unwrap();
    let (first, rest) = weights.tensors.split_at_mut(1);
    let next = rest.iter_mut().rfind(|(name, _)| name.ends_with("weight")).unwrap();
    change(first[0].1.data_mut(), next.1.data_mut());
    let data = data("digits", Preparation::Standard);
    let found = Diagnosis::new(&model, &Loss::CrossEntropy, &weights, &data, HORIZON).unwrap();
    (found.findings[0].clone(), found)
}

fn make_equal(units: usize, sign: f32) -> impl Fn(&mut [f32], &mut [f32]) {
    move |rows, next| {
        for unit in 1..units {
            (0..64).for_each(|k| rows[64 * unit + k] = sign * rows[k]);
            next.chunks_exact_mut(32).for_each(|row| row[unit] = sign * row[0]);
        }
    }
}

#[test]
fn lost_units_are_a_warning_that_names_them() {
    let model = "64 -> 32 tanh -> 10";
    let (finding, found) = partly_symmetric(model, make_equal(4, 1.0));
    assert_eq!((finding.code, finding.severity), ("unit-symmetry", Severity::Warn));
    assert!(finding.why.starts_with("units 0–3 of module 0 are equal for ever"), "{finding:?}");
    assert!(finding.why.contains("32 units act as 29"), "{finding:?}");
    assert_eq!((found.forecast, found.effective_units), (Verdict::Learns, 29));
    assert!(found.symmetry.confirmation.is_none(), "a chain needs none");

    let (finding, _) = partly_symmetric(model, make_equal(3, -1.0));
    assert!(finding.why.starts_with("units 0–2 of module 0 are equal or opposite"), "{finding:?}");
}

#[test]
fn fewer_classes_than_outputs_fail() {
    let (finding, found) = partly_symmetric("64 -> 32 tanh -> 10", make_equal(25, 1.0));
    assert_eq!((finding.code, finding.severity), ("unit-symmetry", Severity::Fail));
    assert!(finding.why.contains("act as 8, too few for the outputs"), "{finding:?}");
    assert_eq!(found.forecast, Verdict::Stuck);
}

#[test]
fn what_only_dropout_parts_is_said_and_normalized_networks_are_confirmed() {
    let model = "64 -> 32 batch_norm tanh dropout:0.2 -> 10";
    let (finding, found) = partly_symmetric(model, |rows, next| {
        rows.fill(0.125);
        next.fill(0.125);
    });
    assert!(finding.why.contains("only the noise of dropout will part them"), "{finding:?}");
    let confirmation = found.symmetry.confirmation.unwrap();
    assert_eq!((confirmation.outcome, confirmation.rows), (Outcome::Bitwise, 64));
}

#[test]
fn one_broken_weight_is_found_where_it_is() {
    let (model, mut weights) = start("64 -> 2x64 relu -> 10", "he-normal", &[]);
    let mut named = weights.tensors.iter_mut();
    named.find(|(name, _)| name == "2.weight").unwrap().1.data_mut()[7] = f32::NAN;
    let rows = data("digits", Preparation::Standard);
    let found = Diagnosis::new(&model, &Loss::CrossEntropy, &weights, &rows, HORIZON).unwrap();
    let first = &found.findings[0];
    assert_eq!((first.code, first.module.as_deref()), ("non-finite", Some("2")), "{}", first.why);
    assert!(first.why.contains("its weights or biases hold such numbers"), "{}", first.why);
}

#[test]
fn rows_are_not_said_to_look_alike_where_a_single_unit_makes_them_so() {
    let rows = data("digits", Preparation::Standard);
    let found = |model| diagnose(&rows, model, "he-normal", &[], HORIZON);
    let codes = |found: &Diagnosis| found.findings.iter().map(|f| f.code).collect::<Vec<_>>();
    let narrow = found("64 -> 64 relu -> 1 relu -> 32 relu -> 10");
    assert!(!codes(&narrow).contains(&"correlation-collapse"), "{}", told(&narrow));
    let deep = diagnose(&rows, "64 -> 30x64 tanh -> 10", "normal:0.1", &[], HORIZON);
    assert!(codes(&deep).contains(&"correlation-collapse"), "{}", told(&deep));
}

#[test]
fn gradients_of_equal_units_are_no_sound_ones() {
    let rows = data("digits", Preparation::Standard);
    let found = diagnose(&rows, "64 -> 2x64 relu -> 10", "zeros", &[], HORIZON);
    assert!(found.passed.iter().all(|passed| passed.code != "no-gradient"), "{}", told(&found));
}

#[test]
fn weights_of_other_names_are_an_error_that_names_what_lacks() {
    let (model, mut weights) = start("64 -> 2x64 relu -> 10", "he-normal", &[]);
    weights.tensors.iter_mut().for_each(|(name, _)| *name = format!("module.{name}"));
    let rows = data("digits", Preparation::Standard);
    let found = Diagnosis::new(&model, &Loss::CrossEntropy, &weights, &rows, HORIZON);
    let error = found.unwrap_err().to_string();
    assert!(error.contains("found no tensor `0.weight`"), "{error}");
}

#[test]
fn a_warning_that_only_its_error_reaches_says_so() {
    let bounds = Bounds { warn: 3.0, fail: 8.0 };
    let finding = |severity, value| {
        let plain = Finding::plain("x", severity, "it grows".to_owned(), String::new());
        plain.measured(Measured { estimate: Estimate::single(value, 0.5), bounds })
    };
    let told = ". That may be so, not more: the estimate, 2.50, is below the bound of 3.00, and with \
                its error it may be as large as 3.50";
    assert_eq!(finding(Severity::Warn, 2.5).why, format!("it grows{told}"));
    assert_eq!(finding(Severity::Warn, 3.5).why, "it grows");
    assert_eq!(finding(Severity::Inconclusive, 2.5).why, "it grows");
}

#[test]
fn no_rate_is_advised_above_the_usual_one() {
    let digits = data("digits", Preparation::Standard);
    let advised = |step_rule, effective_learning_rate, momentum| {
        let horizon = Horizon { effective_learning_rate, step_rule, momentum, ..HORIZON };
        let found = diagnose(&digits, "64 -> 2x64 relu -> 10", "he-normal", &[], horizon);
        let large = found.findings.iter().find(|f| f.code == "step-too-large");
        let large = large.unwrap_or_else(|| panic!("{}", told(&found)));
        let (_, rate) = large.fix.split_once("--learning-rate ").unwrap();
        rate.split(';').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(advised(StepRule::Normalized, 1.0, 0.0), 1e-3);
    assert_eq!(advised(StepRule::Proportional, 2000.0, 0.9), 0.02);
}
