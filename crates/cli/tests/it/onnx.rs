//! Commands on ONNX models.

use std::path::{Path, PathBuf};

use fanin::formats::onnx::{Dimension, ElementType, Graph, Model, Node, Tensor, Type, ValueInfo};
use fanin::init::{Parameter, like};
use serde_json::{Value, json};

use crate::command::{Folder, fanin};

fn carried(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fanin/tests/data/onnx");
    folder.join(file).to_str().unwrap().to_owned()
}

fn path(folder: &Folder, file: &str) -> String {
    let path: PathBuf = folder.path().join(file);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_model_runs_forward_and_backward() {
    let folder = Folder::new();
    let (model, data) = (carried("keras_cnn.onnx"), carried("keras_cnn.input.npz"));
    let out = path(&folder, "out.safetensors");
    let run = ["run", &model, "--data", &data, "--target", "target_0", "--gradients", "--output"];
    let ended = fanin(&[&run[..], &[&out]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("output/0") && ended.out.contains("gradients of"), "{}", ended.out);
    let results = fanin::formats::read_weights(out.as_ref()).unwrap();
    let names: Vec<&str> = results.tensors.iter().map(|(name, _)| &**name).collect();
    assert!(names.contains(&"loss") && names.iter().any(|n| n.starts_with("grad/")), "{names:?}");
    let again = fanin(&[&run[..], &[&out]].concat());
    assert_eq!(again.code, 2, "{}", again.out);
}

#[test]
fn a_model_is_checked_initialized_and_checked_again() {
    let folder = Folder::new();
    let model = carried("autoencoder_conv.onnx");
    let ended = fanin(&["check", &model, "--data", "normal"]);
    assert!(
        ended.out.contains("starting from the weights in the file"),
        "{}{}",
        ended.out,
        ended.err
    );
    let copy = path(&folder, "new.onnx");
    let ended = fanin(&["init", &model, "--scheme", "zeros", "--output", &copy]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let ended = fanin(&["check", &copy, "--data", "normal"]);
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("forecast: stuck"), "{}", ended.out);
    for ending in ["safetensors", "npz"] {
        let weights = path(&folder, &format!("new.{ending}"));
        let ended = fanin(&["init", &model, "--scheme", "he-normal", "--output", &weights]);
        assert_eq!(ended.code, 0, "{}", ended.err);
        let ended = fanin(&["check", &model, "--data", "normal", "--weights", &weights]);
        assert!(!ended.out.contains("new.onnx") && ended.out.contains("forecast"), "{}", ended.err);
    }
}

#[test]
fn starts_of_a_model_are_compared_and_trained() {
    let folder = Folder::new();
    let model = carried("autoencoder_conv.onnx");
    let data = ["--data", "normal", "--epochs", "1"];
    let compare = ["compare", &model, "--schemes", "zeros,he-normal", "--seeds", "1"];
    let ended = fanin(&[&compare[..], &data].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    let runs = path(&folder, "runs");
    let train = ["train", &model, "--scheme", "he-normal", "--name", "one", "--runs", &runs];
    let ended = fanin(&[&train[..], &data].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
}

#[test]
fn every_command_takes_what_is_said_of_the_file() {
    let folder = Folder::new();
    let (model, data) = (carried("mlp_bn_dropout.train.onnx"), carried("mlp_bn_dropout.input.npz"));
    let said = ["--batch", "3", "--batch-norm", "batch", "--noise", "7", "--freeze", "*bias*"];
    let runs = path(&folder, "runs");
    let (copy, results) = (path(&folder, "new.onnx"), path(&folder, "out.npz"));
    let plan = ["--data", "normal", "--epochs", "1"];
    let commands: [Vec<&str>; 7] = [
        vec!["model", &model],
        vec!["run", &model, "--data", &data, "--output", &results, "--force"],
        vec![
            "init",
            &model,
            "--scheme",
            "he-normal",
            "--output",
            &copy,
            "--force",
            "--dropout",
            "off",
        ],
        [&["check", &model, "--seeds", "1"][..], &plan].concat(),
        [&["train", &model, "--runs", &runs, "--dropout", "off"][..], &plan].concat(),
        [&["compare", &model, "--schemes", "he-normal", "--seeds", "1"][..], &plan].concat(),
        [&["fix", &model, "--no-proof"][..], &plan].concat(),
    ];
    for command in commands {
        let ended = fanin(&[&command[..], &said].concat());
        assert!(ended.code < 2, "{command:?}: {}", ended.err);
        let mistaken = fanin(&[&command[..], &["--freeze", "nothing*"]].concat());
        assert!(mistaken.err.contains("unknown initializer `nothing*`"), "{}", mistaken.err);
    }
}

/// Two layers with batch normalization, noise and dropout between them: running statistics are those
/// of no batch, and dropout is on in training.
fn unsettled() -> Vec<u8> {
    const WIDTH: usize = 8;
    let numbers = |count: usize, start: f32| -> Vec<u8> {
        (0..count).flat_map(|i| (start + 1.7 * i as f32).sin().to_le_bytes()).collect()
    };
    let same = |x: f32| -> Vec<u8> { [x; WIDTH].iter().flat_map(|x| x.to_le_bytes()).collect() };
    let (w, v) = (numbers(4 * WIDTH, 0.3), numbers(WIDTH * 3, 0.6));
    let (ones, zeros, nines) = (same(1.0), same(0.0), same(9.0));
    let rate = 0.5_f32.to_le_bytes();
    let float = |name, dims: &[usize], bytes| Tensor::new(name, ElementType::F32, dims, bytes);
    let rows = |name, width: i64| {
        let shape = Some(vec![Dimension::Named("batch"), Dimension::Value(width)]);
        let value_type = Type::Tensor { element_type: ElementType::F32, shape };
        ValueInfo { name, value_type, ..ValueInfo::default() }
    };
    let graph = Graph {
        nodes: vec![
            Node::new("MatMul", &["x", "w"], &["z"]),
            Node::new("BatchNormalization", &["z", "gain", "shift", "mean", "variance"], &["n"]),
            Node::new("RandomNormalLike", &["n"], &["noise"]),
            Node::new("Add", &["n", "noise"], &["moved"]),
            Node::new("Relu", &["moved"], &["a"]),
            Node::new("Dropout", &["a", "rate", "on"], &["kept"]),
            Node::new("MatMul", &["kept", "v"], &["y"]),
        ],
        initializers: vec![
            float("w", &[4, WIDTH], &w),
            float("gain", &[WIDTH], &ones),
            float("shift", &[WIDTH], &zeros),
            float("mean", &[WIDTH], &zeros),
            float("variance", &[WIDTH], &nines),
            float("rate", &[], &rate),
            Tensor::new("on", ElementType::Bool, &[], &[1]),
            float("v", &[WIDTH, 3], &v),
        ],
        inputs: vec![rows("x", 4)],
        outputs: vec![rows("y", 3)],
        ..Graph::default()
    };
    Model::new(graph, 20).to_bytes()
}

/// What a command prints as JSON, times left out.
fn timeless(text: &str) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|key, _| !key.contains("seconds"));
                map.values_mut().for_each(strip);
            }
            Value::Array(all) => all.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).unwrap();
    strip(&mut value);
    value
}

