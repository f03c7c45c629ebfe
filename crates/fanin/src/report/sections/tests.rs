//! Sick and healthy starts give whole reports in every form.

use super::*;
use crate as facade;
use crate::compare::proof::Conclusion;
use crate::compare::{CompareOptions, Comparison};
use crate::report::document::{Answer, Block};
use crate::report::pictures::standalone;
use crate::report::{Asked, Checked, Fixed, html, markdown, terminal};
use crate::spec::Spec;

/// The report of a start of a network on the digits, as `fanin check --report` makes it.
fn checked(model: &str, scheme: &str) -> Report {
    let mut spec = Spec { model: model.parse().unwrap(), ..Spec::default() };
    scheme.clone_into(&mut spec.init.scheme);
    let data = facade::load(&spec).unwrap();
    let model = facade::resolve(&spec, &data).unwrap();
    let weights = facade::initialize(&spec, &model, 0).unwrap();
    let diagnosis = facade::check_scheme(&spec, &model, &data, &[0, 1]).unwrap();
    let trace = facade::trace(&spec, &model, &weights, &data).unwrap();
    let (model_text, start) = (model.to_string(), scheme.to_owned());
    let asked = &Asked::default();
    let checked = Checked { model: model_text, start, spec: &spec, asked, diagnosis: &diagnosis };
    let mended = facade::mend(&checked, &model, &data).unwrap();
    report(&Material {
        title: "a check".to_owned(),
        spec: Some(&spec),
        data: Some(&data),
        checked: Some(&checked),
        trace: Some(&trace),
        mended: mended.as_ref().map(|(start, diagnosis, trace)| Mended {
            start,
            diagnosis,
            trace: Some(trace),
        }),
        ..Material::default()
    })
}

/// Every form can be written, every picture drawn alone, and the data read back.
#[track_caller]
fn check(report: &Report, sections: &[&str]) {
    let ids: Vec<&str> = report.sections.iter().map(|section| section.id.as_str()).collect();
    assert_eq!(ids, sections);
    assert!(report.figures().all(crate::report::document::Figure::is_whole));
    assert_eq!(&Report::from_json(&report.to_json()).unwrap(), report);
    let page = html(report);
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(!markdown(report).is_empty() && !terminal::report(report, 100).is_empty());
    for figure in report.figures() {
        for frame in &figure.frames {
            let drawing = standalone(&frame.picture, &figure.title);
            assert!(!drawing.contains("NaN") && !drawing.contains("inf\""), "{}", figure.title);
            assert!(!drawing.contains("var("), "{}", figure.title);
        }
    }
}

const ALL: [&str; 10] = [
    "findings",
    "depth",
    "symmetry",
    "correlation",
    "phase-plane",
    "activations",
    "jacobian",
    "loss",
    "data",
    "method",
];

#[test]
fn a_check_shows_all_that_was_measured_before_and_after() {
    let report = checked("64 -> 4x32 relu -> 10", "torch-default");
    check(&report, &ALL);
    let depth = report.figures().next().unwrap();
    assert_eq!(depth.title, "Second moments by layer");
    assert_eq!(report.verdict.map(|strip| strip.answer), Some(Answer::Yes));
}

#[test]
fn sick_starts_give_whole_reports() {
    let zeros = checked("64 -> 3x16 tanh -> 10", "zeros");
    assert_eq!(zeros.verdict.as_ref().map(|strip| strip.answer), Some(Answer::No));
    assert!(zeros.figures().any(|figure| figure.controls.iter().any(|c| c.name == "start")));
    check(&checked("64 -> 3x16 relu -> 10", "normal:1e20"), &ALL);
    check(&checked("64 -> 10", "zeros"), &["findings", "loss", "data", "method"]);
}

#[test]
fn a_comparison_shows_race_replay_and_forecasts() {
    let mut spec = Spec::default();
    spec.train.epochs = 2;
    spec.train.seeds = vec![0, 1];
    let schemes = ["zeros", "he-normal"].map(str::to_owned).to_vec();
    let options =
        CompareOptions { depths: vec![2], width: 16, schemes, spec, ..Default::default() };
    let data = facade::load(&options.spec).unwrap();
    let comparison = Comparison::new(&options, &data).unwrap();
    let mut networks = comparison.check().unwrap();
    let (traces, replays) = (comparison.trace().unwrap(), comparison.replays().unwrap());
    comparison.train(&mut networks, &(), &crate::train::Interrupt::default()).unwrap();
    let report = report(&Material {
        spec: Some(&options.spec),
        data: Some(&data),
        networks: &networks,
        traces: &traces,
        replays: &replays,
        ..Material::default()
    });
    let mut sections = ALL.to_vec();
    sections[0] = "race";
    check(&report, &sections);
    let last = |scheme: &str| {
        let replay = replays.iter().find(|replay| replay.scheme == scheme).unwrap();
        let (step, layers) = replay.moments.last().map(|m| (m.step, &m.layers)).unwrap();
        assert_eq!(step, 50);
        layers[0].1.iter().max().unwrap() + 1
    };
    assert_eq!((last("zeros"), last("normal:0.01")), (1, 16));
    let has_table = report.sections[0].blocks.iter().any(|b| matches!(b, Block::Table(_)));
    assert!(has_table);
}

