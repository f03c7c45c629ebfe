//! The order of nodes, and graphs that have none.

use super::*;
use samples::{MODELS, model_file, small};

fn values<'a>(names: &[&'a str]) -> Vec<ValueInfo<'a>> {
    names.iter().map(|name| ValueInfo::of(name, ElementType::F32, &[1])).collect()
}

fn graph<'a>(nodes: &[(&'a str, &[&'a str], &[&'a str])]) -> Graph<'a> {
    let node =
        |(op, inputs, outputs): &(&'a str, &[&'a str], &[&'a str])| Node::new(op, inputs, outputs);
    let nodes = nodes.iter().map(node).collect();
    Graph { nodes, inputs: values(&["x"]), outputs: values(&["y"]), ..Graph::default() }
}

fn order(graph: Graph<'_>) -> Result<Vec<usize>> {
    let file = model_file(&Model::new(graph, 20).to_bytes());
    file.order(&file.model().unwrap())
}

#[track_caller]
fn check(graph: Graph<'_>, expected: &str) {
    let error = order(graph).unwrap_err().to_string();
    assert!(error.starts_with("model.onnx: byte ") && error.contains(expected), "{error}");
}

#[test]
fn nodes_of_real_models_keep_their_order() {
    let small = small();
    for (name, bytes) in MODELS.into_iter().chain([("small", &small[..])]) {
        let file = model_file(bytes);
        let model = file.model().unwrap();
        let order = file.order(&model).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(order.into_iter().eq(0..model.graph.nodes.len()), "{name}");
    }
}

#[test]
fn nodes_in_any_order_are_sorted() {
    let nodes: [(&str, &[&str], &[&str]); 3] =
        [("Neg", &["b"], &["y"]), ("Exp", &["a"], &["b"]), ("Abs", &["x"], &["a"])];
    assert_eq!(order(graph(&nodes)).unwrap(), [2, 1, 0]);
}

#[test]
fn names_that_nothing_makes_are_told_with_their_user() {
    check(graph(&[("Neg", &["z"], &["y"])]), "graph.node[0] (Neg): found \"z\", which nothing");
    check(graph(&[("Neg", &["x"], &["z"])]), "graph.output[0]: found \"y\", which nothing makes");
    let inner = graph(&[("Exp", &["hidden"], &["y"])]);
    let inner = Graph { inputs: Vec::new(), ..inner };
    let mut outer = graph(&[("If", &["x"], &["y"])]);
    let branch = AttributeValue::Graph(Box::new(inner));
    outer.nodes[0] = outer.nodes[0].clone().with("then_branch", branch);
    check(outer, "graph.node[0] (If).then_branch.node[0] (Exp): found \"hidden\"");
}

#[test]
fn cycles_are_told_with_all_their_nodes() {
    let nodes: [(&str, &[&str], &[&str]); 3] =
        [("Add", &["x", "b"], &["a"]), ("Exp", &["a"], &["b"]), ("Neg", &["b"], &["y"])];
    let expected = "found a node that needs its own output: graph.node[0] (Add) ← graph.node[1] \
                    (Exp) ← graph.node[0] (Add)";
    check(graph(&nodes), expected);
    check(graph(&[("Neg", &["y"], &["y"])]), "node that needs its own output");
}

#[test]
fn values_made_twice_are_told() {
    let nodes: [(&str, &[&str], &[&str]); 2] = [("Neg", &["x"], &["y"]), ("Exp", &["x"], &["y"])];
    check(
        graph(&nodes),
        "graph.node[1] (Exp): found output \"y\", which graph.node[0] (Neg) makes",
    );
    check(graph(&[("Neg", &["x"], &["x"])]), "which an input or initializer makes too");
    let twice = Tensor::new("w", ElementType::F32, &[0], &[]);
    let mut doubled = graph(&[("Neg", &["x"], &["y"])]);
    doubled.initializers = vec![twice.clone(), twice];
    check(doubled, "found a second initializer \"w\"");
    let mut doubled = graph(&[("Neg", &["x"], &["y"])]);
    doubled.inputs.push(doubled.inputs[0].clone());
    check(doubled, "found a second input \"x\"");
}

#[test]
fn functions_that_call_themselves_are_told() {
    let function = |name, calls| Function {
        name,
        domain: "own",
        inputs: vec!["a"],
        outputs: vec!["b"],
        nodes: vec![Node { domain: "own", ..Node::new(calls, &["a"], &["b"]) }],
        ..Function::default()
    };
    let mut model = Model::new(graph(&[("Neg", &["x"], &["y"])]), 20);
    model.functions = vec![function("f", "g"), function("g", "f")];
    let file = model_file(&model.to_bytes());
    let error = file.order(&file.model().unwrap()).unwrap_err().to_string();
    assert!(error.contains("found a function that calls itself: f → g → f"), "{error}");
    model.functions = vec![function("f", "g"), function("g", "Neg")];
    let file = model_file(&model.to_bytes());
    assert!(file.order(&file.model().unwrap()).is_ok());
}

#[test]
fn long_chains_are_sorted_without_deep_recursion() {
    let names: Vec<String> = (0..=50_000).map(|index| format!("v{index}")).collect();
    let nodes = names.windows(2).rev().map(|pair| Node::new("Neg", &[&pair[0]], &[&pair[1]]));
    let graph = Graph { nodes: nodes.collect(), inputs: values(&["v0"]), ..Graph::default() };
    assert_eq!(order(graph).unwrap()[0], 49_999);
}
