//! Classes of units in networks small enough to know them.

use fanin_engine::Tensor;

use crate::spec::{Layer, Sequential};

use super::*;
use crate::check::probe::Batch;
use crate::init::{Rules, for_model};
use crate::spec::Loss;
use confirm::Outcome;
use summary::Positions;

fn linear(units: usize) -> Layer {
    Layer::Linear { units, bias: true }
}

fn model() -> Model {
    let relu = || Layer::Activation("relu".to_owned());
    let layers = vec![linear(4), relu(), linear(4), relu(), linear(2)];
    Sequential { inputs: 3, layers }.into()
}

/// Weights whose element i of tensor t is `value(t, i)`; biases are 0.
fn weights(value: impl Fn(usize, usize) -> f32) -> Weights {
    let shapes = [("0", 4, 3), ("2", 4, 4), ("4", 2, 4)];
    let mut tensors = Vec::new();
    for (t, (module, out, inputs)) in shapes.into_iter().enumerate() {
        let data = (0..out * inputs).map(|i| value(t, i)).collect();
        tensors.push((format!("{module}.weight"), Tensor::new([out, inputs], data).unwrap()));
        tensors.push((format!("{module}.bias"), Tensor::filled([out], 0.0)));
    }
    Weights { tensors }
}

fn distinct(t: usize, i: usize) -> f32 {
    ((t * 131 + i * 37) % 101) as f32 - 50.0
}

#[track_caller]
fn check(weights: &Weights, expected: &[usize]) {
    let units = effective_units(&model(), weights);
    let got: Vec<usize> = units.iter().map(Units::effective_width).collect();
    assert_eq!(got, expected);
}

#[test]
fn zeros_and_constants_leave_one_unit_per_layer() {
    check(&weights(|_, _| 0.0), &[1, 1]);
    check(&weights(|_, _| 0.01), &[1, 1]);
}

#[test]
fn distinct_weights_leave_every_unit() {
    check(&weights(distinct), &[4, 4]);
}

#[test]
fn twins_need_equal_incoming_and_outgoing_weights() {
    let twin_rows = |t, i| if t == 0 && i < 3 { distinct(0, i + 3) } else { distinct(t, i) };
    check(&weights(twin_rows), &[4, 4]);
    let twins = |t, i| match (t, i) {
        (0, 0..3) => distinct(0, i + 3),
        (1, i) if i % 4 == 0 => distinct(1, i + 1),
        _ => distinct(t, i),
    };
    check(&weights(twins), &[3, 4]);
}

#[test]
fn equal_block_sums_make_a_class_though_rows_differ() {
    let rows = [[1.0, 2.0, 0.0, 0.0], [2.0, 1.0, 0.0, 0.0]];
    let value = |t: usize, i: usize| match t {
        0 => [1.0, 5.0, 7.0][i % 3] * if i < 6 { 1.0 } else { 1.0 + i as f32 },
        1 if i < 8 => rows[i / 4][i % 4],
        1 => [3.0, 3.0, 0.5, 0.25][i % 4] * (i / 4) as f32,
        _ => [[2.0, 2.0, 1.0, 3.0], [4.0, 4.0, 5.0, 6.0]][i / 4][i % 4],
    };
    check(&weights(value), &[3, 3]);
}

#[test]
fn one_changed_bias_frees_one_unit() {
    let mut changed = weights(|_, _| 0.01);
    changed.tensors[1].1.data_mut()[2] = 0.5;
    check(&changed, &[2, 1]);
}

#[test]
fn a_residual_stream_is_one_set_of_units() {
    let branch = vec![linear(4), Layer::Activation("tanh".to_owned()), linear(4)];
    let layers = vec![linear(4), Layer::Residual { scale: 1.0, layers: branch }, linear(2)];
    let model = Sequential { inputs: 3, layers }.into();
    let names = [("0", 4, 3), ("1.branch.0", 4, 4), ("1.branch.2", 4, 4), ("2", 2, 4)];
    let zero = |(module, out, inputs): (&str, usize, usize)| {
        let data = (0..out * inputs).map(|i| if module == "0" { i as f32 } else { 0.0 });
        (format!("{module}.weight"), Tensor::new([out, inputs], data.collect()).unwrap())
    };
    let weights = Weights { tensors: names.into_iter().map(zero).collect() };
    let units = effective_units(&model, &weights);
    let widths: Vec<_> = units.iter().map(|u| (u.module.as_str(), u.effective_width())).collect();
    assert_eq!(widths, [("0", 4), ("1.branch.0", 1), ("1.branch.2", 4)]);
}

