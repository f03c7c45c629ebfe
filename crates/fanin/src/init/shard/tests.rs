//! Parts of tensors equal the same elements of the whole, for every scheme and along every axis.

use super::*;
use crate::init::fans::Axes;
use crate::init::{Chosen, Component, Packing, Rules, SCHEMES, Source, Values, find};

/// The same part, taken element by element from the whole.
fn picked(whole: &[f32], shape: &[usize], ranges: &[Range<usize>]) -> Vec<f32> {
    let Some((outer, ranges)) = ranges.split_first() else { return whole.to_vec() };
    let inner = shape[1..].iter().product::<usize>();
    outer
        .clone()
        .flat_map(|i| picked(&whole[i * inner..(i + 1) * inner], &shape[1..], ranges))
        .collect()
}

/// Reads parts at once and in pieces of odd sizes, and compares with the whole.
#[track_caller]
fn check(parameter: &Parameter, source: Source<'_>, parts: &[Slice]) {
    let whole = Values::new(parameter, source, 5).into_all().unwrap();
    let mut values = Values::new(parameter, source, 5);
    for slice in parts {
        let expected = picked(&whole, parameter.shape.axes(), slice.ranges());
        assert_eq!(slice.shape().elements(), expected.len());
        for piece in [expected.len(), 1000] {
            let mut out = vec![f32::NAN; expected.len()];
            for (index, out) in out.chunks_mut(piece).enumerate() {
                slice.read(&mut values, index * piece, out).unwrap();
            }
            assert!(out == expected, "{source:?} {slice} in pieces of {piece}");
        }
    }
}

fn slice<const N: usize>(parameter: &Parameter, ranges: [Range<usize>; N]) -> Slice {
    let mut slice = Slice::whole(&parameter.shape);
    ranges.into_iter().enumerate().for_each(|(axis, range)| slice.cut(axis, range));
    slice
}

#[test]
fn every_shard_of_every_scheme_equals_the_same_elements_of_the_whole() {
    for scheme in SCHEMES {
        let scheme = find(scheme.facts().example).unwrap();
        for parameter in scheme.samples() {
            let shape = parameter.shape.axes();
            let shards = (0..shape.len()).flat_map(|axis| {
                let count = [4, 3, 2, 5].into_iter().find(|&n| shape[axis].is_multiple_of(n));
                count
                    .into_iter()
                    .flat_map(move |count| [1, count].map(|number| Shard { number, count, axis }))
            });
            let parts = shards.map(|shard| {
                let selection = Selection { shard: Some(shard), ..Selection::default() };
                selection.of(std::slice::from_ref(&parameter)).unwrap().swap_remove(0).1
            });
            let parts: Vec<Slice> = parts.collect();
            check(&parameter, Source::Scheme(&*scheme), &parts);
        }
    }
}

/// Long and short runs, one axis and several, ranges of one element.
#[test]
fn every_box_of_a_tensor_equals_the_same_elements_of_the_whole() {
    let scheme = find("he-normal").unwrap();
    let parameter = Parameter::weight("w", [6, 40, 3, 5], Axes::convolution(1)).unwrap();
    let source = Source::Scheme(&*scheme);
    let boxes = [
        [0..6, 0..40, 0..3, 2..3],
        [2..4, 10..30, 1..2, 0..5],
        [5..6, 39..40, 2..3, 4..5],
        [0..6, 7..9, 0..3, 0..5],
        [1..5, 0..40, 1..3, 1..4],
        [3..4, 0..40, 0..3, 0..5],
    ];
    check(&parameter, source, &boxes.map(|ranges| slice(&parameter, ranges)));
    let wide = Parameter::linear("w", 300, 700);
    check(&wide, source, &[slice(&wide, [0..300, 100..500])]);
    let narrow = Parameter::linear("w", 40_000, 6);
    check(&narrow, source, &[slice(&narrow, [5..39_999, 2..4])]);
    check(&wide, Source::Constant(0.5), &[slice(&wide, [3..9, 1..2])]);
    let ones = find("ones").unwrap();
    let scale = Parameter::new("scale", [0; 0], crate::spec::Role::NormScale);
    check(&scale, Source::Scheme(&*ones), &[slice(&scale, [])]);
}

#[test]
fn parts_of_packed_parameters_and_experts_equal_the_whole() {
    let parts = vec![(Component::Query, 8), (Component::Key, 4), (Component::Value, 4)];
    let qkv = Parameter {
        packing: Some(Packing { axis: 0, parts }),
        ..Parameter::linear("qkv.weight", 16, 6)
    };
    let axes = Axes { batch: vec![0], ..Axes::new(2, 1) };
    let experts = Parameter::weight("experts", [4, 6, 8], axes).unwrap();
    let gates = vec![(Component::InputGate, 4), (Component::ForgetGate, 4)];
    let directions = Parameter {
        packing: Some(Packing { axis: 1, parts: gates }),
        ..Parameter::weight("r", [2, 8, 4], Axes { batch: vec![0], ..Axes::new(2, 1) }).unwrap()
    };
    for text in ["normal:1", "orthogonal:1"] {
        let scheme = find(text).unwrap();
        check(&directions, Source::Scheme(&*scheme), &[slice(&directions, [0..2, 2..7, 1..3])]);
        check(&qkv, Source::Scheme(&*scheme), &[slice(&qkv, [6..14, 1..5])]);
        check(&experts, Source::Scheme(&*scheme), &[slice(&experts, [1..3, 0..6, 4..8])]);
    }
}

