//! Folders of runs: nothing is overwritten, torn or led astray.

use super::*;
use std::fs::OpenOptions;

const TOML: &str = "model = \"64 -> 10\"\nseed = 1\n";

fn metrics(epoch: u64) -> Metrics {
    Metrics {
        epoch,
        step: 10 * epoch,
        train_loss: 1.0 / epoch as f64,
        test_loss: Some(0.1 + 0.2),
        accuracy: None,
        learning_rate: 0.02,
        gradient_norm: 1.5,
        seconds: 0.25,
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_new_run_has_its_spec_versions_and_an_empty_record() {
    let runs = tempfile::tempdir().unwrap();
    let inner = runs.path().join("deep/runs");
    let run = RunFolder::create(&inner, "first", TOML, IfExists::Refuse).unwrap();
    assert_eq!(names(&inner), ["first"]);
    assert_eq!(names(run.path()), [METRICS, SPEC, VERSIONS]);
    assert_eq!(run.spec().unwrap(), TOML);
    assert_eq!(run.versions().unwrap(), Versions::current());
    assert_eq!(run.metrics().unwrap(), []);
    assert!(!run.has_checkpoint());
    assert_eq!(RunFolder::open(&inner, "first").unwrap(), run);
}

#[test]
fn a_run_that_cannot_begin_leaves_no_folder() {
    let runs = tempfile::tempdir().unwrap();
    let spec = crate::spec::Spec::default();
    let data = crate::data::for_spec(&spec).unwrap();
    let model = crate::import::resolve(&spec, 64, 10).unwrap();
    let weights = crate::init::for_model(&model, &crate::init::Rules::new("he-normal"), 0).unwrap();
    let train = |folder: &RunFolder| {
        // A folder where the checkpoint's file should be, as a full disk would refuse it.
        fs::create_dir(folder.path().join(".weights.safetensors.next")).unwrap();
        let run = crate::train::Run::new(&spec, &model, &weights, &data).unwrap();
        run.train(folder, &mut crate::train::Silent, &crate::train::Interrupt::default())
            .unwrap_err();
    };
    train(&RunFolder::create(runs.path(), "first", TOML, IfExists::Refuse).unwrap());
    assert_eq!(names(runs.path()), [""; 0]);
    let kept = RunFolder::create(runs.path(), "second", TOML, IfExists::Refuse).unwrap();
    fs::write(kept.path().join("notes.txt"), "mine").unwrap();
    train(&kept);
    assert_eq!(names(runs.path()), ["second"]);
}

#[test]
fn an_existing_run_is_left_alone_and_the_remedies_are_named() {
    let runs = tempfile::tempdir().unwrap();
    let run = RunFolder::create(runs.path(), "first", TOML, IfExists::Refuse).unwrap();
    let error = RunFolder::create(runs.path(), "first", "other", IfExists::Refuse).unwrap_err();
    assert!(matches!(error, Error::RunExists { .. }));
    let text = error.to_string();
    assert!(text.contains("first exists already") && text.contains("--resume"), "{text}");
    assert!(text.contains("--force"), "{text}");
    assert_eq!(run.spec().unwrap(), TOML);
}

#[test]
fn replacing_leaves_nothing_of_the_older_run() {
    let runs = tempfile::tempdir().unwrap();
    let run = RunFolder::create(runs.path(), "first", TOML, IfExists::Refuse).unwrap();
    run.append_metrics(0).unwrap().append(&metrics(1)).unwrap();
    let run = RunFolder::create(runs.path(), "first", "seed = 2\n", IfExists::Replace).unwrap();
    assert_eq!(run.spec().unwrap(), "seed = 2\n");
    assert_eq!(run.metrics().unwrap(), []);
    assert_eq!(names(runs.path()), ["first"]);
}

#[test]
fn force_never_removes_what_is_no_run() {
    let runs = tempfile::tempdir().unwrap();
    let thesis = runs.path().join("thesis");
    fs::create_dir(&thesis).unwrap();
    fs::write(thesis.join("chapter"), "years of work").unwrap();
    fs::write(runs.path().join("file"), "a file").unwrap();
    for name in ["thesis", "file"] {
        let error = RunFolder::create(runs.path(), name, TOML, IfExists::Replace).unwrap_err();
        assert!(error.to_string().contains("without a spec.toml"), "{error}");
    }
    assert!(thesis.join("chapter").exists());
    assert_eq!(names(runs.path()), ["file", "thesis"]);
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let runs = tempfile::tempdir().unwrap();
    for name in ["", ".", "..", "a/b", "../a", ".hidden", "a b", "a\\b", &"x".repeat(101)] {
        let error = RunFolder::create(runs.path(), name, TOML, IfExists::Replace).unwrap_err();
        assert!(error.to_string().starts_with("name of the run: found"), "{error}");
    }
    assert_eq!(names(runs.path()), Vec::<String>::new());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let runs = tempfile::tempdir().unwrap();
    let file = runs.path().join("file");
    fs::write(&file, "").unwrap();
    let text = RunFolder::create(&file, "a", TOML, IfExists::Refuse).unwrap_err().to_string();
    assert!(text.starts_with("cannot create ") && text.ends_with("file"), "{text}");
}

#[test]
fn an_unknown_run_is_answered_with_the_nearest() {
    let runs = tempfile::tempdir().unwrap();
    for name in ["deep-1", "deep-2"] {
        RunFolder::create(runs.path(), name, TOML, IfExists::Refuse).unwrap();
    }
    fs::create_dir(runs.path().join("no-run")).unwrap();
    let text = RunFolder::open(runs.path(), "depe-1").unwrap_err().to_string();
    assert_eq!(text, "unknown run `depe-1`; did you mean `deep-1`? known: deep-1, deep-2");
}

#[test]
fn free_names_count_up_from_the_model() {
    let runs = tempfile::tempdir().unwrap();
    let model = "784 -> 256 relu -> 10x64 tanh dropout:0.1 -> 10";
    let stem = "784-256-relu-10x64-tanh-dropout-0-1-10";
    for number in 1..4 {
        let name = RunFolder::free_name(runs.path(), model);
        assert_eq!(name, format!("{stem}-{number}"));
        RunFolder::create(runs.path(), &name, TOML, IfExists::Refuse).unwrap();
    }
    let long = RunFolder::free_name(runs.path(), &"1 -> ".repeat(100));
    assert!(long.len() < 45 && check_name(&long).is_ok(), "{long}");
    assert_eq!(RunFolder::free_name(runs.path(), "→ ../"), "run-1");
}

#[test]
fn another_spec_is_told_by_its_first_line() {
    let runs = tempfile::tempdir().unwrap();
    let run = RunFolder::create(runs.path(), "a", TOML, IfExists::Refuse).unwrap();
    run.check_spec(TOML).unwrap();
    let text = run.check_spec(&TOML.replace("seed = 1", "seed = 2")).unwrap_err().to_string();
    let expected = "spec.toml: line 2: found `seed = 1`, expected `seed = 2`; resume with";
    assert!(text.contains(expected), "{text}");
    let text = run.check_spec(&TOML.replace("seed = 1\n", "")).unwrap_err().to_string();
    assert!(text.contains("expected no more lines"), "{text}");
}

#[test]
fn a_record_grows_line_by_line() {
    let runs = tempfile::tempdir().unwrap();
    let run = RunFolder::create(runs.path(), "a", TOML, IfExists::Refuse).unwrap();
    let mut log = run.append_metrics(0).unwrap();
    for epoch in 1..=3 {
        log.append(&metrics(epoch)).unwrap();
        assert_eq!(run.metrics().unwrap(), (1..=epoch).map(metrics).collect::<Vec<_>>());
    }
}

#[test]
fn a_torn_last_line_is_dropped_wherever_it_is_torn() {
    let runs = tempfile::tempdir().unwrap();
    let run = RunFolder::create(runs.path(), "a", TOML, IfExists::Refuse).unwrap();
    let mut log = run.append_metrics(0).unwrap();
    (1..=2).for_each(|epoch| log.append(&metrics(epoch)).unwrap());
    let path = run.path().join(METRICS);
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in first..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(run.metrics().unwrap(), [metrics(1)]);
    }
    run.append_metrics(9).unwrap().append(&metrics(2)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn a_resumed_run_writes_over_the_epochs_after_its_checkpoint() {
    let runs = tempfile::tempdir().unwrap();
    let run = RunFolder::create(runs.path(), "a", TOML, IfExists::Refuse).unwrap();
    let mut log = run.append_metrics(0).unwrap();
    (1..=4).for_each(|epoch| log.append(&metrics(epoch)).unwrap());
    let mut log = run.append_metrics(2).unwrap();
    log.append(&metrics(3)).unwrap();
    assert_eq!(run.metrics().unwrap(), [1, 2, 3].map(metrics));
}

#[test]
fn a_spoiled_line_in_the_middle_is_named() {
    let runs = tempfile::tempdir().unwrap();
    let run = RunFolder::create(runs.path(), "a", TOML, IfExists::Refuse).unwrap();
    let mut file = OpenOptions::new().append(true).open(run.path().join(METRICS)).unwrap();
    file.write_all(b"{\"epoch\": 1}\n").unwrap();
    let text = run.metrics().unwrap_err().to_string();
    assert!(text.contains("metrics.jsonl: line 1: found missing field"), "{text}");
}
