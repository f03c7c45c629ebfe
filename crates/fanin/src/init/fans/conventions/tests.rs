//! The numbers of each library for the same layers.

use super::*;
use crate::init::Packing;
use crate::init::fans::Axes;
use crate::spec::Component;

fn weight(shape: &[usize], axes: Axes) -> Parameter {
    Parameter::weight("w", shape, axes).unwrap()
}

/// Fans (in, out) by exact, torch, keras, jax, burn, candle, mlx.
#[track_caller]
fn check(parameter: &Parameter, expected: [(usize, usize); 7]) {
    for (convention, (fan_in, fan_out)) in CONVENTIONS.iter().zip(expected) {
        let fans = by(convention.name, parameter).unwrap();
        assert_eq!(fans, Fans { fan_in, fan_out }, "{}", convention.name);
    }
}

#[test]
fn linear_layers_have_the_same_fans_everywhere_in_both_layouts() {
    check(&weight(&[10, 784], Axes::linear()), [(784, 10); 7]);
    check(&weight(&[784, 10], Axes::keras(2)), [(784, 10); 7]);
}

#[test]
fn plain_convolutions_have_the_same_fans_everywhere_in_both_layouts() {
    check(&weight(&[64, 3, 7, 7], Axes::convolution(1)), [(147, 3136); 7]);
    check(&weight(&[7, 7, 3, 64], Axes::keras(4)), [(147, 3136); 7]);
}

/// pytorch#23854: Conv2d(4, 4, 3, groups=4) should have (9, 9) and has (9, 36).
#[test]
fn groups_are_forgotten_by_most() {
    let depthwise = weight(&[4, 1, 3, 3], Axes::convolution(4));
    let wrong_out = (9, 36);
    let told = [(9, 9), wrong_out, wrong_out, wrong_out, (9, 9), wrong_out, (36, 36)];
    check(&depthwise, told);
    let grouped = weight(&[8, 2, 5], Axes::convolution(2));
    check(&grouped, [(10, 20), (10, 40), (10, 40), (10, 40), (10, 20), (10, 40), (20, 40)]);
}

/// keras#11773: a depthwise kernel (3, 3, 16, 2) should have fan-in 9 and has 144.
#[test]
fn depthwise_kernels_of_keras_count_all_inputs_there() {
    let axes = Axes { input: vec![], output: vec![2, 3], output_groups: 16, ..Axes::new(0, 0) };
    let depthwise = weight(&[3, 3, 16, 2], axes);
    assert_eq!(by("exact", &depthwise).unwrap(), Fans { fan_in: 9, fan_out: 18 });
    assert_eq!(by("keras", &depthwise).unwrap(), Fans { fan_in: 144, fan_out: 18 });
    assert_eq!(by("torch", &depthwise).unwrap(), Fans { fan_in: 9, fan_out: 288 });
}

#[test]
fn transposed_convolutions_are_exchanged_by_most() {
    let torch = weight(&[16, 8, 4, 4], Axes::transposed_convolution(1));
    let (right, exchanged) = ((256, 128), (128, 256));
    check(&torch, [right, exchanged, exchanged, right, (128, 0), exchanged, right]);
    let keras = weight(&[4, 4, 8, 16], Axes::new(3, 2));
    check(&keras, [right, exchanged, exchanged, right, (128, 0), exchanged, right]);
    let grouped = weight(&[16, 4, 3], Axes::transposed_convolution(2));
    assert_eq!(by("exact", &grouped).unwrap(), Fans { fan_in: 24, fan_out: 12 });
    assert_eq!(by("torch", &grouped).unwrap(), Fans { fan_in: 12, fan_out: 48 });
}

#[test]
fn embeddings_have_another_fan_in_in_every_library() {
    let axes = Axes::new(0, 1);
    let table = Parameter { role: Role::Embedding, ..weight(&[500, 64], axes) };
    let (torch, keras, jax) = ((64, 500), (500, 64), (64, 64));
    check(&table, [(1, 64), torch, keras, jax, keras, torch, torch]);
}

#[test]
fn parts_and_experts_count_one_by_one_only_exactly() {
    let thirds = [Component::Query, Component::Key, Component::Value].map(|c| (c, 32)).to_vec();
    let packing = Some(Packing { axis: 0, parts: thirds });
    let packed = Parameter { packing, ..weight(&[96, 32], Axes::linear()) };
    assert_eq!(by("exact", &packed).unwrap(), Fans { fan_in: 32, fan_out: 32 });
    assert_eq!(by("torch", &packed).unwrap(), Fans { fan_in: 32, fan_out: 96 });
    let experts = weight(&[8, 64, 16], Axes { batch: vec![0], ..Axes::new(2, 1) });
    assert_eq!(by("exact", &experts).unwrap(), Fans { fan_in: 16, fan_out: 64 });
    assert_eq!(by("jax", &experts).unwrap(), Fans { fan_in: 16, fan_out: 64 });
    assert_eq!(by("torch", &experts).unwrap(), Fans { fan_in: 1024, fan_out: 128 });
}

#[test]
fn what_has_no_fans_is_refused() {
    let bias = Parameter::new("b", [4], Role::Bias);
    let message = by("torch", &bias).unwrap_err().to_string();
    assert!(message.contains("`b`: found shape (4), expected a weight"), "{message}");
    let message = by("toch", &bias).unwrap_err().to_string();
    assert!(message.contains("unknown fan convention `toch`; did you mean `torch`?"), "{message}");
}

#[test]
fn a_bias_follows_the_weight_of_its_module() {
    let mut weight = weight(&[4, 1, 3, 3], Axes::convolution(4));
    weight.place.module = "conv".to_owned();
    let mut bias = Parameter { fan_in: 9, fan_out: 9, ..Parameter::new("b", [4], Role::Bias) };
    bias.place.module = "conv".to_owned();
    let changed = apply("mlx", &[weight, bias]).unwrap();
    assert_eq!(changed.iter().map(|p| (p.fan_in, p.fan_out)).collect::<Vec<_>>(), [(36, 36); 2]);
}

#[test]
fn every_convention_tells_all_about_itself() {
    for convention in CONVENTIONS {
        let Convention { name, formula, differs, .. } = convention;
        assert!(!name.is_empty() && !formula.is_empty() && !differs.is_empty(), "{name}");
        assert_eq!(super::convention(name).unwrap().name, *name);
    }
}
