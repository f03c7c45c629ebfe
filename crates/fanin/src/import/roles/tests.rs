//! Roles held against the modules that exporters name, and on small models carried along.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::*;
use crate::formats::onnx::{AttributeValue, Elements, Graph, Node, Tensor, ValueInfo};
use crate::init::fans::Axes;
use crate::init::{Component, Packing, Position, Stack};

/// The role of a parameter by its module's class and its name there.
fn by_class(class: &str, leaf: &str) -> Role {
    let is_norm = class.contains("Norm");
    match (class, leaf) {
        ("Embedding" | "VisionTransformer", _) => Role::Embedding,
        ("PReLU", _) => Role::Slope,
        ("ConvNeXtBlock", "gamma") => Role::ResidualScale,
        ("LSTM", leaf) if leaf.starts_with("weight_hh") => Role::Recurrent,
        ("LSTM", leaf) if leaf.starts_with("weight_ih") => Role::Weight,
        (_, "bias") if is_norm => Role::NormShift,
        (_, "weight") if is_norm => Role::NormScale,
        (_, leaf) if leaf.starts_with("bias") => Role::Bias,
        _ => Role::Weight,
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx")
}

fn json(path: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
    serde_json::from_str(&text).unwrap()
}

/// Roles that agree with what the exporter's modules were, how many there are, and those that do
/// not, with what else is taken for a parameter.
fn agreement(folder: &Path) -> (usize, usize, String) {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let (mut agreed, mut all, mut table) = (0, 0, String::new());
    for path in files.iter().filter(|path| path.to_string_lossy().ends_with(".meta.json")) {
        let meta = json(path);
        let Some(params) = meta["params"].as_object() else { continue };
        for (variant, told) in meta["variants"].as_object().unwrap() {
            let path = folder.join(told["file"].as_str().unwrap());
            if !path.exists() {
                continue;
            }
            let file = OnnxFile::read(&path).unwrap();
            let roles = find(&file, &file.model().unwrap(), &Overrides::default()).unwrap();
            // A head that the exporter split from its table is the table's parameter.
            let role = |found: &Found| match found.tied {
                Some(_) => Role::Embedding,
                None => found.parameter.role,
            };
            let of: HashMap<&str, Role> = roles
                .parameters
                .iter()
                .map(|found| (found.initializer.as_str(), role(found)))
                .collect();
            let (mut right, mut count, mut wrong) = (0, 0, String::new());
            for (name, entry) in told["init"].as_object().unwrap() {
                let Some(params) = entry[0].as_str().and_then(|name| params.get(name)) else {
                    continue;
                };
                let class = &params["cls"];
                let expected = by_class(class[0].as_str().unwrap(), class[1].as_str().unwrap());
                count += 1;
                match of.get(name.as_str()) {
                    Some(&role) if role == expected => right += 1,
                    other => writeln!(wrong, "  {name}: {other:?}, not {expected:?}").unwrap(),
                }
            }
            for extra in &roles.parameters {
                if !told["init"][&extra.initializer][0].is_string() {
                    let role = extra.parameter.role;
                    writeln!(wrong, "  beside them {}: {role:?}", extra.initializer).unwrap();
                }
            }
            for note in &roles.notes {
                writeln!(wrong, "  note: {note}").unwrap();
            }
            writeln!(table, "{} {variant}: {right}/{count}\n{wrong}", meta["name"]).unwrap();
            (agreed, all) = (agreed + right, all + count);
        }
    }
    (agreed, all, table)
}

#[test]
fn roles_agree_with_the_modules_that_were_exported() {
    let (agreed, all, table) = agreement(&data());
    assert!(all >= 25 && agreed == all, "{agreed}/{all}\n{table}");
}

#[test]
#[ignore = "needs a folder of models: FANIN_MODELS=folder"]
fn roles_agree_in_every_model_and_variant() {
    let folder = std::env::var_os("FANIN_MODELS").expect("FANIN_MODELS names a folder");
    let (agreed, all, table) = agreement(Path::new(&folder));
    println!("{table}all: {agreed}/{all}");
    assert!(agreed * 100 >= all * 99, "{agreed}/{all}\n{table}");
}

/// The roles of a model of these nodes over x of shape (2, 3, 4), with weights of these shapes.
pub(super) fn roles(
    nodes: Vec<Node<'_>>,
    weights: &[(&str, &[usize])],
    overrides: &Overrides,
) -> Roles {
    let values: Vec<f32> = (0..1024_u16).map(|i| f32::from(i).sin()).collect();
    let bytes = |shape: &[usize]| {
        let count = shape.iter().product();
        Elements::F32(values[..count].to_vec()).to_bytes(ElementType::F32).unwrap()
    };
    let data: Vec<Vec<u8>> = weights.iter().map(|(_, shape)| bytes(shape)).collect();
    let tensors = weights.iter().zip(&data);
    let tensors = tensors.map(|((name, shape), d)| Tensor::new(name, ElementType::F32, shape, d));
    let graph = Graph {
        nodes,
        initializers: tensors.collect(),
        inputs: vec![ValueInfo::of("x", ElementType::F32, &[2, 3, 4])],
        outputs: vec![ValueInfo::of("y", ElementType::F32, &[2, 3, 4])],
        ..Graph::default()
    };
    let bytes = Model::new(graph, 20).to_bytes();
    let file = OnnxFile { path: "small.onnx".into(), bytes };
    find(&file, &file.model().unwrap(), overrides).unwrap()
}

pub(super) fn named<'r>(roles: &'r Roles, name: &str) -> &'r Found {
    roles.parameters.iter().find(|found| found.parameter.name == name).unwrap()
}

