//! Laws of all optimizers, and the trajectories of `torch.optim`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::lbfgs::{Lbfgs, Options};
use super::*;
use crate::train::hyperparameters::Settings;

/// Trajectories made by `tests/reference/optimizers.py` with PyTorch.
const REFERENCE: &str = include_str!("../../../tests/reference/optimizers.json");

#[derive(Deserialize)]
struct Reference {
    saved: Vec<usize>,
    start: [Vec<f64>; 2],
    gradients: Vec<[Vec<f64>; 2]>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    options: BTreeMap<String, f64>,
    learning_rate: f64,
    weight_decay: f64,
    float32: Vec<[Vec<f64>; 2]>,
    float64: Vec<[Vec<f64>; 2]>,
}

fn layout(lengths: &[usize]) -> Vec<(String, Shape)> {
    let parameter = |(i, length): (usize, &usize)| (format!("{i}.weight"), Shape::from([*length]));
    lengths.iter().enumerate().map(parameter).collect()
}

#[track_caller]
fn check_against_torch<T: Float>(
    reference: &Reference,
    case: &Case,
    mut optimizer: Box<dyn Optimizer<T>>,
    expected: &[[Vec<f64>; 2]],
    (tolerance, least_scale): (f64, f64),
) {
    let convert = |x: &Vec<f64>| x.iter().map(|x| T::from_f64(*x)).collect::<Vec<T>>();
    let mut parameters = reference.start.each_ref().map(convert);
    let mut saved = reference.saved.iter().zip(expected);
    let mut next = saved.next();
    for (step, gradient) in reference.gradients.iter().enumerate() {
        let gradient = gradient.each_ref().map(convert);
        let rate = case.learning_rate * (1.0 + 0.5 * (step % 3) as f64);
        let decays = [case.weight_decay, 0.0];
        optimizer.step(rate, &mut parameters, &|i| &gradient[i], &decays);
        let Some((number, want)) = next else { break };
        if *number != step + 1 {
            continue;
        }
        for (got, want) in parameters.iter().flatten().zip(want.iter().flatten()) {
            let error = (got.to_f64() - want).abs() / want.abs().max(least_scale);
            let place = format!("{} {:?} step {number}", case.name, case.options);
            assert!(error < tolerance, "{place}: {got} instead of {want}");
        }
        next = saved.next();
    }
    assert!(next.is_none(), "all saved steps are compared");
}

/// In f64 relative to each value. In f32 relative to the start, which is of order 1: there PyTorch
/// itself is up to 4e-6 of the value, or 7e-7 of the start, from its own trajectory in f64.
#[test]
fn trajectories_equal_those_of_torch_optim() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    let layout = layout(&[4, 2]);
    let mut seen: Vec<&str> = reference.cases.iter().map(|case| case.name.as_str()).collect();
    for case in &reference.cases {
        let method = find(&case.name).unwrap();
        let double = method.build_f64(&case.options, &layout).unwrap();
        check_against_torch(&reference, case, double, &case.float64, (1e-12, 0.0));
        let single = method.build_f32(&case.options, &layout).unwrap();
        check_against_torch(&reference, case, single, &case.float32, (1e-6, 1.0));
    }
    seen.dedup();
    assert_eq!(seen, &names()[..6], "every optimizer but L-BFGS, which has no fixed gradients");
}

/// One optimizer of the registry over a gradient that is a function of the parameters, whatever
/// it needs to take a step.
enum Driven {
    Gradients(Box<dyn Optimizer<f64>>),
    Evaluations(Box<Lbfgs<f64>>),
}

type LossAndGradient<'a> = &'a dyn Fn(&[Vec<f64>], &mut [Vec<f64>]) -> f64;

impl Driven {
    fn new(method: &Method, settings: &Settings, layout: &Layout) -> Self {
        match method.work {
            Work::Gradients { .. } => Self::Gradients(method.build_f64(settings, layout).unwrap()),
            Work::Evaluations => {
                let options = Options::from_settings(settings).unwrap();
                Self::Evaluations(Box::new(Lbfgs::new(options, layout)))
            }
        }
    }

    fn step(
        &mut self,
        rate: f64,
        x: &mut [Vec<f64>],
        evaluate: LossAndGradient<'_>,
        decays: &[f64],
    ) {
        match self {
            Self::Gradients(optimizer) => {
                let mut gradient = x.to_vec();
                evaluate(x, &mut gradient);
                optimizer.step(rate, x, &|i| &gradient[i], decays);
            }
            Self::Evaluations(lbfgs) => {
                lbfgs.iterate(x, &mut |x, g| evaluate(x, g));
            }
        }
    }