fn network() -> Vec<Parameter> {
    let bias = Parameter::new("0.bias", [8], crate::spec::Role::Bias);
    vec![Parameter::linear("0.weight", 8, 4), bias, Parameter::linear("2.weight", 3, 8)]
}

#[track_caller]
fn check_parts(selection: &Selection, expected: &[&str]) {
    let parts = selection.of(&network()).unwrap();
    let found: Vec<String> =
        parts.iter().map(|(index, slice)| format!("{} {slice}", network()[*index].name)).collect();
    assert_eq!(found, expected);
}

#[test]
fn shards_ranges_and_patterns_choose_what_they_say() {
    let none = Selection::default();
    check_parts(&none, &["0.weight whole", "0.bias whole", "2.weight whole"]);
    let shard = Some(Shard { axis: 1, .."2/4".parse().unwrap() });
    check_parts(
        &Selection { shard, ..none.clone() },
        &["0.weight axis 1: 1..2 of 4", "0.bias whole", "2.weight axis 1: 2..4 of 8"],
    );
    let ranges = vec!["2.*=1:0..3".parse().unwrap(), "2.*=0:1..2".parse().unwrap()];
    let only = vec!["*.weight".to_owned()];
    check_parts(
        &Selection { only, shard: Some("1/4".parse().unwrap()), ranges },
        &["0.weight axis 0: 0..2 of 8", "2.weight axis 0: 1..2 of 3, axis 1: 0..3 of 8"],
    );
    check_parts(&Selection { only: vec!["role:bias".to_owned()], ..none }, &["0.bias whole"]);
}

#[track_caller]
fn check_refused(selection: Result<Selection>, expected: &str) {
    let message = selection.and_then(|s| s.of(&network())).unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
}

#[test]
fn what_cannot_be_cut_is_told() {
    let shard = |text: &str| Ok(Selection { shard: Some(text.parse()?), ..Selection::default() });
    let range = |text: &str| Ok(Selection { ranges: vec![text.parse()?], ..Selection::default() });
    let only = |text: &str| Ok(Selection { only: vec![text.to_owned()], ..Selection::default() });
    check_refused(shard("65/64"), "shard: found `65/64`, expected 1/64 to 64/64");
    check_refused(shard("0/64"), "expected 1/64 to 64/64");
    for text in ["", "3", "/", "a/b", "1/0", "-1/4", "1/99999999999999999999"] {
        check_refused(shard(text), "NUMBER/COUNT, counted from 1");
    }
    check_refused(shard("1/4"), "`2.weight`: found shape (3, 8), expected a multiple of 4 along");
    check_refused(
        range("0.weight=1:2..5"),
        "`0.weight`: found range 2..5 of axis 1, expected an end",
    );
    check_refused(range("0.bias=1:0..1"), "one of the 1 axes of its shape (8)");
    check_refused(range("3.weight=0:0..1"), "unknown parameter `3.weight`");
    check_refused(only("3.*"), "unknown parameter `3.*`");
    check_refused(only("role:head"), "unknown role `head`");
    for text in ["", "w", "w=0", "w=0:1", "w=0:3..3", "w=0:3..1", "=0:0..1", "w=x:0..1"] {
        check_refused(range(text), "NAME=AXIS:START..END");
    }
    let twice = || {
        let ranges = vec!["0.weight=0:0..1".parse()?, "0.*=0:1..2".parse()?];
        Ok(Selection { ranges, ..Selection::default() })
    };
    check_refused(twice(), "one range for each axis");
}

/// Rules see the whole network: a shard never changes which scheme a parameter gets.
#[test]
fn shards_of_all_ranks_make_up_the_whole() {
    let parameters = network();
    let chosen = Chosen::new(&parameters, &Rules::new("he-normal")).unwrap();
    let whole = chosen.values(0, 1).into_all().unwrap();
    let mut joined = Vec::new();
    for number in 1..=4 {
        let shard = Some(Shard { number, count: 4, axis: 0 });
        let selection = Selection { shard, only: vec!["0.*".to_owned()], ..Selection::default() };
        let (index, slice) = selection.of(&parameters).unwrap().swap_remove(0);
        let mut part = vec![0.0; slice.shape().elements()];
        slice.read(&mut chosen.values(index, 1), 0, &mut part).unwrap();
        joined.extend(part);
    }
    assert_eq!(joined, whole);
}
