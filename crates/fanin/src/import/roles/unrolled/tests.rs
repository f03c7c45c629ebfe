//! Cells over three steps, and networks that only share their weights.

use std::path::Path;

use super::super::tests::{leaked, named, roles};
use super::super::{Overrides, Roles, search};
use crate::formats::onnx::{AttributeValue, ElementType, Graph, Node, OnnxFile, Tensor, ValueInfo};
use crate::init::Component::{
    self, Candidate, ForgetGate, InputGate, OutputGate, ResetGate, UpdateGate,
};
use crate::init::Role;

const STEPS: [&str; 3] = ["1", "2", "3"];

/// A value's name at a step.
fn at(name: &str, step: &str) -> &'static str {
    leaked(&[name, step])
}

fn cut(value: &'static str, parts: &[&'static str]) -> Node<'static> {
    Node::new("Split", &[value], parts).with("axis", AttributeValue::Int(2))
}

/// h = φ(x·w + b + h·u), the first step from nothing.
fn plain(activation: &'static str) -> Vec<Node<'static>> {
    let mut nodes = Vec::new();
    let mut state = None;
    for step in STEPS {
        nodes.push(Node::new("MatMul", &["x", "w"], &[at("product", step)]));
        nodes.push(Node::new("Add", &[at("product", step), "b"], &[at("given", step)]));
        let mut sum = at("given", step);
        if let Some(state) = state {
            nodes.push(Node::new("MatMul", &[state, "u"], &[at("moved", step)]));
            nodes.push(Node::new("Add", &[sum, at("moved", step)], &[at("z", step)]));
            sum = at("z", step);
        }
        let new = if step == "3" { "y" } else { at("h", step) };
        nodes.push(Node::new(activation, &[sum], &[new]));
        state = Some(new);
    }
    nodes
}

fn lstm() -> Vec<Node<'static>> {
    let mut nodes = Vec::new();
    let mut last: Option<(&str, &str)> = None;
    for step in STEPS {
        let v = |name| at(name, step);
        nodes.push(Node::new("MatMul", &["x", "w"], &[v("given")]));
        let mut sum = v("given");
        if let Some((hidden, _)) = last {
            nodes.push(Node::new("MatMul", &[hidden, "u"], &[v("moved")]));
            nodes.push(Node::new("Add", &[sum, v("moved")], &[v("z")]));
            sum = v("z");
        }
        nodes.push(cut(sum, &["i", "f", "g", "o"].map(v)));
        for gate in ["i", "f", "o"] {
            nodes.push(Node::new("Sigmoid", &[v(gate)], &[at("s", v(gate))]));
        }
        nodes.push(Node::new("Tanh", &[v("g")], &[v("tg")]));
        nodes.push(Node::new("Mul", &[v("si"), v("tg")], &[v("new")]));
        let mut cell = v("new");
        if let Some((_, old)) = last {
            nodes.push(Node::new("Mul", &[v("sf"), old], &[v("kept")]));
            nodes.push(Node::new("Add", &[v("kept"), cell], &[v("c")]));
            cell = v("c");
        }
        nodes.push(Node::new("Tanh", &[cell], &[v("tc")]));
        let hidden = if step == "3" { "y" } else { v("h") };
        nodes.push(Node::new("Mul", &[v("so"), v("tc")], &[hidden]));
        last = Some((hidden, cell));
    }
    nodes
}

