//! The facts that the comparison shows without any flag.
//!
//! The ranges were measured with PyTorch on the same data: SGD 0.02, momentum 0.9, batch 64,
//! 15 epochs, biases 0 but for torch-default and normal:0.01.

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use fanin::check::Verdict::{self, Learns, Slow, Stuck};
use fanin::compare::{CompareOptions, Comparison, NetworkComparison};
use fanin::data::{LoadOptions, PrepareOptions, Prepared, load, prepare};
use fanin::train::Interrupt;

fn digits() -> Prepared {
    prepare(load("digits", &LoadOptions::default()).unwrap(), &PrepareOptions::default()).unwrap()
}

/// One seed, for what does not depend on it.
fn options() -> CompareOptions {
    let mut options = CompareOptions::default();
    options.spec.train.seeds = vec![0];
    options
}

/// The main job with its three seeds, trained once for all facts: 2 hidden layers, then 10.
fn main_job() -> &'static [NetworkComparison] {
    static MAIN_JOB: OnceLock<Vec<NetworkComparison>> = OnceLock::new();
    MAIN_JOB.get_or_init(|| {
        let (options, data) = (CompareOptions::default(), digits());
        let comparison = Comparison::new(&options, &data).unwrap();
        let mut networks = comparison.check().unwrap();
        comparison.train(&mut networks, &(), &Interrupt::default()).unwrap();
        networks
    })
}

#[track_caller]
fn check(hidden_layers: usize, schemes: &[&str], accuracy: RangeInclusive<f64>, verdict: Verdict) {
    let network = main_job().iter().find(|n| n.hidden_layers == hidden_layers).unwrap();
    for scheme in schemes {
        let entry = network.entries.iter().find(|e| e.scheme == *scheme).unwrap();
        let outcome = entry.outcome.as_ref().unwrap();
        let place = format!("{scheme} with {hidden_layers} hidden layers: {outcome:?}");
        assert!(accuracy.contains(&outcome.score.mean), "{place}");
        assert_eq!((entry.forecast, outcome.verdict), (verdict, verdict), "{place}");
        if *accuracy.end() <= AT_CHANCE {
            assert!((outcome.loss.mean - f64::ln(10.0)).abs() < 0.01, "{place}");
        }
    }
}

/// Ten classes, with 360 test rows that hold not quite the same number of each.
const AT_CHANCE: f64 = 0.12;

#[test]
fn ten_layers_stay_at_chance_without_random_weights_of_the_right_scale() {
    let schemes = ["zeros", "constant:0.01", "normal:0.01", "torch-default", "fan-in-uniform"];
    check(10, &schemes, 0.0..=AT_CHANCE, Stuck);
}

#[test]
fn ten_layers_learn_where_the_variance_fits() {
    let schemes = ["fan-in-normal", "xavier-uniform", "he-normal", "orthogonal"];
    check(10, &schemes, 0.90..=1.0, Learns);
}

#[test]
fn two_layers_forgive_what_ten_do_not() {
    let schemes = [
        "fan-in-uniform",
        "fan-in-normal",
        "torch-default",
        "xavier-uniform",
        "he-normal",
        "orthogonal",
    ];
    check(2, &schemes, 0.95..=1.0, Learns);
    check(2, &["normal:0.01"], 0.70..=0.90, Slow);
}

#[test]
fn two_layers_of_equal_units_do_what_one_unit_can() {
    check(2, &["constant:0.01"], 0.15..=0.35, Stuck);
    check(2, &["zeros"], 0.0..=AT_CHANCE, Stuck);
}

#[test]
fn every_failing_scheme_says_why_and_every_other_is_silent() {
    for entry in main_job().iter().flat_map(|n| &n.entries) {
        let learned = entry.outcome.as_ref().unwrap().verdict == Learns;
        assert_eq!(entry.why().is_none(), learned, "{}: {:?}", entry.scheme, entry.why());
    }
}

#[test]
fn the_forecast_is_made_before_any_training() {
    let (options, data) = (CompareOptions::default(), digits());
    let untrained = Comparison::new(&options, &data).unwrap().check().unwrap();
    for (before, after) in untrained.iter().zip(main_job()) {
        for (before, after) in before.entries.iter().zip(&after.entries) {
            assert!(before.trained.is_empty() && before.outcome.is_none());
            assert_eq!((before.forecast, &before.starts), (after.forecast, &after.starts));
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_result() {
    let mut options = options();
    options.depths = vec![2];
    options.schemes = vec!["he-normal".to_owned(), "torch-default".to_owned()];
    options.spec.train.epochs = 2;
    let data = digits();
    let run = |threads| {
        fanin_kernels::threads::pool(threads).unwrap().install(|| {
            let comparison = Comparison::new(&options, &data).unwrap();
            let mut networks = comparison.check().unwrap();
            comparison.train(&mut networks, &(), &Interrupt::default()).unwrap();
            for metrics in networks
                .iter_mut()
                .flat_map(|n| &mut n.entries)
                .flat_map(|e| e.trained.iter_mut().flat_map(|t| &mut t.history))
            {
                metrics.seconds = 0.0;
            }
            networks
        })
    };
    let alone = run(1);
    assert_eq!(run(2), alone);
    assert_eq!(run(3), alone);
}

#[test]
fn a_run_that_diverges_stops_alone() {
    let mut options = options();
    options.depths = vec![2];
    options.schemes = vec!["normal:1e12".to_owned(), "he-normal".to_owned()];
    options.spec.train.epochs = 3;
    let data = digits();
    let comparison = Comparison::new(&options, &data).unwrap();
    let mut networks = comparison.check().unwrap();
    comparison.train(&mut networks, &(), &Interrupt::default()).unwrap();
    let verdicts = networks[0].entries.iter().map(|e| e.outcome.as_ref().unwrap().verdict);
    assert_eq!(verdicts.collect::<Vec<_>>(), [Verdict::Unstable, Learns]);
    assert_eq!(networks[0].entries[0].forecast, Verdict::Unstable);
}

#[test]
fn an_interrupted_comparison_leaves_out_the_runs_that_did_not_end() {
    let (options, data) = (options(), digits());
    let comparison = Comparison::new(&options, &data).unwrap();
    let mut networks = comparison.check().unwrap();
    let interrupt = Interrupt::default();
    interrupt.request();
    comparison.train(&mut networks, &(), &interrupt).unwrap();
    assert!(networks.iter().flat_map(|n| &n.entries).all(|e| e.outcome.is_none()));
}

#[test]
fn an_unknown_scheme_is_refused_before_anything_runs() {
    let mut options = options();
    options.schemes.push("he-norml".to_owned());
    let error = Comparison::new(&options, &digits()).unwrap_err().to_string();
    assert!(error.contains("did you mean `he-normal`?"), "{error}");
    options.schemes.clear();
    assert!(Comparison::new(&options, &digits()).unwrap_err().to_string().contains("at least one"));
}
