//! Files with known makers and known ills.

use fanin_engine::Tensor as Dense;

use super::*;
use crate::formats::{Existing, write_weights};
use crate::init::{Rules, for_model, parameters};
use crate::spec::Model;
use crate::weights::Weights;

const MODEL: &str = "128 -> 2x256 relu -> 10";

fn verified(weights: &Weights, parameters: &[Parameter]) -> Verification {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    write_weights(&path, weights, Existing::Keep).unwrap();
    file(&path, parameters, None).unwrap()
}

fn made(scheme: &str, seed: u64) -> (Weights, Vec<Parameter>) {
    let model: Model = MODEL.parse().unwrap();
    (for_model(&model, &Rules::new(scheme), seed).unwrap(), parameters(&model).unwrap())
}

#[test]
fn schemes_are_recognized_by_their_values_alone() {
    let schemes = [
        "he-normal",
        "he-uniform",
        "xavier-uniform",
        "xavier-normal",
        "torch-default",
        "normal:0.037",
        "uniform:0.05",
        "keras-truncated-normal:0.02",
        "truncated-normal:std=0.037,cut=3sigma",
        "orthogonal:1",
    ];
    for scheme in schemes {
        // A seed that is not among those tried: only the distribution tells.
        let (weights, parameters) = made(scheme, 123_456_789);
        let found = verified(&weights, &parameters);
        for tensor in found.tensors.iter().filter(|t| t.shape.len() == 2 && t.shape[0] > 10) {
            let fit = &tensor.fit;
            let named = fit.scheme.iter().chain(&fit.same).any(|name| name == scheme);
            assert!(named, "{scheme} {}: {fit:?}", tensor.name);
            assert!(fit.confidence > 0.9, "{scheme} {}: {fit:?}", tensor.name);
            assert_eq!(fit.seed, None);
        }
        assert!(found.findings.is_empty(), "{scheme}: {:?}", found.findings);
    }
}

#[test]
fn a_cut_where_no_value_lies_is_no_distribution_of_its_own() {
    let (weights, parameters) = made("normal:0.02", 123_456_789);
    let fit = &verified(&weights, &parameters).tensors[2].fit;
    assert!(fit.confidence > 0.9, "{fit:?}");
}

/// Only a bound above all values is possible, so rounding it must not go down.
#[test]
fn bounds_of_many_digits_are_recognized_too() {
    for scheme in ["uniform:0.04811252243", "keras-truncated-normal:0.0271828183"] {
        let (weights, parameters) = made(scheme, 987_654_321);
        let fit = &verified(&weights, &parameters).tensors[2].fit;
        let kind = scheme.split_once(':').unwrap().0;
        let label = fit.scheme.as_deref().unwrap_or("none");
        assert!(label.starts_with(kind), "{scheme}: {fit:?}");
        let number: f64 = label.split_once(':').unwrap().1.parse().unwrap();
        let said: f64 = scheme.split_once(':').unwrap().1.parse().unwrap();
        assert!((number / said - 1.0).abs() < 1e-3, "{scheme}: {label}");
    }
}

/// Of the schemes that draw the same for one tensor, the one that explains the others too.
#[test]
fn one_scheme_is_named_for_weights_and_biases_of_a_file() {
    let (weights, parameters) = made("torch-default", 123_456_789);
    // Ten numbers cannot tell one interval from another.
    let tensors = verified(&weights, &parameters).tensors;
    for tensor in tensors.into_iter().filter(|t| t.statistics.elements > 10) {
        assert_eq!(tensor.fit.scheme.as_deref(), Some("torch-default"), "{tensor:?}");
    }
}

#[test]
fn the_seed_of_what_fanin_drew_is_found() {
    for scheme in ["he-normal", "orthogonal", "torch-default"] {
        let (weights, parameters) = made(scheme, 11);
        let found = verified(&weights, &parameters);
        for tensor in found.tensors.iter().filter(|t| t.shape.len() == 2) {
            assert_eq!(tensor.fit.seed, Some(Seed(11)), "{scheme} {tensor:?}");
        }
    }
}

#[test]
fn trained_weights_fit_no_scheme() {
    let (mut weights, parameters) = made("he-normal", 5);
    let values: Vec<f32> =
        weights.tensors[2].1.data().iter().map(|x| x + 3.0 * x.abs() * x.abs()).collect();
    weights.tensors[2].1 = Dense::new([256, 256], values).unwrap();
    let found = verified(&weights, &parameters);
    assert_eq!(found.tensors[2].fit.scheme, None);
    assert!(found.tensors[0].fit.scheme.is_some());
}

