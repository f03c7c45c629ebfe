//! Laws of a run: the same bits however it is cut, threaded or resumed; every end told.

use std::borrow::Cow;
use std::path::Path;

use fanin_kernels::threads;

use super::*;
use crate::data::{LoadOptions, PrepareOptions, Prepared, load, prepare};
use crate::init::{self, Rules};
use crate::spec::{Spec, Task};
use crate::train::evaluation::Evaluator;
use crate::train::loop_control::Silent;
use crate::train::optimizers::{Feed, OPTIMIZERS};
use crate::train::step::EvaluationPass;

/// Everything that a resumed run could forget: running statistics, dropout, a falling rate.
const MODEL: &str = "2 -> 12 batch_norm tanh dropout:0.2 -> 8 relu -> 2";

fn spirals(rows: usize) -> Prepared {
    let options = LoadOptions { rows: Some(rows), ..LoadOptions::default() };
    prepare(load("spirals", &options).unwrap(), &PrepareOptions::default()).unwrap()
}

fn rows(data: &Prepared) -> Rows<'_> {
    let (train, validation) = (Cow::Borrowed(&data.train), data.test.as_ref().map(Cow::Borrowed));
    Rows { train, validation, test: None }
}

fn spec(text: &str) -> Spec {
    Spec::from_toml(text, Path::new("test.toml")).unwrap()
}

fn session<'d>(model: &str, text: &str, scheme: &str, data: &'d Prepared) -> Session<'d> {
    let model: Model = model.parse().unwrap();
    let weights = init::for_model(&model, &Rules::new(scheme), 1).unwrap();
    let course = Course::new(&spec(text), Task::Classification, 3).unwrap();
    Session::new(&model, &weights, course, rows(data)).unwrap()
}

fn bits(weights: &Weights) -> Vec<(&str, Vec<u32>)> {
    let bits = |data: &[f32]| data.iter().map(|x| x.to_bits()).collect();
    weights.tensors.iter().map(|(name, tensor)| (name.as_str(), bits(tensor.data()))).collect()
}

/// Asks to stop after a step, and keeps the losses of all steps.
struct StopAfter {
    step: u64,
    interrupt: Interrupt,
    losses: Vec<f64>,
}

impl StopAfter {
    fn new(step: u64) -> Self {
        let interrupt = Interrupt::default();
        if step == 0 {
            interrupt.request();
        }
        Self { step, interrupt, losses: Vec::new() }
    }
}

impl Observer for StopAfter {
    fn on_step(&mut self, step: u64, _total: u64, loss: f64) {
        self.losses.push(loss);
        if step == self.step {
            self.interrupt.request();
        }
    }
}

/// Stops a run after every number of steps in turn and goes on in a session that began elsewhere.
#[track_caller]
fn check_resuming(model: &str, text: &str) {
    let data = spirals(125);
    let mut whole = session(model, text, "he-normal", &data);
    let mut losses = StopAfter::new(u64::MAX);
    assert_eq!(whole.run(&mut losses, &Interrupt::default()).unwrap(), Finish::Completed);
    let total = whole.position().step;
    assert_eq!(total, whole.total_steps(), "{model} {text}");
    for stop in 0..total {
        let mut first = session(model, text, "he-normal", &data);
        let mut watch = StopAfter::new(stop);
        let interrupt = watch.interrupt.clone();
        assert_eq!(first.run(&mut watch, &interrupt).unwrap(), Finish::Interrupted);
        assert_eq!(first.position().step, stop);
        let position = serde_json::to_string(first.position()).unwrap();

        let mut second = session(model, text, "normal:3", &data);
        let position = serde_json::from_str(&position).unwrap();
        second.resume(&first.weights(), &first.optimizer_state(), position).unwrap();
        let mut rest = StopAfter::new(u64::MAX);
        assert_eq!(second.run(&mut rest, &Interrupt::default()).unwrap(), Finish::Completed);

        let place = format!("stopped after step {stop} of {model} {text}");
        watch.losses.extend(rest.losses);
        assert_eq!(watch.losses, losses.losses, "{place}");
        assert_eq!(bits(&second.weights()), bits(&whole.weights()), "{place}");
        assert_eq!(second.optimizer_state(), whole.optimizer_state(), "{place}");
        assert_eq!(second.position(), whole.position(), "{place}");
        let last = |session: &Session| session.history().last().unwrap().train_loss;
        assert_eq!(last(&second), last(&whole), "{place}");
    }
}