/// Attention with its query, key and value in one product, beside a shortcut.
fn attention() -> Vec<Node<'static>> {
    vec![
        Node::new("MatMul", &["x", "qkv"], &["packed"]),
        Node::new("Split", &["packed"], &["q", "k", "v"])
            .with("axis", AttributeValue::Int(2))
            .with("split", AttributeValue::Ints(vec![4, 4, 4])),
        Node::new("Transpose", &["k"], &["kt"]).with("perm", AttributeValue::Ints(vec![0, 2, 1])),
        Node::new("MatMul", &["q", "kt"], &["scores"]),
        Node::new("Softmax", &["scores"], &["chances"]),
        Node::new("MatMul", &["chances", "v"], &["mixed"]),
        Node::new("Transpose", &["o"], &["turned"]),
        Node::new("MatMul", &["mixed", "turned"], &["projected"]),
        Node::new("Add", &["projected", "o_bias"], &["branch"]),
        Node::new("Add", &["x", "branch"], &["y"]),
    ]
}

#[test]
fn packed_attention_is_told_with_its_output_and_its_branch() {
    let weights: &[(&str, &[usize])] = &[("qkv", &[4, 12]), ("o", &[4, 4]), ("o_bias", &[4])];
    let roles = roles(attention(), weights, &Overrides::default());
    let qkv = &named(&roles, "qkv").parameter;
    let parts = vec![(Component::Query, 4), (Component::Key, 4), (Component::Value, 4)];
    assert_eq!(qkv.packing, Some(Packing { axis: 1, parts }));
    assert_eq!((qkv.fan_in, qkv.fan_out), (4, 4));
    assert!(!qkv.place.is_residual_output);
    let output = &named(&roles, "o").parameter;
    assert_eq!(output.axes, Axes::new(1, 0));
    assert_eq!(output.place.component, Some(Component::AttentionOutput));
    assert!(output.place.is_residual_output && output.place.is_head);
    assert_eq!(output.place.branch, Some(Position { index: 1, count: 2 }));
    let bias = &named(&roles, "o_bias").parameter;
    assert_eq!((bias.role, bias.fan_in), (Role::Bias, 4));
}

/// Keras exports a trained batch norm as a factor of numbers and a shift.
#[test]
fn what_is_added_behind_a_factor_is_the_shift_of_a_folded_norm() {
    let behind = |before: &'static str| {
        let nodes = vec![
            Node::new("Relu", &["x"], &["positive"]),
            Node::new("MatMul", &["x", "w"], &["product"]),
            Node::new("Mul", &[before, "factor"], &["scaled"]),
            Node::new("Add", &["scaled", "shift"], &["shifted"]),
            Node::new("Add", &["shifted", "product"], &["y"]),
        ];
        let weights: &[(&str, &[usize])] = &[("w", &[4, 4]), ("factor", &[4]), ("shift", &[4])];
        named(&roles(nodes, weights, &Overrides::default()), "shift").parameter.role
    };
    assert_eq!((behind("positive"), behind("product")), (Role::NormShift, Role::Bias));
}