fn gru() -> Vec<Node<'static>> {
    let mut nodes = vec![Node::new("Relu", &["x"], &["h0"])];
    let mut hidden = "h0";
    for step in STEPS {
        let v = |name| at(name, step);
        nodes.push(Node::new("MatMul", &["x", "w"], &[v("given")]));
        nodes.push(Node::new("MatMul", &[hidden, "u"], &[v("moved")]));
        nodes.push(cut(v("given"), &["ir", "iz", "in"].map(v)));
        nodes.push(cut(v("moved"), &["hr", "hz", "hn"].map(v)));
        for gate in ["r", "z"] {
            let [given, moved] = ["i", "h"].map(|side| leaked(&[side, gate, step]));
            nodes.push(Node::new("Add", &[given, moved], &[v(gate)]));
            nodes.push(Node::new("Sigmoid", &[v(gate)], &[at("s", v(gate))]));
        }
        nodes.push(Node::new("Mul", &[v("sr"), v("hn")], &[v("past")]));
        nodes.push(Node::new("Add", &[v("in"), v("past")], &[v("n")]));
        nodes.push(Node::new("Tanh", &[v("n")], &[v("fresh")]));
        nodes.push(Node::new("Sub", &[hidden, v("fresh")], &[v("change")]));
        nodes.push(Node::new("Mul", &[v("sz"), v("change")], &[v("part")]));
        let new = if step == "3" { "y" } else { v("h") };
        nodes.push(Node::new("Add", &[v("fresh"), v("part")], &[new]));
        hidden = new;
    }
    nodes
}

/// The gates that lie in a parameter, in order.
fn gates(roles: &Roles, name: &str) -> Vec<Component> {
    let packing = named(roles, name).parameter.packing.clone();
    packing.map_or_else(Vec::new, |own| own.parts.iter().map(|(gate, _)| *gate).collect())
}

#[test]
fn a_matrix_of_a_state_that_came_from_it_is_recurrent() {
    let weights: &[(&str, &[usize])] = &[("w", &[4, 4]), ("u", &[4, 4]), ("b", &[4])];
    for (operator, name) in [("Tanh", "tanh"), ("Relu", "relu")] {
        let roles = roles(plain(operator), weights, &Overrides::default());
        let told = ["w", "u", "b"].map(|name| &named(&roles, name).parameter);
        assert_eq!(told.map(|own| own.role), [Role::Weight, Role::Recurrent, Role::Bias]);
        assert!(told.iter().all(|own| own.place.module == "u"), "{told:?}");
        assert_eq!(told[1].activation.as_deref(), Some(name));
        assert_eq!((told[1].fan_in, told[1].fan_out), (4, 4));
    }
}

#[test]
fn gates_that_are_cut_apart_are_told_by_what_becomes_of_them() {
    let all = |count: usize| [("w", [4, 4 * count]), ("u", [4, 4 * count])];
    let found = |nodes, shapes: &[(&str, [usize; 2]); 2]| {
        let weights = shapes.each_ref().map(|(name, shape)| (*name, &shape[..]));
        roles(nodes, &weights, &Overrides::default())
    };
    let lstm = found(lstm(), &all(4));
    let gru = found(gru(), &all(3));
    for name in ["w", "u"] {
        assert_eq!(gates(&lstm, name), [InputGate, ForgetGate, Candidate, OutputGate]);
        assert_eq!(gates(&gru, name), [ResetGate, UpdateGate, Candidate]);
    }
    for roles in [&lstm, &gru] {
        let state = &named(roles, "u").parameter;
        assert_eq!((state.role, state.fan_in, state.fan_out), (Role::Recurrent, 4, 4));
    }
}

#[test]
fn layers_that_share_their_weights_over_depth_are_not_recurrent() {
    let mut nodes = Vec::new();
    let mut stream = "x";
    for step in STEPS {
        let next = if step == "3" { "y" } else { at("stream", step) };
        nodes.push(Node::new("MatMul", &[stream, "u"], &[at("up", step)]));
        nodes.push(Node::new("Tanh", &[at("up", step)], &[at("active", step)]));
        nodes.push(Node::new("MatMul", &[at("active", step), "v"], &[at("down", step)]));
        nodes.push(Node::new("Add", &[stream, at("down", step)], &[next]));
        stream = next;
    }
    let weights: &[(&str, &[usize])] = &[("u", &[4, 4]), ("v", &[4, 4])];
    let roles = roles(nodes, weights, &Overrides::default());
    for name in ["u", "v"] {
        assert_eq!(named(&roles, name).parameter.role, Role::Weight, "{name}");
    }
}

