//! Training does what the classes of units say: equal units stay equal, the others part.

use std::borrow::Cow;

use fanin::check::symmetry::{Units, effective_units};
use fanin::data::{LoadOptions, PrepareOptions, Prepared, Task, load, prepare};
use fanin::init::{Rules, for_model};
use fanin::spec::{Model, Spec};
use fanin::train::loop_control::Silent;
use fanin::train::{Course, Interrupt, Rows, Session};
use fanin::weights::Weights;
use proptest::prelude::*;

mod double;
mod blocks;
mod mirrors;

/// Widths of the two hidden layers.
const WIDTHS: [usize; 2] = [6, 5];

fn model(activation: &str) -> Model {
    let [first, second] = WIDTHS;
    format!("2 -> {first} {activation} -> {second} {activation} -> 2").parse().unwrap()
}

fn data() -> Prepared {
    let options = LoadOptions { rows: Some(80), ..LoadOptions::default() };
    prepare(load("spirals", &options).unwrap(), &PrepareOptions::default()).unwrap()
}

/// Training by an optimizer and, behind a comma, its weight decay.
fn course(optimizer: &str, epochs: usize) -> Course {
    let (name, decay) = optimizer.split_once(',').unwrap_or((optimizer, "0"));
    let rows = if name == "gradient-descent" { "\"full\"" } else { "16" };
    let text = format!(
        "[optimizer]\nname = \"{name}\"\nlearning_rate = 0.05\nweight_decay = {decay}\n\
         [train]\nepochs = {epochs}\nbatch_size = {rows}\n"
    );
    let spec = Spec::from_toml(&text, std::path::Path::new("test.toml")).unwrap();
    Course::new(&spec, Task::Classification, 0).unwrap()
}

/// The weights after 200 steps, in batches of 16 or of all rows.
fn train(model: &Model, weights: &Weights, optimizer: &str, data: &Prepared) -> Weights {
    let epochs = if optimizer == "gradient-descent" { 200 } else { 50 };
    let course = course(optimizer, epochs);
    let rows = Rows { train: Cow::Borrowed(&data.train), validation: None, test: None };
    let mut session = Session::new(model, weights, course, rows).unwrap();
    session.run(&mut Silent, &Interrupt::default()).unwrap();
    assert_eq!(session.position().step, 200);
    session.weights()
}

fn tensor<'w>(weights: &'w mut Weights, name: &str) -> (&'w mut [f32], usize) {
    let tensor = weights.tensors.iter_mut().find(|(n, _)| n == name).map(|(_, t)| t).unwrap();
    let columns = tensor.shape().axes()[1];
    (tensor.data_mut(), columns)
}

/// Makes unit `twin` of a hidden layer what unit `unit` is: equal weights in, equal weights out.
fn make_twins(weights: &mut Weights, layer: usize, unit: usize, twin: usize) {
    let (rows, columns) = tensor(weights, &format!("{}.weight", 2 * layer));
    rows.copy_within(unit * columns..(unit + 1) * columns, twin * columns);
    let (next, columns) = tensor(weights, &format!("{}.weight", 2 * layer + 2));
    next.chunks_exact_mut(columns).for_each(|row| row[twin] = row[unit]);
}

fn classes(model: &Model, weights: &Weights) -> Vec<Units> {
    effective_units(model, weights)
}

/// The largest gap between the weights into two units of one class.
fn largest_gap(units: &[Units], weights: &mut Weights) -> f32 {
    let mut gap = 0.0_f32;
    for units in units {
        let (rows, columns) = tensor(weights, &format!("{}.weight", units.module));
        for (i, j) in (0..units.width()).flat_map(|i| (0..i).map(move |j| (i, j))) {
            if units.classes[i] == units.classes[j] {
                let pairs = (0..columns).map(|k| rows[i * columns + k] - rows[j * columns + k]);
                gap = pairs.fold(gap, |gap, difference| gap.max(difference.abs()));
            }
        }
    }
    gap
}

const OPTIMIZERS: [&str; 5] = ["gradient-descent", "sgd", "adam", "adamw", "rmsprop"];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(5),
        ..ProptestConfig::default()
    })]

    /// Twins stay together to the last bit, all others stay apart, and one changed weight parts
    /// exactly the units that the classes of the changed weights say.
    #[test]
    fn training_keeps_the_classes_and_one_changed_weight_parts_what_they_predict(
        seed in 0_u64..1000,
        optimizer in prop::sample::select(&OPTIMIZERS[..]),
        activation in prop::sample::select(&["tanh", "sigmoid", "relu", "gelu"][..]),
        first in prop::collection::vec((0..WIDTHS[0], 0..WIDTHS[0]), 0..4),
        second in prop::collection::vec((0..WIDTHS[1], 0..WIDTHS[1]), 0..4),
        changed in (0_usize..3, 0_usize..10),
    ) {
        let (model, data) = (model(activation), data());
        let mut weights = for_model(&model, &Rules::new("he-normal"), seed).unwrap();
        first.iter().for_each(|&(unit, twin)| make_twins(&mut weights, 0, unit, twin));
        second.iter().for_each(|&(unit, twin)| make_twins(&mut weights, 1, unit, twin));

        let before = classes(&model, &weights);
        let mut after = train(&model, &weights, optimizer, &data);
        prop_assert_eq!(&classes(&model, &after), &before);
        prop_assert_eq!(largest_gap(&before, &mut after), 0.0);

        let (layer, element) = changed;
        tensor(&mut weights, &format!("{}.weight", 2 * layer)).0[element] += 0.25;
        let predicted = classes(&model, &weights);
        let mut after = train(&model, &weights, optimizer, &data);
        prop_assert_eq!(&classes(&model, &after), &predicted);
        prop_assert_eq!(largest_gap(&predicted, &mut after), 0.0);
    }
}

#[test]
fn equal_starts_keep_a_gap_of_exactly_zero() {
    let data = data();
    for scheme in ["zeros", "ones", "constant:0.01"] {
        for (optimizer, activation) in
            OPTIMIZERS.iter().flat_map(|o| ["tanh", "sigmoid", "relu"].map(|a| (o, a)))
        {
            let model = model(activation);
            let weights = for_model(&model, &Rules::new(scheme), 0).unwrap();
            let units = classes(&model, &weights);
            assert!(units.iter().all(|u| u.effective_width() == 1));
            let mut after = train(&model, &weights, optimizer, &data);
            let place = format!("{scheme} {optimizer} {activation}");
            assert_eq!(largest_gap(&units, &mut after), 0.0, "{place}");
        }
    }
}

#[test]
fn one_changed_weight_frees_one_unit_of_a_constant_start() {
    let (data, model) = (data(), model("tanh"));
    let mut weights = for_model(&model, &Rules::new("constant:0.1"), 0).unwrap();
    tensor(&mut weights, "0.weight").0[3] = 0.2;
    let widths = |w: &Weights| classes(&model, w).iter().map(Units::effective_width).collect();
    let before: Vec<usize> = widths(&weights);
    assert_eq!(before, [2, 1]);
    let after: Vec<usize> = widths(&train(&model, &weights, "sgd", &data));
    assert_eq!(after, before);
}