#[test]
fn patterns_of_the_user_come_before_what_is_found() {
    let weights: &[(&str, &[usize])] = &[("qkv", &[4, 12]), ("o", &[4, 4]), ("o_bias", &[4])];
    let overrides = Overrides {
        roles: vec![("o*".to_owned(), Role::Embedding), ("o_*".to_owned(), Role::Buffer)],
        frozen: vec!["qkv".to_owned()],
        ..Overrides::default()
    };
    let roles = roles(attention(), weights, &overrides);
    assert_eq!(named(&roles, "o").parameter.role, Role::Embedding);
    assert_eq!(named(&roles, "o_bias").parameter.role, Role::Buffer);
    assert_eq!(roles.constants[0].name, "qkv");
    let wrong = Overrides { frozen: vec!["p*".to_owned()], ..Overrides::default() };
    assert!(wrong.check(&Model::new(Graph::default(), 20)).is_err());
}

pub(super) fn leaked(parts: &[&str]) -> &'static str {
    parts.concat().leak()
}

/// Attention of a stream to a memory, beside a shortcut; weights are called after it.
fn attends(name: &'static str, stream: &'static str, memory: &'static str) -> Vec<Node<'static>> {
    let own = |end: &str| leaked(&[name, end]);
    vec![
        Node::new("MatMul", &[stream, own(".q")], &[own("/q")]),
        Node::new("MatMul", &[memory, own(".k")], &[own("/k")]),
        Node::new("MatMul", &[memory, own(".v")], &[own("/v")]),
        Node::new("Transpose", &[own("/k")], &[own("/kt")])
            .with("perm", AttributeValue::Ints(vec![0, 2, 1])),
        Node::new("MatMul", &[own("/q"), own("/kt")], &[own("/scores")]),
        Node::new("Softmax", &[own("/scores")], &[own("/chances")]),
        Node::new("MatMul", &[own("/chances"), own("/v")], &[own("/mixed")]),
        Node::new("MatMul", &[own("/mixed"), own(".o")], &[own("/branch")]),
        Node::new("Add", &[stream, own("/branch")], &[name]),
    ]
}

fn feeds_forward(name: &'static str, stream: &'static str) -> Vec<Node<'static>> {
    let own = |end: &str| leaked(&[name, end]);
    vec![
        Node::new("MatMul", &[stream, own(".up")], &[own("/up")]),
        Node::new("Relu", &[own("/up")], &[own("/active")]),
        Node::new("MatMul", &[own("/active"), own(".down")], &[own("/down")]),
        Node::new("Add", &[stream, own("/down")], &[name]),
    ]
}

#[test]
fn what_reads_is_the_encoder_and_what_attends_to_it_the_decoder() {
    let nodes = [
        attends("read", "x", "x"),
        feeds_forward("think", "read"),
        vec![Node::new("Relu", &["x"], &["begun"])],
        attends("self", "begun", "begun"),
        attends("cross", "self", "think"),
        feeds_forward("y", "cross"),
    ];
    let layers = ["read", "self", "cross"].map(|name| [".q", ".k", ".v", ".o"].map(|w| (name, w)));
    let forward = ["think", "y"].map(|name| [".up", ".down"].map(|w| (name, w)));
    let names = layers.concat().into_iter().chain(forward.concat());
    let weights: Vec<(&str, &[usize])> =
        names.map(|(name, w)| (leaked(&[name, w]), &[4_usize, 4][..])).collect();
    let roles = roles(nodes.concat(), &weights, &Overrides::default());
    let place = |name: &str| named(&roles, name).parameter.place.clone();
    for (name, stack, sums) in [
        ("read.q", Stack::Encoder, 2),
        ("think.down", Stack::Encoder, 2),
        ("self.o", Stack::Decoder, 3),
        ("cross.k", Stack::Decoder, 3),
        ("y.up", Stack::Decoder, 3),
    ] {
        let place = place(name);
        assert_eq!((place.stack, place.residual_sums), (stack, sums), "{name}");
        assert_eq!((place.encoder_blocks, place.decoder_blocks), (1, 1), "{name}");
        assert_eq!(place.block, Some(Position { index: 0, count: 1 }), "{name}");
    }
    let alone = self::roles(attention(), &[("qkv", &[4, 12])], &Overrides::default());
    assert_eq!(named(&alone, "qkv").parameter.place.stack, Stack::Only);
}