/// `torch.nn.RNN` as `torch.onnx.export(…, dynamo=True)` writes it.
#[test]
fn a_cell_that_torch_wrote_out_is_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/code/tied_cell.onnx");
    let file = OnnxFile::read(&path).unwrap();
    let roles = search(&file, &file.model().unwrap(), &Overrides::default());
    let told = ["val_13", "val_27", "rnn.bias_ih_l0", "rnn.bias_hh_l0", "val_33"];
    let told = told.map(|name| &named(&roles, name).parameter);
    let expected = [Role::Weight, Role::Recurrent, Role::Bias, Role::Bias, Role::Weight];
    assert_eq!(told.map(|own| own.role), expected);
    assert!(told[..4].iter().all(|own| own.place.module == told[0].place.module), "{told:?}");
    assert_ne!(told[4].place.module, told[0].place.module);
    assert_eq!(told[1].activation.as_deref(), Some("tanh"));
}

/// h = tanh(x·w + b + h·u) in the body of a loop, as TensorFlow's exporter writes it.
#[test]
fn a_state_that_a_loop_carries_is_recurrent() {
    let bytes = [0.5_f32, 0.25, 0.125, 1.0].map(f32::to_le_bytes).concat();
    let value = |name, kind, axes: &[usize]| ValueInfo::of(name, kind, axes);
    let body = Graph {
        name: "body",
        nodes: vec![
            Node::new("MatMul", &["x", "w"], &["product"]),
            Node::new("Add", &["product", "b"], &["given"]),
            Node::new("MatMul", &["h", "u"], &["moved"]),
            Node::new("Add", &["given", "moved"], &["z"]),
            Node::new("Tanh", &["z"], &["next"]),
            Node::new("Identity", &["on"], &["goes_on"]),
        ],
        initializers: vec![Tensor::new("b", ElementType::F32, &[4], &bytes)],
        inputs: vec![
            value("round", ElementType::I64, &[]),
            value("on", ElementType::Bool, &[]),
            value("h", ElementType::F32, &[2, 3, 4]),
        ],
        outputs: vec![
            value("goes_on", ElementType::Bool, &[]),
            value("next", ElementType::F32, &[2, 3, 4]),
        ],
        ..Graph::default()
    };
    let loops = Node::new("Loop", &["rounds", "", "start"], &["y"]);
    let nodes = vec![loops.with("body", AttributeValue::Graph(Box::new(body)))];
    let weights: &[(&str, &[usize])] =
        &[("w", &[4, 4]), ("u", &[4, 4]), ("start", &[2, 3, 4]), ("rounds", &[])];
    let roles = roles(nodes, weights, &Overrides::default());
    let told = ["w", "u", "b"].map(|name| &named(&roles, name).parameter);
    assert_eq!(told.map(|own| own.role), [Role::Weight, Role::Recurrent, Role::Bias]);
    assert!(told.iter().all(|own| own.place.module == "u"), "{told:?}");
}

/// Each of two biases would say by itself what a gated cell remembers.
#[test]
fn one_bias_of_a_gated_cell_is_its_own() {
    let mut nodes = lstm();
    for node in &mut nodes {
        if node.op_type == "MatMul" {
            let bias = if node.inputs[1] == "w" { "b" } else { "c" };
            (node.op_type, node.inputs) = ("Gemm", [&node.inputs[..], &[bias]].concat());
        }
    }
    let weights: &[(&str, &[usize])] =
        &[("w", &[4, 16]), ("u", &[4, 16]), ("b", &[16]), ("c", &[16])];
    let roles = roles(nodes, weights, &Overrides::default());
    assert_eq!(gates(&roles, "b"), [InputGate, ForgetGate, Candidate, OutputGate]);
    assert!(gates(&roles, "c").is_empty());
    let module = |name: &str| named(&roles, name).parameter.place.module.clone();
    assert_eq!((module("b"), module("c")), ("u".to_owned(), String::new()));
}
