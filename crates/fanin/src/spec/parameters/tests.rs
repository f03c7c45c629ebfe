//! Names, shapes and places are those of PyTorch's `nn.Sequential`.

use super::{Branch, ModuleParameter, Role};
use crate::spec::{Layer, Sequential};

fn parameters(text: &str) -> Vec<ModuleParameter> {
    text.parse::<Sequential>().unwrap().module_parameters().unwrap()
}

fn listed(text: &str) -> Vec<String> {
    parameters(text).iter().map(|p| format!("{} {}", p.name, p.shape)).collect()
}

fn find<'a>(all: &'a [ModuleParameter], name: &str) -> &'a ModuleParameter {
    all.iter().find(|p| p.name == name).unwrap()
}

#[test]
fn every_module_takes_an_index() {
    assert_eq!(
        listed("784 -> 256 batch_norm relu dropout:0.1 -> 64 prelu layer_norm -> 10 no_bias"),
        [
            "0.weight (256, 784)",
            "0.bias (256)",
            "1.weight (256)",
            "1.bias (256)",
            "1.running_mean (256)",
            "1.running_var (256)",
            "4.weight (64, 256)",
            "4.bias (64)",
            "5.weight (64)",
            "5.bias (64)",
            "6.weight (1)",
            "7.weight (10, 64)",
        ]
    );
}

#[test]
fn modules_of_a_residual_are_named_by_branch() {
    assert_eq!(
        listed("8 -> 8 relu residual -> (4 relu -> (4 tanh) residual -> 8) residual -> 2"),
        [
            "0.branch.0.weight (8, 8)",
            "0.branch.0.bias (8)",
            "1.branch.0.weight (4, 8)",
            "1.branch.0.bias (4)",
            "1.branch.2.branch.0.weight (4, 4)",
            "1.branch.2.branch.0.bias (4)",
            "1.branch.3.weight (8, 4)",
            "1.branch.3.bias (8)",
            "2.weight (2, 8)",
            "2.bias (2)",
        ]
    );
}

#[test]
fn bias_knows_the_fans_of_its_layer() {
    let all = parameters("784 -> 256 relu -> 10");
    for name in ["0.weight", "0.bias"] {
        let parameter = find(&all, name);
        assert_eq!((parameter.fan_in, parameter.fan_out), (Some(784), Some(256)));
    }
    let norm = parameters("4 -> 8 batch_norm");
    assert_eq!((find(&norm, "1.weight").fan_in, find(&norm, "1.weight").fan_out), (None, None));
}

#[test]
fn following_activation_is_found_behind_norm_and_dropout() {
    let all = parameters("4 -> 8 layer_norm -> dropout:0.1 -> relu -> 8 prelu -> 8 -> 8 tanh");
    let activation = |name| find(&all, name).activation.as_str();
    assert_eq!(activation("0.weight"), "relu");
    assert_eq!(activation("0.bias"), "relu");
    assert_eq!(activation("1.weight"), "relu");
    assert_eq!(activation("4.weight"), "prelu");
    assert_eq!(activation("6.weight"), "identity");
    assert_eq!(activation("7.weight"), "tanh");
}

#[test]
fn position_counts_linear_layers_in_branches_too() {
    let all = parameters("4 -> 8 relu -> (4 relu -> 8) residual -> 2");
    for (name, index) in
        [("0.weight", 0), ("2.branch.0.bias", 1), ("2.branch.2.weight", 2), ("3.bias", 3)]
    {
        let parameter = find(&all, name);
        assert_eq!((parameter.linear_index, parameter.linear_count), (Some(index), 4), "{name}");
        assert_eq!(parameter.is_output, name.starts_with('3'), "{name}");
    }
    let first = parameters("4 -> layer_norm -> 2");
    assert_eq!(find(&first, "0.weight").linear_index, None);
}

#[test]
fn last_layer_inside_a_branch_is_no_output() {
    assert!(parameters("4 -> 4 -> 4 residual").iter().all(|p| !p.is_output));
}

#[test]
fn branch_tells_block_and_last_linear_layer() {
    let all = parameters("8 -> 8 residual -> (4 layer_norm relu -> 8) residual -> 2");
    let place = |name| find(&all, name).branch;
    let branch = |block, linear_index, linear_count, is_last_linear| {
        Some(Branch { block, blocks: 2, linear_index, linear_count, is_last_linear })
    };
    assert_eq!(place("0.branch.0.weight"), branch(0, 0, 1, true));
    assert_eq!(place("1.branch.0.weight"), branch(1, 0, 2, false));
    assert_eq!(place("1.branch.1.weight"), branch(1, 0, 2, false));
    assert_eq!(place("1.branch.3.weight"), branch(1, 1, 2, true));
    assert_eq!(place("1.branch.3.bias"), branch(1, 1, 2, true));
    assert_eq!(place("2.weight"), None);
    assert_eq!(find(&all, "1.branch.3.bias").path, [1, 3]);
}

#[test]
fn buffers_are_not_trained() {
    let model: Sequential = "4 -> 8 batch_norm -> 2".parse().unwrap();
    assert_eq!(
        crate::spec::Model::from(model.clone()).trained_elements().unwrap(),
        4 * 8 + 8 + 2 * 8 + 8 * 2 + 2
    );
    let all = model.module_parameters().unwrap();
    let buffers = all.iter().filter(|p| !p.role.is_trained()).map(|p| p.role);
    assert_eq!(buffers.collect::<Vec<_>>(), [Role::RunningMean, Role::RunningVariance]);
}

#[test]
fn outputs_are_the_width_of_the_last_linear_layer() {
    for (text, outputs) in [("4 -> 3 relu", 3), ("4 -> 3 -> 3 residual", 3), ("4 -> 4 residual", 4)]
    {
        assert_eq!(text.parse::<Sequential>().unwrap().outputs(), outputs);
    }
}

#[track_caller]
fn refused(inputs: usize, layers: Vec<Layer>, message: &str) {
    let error = Sequential { inputs, layers }.module_parameters().unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn network_built_by_hand_is_checked_like_a_text() {
    let linear = |units| Layer::Linear { units, bias: true };
    let residual = |layers| Layer::Residual { scale: 1.0, layers };
    refused(0, vec![linear(1)], "model: found 0 inputs, expected at least 1");
    refused(4, vec![linear(4), linear(0)], "model, module 1: found 0 units, expected at least 1");
    refused(
        4,
        vec![residual(vec![residual(vec![linear(3)]), linear(4)])],
        "model, module 0.branch.0: found 3 units from 4 in a residual, expected 4: \
         the result is added to the input, unit by unit",
    );
    refused(
        4,
        vec![Layer::Dropout { rate: f64::NAN }],
        "model, module 0: found dropout rate NaN, expected a rate from 0 up to but not including 1",
    );
    refused(
        1 << 20,
        vec![linear(1 << 20)],
        "model, module 0: found 1048576 units with 1048576 inputs each, which are 1099511627776 \
         weights, expected at most 2147483648 parameters in one tensor",
    );
    let nested = (0..100).fold(linear(4), |inner, _| residual(vec![inner]));
    let error = Sequential { inputs: 4, layers: vec![nested] }.module_parameters().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("found a deeper branch, expected at most 8 branches within branches")
    );
}