#[test]
fn a_gain_of_one_plus_w_starts_at_zero() {
    let nodes = vec![
        Node::new("Mul", &["x", "x"], &["squares"]),
        Node::new("ReduceMean", &["squares"], &["mean"]),
        Node::new("Sqrt", &["mean"], &["size"]),
        Node::new("Div", &["x", "size"], &["normal"]),
        Node::new("Add", &["one", "w"], &["gain"]),
        Node::new("Mul", &["normal", "gain"], &["scaled"]),
        Node::new("Mul", &["scaled", "g"], &["twice"]),
        Node::new("Add", &["twice", "b"], &["y"]),
    ];
    let weights: &[(&str, &[usize])] = &[("one", &[]), ("w", &[4]), ("g", &[4]), ("b", &[4])];
    let roles = roles(nodes, weights, &Overrides::default());
    let told: Vec<_> =
        roles.parameters.iter().map(|f| (f.initializer.as_str(), f.parameter.role)).collect();
    let expected = [("w", Role::NormShift), ("g", Role::NormScale), ("b", Role::NormShift)];
    assert_eq!(told, expected);
    assert!(named(&roles, "w").notes[0].contains("1 + w"));
    assert_eq!(roles.constants[0].name, "one");
}

/// As JAX's exporter writes relu(x·w): a 0 for all units, and the larger of z and 0.
#[test]
fn the_larger_of_a_signal_and_zero_is_a_rectifier_and_one_number_no_bias() {
    let nodes = vec![
        Node::new("Gemm", &["x", "w", "nothing"], &["z"]),
        Node::new("Max", &["z", "nothing"], &["a"]),
        Node::new("Gemm", &["a", "v", "b"], &["y"]),
    ];
    let weights: &[(&str, &[usize])] =
        &[("nothing", &[]), ("w", &[4, 4]), ("v", &[4, 4]), ("b", &[4])];
    let roles = roles(nodes, weights, &Overrides::default());
    let told: Vec<_> = roles.parameters.iter().map(|f| f.initializer.as_str()).collect();
    assert_eq!(told, ["w", "v", "b"]);
    assert_eq!(named(&roles, "w").parameter.activation.as_deref(), Some("relu"));
    assert_eq!(roles.constants[0].name, "nothing");
}

#[test]
fn a_weight_norm_is_a_matrix_and_its_lengths() {
    let nodes = vec![
        Node::new("ReduceL2", &["v"], &["size"]),
        Node::new("Div", &["v", "size"], &["direction"]),
        Node::new("Mul", &["direction", "g"], &["weight"]),
        Node::new("Gemm", &["x", "weight"], &["y"]).with("transB", AttributeValue::Int(1)),
    ];
    let roles = roles(nodes, &[("v", &[5, 4]), ("g", &[5, 1])], &Overrides::default());
    let v = &named(&roles, "v").parameter;
    assert_eq!((v.role, v.fan_in, v.fan_out), (Role::Weight, 4, 5));
    assert_eq!(named(&roles, "g").parameter.role, Role::NormScale);
}

#[test]
fn the_gates_of_a_packed_lstm_are_in_the_order_of_onnx() {
    use Component::{Candidate, ForgetGate, InputGate, OutputGate};
    let file = OnnxFile::read(&data().join("lstm_classifier.legacy.onnx")).unwrap();
    let roles = find(&file, &file.model().unwrap(), &Overrides::default()).unwrap();
    let packed: Vec<&init::Parameter> =
        roles.parameters.iter().map(|f| &f.parameter).filter(|p| p.packing.is_some()).collect();
    let order = |p: &init::Parameter| {
        p.packing.as_ref().unwrap().parts.iter().map(|(gate, _)| *gate).collect::<Vec<_>>()
    };
    let gates = [InputGate, OutputGate, ForgetGate, Candidate];
    assert!(packed.len() >= 4, "{packed:?}");
    for parameter in packed.iter().filter(|p| p.role != Role::Bias) {
        assert_eq!(order(parameter), gates);
        assert_eq!(parameter.fan_out, parameter.shape.axes()[1] / 4);
    }
    for parameter in packed.iter().filter(|p| p.role == Role::Bias) {
        assert_eq!(order(parameter), [gates, gates].concat());
    }
}