fn drawn(text: &str, patterns: &[(&str, &str)]) -> (Model, Weights) {
    let model: Model = text.parse().unwrap();
    let patterns = patterns.iter().map(|(p, s)| ((*p).to_owned(), (*s).to_owned())).collect();
    let rules = Rules { patterns, ..Rules::new("he-normal") };
    let weights = for_model(&model, &rules, 0).unwrap();
    (model, weights)
}

fn widths(model: &Model, weights: &Weights, partition: Partition) -> Vec<usize> {
    let options = Options { partition, ..Options::default() };
    units(model, weights, options).iter().map(Units::effective_width).collect()
}

fn matrix<'w>(weights: &'w mut Weights, name: &str) -> &'w mut [f32] {
    let tensor = weights.tensors.iter_mut().find(|(n, _)| n == name);
    tensor.unwrap_or_else(|| panic!("no {name}")).1.data_mut()
}

/// Makes unit 1 of the first layer `factor` times unit 0, its outgoing weights `out` times.
fn make_pair(weights: &mut Weights, columns: usize, factor: f32, out: f32) {
    let rows = matrix(weights, "0.weight");
    (0..columns).for_each(|k| rows[columns + k] = factor * rows[k]);
    let next = weights.get("2.weight").unwrap().shape().axes()[1];
    matrix(weights, "2.weight").chunks_exact_mut(next).for_each(|row| row[1] = out * row[0]);
}