#[track_caller]
fn check_finding(change: impl Fn(&mut Weights), code: &str, part: &str) {
    let (mut weights, parameters) = made("he-normal", 3);
    change(&mut weights);
    let found = verified(&weights, &parameters).findings;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code, code);
    assert!(found[0].why.contains(part), "{}", found[0].why);
}

fn replace(weights: &mut Weights, index: usize, change: impl Fn(usize, f32) -> f32) {
    let (name, tensor) = &weights.tensors[index];
    let values = tensor.data().iter().enumerate().map(|(i, &x)| change(i, x)).collect();
    weights.tensors[index] = (name.clone(), Dense::new(tensor.shape().clone(), values).unwrap());
}

#[test]
fn ills_are_found_and_named() {
    check_finding(
        |w| replace(w, 0, |i, x| if i == 7 { f32::NAN } else { x }),
        "non-finite",
        "1 of",
    );
    check_finding(|w| replace(w, 2, |_, _| 0.25), "constant-weights", "`2.weight` is 0.25");
    check_finding(
        |w| {
            let copy = w.tensors[2].1.clone();
            replace(w, 2, |i, _| copy.data()[i % (128 * 256)]);
        },
        "identical-shards",
        "2 equal pieces along axis 0",
    );
    check_finding(
        |w| {
            let copy = w.tensors[0].1.clone();
            replace(w, 0, |i, x| if i / 128 == 9 { copy.data()[i - 128] } else { x });
        },
        "equal-units",
        "255 different",
    );
    check_finding(
        |w| {
            let copy = w.tensors[0].1.clone();
            w.tensors.push(("9.weight".to_owned(), copy));
        },
        "identical-layers",
        "`0.weight` and `9.weight`",
    );
}

/// The worst of what is found where `parameters` are known, where a header tells names, and where
/// nothing does but the names themselves.
fn severities(weights: &Weights, parameters: &[Parameter]) -> [Option<Severity>; 3] {
    let folder = tempfile::tempdir().unwrap();
    let [headed, plain] = ["w.safetensors", "w.npz"].map(|name| folder.path().join(name));
    write_weights(&headed, weights, Existing::Keep).unwrap();
    write_weights(&plain, weights, Existing::Keep).unwrap();
    let named = |path: &Path| crate::verify(path, None, None).unwrap().severity();
    [file(&headed, parameters, None).unwrap().severity(), named(&headed), named(&plain)]
}

#[test]
fn equal_weights_do_no_harm_in_the_output_layer_alone() {
    for value in [0.0, 0.25] {
        for (index, expected) in [(0, Some(Severity::Fail)), (2, Some(Severity::Fail)), (4, None)] {
            let (mut weights, parameters) = made("he-normal", 3);
            replace(&mut weights, index, |_, _| value);
            assert_eq!(severities(&weights, &parameters), [expected; 3], "{value} {index}");
        }
    }
}

#[test]
fn equal_weights_do_no_harm_at_the_end_of_a_residual_branch() {
    let model: Model = "64 -> 2x64 relu residual -> 10".parse().unwrap();
    let weights = for_model(&model, &Rules::new("fixup"), 3).unwrap();
    assert!(weights.tensors.iter().all(|(_, t)| t.data().iter().all(|&x| x == 0.0)));
    assert_eq!(severities(&weights, &parameters(&model).unwrap()), [None; 3]);
}

#[test]
fn equal_weights_inside_a_residual_branch_are_an_ill() {
    let model: Model = "64 -> 2x(64 relu -> 64) residual -> 10".parse().unwrap();
    let names = ["1.branch.0.weight", "1.branch.2.weight"];
    for (name, expected) in names.into_iter().zip([Some(Severity::Fail), None]) {
        let mut weights = for_model(&model, &Rules::new("he-normal"), 3).unwrap();
        let index = weights.tensors.iter().position(|(own, _)| own == name).unwrap();
        replace(&mut weights, index, |_, _| 0.0);
        assert_eq!(severities(&weights, &parameters(&model).unwrap()), [expected; 3], "{name}");
    }
}

#[test]
fn equal_weights_of_a_layer_that_may_stand_anywhere_are_a_doubt() {
    let (mut weights, _) = made("he-normal", 3);
    replace(&mut weights, 2, |_, _| 0.0);
    weights.tensors.iter_mut().for_each(|(name, _)| *name = format!("trunk.part{name}"));
    assert_eq!(severities(&weights, &[]), [Some(Severity::Warn); 3]);
    let finding = &verified(&weights, &[]).findings[0];
    assert!(finding.why.contains("unless it is the last layer"), "{}", finding.why);
}