#[test]
fn a_head_count_of_three_is_not_taken_for_query_key_and_value() {
    let reshaped = |shape: &'static [i64]| {
        vec![
            Node::new("MatMul", &["x", "qkv"], &["packed"]),
            Node::new("Constant", &[], &["shape"])
                .with("value_ints", AttributeValue::Ints(shape.to_vec())),
            Node::new("Reshape", &["packed", "shape"], &["heads"]),
            Node::new("Gather", &["heads", "zero"], &["q"]).with("axis", AttributeValue::Int(2)),
            Node::new("Gather", &["heads", "zero"], &["k"]).with("axis", AttributeValue::Int(2)),
            Node::new("Gather", &["heads", "zero"], &["v"]).with("axis", AttributeValue::Int(2)),
            Node::new("MatMul", &["q", "k"], &["scores"]),
            Node::new("Softmax", &["scores"], &["chances"]),
            Node::new("MatMul", &["chances", "v"], &["y"]),
        ]
    };
    let weights: &[(&str, &[usize])] = &[("qkv", &[4, 36])];
    let side_by_side = roles(reshaped(&[2, 3, 3, 3, 4]), weights, &Overrides::default());
    assert!(named(&side_by_side, "qkv").parameter.packing.is_some());
    let by_head = roles(reshaped(&[2, 3, 4, 3, 3]), weights, &Overrides::default());
    let by_head = named(&by_head, "qkv");
    assert_eq!(by_head.parameter.packing, None);
    assert!(by_head.notes[0].contains("interleaved"), "{:?}", by_head.notes);
}

#[test]
fn a_projected_shortcut_is_no_end_of_its_branch() {
    let nodes = vec![
        Node::new("MatMul", &["x", "a"], &["first"]),
        Node::new("Relu", &["first"], &["active"]),
        Node::new("MatMul", &["active", "b"], &["second"]),
        Node::new("MatMul", &["x", "c"], &["shortcut"]),
        Node::new("Add", &["second", "shortcut"], &["y"]),
    ];
    let weights: &[(&str, &[usize])] = &[("a", &[4, 8]), ("b", &[8, 4]), ("c", &[4, 4])];
    let roles = roles(nodes, weights, &Overrides::default());
    let ends: Vec<bool> =
        roles.parameters.iter().map(|f| f.parameter.place.is_residual_output).collect();
    assert_eq!(ends, [false, true, false]);
    assert_eq!(named(&roles, "a").parameter.activation.as_deref(), Some("relu"));
    assert_eq!(named(&roles, "a").parameter.place.block, Some(Position { index: 0, count: 1 }));
}

#[test]
#[ignore = "needs a folder of models: FANIN_MODELS=folder"]
fn every_residual_branch_ends_in_one_matrix_in_every_variant() {
    let folder = std::env::var_os("FANIN_MODELS").expect("FANIN_MODELS names a folder");
    let models = [
        ("resnet18", 8),
        ("vit_tiny", 12),
        ("convnext_tiny", 18),
        ("gpt2", 6),
        ("bert", 6),
        ("llama", 4),
        ("unet", 0),
    ];
    for (name, expected) in models {
        for variant in ["", ".opt", ".legacy", ".train"] {
            let path = Path::new(&folder).join(format!("{name}{variant}.onnx"));
            let Ok(file) = OnnxFile::read(&path) else { continue };
            let roles = find(&file, &file.model().unwrap(), &Overrides::default()).unwrap();
            let ends = |found: &&Found| found.parameter.place.is_residual_output;
            assert_eq!(roles.parameters.iter().filter(ends).count(), expected, "{name}{variant}");
        }
    }
}

#[test]
fn a_damaged_file_is_searched_without_a_panic() {
    for name in ["sklearn_mlp_reg.onnx", "gat_scatter.legacy.onnx"] {
        let whole = OnnxFile::read(&data().join(name)).unwrap();
        for at in (0..whole.bytes.len()).step_by(3) {
            let mut file = whole.clone();
            file.bytes[at] ^= 1 << (at % 8);
            if let Ok(model) = file.model() {
                let _ = find(&file, &model, &Overrides::default());
            }
        }
    }
}
