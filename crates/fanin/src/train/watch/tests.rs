//! A watched run: the same bits, its checks written down, going on where it stopped.

use super::*;
use crate::data::Prepared;
use crate::spec::Spec;
use crate::train::{IfExists, Interrupt, Run, Silent};
use crate::weights::Weights;

const SPEC: &str = "model = \"features -> 2x8 tanh -> outputs\"\n[data]\nsource = \"spirals\"\n\
                    [init]\nscheme = \"normal:0.01\"\n[train]\nepochs = 3\nbatch_size = 32\n";

#[derive(Default)]
struct Told(Vec<(Check, Option<Check>)>);

impl Observer for Told {
    fn on_check(&mut self, now: &Check, before: Option<&Check>) {
        self.0.push((now.clone(), before.cloned()));
    }
}

fn planned() -> (Spec, Prepared) {
    let spec = Spec::from_toml(SPEC, Path::new("spec.toml")).unwrap();
    let data = crate::data::for_spec(&spec).unwrap();
    (spec, data)
}

fn train(runs: &Path, name: &str, every: Option<u64>, told: &mut dyn Observer) -> Weights {
    let (spec, data) = planned();
    let model = spec.model.resolve(data.train.columns(), data.train.target_columns()).unwrap();
    let weights = crate::init::for_model(&model, &(&spec.init).into(), 0).unwrap();
    let folder = RunFolder::create(runs, name, SPEC, IfExists::Refuse).unwrap();
    let mut run = Run::new(&spec, &model, &weights, &data).unwrap();
    if let Some(every) = every {
        run = run.watched(NonZero::new(every).unwrap());
    }
    run.train(&folder, told, &Interrupt::default()).unwrap();
    let layout: Vec<_> =
        model.parameters().unwrap().into_iter().map(|p| (p.name, p.shape)).collect();
    folder.load(&layout).unwrap().weights
}

#[test]
fn watching_changes_no_bit_and_tells_every_check_with_the_one_before() {
    let runs = tempfile::tempdir().unwrap();
    let alone = train(runs.path(), "alone", None, &mut Silent);
    let mut told = Told::default();
    let watched = train(runs.path(), "watched", Some(7), &mut told);
    assert_eq!(alone, watched);
    assert!(!runs.path().join("alone").join(CHECKS).exists());
    let written = read(&runs.path().join("watched").join(CHECKS)).unwrap();
    let steps: Vec<u64> = written.iter().map(|check| check.step).collect();
    let expected: Vec<u64> = (0..steps.len() as u64).map(|n| 7 * n).collect();
    assert_eq!(steps, expected);
    assert!(steps.len() > 3, "{steps:?}");
    for (index, (now, before)) in told.0.iter().enumerate() {
        assert_eq!(*now, written[index]);
        assert_eq!(before.as_ref(), index.checked_sub(1).map(|last| &written[last]));
    }
}

#[test]
fn a_run_that_goes_on_keeps_the_checks_up_to_its_step_alone() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), "a", SPEC, IfExists::Refuse).unwrap();
    let check = |step| Check {
        step,
        forecast: Verdict::Learns,
        confidence: 0.9,
        findings: vec![Noted { code: "x".to_owned(), severity: Severity::Warn, module: None }],
    };
    let text: String = [0, 5, 10].map(|step| line(&check(step))).concat();
    let path = folder.path().join(CHECKS);
    std::fs::write(&path, text + "{\"step\": 1").unwrap();
    let mut watch = Watch::open(&folder, NonZero::new(5).unwrap(), 7).unwrap();
    assert_eq!(watch.last, Some(check(5)));
    assert!(watch.is_due(10) && !watch.is_due(8));
    watch.note(check(10), &mut Silent).unwrap();
    assert_eq!(read(&path).unwrap(), [0, 5, 10].map(check));
    std::fs::write(&path, "nonsense\n").unwrap();
    let error = Watch::open(&folder, NonZero::new(5).unwrap(), 7).unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}