    fn state(&self) -> OptimizerState<f64> {
        match self {
            Self::Gradients(optimizer) => optimizer.state(),
            Self::Evaluations(lbfgs) => lbfgs.state(),
        }
    }

    fn restore(&mut self, state: &OptimizerState<f64>) -> Result<()> {
        match self {
            Self::Gradients(optimizer) => optimizer.restore(state),
            Self::Evaluations(lbfgs) => lbfgs.restore(state),
        }
    }
}

/// Every method as it is by default, and again with each switch and momentum set.
fn variants() -> Vec<(&'static Method, Settings)> {
    let mut variants: Vec<_> = OPTIMIZERS.iter().map(|m| (*m, Settings::new())).collect();
    let momentum = Settings::from([("momentum".to_owned(), 0.9)]);
    let mut nesterov = momentum.clone();
    nesterov.insert("nesterov".to_owned(), 1.0);
    let sgd = find("sgd").unwrap();
    variants.extend([(sgd, momentum), (sgd, nesterov)]);
    variants
}

/// ½·Σ scale·(x − 1)² over both parameters, scales 1 and 4.
fn quadratic(x: &[Vec<f64>], g: &mut [Vec<f64>]) -> f64 {
    let mut loss = 0.0;
    for (k, scale) in [1.0, 4.0].into_iter().enumerate() {
        for (x, g) in x[k].iter().zip(&mut g[k]) {
            *g = scale * (x - 1.0);
            loss += 0.5 * scale * (x - 1.0).powi(2);
        }
    }
    loss
}

#[test]
fn every_optimizer_reaches_the_minimum_of_a_quadratic() {
    for (method, settings) in variants() {
        let mut x = vec![vec![3.0, -2.0], vec![0.0]];
        let mut driven = Driven::new(method, &settings, &layout(&[2, 1]));
        let steps = 3000;
        for step in 0..steps {
            let rate = 0.3 * (1.0 - f64::from(step) / f64::from(steps));
            driven.step(rate, &mut x, &quadratic, &[0.0, 0.0]);
        }
        for x in x.iter().flatten() {
            assert!((x - 1.0).abs() < 1e-3, "{} {settings:?}: {x}", method.name);
        }
    }
}

#[test]
fn resuming_equals_not_stopping_bit_for_bit() {
    for (method, settings) in variants() {
        let layout = layout(&[2, 1]);
        let mut x = vec![vec![3.0, -2.0], vec![0.0]];
        let mut whole = Driven::new(method, &settings, &layout);
        let run = |driven: &mut Driven, x: &mut [Vec<f64>]| {
            (0..5).for_each(|_| driven.step(0.01, x, &quadratic, &[0.1, 0.0]));
        };
        run(&mut whole, &mut x);
        let mut y = x.clone();
        let mut resumed = Driven::new(method, &settings, &layout);
        resumed.restore(&whole.state()).unwrap();
        run(&mut whole, &mut x);
        run(&mut resumed, &mut y);
        assert_eq!(x, y, "{} {settings:?}", method.name);
        assert_eq!(whole.state(), resumed.state(), "{} {settings:?}", method.name);
    }
}

#[test]
fn zero_gradients_move_nothing_and_leave_zeros_exactly_zero() {
    let flat = |_: &[Vec<f64>], g: &mut [Vec<f64>]| {
        g.iter_mut().flatten().for_each(|g| *g = 0.0);
        0.0
    };
    for (method, settings) in variants() {
        let mut x = vec![vec![0.0, 0.5], vec![0.0]];
        let mut driven = Driven::new(method, &settings, &layout(&[2, 1]));
        (0..50).for_each(|_| driven.step(0.1, &mut x, &flat, &[0.0, 0.3]));
        assert_eq!(x, [vec![0.0, 0.5], vec![0.0]], "{} {settings:?}", method.name);
    }
}