/// What a command finds of the unsettled model: what it prints, and numbers that it writes.
fn finding(command: &[&str], said: &[&str]) -> (Value, String) {
    let folder = Folder::new();
    folder.write("model.onnx", unsettled());
    let rows: Vec<f32> = (0..20).map(|i| (0.9 * i as f32).cos()).collect();
    let rows = fanin::engine::Tensor::new([5, 4], rows).unwrap();
    let rows = fanin::weights::Weights { tensors: vec![("x".to_owned(), rows)] };
    fanin::formats::write_weights(
        &folder.path().join("x.npz"),
        &rows,
        fanin::formats::Existing::Keep,
    )
    .unwrap();
    let ended = folder.fanin(&[command, said, &["--json"]].concat());
    assert!(ended.code < 2, "{command:?} {said:?}: {}", ended.err);
    let written = ["out.npz", "runs/one/weights.safetensors"].map(|file| folder.path().join(file));
    let written = written.iter().filter(|path| path.exists());
    let numbers = written.map(|path| fanin::formats::read_weights(path).unwrap());
    (timeless(&ended.out), format!("{:?}", numbers.collect::<Vec<_>>()))
}

#[test]
fn every_option_of_the_file_changes_what_commands_find() {
    type Words = &'static [&'static str];
    const PLAN: Words =
        &["--data", "normal", "--epochs", "1", "--batch-size", "64", "--task", "classification"];
    const NOISE: Words = &["--noise", "7"];
    const RUNNING: Words = &["--batch-norm", "running"];
    const DROPOUT: Words = &["--dropout", "off"];
    let commands: [(Words, Words, &[Words]); 5] = [
        (
            &["run", "model.onnx", "--data", "x.npz", "--output", "out.npz"],
            &[],
            &[NOISE, &["--batch-norm", "batch"]],
        ),
        (&["check", "model.onnx", "--seeds", "1"], PLAN, &[NOISE, RUNNING]),
        (
            &["train", "model.onnx", "--runs", "runs", "--name", "one"],
            PLAN,
            &[NOISE, RUNNING, DROPOUT],
        ),
        (
            &["compare", "model.onnx", "--schemes", "he-normal", "--seeds", "1"],
            PLAN,
            &[NOISE, RUNNING, DROPOUT],
        ),
        (&["fix", "model.onnx", "--no-proof"], PLAN, &[NOISE, RUNNING]),
    ];
    for (command, plan, options) in commands {
        let command = [command, plan].concat();
        let usual = finding(&command, &[]);
        assert_eq!(finding(&command, &[]), usual, "{command:?} finds the same again");
        for said in options {
            assert_ne!(finding(&command, said), usual, "{said:?} arrives in {command:?}");
        }
    }
}