/// `cargo test --release -p fanin --lib a_large_report -- --ignored --nocapture`
#[test]
#[ignore = "a measurement of time, which no test may depend on"]
fn a_large_report_is_timed() {
    let mut spec = Spec::default();
    spec.train.seeds = vec![0];
    let schemes = crate::compare::DEFAULT_SCHEMES.map(str::to_owned).to_vec();
    let options = CompareOptions { depths: vec![100], schemes, spec, ..Default::default() };
    let data = facade::load(&options.spec).unwrap();
    let comparison = Comparison::new(&options, &data).unwrap();
    let networks = comparison.check().unwrap();
    let started = std::time::Instant::now();
    let traces = comparison.trace().unwrap();
    let traced = started.elapsed();
    let started = std::time::Instant::now();
    let material = Material {
        spec: Some(&options.spec),
        data: Some(&data),
        networks: &networks,
        traces: &traces,
        ..Material::default()
    };
    let page = html(&report(&material));
    let told = (started.elapsed(), traced, page.len());
    println!(
        "100 layers, 9 schemes: page in {:?}, traced in {:?}, {} bytes",
        told.0, told.1, told.2
    );
    if let Some(path) = std::env::var_os("FANIN_PAGE") {
        std::fs::write(path, page).unwrap();
    }
}

#[test]
fn selections_keep_both_ends() {
    assert_eq!(selected(3, 5), [0, 1, 2]);
    assert_eq!(selected(100, 4), [0, 33, 66, 99]);
    assert!(selected(0, 4).is_empty());
}

/// The report of a repair, as `fanin fix --report` makes it, with what training concluded.
fn repaired(model: &str, scheme: &str, conclusion: Option<Conclusion>) -> Report {
    let mut spec = Spec { model: model.parse().unwrap(), ..Spec::default() };
    scheme.clone_into(&mut spec.init.scheme);
    let data = facade::load(&spec).unwrap();
    let model = facade::resolve(&spec, &data).unwrap();
    let weights = facade::initialize(&spec, &model, 0).unwrap();
    let options = crate::recommend::Options::default();
    let repair = facade::recommend(&spec, &model, &weights, &data, &options).unwrap();
    let (found, after) = (repair.recommendation.as_ref().unwrap(), repair.after.as_ref().unwrap());
    let asked = &Asked::default();
    let (text, start) = (model.to_string(), scheme.to_owned());
    let fixed = Fixed {
        model: text.clone(),
        named: text.clone(),
        start: start.clone(),
        data: "digits".to_owned(),
        is_stand_in: false,
        spec: &spec,
        asked,
        repair: &repair,
        proof: None,
        files: &[],
        notes: &[],
        code: None,
    };
    let changed = Repair::new(&model, &fixed, found, data.task);
    let word = conclusion.map(|word| word.to_string()).unwrap_or_default();
    let proven = conclusion.map(|word| format!("{word}: 0.25 times the steps")).unwrap_or_default();
    let changed = Repair { conclusion: word, proven, ..changed };
    let checked = Checked { model: text, start, spec: &spec, asked, diagnosis: &repair.before };
    report(&Material {
        title: "a repair".to_owned(),
        spec: Some(&spec),
        data: Some(&data),
        checked: Some(&checked),
        mended: Some(Mended { start: found.method, diagnosis: after, trace: None }),
        repair: Some(&changed),
        ..Material::default()
    })
}

#[test]
fn a_repair_says_first_what_it_achieved() {
    let network = "64 -> 10x16 relu -> 10";
    let report = repaired(network, "torch-default", Some(Conclusion::Better));
    let strip = report.verdict.as_ref().unwrap();
    assert_eq!((strip.answer, strip.word.as_str()), (Answer::Yes, "Yes, mended and proven"));
    let signal = "signal and gradient shrink from layer to layer";
    let why = format!("Before: stuck, for {signal}. After: learns");
    assert!(strip.why.starts_with(&why), "{strip:?}");
    assert!(strip.sure.contains("Proof by training: better: 0.25 times the steps."), "{strip:?}");
    assert!(strip.command.starts_with(&format!("fanin fix \"{network}\"")), "{strip:?}");
    let titles: Vec<&str> = report.sections.iter().map(|section| section.title.as_str()).collect();
    assert_eq!(titles[..2], ["Repair", "Findings before the repair"]);
    let page = html(&report);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not in the page"));
    assert!(place("Yes, mended and proven") < place("id=\"repair\""));
    assert!(place("id=\"repair\"") < place("id=\"findings\""));
    assert!(!page.contains("No, stuck"));
}

#[test]
fn a_repair_that_training_does_not_confirm_is_no_plain_yes() {
    let word = |conclusion| {
        let report = repaired("64 -> 10x16 relu -> 10", "torch-default", conclusion);
        let strip = report.verdict.unwrap();
        (strip.answer, strip.word)
    };
    assert_eq!(word(None), (Answer::Yes, "Yes, mended".to_owned()));
    let worse = word(Some(Conclusion::Worse));
    assert_eq!(worse, (Answer::Unsure, "Not by training".to_owned()));
    let neither = word(Some(Conclusion::NeitherLearns));
    assert_eq!(neither, (Answer::Unsure, "Not in training".to_owned()));
}