/// The gradient couples equal coordinates through their sum, as equal units of a layer are.
#[test]
fn equal_parameters_with_equal_gradients_stay_equal_bit_for_bit() {
    let coupled = |x: &[Vec<f64>], g: &mut [Vec<f64>]| {
        let sum: f64 = x[0].iter().sum::<f64>() - 0.7;
        g[0].fill((sum * 1.3).sin());
        -(sum * 1.3).cos() / 1.3
    };
    for (method, settings) in variants() {
        let mut x = vec![vec![0.01; 5]];
        let mut driven = Driven::new(method, &settings, &layout(&[5]));
        (0..1000).for_each(|_| driven.step(0.01, &mut x, &coupled, &[0.01]));
        assert!(x[0].iter().all(|y| *y == x[0][0]), "{} {settings:?}: {x:?}", method.name);
        assert_ne!(x[0][0], 0.01, "{} {settings:?} moves", method.name);
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let length = 3 * fanin_kernels::threads::ELEMENTWISE_CHUNK + 17;
    let gradient: Vec<f32> = (0..length).map(|i| ((i % 199) as f32 - 99.0) / 7.0).collect();
    for (method, settings) in variants() {
        if matches!(method.work, Work::Evaluations) {
            continue;
        }
        let run = |threads: usize| {
            let mut x = [gradient.clone()];
            let mut optimizer = method.build_f32(&settings, &layout(&[length])).unwrap();
            fanin_kernels::threads::pool(threads).unwrap().install(|| {
                for _ in 0..3 {
                    optimizer.begin_step(0.01);
                    optimizer.update(0, &mut x[0], &gradient, 0.1);
                }
            });
            x
        };
        assert_eq!(run(1), run(3), "{} {settings:?}", method.name);
    }
}

#[test]
fn every_entry_tells_formula_paper_use_and_names_that_are_its_own() {
    for method in OPTIMIZERS {
        assert!(method.formula.contains('W') && method.paper.contains(char::is_numeric));
        assert!(!method.when.is_empty() && method.learning_rate > 0.0);
        assert!(method.values(&Settings::new()).is_ok(), "{} by default", method.name);
        assert_eq!(find(method.name).unwrap().name, method.name);
        assert_eq!(names().iter().filter(|n| **n == method.name).count(), 1);
    }
}

#[track_caller]
fn message<T>(result: Result<T>) -> String {
    result.err().expect("this is a mistake").to_string()
}

#[test]
fn mistakes_are_named() {
    let text = message(find("adamm"));
    assert!(text.starts_with("unknown optimizer `adamm`; did you mean `adam`?"), "{text}");
    let text = message(find("lbfgs").unwrap().build_f32(&Settings::new(), &layout(&[1])));
    assert!(text.contains("lbfgs") && text.contains("whole data"), "{text}");
    let settings = Settings::from([("momentum".to_owned(), 0.9)]);
    let text = message(find("gradient-descent").unwrap().build_f32(&settings, &layout(&[1])));
    assert_eq!(
        text,
        "`gradient-descent`: found a setting `momentum`, expected no setting, since it has none"
    );
}

#[test]
fn a_state_that_does_not_fit_is_refused_whole() {
    let build = |name: &str, length| {
        find(name).unwrap().build_f64(&Settings::new(), &layout(&[2, length])).unwrap()
    };
    let mut adam = build("adam", 3);
    let before = adam.state();
    let text = message(adam.restore(&build("adagrad", 3).state()));
    assert!(text.contains("that of `adagrad`") && text.contains("`adam`"), "{text}");
    let text = message(adam.restore(&build("adam", 4).state()));
    assert_eq!(
        text,
        "optimizer state `adam.m.1.weight`: found shape (4), expected shape (3), \
         that of its parameter"
    );
    let mut short = before.clone();
    short.tensors.pop();
    let text = message(adam.restore(&short));
    assert_eq!(text, "optimizer state of `adam`: found 3 tensors, expected 4 for this model");
    assert_eq!(adam.state(), before);
}

#[test]
fn memories_that_decay_end_at_zero_and_not_at_the_smallest_numbers() {
    for (name, settings) in [("sgd", vec![("momentum", 0.9)]), ("adam", vec![])] {
        let settings = settings.into_iter().map(|(key, x)| (key.to_owned(), x)).collect();
        let mut optimizer = find(name).unwrap().build_f32(&settings, &layout(&[2])).unwrap();
        let mut x = [0.5, 0.5];
        for step in 0..2000 {
            optimizer.begin_step(0.01);
            optimizer.update(0, &mut x, &[if step == 0 { 1.0 } else { 0.0 }, 1.0], 0.0);
        }
        let state = optimizer.state();
        let memory = state.tensors[0].1.data();
        assert!(memory[0] == 0.0 && memory[1] > 0.9, "{name}: {memory:?}");
    }
}
