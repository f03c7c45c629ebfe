//! Cells in a loop of three steps, as PyTorch's exporter writes them.

use std::path::{Path, PathBuf};

use fanin_engine::Plan;

use crate::formats::Existing;
use crate::formats::onnx::OnnxFile;
use crate::import::{FileNetwork, Options, import, write_back};
use crate::spec::{Architecture, Ground, Mode};
use crate::weights::Weights;

use super::{Copied, copies};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx").join(name)
}

fn read(path: &Path) -> FileNetwork {
    FileNetwork::read(path, &Options::default()).unwrap()
}

/// Names of the parameters, sorted.
fn names(network: &FileNetwork) -> Vec<String> {
    let parameters = network.parameters().unwrap().into_iter();
    let mut names: Vec<String> = parameters.map(|own| own.name).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_matrix_that_was_turned_for_every_step_is_one_parameter() {
    let network = read(&path("linear_in_loop.onnx"));
    assert_eq!(names(&network).len(), 6, "{:?}", names(&network));
    let found = copies(network.file(), &network.file().model().unwrap());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(!names(&network).contains(&found[0].name.to_owned()));
}

const FILES: [&str; 3] = ["linear_in_loop.onnx", "cell_in_loop.onnx", "gru_in_loop.onnx"];

/// Two sequences of three steps of two features.
fn sequences() -> Vec<f32> {
    (0..12_u8).map(|i| f32::from(i).cos()).collect()
}

/// What a file's operators make of the sequences, each initializer for itself.
fn answers(file: &Path) -> Vec<f32> {
    let options =
        Options { inputs: [("x".to_owned(), vec![2, 3, 2])].into(), ..Options::default() };
    let mut whole = import(file, &options).unwrap();
    let parameters = whole.take_parameters();
    let plan = Plan::new(&whole.graph, &[whole.outputs[0].wire]).unwrap();
    let mut all = plan.workspace::<f32>();
    all.feed(0).copy_from_slice(&sequences());
    plan.run(&parameters, &mut all);
    all.read(0).to_vec()
}

#[test]
fn a_network_without_copies_computes_what_its_file_does() {
    let x = sequences();
    for name in FILES {
        let whole = answers(&path(name));
        let network = read(&path(name));
        let ground = Ground::new(network.inputs(), 2, Mode::Evaluate);
        let body = network.build(ground).unwrap();
        let weights = network.weights().unwrap().tensors.iter();
        let parameters: Vec<Vec<f32>> = weights.map(|(_, t)| t.data().to_vec()).collect();
        let plan = Plan::new(&body.graph, &[body.output]).unwrap();
        let mut joined = plan.workspace::<f32>();
        joined.feed(0).copy_from_slice(&x);
        plan.run(&parameters, &mut joined);
        for (a, b) in whole.iter().zip(joined.read(0)) {
            assert!((a - b).abs() < 1e-5, "{name}: {a} {b}");
        }
    }
}

#[test]
fn a_first_step_that_was_cut_into_gates_is_the_bias_too() {
    let network = read(&path("gru_in_loop.onnx"));
    let found = copies(network.file(), &network.file().model().unwrap());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].of, found[0].times), ("cell.bias_hh", 2));
    let mut expected = ["bias_hh", "bias_ih", "weight_hh", "weight_ih"]
        .map(|leaf| format!("cell.{leaf}"))
        .to_vec();
    expected.extend(["head.bias", "head.weight"].map(ToOwned::to_owned));
    assert_eq!(names(&network), expected);
}

#[test]
fn a_first_step_of_which_the_bias_is_left_is_that_bias() {
    let network = read(&path("cell_in_loop.onnx"));
    let found = copies(network.file(), &network.file().model().unwrap());
    assert_eq!(found, [Copied { name: "linear", of: "cell.bias_hh", times: 2 }]);
    assert!(!names(&network).contains(&"linear".to_owned()), "{:?}", names(&network));
}

#[test]
fn copies_are_written_with_what_they_are_copies_of() {
    for name in FILES {
        let network = read(&path(name));
        let mut weights: Weights = network.weights().unwrap().clone();
        let mut next = 0_u16;
        for x in weights.tensors.iter_mut().flat_map(|(_, tensor)| tensor.data_mut()) {
            next += 1;
            *x = f32::from(next).sin();
        }
        let target =
            std::env::temp_dir().join(format!("fanin-joined-{}-{name}", std::process::id()));
        write_back(&network, &weights, &target, Existing::Replace).unwrap();
        let again = read(&target);
        assert_eq!(again.weights().unwrap(), &weights);
        assert_eq!(names(&again), names(&network), "{name}");
        let file = OnnxFile::read(&target).unwrap();
        assert_eq!(copies(&file, &file.model().unwrap()).len(), 1, "{name}");
        std::fs::remove_file(target).unwrap();
    }
}

/// Of zeros that several modules share an exporter makes one tensor; here one module uses its own again.
#[test]
fn a_zero_bias_of_a_cell_stays_one_for_all_steps() {
    let network = read(&path("cell_in_loop.onnx"));
    let mut weights: Weights = network.weights().unwrap().clone();
    let biases = weights.tensors.iter_mut().filter(|(name, _)| name.starts_with("cell.bias"));
    biases.for_each(|(_, tensor)| tensor.data_mut().fill(0.0));
    let target = std::env::temp_dir().join(format!("fanin-joined-{}-zero", std::process::id()));
    write_back(&network, &weights, &target, Existing::Replace).unwrap();
    let again = read(&target);
    assert_eq!(names(&again), names(&network));
    assert!(again.separated().is_empty(), "{:?}", again.separated());
    std::fs::remove_file(target).unwrap();
}