#[test]
fn every_command_refuses_a_file_that_needs_more_numbers_than_are_allowed() {
    let folder = Folder::new();
    folder.write("model.onnx", unsettled());
    let normal = ["--data", "normal"];
    let commands: [Vec<&str>; 5] = [
        vec!["init", "model.onnx", "--scheme", "he-normal", "--output", "new.onnx"],
        [&["check", "model.onnx"][..], &normal].concat(),
        [&["train", "model.onnx", "--runs", "runs"][..], &normal].concat(),
        [&["compare", "model.onnx", "--schemes", "he-normal"][..], &normal].concat(),
        [&["fix", "model.onnx", "--no-proof"][..], &normal].concat(),
    ];
    for command in commands {
        let said = |options: &[&str]| folder.fanin(&[&command[..], options].concat());
        let refused = said(&["--max-elements", "20"]);
        assert_eq!(refused.code, 2, "{command:?}: {}", refused.out);
        assert!(refused.err.contains("--max-elements"), "{command:?}: {}", refused.err);
        // One row needs few numbers, which a thousand rows of the file's own exceed.
        let many = said(&["--max-elements", "4000", "--batch", "1000"]);
        assert_eq!(many.code, 2, "{command:?}: {}", many.out);
        assert!(many.err.contains("--max-elements"), "{command:?}: {}", many.err);
        let few = said(&["--max-elements", "4000"]);
        assert!(few.code < 2, "{command:?}: {}", few.err);
    }
}

#[test]
fn a_part_of_a_model_is_shown_by_the_value_that_needs_it() {
    let model = carried("autoencoder_conv.onnx");
    let whole = fanin(&["model", &model, "--json"]);
    let whole: serde_json::Value = serde_json::from_str(&whole.out).unwrap();
    let first = whole["parameters"][0]["consumer"].as_str().unwrap().to_owned();
    assert!(first.starts_with("Conv "), "{first}");
    let part = fanin(&["model", &model, "--output-name", "relu", "--json"]);
    let part: serde_json::Value = serde_json::from_str(&part.out).unwrap();
    let count = |what: &serde_json::Value| what["parameters"].as_array().unwrap().len();
    assert!((1..count(&whole)).contains(&count(&part)), "{}", part["parameters"]);
    let ended = fanin(&["model", &model, "--output-name", "nothing"]);
    assert!(ended.err.contains("unknown output `nothing`"), "{}", ended.err);
}

#[test]
fn a_graph_of_nodes_and_edges_is_checked_trained_and_compared_as_one_row() {
    let folder = Folder::new();
    let (model, data) = (carried("gat_scatter.legacy.onnx"), carried("gat_scatter.input.npz"));
    let runs = path(&folder, "runs");
    let plan = ["--data", &data, "--epochs", "2", "--task", "regression"];
    let check = fanin(&[&["check", &model][..], &plan].concat());
    assert!(check.code < 2 && check.out.contains("one row of data"), "{}{}", check.out, check.err);
    let train = fanin(&[&["train", &model, "--runs", &runs][..], &plan].concat());
    assert!(train.code < 2 && train.err.contains("one row of data"), "{}", train.err);
    let compare = ["compare", &model, "--schemes", "zeros,he-normal", "--seeds", "1"];
    let compare = fanin(&[&compare[..], &plan].concat());
    assert!(compare.code < 2, "{}", compare.err);
}