#[test]
fn zeros_in_the_right_places_leave_every_unit() {
    type Place = (&'static str, &'static [(&'static str, &'static str)], &'static [usize]);
    let places: &[Place] = &[
        ("4 -> 8 relu -> 6 tanh -> 3", &[("*.bias", "zeros")], &[8, 6]),
        ("4 -> 3", &[("0.*", "zeros")], &[]),
        ("4 -> 8 relu -> 3", &[("2.weight", "zeros"), ("2.bias", "zeros")], &[8]),
        (
            "4 -> 8 tanh -> (6 relu -> 8) residual -> 3",
            &[("2.branch.2.weight", "zeros")],
            &[8, 6, 8],
        ),
        ("4 -> 3 no_bias -> 4 no_bias", &[("1.weight", "zeros")], &[3]),
        ("4 -> (3 no_bias -> 4 no_bias) residual -> 3", &[("0.branch.1.weight", "zeros")], &[3]),
    ];
    for (text, patterns, expected) in places {
        let (model, weights) = drawn(text, patterns);
        for partition in [Partition::BlockSums, Partition::Entries] {
            assert_eq!(widths(&model, &weights, partition), *expected, "{text}");
        }
        assert!(
            effective_units(&model, &weights).iter().all(|u| !u.is_stuck() && !u.is_narrowed())
        );
    }
}

#[test]
fn both_matrices_of_a_product_at_zero_are_one_unit() {
    let (model, weights) =
        drawn("4 -> (3 no_bias -> 4 no_bias) residual -> 3", &[("0.branch.*", "zeros")]);
    assert_eq!(widths(&model, &weights, Partition::BlockSums), [1]);
}

#[test]
fn opposite_units_are_mirrors_where_the_activation_is_odd() {
    for (activation, expected) in [
        ("tanh", 5),
        ("erf", 5),
        ("sin", 5),
        ("softsign", 5),
        ("hardtanh", 5),
        ("identity", 5),
        ("relu", 6),
        ("gelu", 6),
        ("sigmoid", 6),
        ("batch_norm tanh", 5),
        ("layer_norm tanh", 6),
    ] {
        let (model, mut weights) = drawn(&format!("3 -> 6 {activation} -> 2"), &[]);
        if activation.contains("norm") {
            let name =
                weights.tensors.last_mut().map(|(n, _)| n.replace("bias", "weight")).unwrap();
            let rows = matrix(&mut weights, "0.weight");
            (0..3).for_each(|k| rows[3 + k] = -rows[k]);
            matrix(&mut weights, &name).chunks_exact_mut(6).for_each(|row| row[1] = -row[0]);
        } else {
            make_pair(&mut weights, 3, -1.0, -1.0);
        }
        let layer = &effective_units(&model, &weights)[0];
        assert_eq!(layer.effective_width(), expected, "{activation}");
        let mirrors = if expected == 5 { vec![vec![0, 1]] } else { vec![] };
        assert_eq!((layer.mirrors(), layer.exactness), (mirrors, Exactness::Bits), "{activation}");
        assert!(layer.twins().is_empty());
    }
}

#[test]
fn opposite_rows_with_a_bias_or_without_opposite_outputs_part() {
    for (factor, out, bias, expected) in
        [(-1.0, 1.0, 0.0, 6), (-1.0, -1.0, 0.5, 6), (1.0, -1.0, 0.0, 6), (1.0, 1.0, 0.0, 5)]
    {
        let (model, mut weights) = drawn("3 -> 6 tanh -> 2", &[]);
        make_pair(&mut weights, 3, factor, out);
        matrix(&mut weights, "0.bias")[..2].fill(bias);
        assert_eq!(widths(&model, &weights, Partition::Entries), [expected]);
        matrix(&mut weights, "0.bias")[1] = factor * bias;
        let expected = if factor == out { 5 } else { 6 };
        assert_eq!(widths(&model, &weights, Partition::Entries), [expected]);
    }
}

/// Units 0 and 1 of the second layer read the mirrored units 0 and 1 of the first with opposite
/// signs, so they are equal though their rows are not.
#[test]
fn units_that_read_mirrors_with_opposite_signs_are_equal() {
    let (model, mut weights) = drawn("3 -> 4 tanh -> 4 sigmoid -> 2", &[]);
    let rows = matrix(&mut weights, "0.weight");
    (0..3).for_each(|k| rows[3 + k] = -rows[k]);
    let rows = [[0.5, 0.0], [0.0, -0.5], [0.25, -0.25], [-0.75, 0.75]];
    for (row, first) in matrix(&mut weights, "2.weight").chunks_exact_mut(4).zip(rows) {
        row[..2].copy_from_slice(&first);
    }
    let second = matrix(&mut weights, "2.weight");
    (2..4).for_each(|k| second[4 + k] = second[k]);
    matrix(&mut weights, "4.weight").chunks_exact_mut(4).for_each(|row| row[1] = row[0]);
    let layers = effective_units(&model, &weights);
    assert_eq!(layers[0].mirrors(), [[0, 1]]);
    assert_eq!(layers[1].twins(), [[0, 1]]);
    assert_eq!(layers[1].exactness, Exactness::WithinTolerance);
}

#[test]
fn equal_sums_of_different_weights_are_no_equal_entries() {
    let rows = [[1.0, 2.0, 0.0, 3.0], [0.5, 2.5, 0.0, 3.0]];
    let value = |t: usize, i: usize| match t {
        0 => [1.0, 5.0, 7.0][i % 3] * if i < 6 { 1.0 } else { 1.0 + i as f32 },
        1 if i < 8 => rows[i / 4][i % 4],
        1 => [[4.0, 2.5, 5.0, 0.25], [1.0, -0.5, 9.0, 0.5]][i / 4 - 2][i % 4],
        _ => [[2.0, 2.0, 1.0, 3.0], [4.0, 4.0, 5.0, 6.0]][i / 4][i % 4],
    };
    let mut weights = weights(value);
    assert_eq!(widths(&model(), &weights, Partition::Entries), [4, 4]);
    // With equal column sums, units 0 and 1 of both layers are classes by sums.
    matrix(&mut weights, "2.weight")[..8]
        .copy_from_slice(&[1.0, 2.0, 0.0, 3.0, 2.5, 0.5, 0.0, 3.0]);
    matrix(&mut weights, "2.weight")[8..]
        .copy_from_slice(&[4.0, 4.0, 5.0, 0.25, 1.0, 1.0, 9.0, 0.5]);
    assert_eq!(widths(&model(), &weights, Partition::Entries), [4, 4]);
    assert_eq!(widths(&model(), &weights, Partition::BlockSums), [4, 4]);
    matrix(&mut weights, "2.weight")[4..6].copy_from_slice(&[2.0, 1.0]);
    assert_eq!(widths(&model(), &weights, Partition::BlockSums), [3, 3]);
    assert_eq!(widths(&model(), &weights, Partition::Entries), [3, 3], "a swap of both layers");
    let layers = effective_units(&model(), &weights);
    assert!(layers.iter().any(|l| l.exactness == Exactness::WithinTolerance));
}

#[test]
fn three_by_three_sums_hold_by_sums_alone() {
    let model: Model = "1 -> 3 tanh -> 3 tanh -> 1".parse().unwrap();
    let mut weights = for_model(&model, &Rules::new("constant:1"), 0).unwrap();
    let magic = [2.0, 7.0, 6.0, 9.0, 5.0, 1.0, 4.0, 3.0, 8.0];
    matrix(&mut weights, "2.weight").copy_from_slice(&magic);
    assert_eq!(widths(&model, &weights, Partition::BlockSums), [1, 1]);
    assert_eq!(widths(&model, &weights, Partition::Entries), [3, 3]);
}

#[test]
fn only_dropout_parts_equal_units_that_are_not_zero() {
    let parted = |scheme: &str, activation: &str| {
        let model: Model = format!("3 -> 4 {activation} dropout:0.5 -> 2").parse().unwrap();
        let weights = for_model(&model, &Rules::new(scheme), 0).unwrap();
        let layer = effective_units(&model, &weights).remove(0);
        assert_eq!(layer.effective_width(), 1);
        (layer.parted_by_dropout, layer.is_stuck())
    };
    assert_eq!(parted("constant:0.5", "relu"), (true, false));
    assert_eq!(parted("zeros", "sigmoid"), (true, false));
    assert_eq!(parted("zeros", "relu"), (false, true));
}

#[test]
fn partial_symmetry_is_reported_with_its_twins() {
    let (model, mut weights) = drawn("10 -> 64 relu -> 10", &[]);
    let rows = matrix(&mut weights, "0.weight");
    (1..5).for_each(|unit| rows.copy_within(..10, 10 * unit));
    matrix(&mut weights, "2.weight").chunks_exact_mut(64).for_each(|row| {
        let first = row[0];
        row[1..5].fill(first);
    });
    let layers = effective_units(&model, &weights);
    assert_eq!((layers[0].effective_width(), layers[0].needed), (60, 9));
    assert!(layers[0].is_narrowed() && !layers[0].is_stuck());
    let symmetry = Symmetry::new(&model, &weights, Options::default(), &layers);
    assert_eq!(symmetry.layers[0].twins, [Positions(vec![[0, 4]])]);
    let json = serde_json::to_value(&symmetry).unwrap();
    assert_eq!(json["layers"][0]["twins"], serde_json::json!([[[0, 4]]]));
    assert_eq!(json["layers"][0]["exactness"], "bits");
    assert_eq!(json["partition"], "block-sums");
}

#[test]
fn fewer_classes_than_the_outputs_need_are_stuck() {
    let stuck = |classes: usize, text: &str| {
        let (model, mut weights) = drawn(text, &[]);
        let (rows, width) = (matrix(&mut weights, "0.weight"), 16);
        (classes..width).for_each(|unit| rows.copy_within(..10, 10 * unit));
        let next = matrix(&mut weights, "2.weight").chunks_exact_mut(width);
        next.for_each(|row| {
            let first = row[0];
            row[classes..].fill(first);
        });
        effective_units(&model, &weights)[0].is_stuck()
    };
    assert!(stuck(8, "10 -> 16 relu -> 10") && !stuck(9, "10 -> 16 relu -> 10"));
    assert!(stuck(1, "10 -> 16 relu -> 1") && !stuck(2, "10 -> 16 relu -> 1"));
    assert!(!stuck(2, "10 -> 16 relu -> 40"), "a bottleneck that is meant");
}

#[test]
fn equal_or_proportional_rows_share_a_feature_but_part() {
    let shared = |activation: &str, factor: f32| {
        let (model, mut weights) = drawn(&format!("3 -> 6 {activation} -> 2"), &[]);
        make_pair(&mut weights, 3, factor, 0.7);
        let units = effective_units(&model, &weights);
        assert_eq!(units[0].effective_width(), 6, "{activation}");
        let symmetry = Symmetry::new(&model, &weights, Options::default(), &units);
        let pair = vec![Positions(vec![[0, 1]])];
        symmetry.layers[0].shared_features == pair
    };
    for (activation, factor, expected) in [
        ("sigmoid", 1.0, true),
        ("sigmoid", 2.3, false),
        ("sigmoid", -1.0, false),
        ("relu", 2.3, true),
        ("relu", 0.1, true),
        ("relu", -1.0, false),
        ("relu2", 3.3, true),
        ("leaky_relu:0.3", 1.7, true),
        ("prelu", 1.7, true),
        ("tanh", -1.0, true),
        ("tanh", 2.0, false),
        ("identity", -2.7, true),
        ("gelu", 1.0, true),
        ("gelu", 2.0, false),
    ] {
        assert_eq!(shared(activation, factor), expected, "{activation} {factor}");
    }
}

fn confirmed(text: &str, weights: &Weights, units: Option<&[Units]>) -> Confirmation {
    let model: Model = text.parse().unwrap();
    let found = effective_units(&model, weights);
    let rows = 16;
    let feature = |i: usize| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0;
    let features: Vec<f32> = (0..rows * model.inputs()).map(feature).collect();
    let targets: Vec<f32> = (0..rows * model.outputs()).map(|i| feature(i + 5)).collect();
    let batch = Batch { rows, features: &features, targets: &targets };
    confirm(&model, &Loss::MeanSquaredError, weights, batch, units.unwrap_or(&found)).unwrap()
}

#[test]
fn a_pass_confirms_classes_beyond_chains() {
    for text in [
        "4 -> 6 tanh -> (5 relu -> 6) residual -> 3",
        "4 -> 6 layer_norm gelu -> 6 batch_norm tanh -> 3",
        "4 -> 6 gelu -> 2x(5 layer_norm gelu -> 6 batch_norm) residual -> 3",
    ] {
        let model: Model = text.parse().unwrap();
        for scheme in ["constant:0.3", "zeros"] {
            let weights = for_model(&model, &Rules::new(scheme), 0).unwrap();
            let confirmation = confirmed(text, &weights, None);
            assert_eq!(confirmation.outcome, Outcome::Bitwise, "{text} {confirmation:?}");
            assert!(confirmation.layers.len() >= 2, "{confirmation:?}");
            assert!(confirmation.layers.iter().all(|l| l.distinct_units == 1), "{confirmation:?}");
        }
    }
}

#[test]
fn a_pass_refutes_classes_that_do_not_hold() {
    let text = "4 -> 6 tanh -> (5 relu -> 6) residual -> 3";
    let (model, weights) = drawn(text, &[]);
    let constant = for_model(&model, &Rules::new("constant:0.3"), 0).unwrap();
    let claimed = effective_units(&model, &constant);
    let confirmation = confirmed(text, &weights, Some(&claimed));
    assert_eq!(confirmation.outcome, Outcome::Refuted);
    assert_eq!(confirmation.layers[0].distinct_units, 6);
    // One row of the stream is changed behind a claim of equality.
    let mut changed = constant;
    matrix(&mut changed, "2.branch.2.weight")[7] = 0.31;
    let outcome = confirmed(text, &changed, Some(&claimed)).outcome;
    assert_eq!(outcome, Outcome::Refuted);
}

/// Twins at both ends of rows that fill no whole tile of a product.
#[test]
fn twins_of_a_wide_layer_are_equal_to_the_last_bit_and_mirrors_opposite() {
    let text = "131 -> 67 tanh -> 10";
    let (_, mut weights) = drawn(text, &[]);
    let rows = matrix(&mut weights, "0.weight");
    rows.copy_within(..131, 131 * 66);
    (0..131).for_each(|k| rows[131 * 33 + k] = -rows[k]);
    matrix(&mut weights, "2.weight").chunks_exact_mut(67).for_each(|row| {
        (row[66], row[33]) = (row[0], -row[0]);
    });
    let confirmation = confirmed(text, &weights, None);
    assert_eq!(confirmation.outcome, Outcome::Bitwise, "{confirmation:?}");
    assert_eq!(confirmation.layers[0].distinct_units, 66);
}

#[test]
fn sums_are_confirmed_within_rounding() {
    let text = "1 -> 3 tanh -> 3 tanh -> 1";
    let mut weights = for_model(&text.parse().unwrap(), &Rules::new("constant:0.3"), 0).unwrap();
    let magic = [0.2, 0.7, 0.6, 0.9, 0.5, 0.1, 0.4, 0.3, 0.8];
    matrix(&mut weights, "2.weight").copy_from_slice(&magic);
    let model: Model = text.parse().unwrap();
    let loose = Options { tolerance: 1e-6, ..Options::default() };
    let units = units(&model, &weights, loose);
    assert_eq!(units[1].effective_width(), 1);
    let confirmation = confirmed(text, &weights, Some(&units));
    assert_eq!(confirmation.outcome, Outcome::WithinRounding, "{confirmation:?}");
}