#[test]
fn a_resumed_run_ends_in_the_bits_of_one_that_never_stopped() {
    for method in OPTIMIZERS {
        let momentum = if method.name == "sgd" { "momentum = 0.9\nnesterov = true\n" } else { "" };
        let rows = if method.feed == Feed::Batches { "32" } else { "\"full\"" };
        let text = format!(
            "[optimizer]\nname = \"{}\"\n{momentum}learning_rate = 0.01\nweight_decay = 0.01\n\
             clip_norm = 1.0\n\
             [schedule]\nname = \"cosine\"\n\
             [train]\nepochs = 3\nbatch_size = {rows}\nvalidation_fraction = 0.1\n\
             [train.early_stopping]\npatience = 50\n",
            method.name
        );
        check_resuming(MODEL, &text);
        check_resuming("2 -> 8 tanh -> 2", &text);
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let data = spirals(600);
    let text = "[optimizer]\nname = \"adam\"\n[train]\nepochs = 2\nbatch_size = 200\n";
    let model = "2 -> 150 batch_norm tanh dropout:0.2 -> 100 relu -> 2";
    let train = |threads: usize| {
        threads::pool(threads).unwrap().install(|| {
            let mut session = session(model, text, "he-normal", &data);
            session.run(&mut Silent, &Interrupt::default()).unwrap();
            session.weights()
        })
    };
    let alone = train(1);
    for threads in [2, 3] {
        assert_eq!(bits(&train(threads)), bits(&alone), "{threads} threads");
    }
}

#[test]
fn a_step_allocates_nothing() {
    let data = spirals(125);
    for method in OPTIMIZERS.iter().filter(|m| m.feed == Feed::Batches || m.name != "lbfgs") {
        let rows = if method.feed == Feed::Batches { "32" } else { "\"full\"" };
        let text = format!(
            "[optimizer]\nname = \"{}\"\nclip_norm = 0.5\n[schedule]\nname = \"cosine\"\n\
             [train]\nepochs = 3\nbatch_size = {rows}\n",
            method.name
        );
        let mut session = session(MODEL, &text, "he-normal", &data);
        session.advance(&mut Silent, &Interrupt::default()).unwrap();
        session.order_rows();
        let counted = allocation_counter::measure(|| {
            for _ in 0..session.batches.count() {
                session.step();
            }
        });
        assert_eq!(counted.count_total, 0, "{}", method.name);
    }
}

#[test]
fn an_absurd_learning_rate_diverges_at_its_step_and_names_a_layer() {
    let data = spirals(125);
    let text = "[optimizer]\nlearning_rate = 1e12\n[train]\nbatch_size = 32\n";
    let mut session = session("2 -> 8 relu -> 8 relu -> 2", text, "he-normal", &data);
    let Finish::Diverged(found) = session.run(&mut Silent, &Interrupt::default()).unwrap() else {
        panic!("a step of 1e12 cannot stay finite");
    };
    assert_eq!(found.step, session.position().step);
    assert!((2..6).contains(&found.step), "{found:?}");
    let named = ["0", "2", "4"].iter().any(|module| found.layer.starts_with(module));
    assert!(named, "{found:?}");
    assert!(!found.what.is_empty());
}

#[test]
fn a_gradient_that_overflows_stops_the_run_before_it_reaches_a_weight() {
    let mut data = spirals(125);
    data.train.features.iter_mut().for_each(|x| *x *= 1e38);
    let text = "[loss]\nname = \"mean-squared-error\"\n[train]\nbatch_size = 32\n";
    let mut session = session("2 -> 2", text, "normal:1e-36", &data);
    let before = session.weights();
    let finish = session.run(&mut Silent, &Interrupt::default()).unwrap();
    if let Finish::Diverged(found) = &finish {
        assert!(session.parameters.iter().flatten().all(|w| w.is_finite()), "{found:?}");
        assert_eq!(found.layer.split('.').count(), 2, "{found:?}");
        let weight = |weights: &Weights| weights.get("0.weight").unwrap().data().to_vec();
        assert_eq!((found.step, weight(&session.weights())), (1, weight(&before)));
    } else {
        panic!("gradients of 1e40 do not fit f32: {finish:?}");
    }
}

#[test]
fn early_stopping_watches_the_validation_rows_and_says_which_step_was_best() {
    let data = spirals(125);
    let text = "[optimizer]\nlearning_rate = 1e-9\n\
                [train]\nepochs = 50\nbatch_size = 32\nvalidation_fraction = 0.1\n\
                [train.early_stopping]\npatience = 3\nmin_delta = 0.01\n";
    let mut stopped = session("2 -> 8 tanh -> 2", text, "he-normal", &data);
    let finish = stopped.run(&mut Silent, &Interrupt::default()).unwrap();
    assert_eq!(finish, Finish::StoppedEarly { best_step: 4 });
    assert_eq!((stopped.position().epoch, stopped.history().len()), (4, 4));
}

#[test]
fn clipping_bounds_every_step_by_the_learning_rate_times_the_limit() {
    let data = spirals(125);
    let text = "[optimizer]\nname = \"gradient-descent\"\nlearning_rate = 0.5\nclip_norm = 1e-3\n\
                [train]\nepochs = 1\n";
    let mut session = session("2 -> 8 tanh -> 2", text, "he-normal", &data);
    session.order_rows();
    for _ in 0..session.batches.count() {
        let before = session.weights();
        session.step();
        let after = session.weights();
        let squares = before.tensors.iter().zip(&after.tensors).flat_map(|((_, a), (_, b))| {
            a.data().iter().zip(b.data()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
        });
        let moved = squares.sum::<f64>().sqrt();
        assert!(session.gradient_norm > 0.01, "the norm before clipping is kept");
        // Rounding of the weights themselves adds a few times 1e-7.
        assert!((moved - 0.5e-3).abs() < 5e-6, "{moved}");
    }
}

#[test]
fn lbfgs_lowers_the_loss_in_every_epoch_and_tracks_statistics() {
    let data = spirals(125);
    let text = "[optimizer]\nname = \"lbfgs\"\n[train]\nepochs = 20\n";
    let mut session = session("2 -> 10 batch_norm tanh -> 2", text, "he-normal", &data);
    session.run(&mut Silent, &Interrupt::default()).unwrap();
    let losses: Vec<f64> = session.history().iter().map(|m| m.train_loss).collect();
    assert_eq!(session.total_steps(), 20);
    assert!(losses.windows(2).all(|pair| pair[1] <= pair[0]), "{losses:?}");
    assert!(losses[losses.len() - 1] < 0.9 * losses[0], "{losses:?}");
    let weights = session.weights();
    let mean = weights.get("1.running_mean").unwrap();
    assert!(mean.data().iter().any(|x| *x != 0.0));
}

#[test]
fn lbfgs_ends_when_it_meets_its_tolerance() {
    let data = spirals(125);
    let text = "[optimizer]\nname = \"lbfgs\"\nweight_decay = 0.1\n[train]\nepochs = 1000\n";
    let mut session = session("2 -> 2", text, "zeros", &data);
    assert_eq!(session.run(&mut Silent, &Interrupt::default()).unwrap(), Finish::Completed);
    assert!(session.position().epoch < 100, "{:?}", session.position());
}

/// With a learning rate of 0 the weights stand still, so an epoch's loss is that of all its rows,
/// each counted once, whatever the batches.
#[test]
fn a_smaller_last_batch_counts_by_its_rows() {
    let data = spirals(125);
    let model: Model = "2 -> 8 tanh -> 2".parse().unwrap();
    let weights = init::for_model(&model, &Rules::new("he-normal"), 1).unwrap();
    for batch_size in [1, 7, 32, 99, 100] {
        let text = format!("[train]\nepochs = 1\nbatch_size = {batch_size}\n");
        let mut course = Course::new(&spec(&text), Task::Classification, 3).unwrap();
        course.learning_rate = 0.0;
        let loss = course.loss;
        let mut session = Session::new(&model, &weights, course, rows(&data)).unwrap();
        session.run(&mut Silent, &Interrupt::default()).unwrap();
        let mut evaluator = Evaluator::new(&model, &loss, Task::Classification);
        let all = evaluator.evaluate(&session.parameters, &data.train).unwrap();
        let error = session.history()[0].train_loss - all.loss;
        assert!(error.abs() < 1e-6, "batches of {batch_size}: {error}");
    }
}

/// In f32 the mean over 560 rows at once and the mean of means differ by rounding alone.
#[test]
fn evaluation_in_batches_equals_evaluation_at_once() {
    let data = spirals(700);
    let session = session("2 -> 8 batch_norm tanh -> 2", "", "he-normal", &data);
    let rows: Vec<usize> = (0..data.train.rows()).collect();
    let mut evaluator = Evaluator::new(&session.model, &session.course.loss, session.course.task);
    let batched = evaluator.evaluate(&session.parameters, &data.train).unwrap();
    let mut pass = EvaluationPass::new(&session.model, &session.course.loss, rows.len()).unwrap();
    pass.feed(|features, targets| data.train.gather(&rows, features, targets, 0.0));
    let (outputs, loss) = pass.run(&session.parameters);
    assert!((batched.loss - loss).abs() < 1e-6);
    let crate::data::Targets::Classes { labels, .. } = &data.train.targets else { panic!() };
    assert_eq!(batched.score, crate::train::metrics::accuracy(outputs, labels));
    assert_eq!(evaluator.evaluate(&session.parameters, &data.train).unwrap(), batched);
}

/// Names of the parameters that weight decay changes in one step.
#[track_caller]
fn check_decay(decay: &str, expected: &[&str]) {
    let data = spirals(125);
    let after = |weight_decay: &str| {
        let text = format!(
            "[optimizer]\nname = \"gradient-descent\"\nweight_decay = {weight_decay}\n\
             decay = \"{decay}\"\n[train]\nepochs = 1\n"
        );
        let mut session = session("2 -> 8 batch_norm prelu -> 2", &text, "torch-default", &data);
        session.order_rows();
        session.step();
        session.weights()
    };
    let (without, with) = (after("0.0"), after("0.5"));
    let pairs = without.tensors.iter().zip(&with.tensors);
    let changed = pairs.filter(|(a, b)| a.1 != b.1).map(|(a, _)| a.0.as_str());
    assert_eq!(changed.collect::<Vec<_>>(), expected);
}

#[test]
fn weight_decay_acts_on_weights_alone_unless_asked_for_all() {
    check_decay("weights", &["0.weight", "3.weight"]);
    check_decay("all", &["0.weight", "0.bias", "1.weight", "2.weight", "3.weight", "3.bias"]);
}

#[test]
fn a_batch_larger_than_the_data_is_refused_before_anything_runs() {
    let data = spirals(125);
    let model: Model = "2 -> 2".parse().unwrap();
    let weights = init::for_model(&model, &Rules::new("zeros"), 1).unwrap();
    let spec = spec("[train]\nbatch_size = 512\n");
    let course = Course::new(&spec, Task::Classification, 0).unwrap();
    let error = Session::new(&model, &weights, course, rows(&data)).err().unwrap().to_string();
    assert!(error.contains("found 512") && error.contains("100 rows"), "{error}");
}

#[test]
fn a_state_of_another_optimizer_is_refused() {
    let data = spirals(125);
    let adam = session(MODEL, "[optimizer]\nname = \"adam\"\n", "he-normal", &data);
    let mut sgd = session(MODEL, "", "he-normal", &data);
    let refused = sgd.resume(&adam.weights(), &adam.optimizer_state(), Position::default());
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("`adam`") && error.contains("`sgd`"), "{error}");
}

#[test]
fn changes_as_gradients_come_end_where_clipped_ones_do_that_are_short_enough() {
    let data = spirals(125);
    for name in ["sgd", "adam", "adagrad"] {
        let text = |clip: &str| {
            format!(
                "[optimizer]\nname = \"{name}\"\nweight_decay = 0.01\n{clip}\
                 [train]\nepochs = 3\nbatch_size = 30\n"
            )
        };
        let train = |clip: &str, count: usize| {
            let model = "2 -> 40 batch_norm tanh -> 1100 relu -> 40 tanh -> 2";
            let mut session = session(model, &text(clip), "he-normal", &data);
            let finish =
                threads::run_on(count, || session.run(&mut Silent, &Interrupt::default()).unwrap());
            assert_eq!(finish.unwrap(), Finish::Completed);
            let norms: Vec<f64> = session.history().iter().map(|m| m.gradient_norm).collect();
            (session.weights(), norms)
        };
        let (kept, norms) = train("clip_norm = 1e9\n", 1);
        let (changed, watched) = train("", 1);
        assert!(bits(&kept) == bits(&changed), "{name}");
        for (a, b) in norms.iter().zip(&watched) {
            assert!((a / b - 1.0).abs() < 1e-12, "{name}: {a} {b}");
        }
        let (by_two, watched_by_two) = train("", 2);
        assert!((bits(&by_two), watched_by_two) == (bits(&changed), watched), "{name}");
    }
}