#[test]
fn mistakes_name_the_place_and_the_remedy() {
    let folder = Folder::new();
    let said = |arguments: &[&str], expected: &str| {
        let ended = fanin(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.out);
        assert!(ended.err.contains(expected), "{arguments:?}: {}", ended.err);
    };
    let (model, data) = (carried("keras_cnn.onnx"), carried("keras_cnn.input.npz"));
    said(&["check", "no-such-model.onnx"], "no-such-model.onnx");
    said(&["run", "no-such-model.onnx", "--data", &data], "no-such-model.onnx");
    said(&["check", &model, "--data", "digits"], "data of 64 numbers in a row");
    said(&["check", &model], "`--data normal` makes such rows, or --data FILE.npz with the array");
    let out = path(&folder, "out.safetensors");
    let run = ["run", &model, "--data", &data, "--output", &out];
    said(&[&run[..], &["--target", "targt_0"]].concat(), "did you mean `target_0`");
    let strange = path(&folder, "strange.npz");
    let other = ["init", "4 -> 2", "--output", &strange];
    assert_eq!(fanin(&other).code, 0);
    let with_strange = ["run", &model, "--data", &strange, "--output", &out];
    let names =
        "found only arrays 0.weight, 0.bias, expected an array of its name or `input_0`, (2";
    said(&with_strange, names);
    said(&[&run[..], &["--output-name", "nothing"]].concat(), "unknown output `nothing`");
    said(&[&run[..], &["--input", "x=3"]].concat(), "unknown input `x`");
    said(&[&run[..], &["--input", "x:3"]].concat(), "x=1x3x224x224");
    let copy = path(&folder, "new.onnx");
    said(&["init", "4 -> 8 relu -> 2", "--output", &copy], "an .onnx model to copy");
}

/// Both matrices of the file are turned, under other names than in the module it came from.
const TURNED: &str = "turned_linears.onnx";

#[test]
fn what_is_explained_of_a_module_is_what_is_written_of_it() {
    let (folder, model) = (Folder::new(), carried(TURNED));
    let (share, out) = (["--shard", "1/2", "--json"], path(&folder, "start.safetensors"));
    let explained = fanin(&[&["init", &model, "--explain"][..], &share].concat());
    let written = fanin(&[&["init", &model, "--output", &out][..], &share].concat());
    let [explained, written] = [explained, written].map(|ended| {
        serde_json::from_str::<Value>(&ended.out).unwrap_or_else(|_| panic!("{}", ended.err))
    });
    for key in ["init", "notes", "elements", "bytes"] {
        assert_eq!(explained[key], written[key], "{key}");
    }
    let first = &explained["init"][0];
    assert_eq!((&first["name"], &first["slice"]), (&json!("val_0"), &json!("axis 0: 0..4 of 8")));
    assert_eq!(first["written"], json!({ "name": "fc.weight", "shape": [8, 6] }));
    let tensors = fanin::formats::read_weights(out.as_ref()).unwrap();
    assert_eq!(tensors.get("fc.weight").unwrap().shape().axes(), [4, 6]);
    let told = fanin(&["init", &model, "--explain"]).out;
    assert!(told.contains("written as") && told.contains("fc.weight 8×6"), "{told}");
}

/// A share has the elements of the whole.
#[test]
fn parts_of_a_module_are_those_of_the_whole() {
    let (folder, model) = (Folder::new(), carried(TURNED));
    let read = |name: &str, more: &[&str]| {
        let out = path(&folder, name);
        let ended = fanin(&[&["init", &model, "--output", &out][..], more].concat());
        assert_eq!(ended.code, 0, "{}", ended.err);
        fanin::formats::read_weights(out.as_ref()).unwrap()
    };
    let whole = read("whole.safetensors", &[]);
    let part = read("part.safetensors", &["--shard", "2/2", "--shard-axis", "1"]);
    let (whole, part) = (whole.get("fc.weight").unwrap(), part.get("fc.weight").unwrap());
    assert_eq!(part.shape().axes(), [8, 3]);
    let rows = whole.data().chunks(6).flat_map(|row| &row[3..]);
    assert!(part.data().iter().eq(rows));
}

#[test]
fn another_library_draws_the_module_and_not_what_its_exporter_made() {
    let (folder, model) = (Folder::new(), carried(TURNED));
    let modules = [Parameter::linear("fc.weight", 8, 6), Parameter::linear("out.weight", 4, 8)];
    for (name, scheme) in
        [("torch", None), ("jax", Some("he-normal")), ("numpy", Some("he-normal"))]
    {
        let library = like::find(name).unwrap();
        let expected = library.initialize(&modules, scheme, 3).unwrap();
        let start = |file: &str| {
            let out = path(&folder, &format!("{name}.{file}"));
            let own = ["init", &model, "--like", name, "--seed", "3", "--output", &out];
            let scheme = scheme.map_or(vec![], |scheme| vec!["--scheme", scheme]);
            let ended = fanin(&[&own[..], &scheme].concat());
            assert_eq!(ended.code, 0, "{}", ended.err);
            assert!(!ended.out.contains("  order"), "the file tells it: {}", ended.out);
            out
        };
        let drawn = fanin::formats::read_weights(start("safetensors").as_ref()).unwrap();
        for (own, tensor) in &expected.tensors {
            assert_eq!(drawn.get(own).unwrap(), tensor, "{name}: {own}");
        }
        // In the file the matrix is (inputs, units), whatever the library has.
        let copy = fanin::import::model(start("onnx").as_ref(), &fanin::import::Options::default())
            .unwrap();
        let own = copy.weights().unwrap().get("val_0").unwrap();
        let laid = library.laid_as(&modules, expected.clone()).unwrap();
        let turned = laid.get("fc.weight").unwrap().data();
        let turned = (0..48).map(|at| turned[at % 8 * 6 + at / 8]);
        assert!(own.data().iter().copied().eq(turned), "{name}");
    }
}

/// Units 1 and 3 of the first matrix start equal; in the file they are columns.
#[test]
fn a_check_names_layers_and_copies_as_the_module_does() {
    let (folder, model) = (Folder::new(), carried(TURNED));
    let start = path(&folder, "start.safetensors");
    let init = ["init", &model, "--rule", "fc.*=lecun-normal", "--output", &start];
    assert_eq!(fanin(&init).code, 0);
    let mut weights = fanin::formats::read_weights(start.as_ref()).unwrap();
    for (_, tensor) in weights.tensors.iter_mut().filter(|(name, _)| name == "fc.weight") {
        let mut values = tensor.data().to_vec();
        values.copy_within(6..12, 18);
        *tensor = fanin::engine::Tensor::new([8, 6], values).unwrap();
    }
    let twins = path(&folder, "twins.safetensors");
    let existing = fanin::formats::Existing::Keep;
    fanin::formats::write_weights(twins.as_ref(), &weights, existing).unwrap();
    let check = ["check", &model, "--weights", &twins, "--data", "normal", "--json"];
    let ended = fanin(&check);
    let told: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}", ended.err));
    let modules = told["measurement"]["layers"].as_array().unwrap();
    let modules: Vec<&str> = modules.iter().map(|l| l["module"].as_str().unwrap()).collect();
    assert_eq!(modules, ["fc", "out"]);
    let findings = told["findings"].as_array().unwrap().iter();
    let copies: Vec<&Value> = findings.filter(|f| f["code"] == "duplicated-weights").collect();
    assert_eq!(copies[0]["module"], "fc", "{told}");
    let why = copies[0]["why"].as_str().unwrap();
    assert!(why.starts_with("`fc.weight` has 2 units"), "{why}");
    let command = copies[0]["try"].as_str().unwrap();
    assert!(command.starts_with("fanin fix ") && command.contains("--fail-on warn"), "{command}");
}

/// Rows of 2 and 32 numbers would pass for each other by their count.
#[test]
fn weights_of_another_layout_are_laid_as_the_file_lies() {
    let (folder, model) = (Folder::new(), carried("siren.onnx"));
    let out = path(&folder, "new.onnx");
    let jax = ["init", &model, "--like", "jax", "--scheme", "orthogonal", "--output", &out];
    let ended = fanin(&jax);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let copy = fanin::import::model(out.as_ref(), &fanin::import::Options::default()).unwrap();
    let first = copy.weights().unwrap().get("0.weight").unwrap();
    assert_eq!(first.shape().axes(), [32, 2]);
    let column = |at: usize| first.data().iter().skip(at).step_by(2);
    let product: f32 = column(0).zip(column(1)).map(|(a, b)| a * b).sum();
    assert!(product.abs() < 1e-5, "{product}");
}
