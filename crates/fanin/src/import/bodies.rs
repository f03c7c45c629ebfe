//! Branches and loops written into the graph around them, where parameters lie in them.
//!
//! Roles are told by who takes a parameter. For that a body's nodes stand once before its node's
//! outputs, whichever branch is taken and however often a loop goes round. What a loop carries from
//! round to round enters as an `Identity` of two inputs: what it begins with, and what the round before
//! made.

use crate::formats::onnx::{Attribute, Graph, Model, Node, Tensor};

use super::ops;

/// The model with the bodies of its nodes written in; none where no body has floating tensors.
pub(super) fn written_in<'a>(model: &Model<'a>) -> Option<Model<'a>> {
    let inner = initializers(&model.graph).len() > model.graph.initializers.len();
    inner.then(|| {
        let mut written = Graph { nodes: Vec::new(), ..model.graph.clone() };
        write(&model.graph, &mut written);
        Model { graph: written, ..model.clone() }
    })
}

/// Initializers of a graph and of those inside it that hold floating numbers, and all others of its
/// own.
pub(super) fn initializers<'g, 'a>(graph: &'g Graph<'a>) -> Vec<&'g Tensor<'a>> {
    let mut all: Vec<&Tensor<'a>> = graph.initializers.iter().collect();
    for inner in bodies(graph) {
        all.extend(initializers(inner).into_iter().filter(|t| t.element_type.is_float()));
    }
    all
}

fn bodies<'g, 'a>(graph: &'g Graph<'a>) -> impl Iterator<Item = &'g Graph<'a>> {
    graph.nodes.iter().flat_map(|node| &node.attributes).flat_map(Attribute::graphs)
}

fn write<'a>(graph: &Graph<'a>, into: &mut Graph<'a>) {
    for node in &graph.nodes {
        let Some(binds) = ops::find(node).and_then(|import| import.binds) else {
            into.nodes.push(node.clone());
            continue;
        };
        for body in node.attributes.iter().flat_map(Attribute::graphs) {
            let given = node.inputs.iter().skip(binds.input);
            let carried = carried(node, given.len());
            let mut made = body.outputs.iter().skip(binds.output).take(carried);
            for (outer, own) in given.zip(body.inputs.iter().skip(binds.input)) {
                let inputs: Vec<&str> =
                    std::iter::once(*outer).chain(made.next().map(|made| made.name)).collect();
                into.nodes.push(Node::new("Identity", &inputs, &[own.name]));
            }
            into.initializers.extend(body.initializers.iter().cloned());
            into.value_infos.extend(body.value_infos.iter().cloned());
            write(body, into);
            let made = body.outputs.iter().skip(binds.output);
            for (own, outer) in made.zip(&node.outputs) {
                into.nodes.push(Node::new("Identity", &[own.name], &[*outer]));
            }
        }
    }
}

/// How many of the values that a node gives a body are carried from round to round.
fn carried(node: &Node<'_>, given: usize) -> usize {
    match node.op_type {
        "Loop" => given,
        "Scan" => {
            let scanned = node.attribute("num_scan_inputs").and_then(Attribute::int);
            given.saturating_sub(scanned.and_then(|n| usize::try_from(n).ok()).unwrap_or(given))
        }
        _ => 0,
    }
}

/// Whether a node of a graph that is [`written_in`] takes what a round before made.
pub(super) fn is_carried(node: &Node<'_>) -> bool {
    node.op_type == "Identity" && node.inputs.len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::onnx::{
        AttributeValue, Changes, ElementType, Elements, OnnxFile, ValueInfo,
    };
    use crate::import::{FileNetwork, Options};
    use crate::init::Role;
    use crate::spec::{Architecture, Ground, Mode};

    /// x goes three times through the same weights, which stand in the loop's body.
    fn looped() -> OnnxFile {
        let weights: Vec<u8> = (0..16_u8).flat_map(|i| f32::from(i).sin().to_le_bytes()).collect();
        let rounds = 3_i64.to_le_bytes();
        let value = |name, kind, axes: &[usize]| ValueInfo::of(name, kind, axes);
        let body = Graph {
            name: "body",
            nodes: vec![
                Node::new("MatMul", &["h", "w"], &["z"]),
                Node::new("Relu", &["z"], &["next"]),
                Node::new("Identity", &["on"], &["goes_on"]),
            ],
            initializers: vec![Tensor::new("w", ElementType::F32, &[4, 4], &weights)],
            inputs: vec![
                value("round", ElementType::I64, &[]),
                value("on", ElementType::Bool, &[]),
                value("h", ElementType::F32, &[2, 4]),
            ],
            outputs: vec![
                value("goes_on", ElementType::Bool, &[]),
                value("next", ElementType::F32, &[2, 4]),
            ],
            ..Graph::default()
        };
        let loops = Node::new("Loop", &["rounds", "", "x"], &["y"]);
        let graph = Graph {
            nodes: vec![loops.with("body", AttributeValue::Graph(Box::new(body)))],
            initializers: vec![Tensor::new("rounds", ElementType::I64, &[], &rounds)],
            inputs: vec![value("x", ElementType::F32, &[2, 4])],
            outputs: vec![value("y", ElementType::F32, &[2, 4])],
            ..Graph::default()
        };
        OnnxFile { path: "loop.onnx".into(), bytes: Model::new(graph, 20).to_bytes() }
    }

    #[test]
    fn weights_inside_a_loop_are_one_parameter_with_its_role() {
        let network = FileNetwork::of(looped(), &Options::default()).unwrap();
        let parameters = network.parameters().unwrap();
        let told: Vec<_> = parameters.iter().map(|p| (&*p.name, p.role, p.fan_in)).collect();
        assert_eq!(told, [("w", Role::Weight, 4)]);
        assert_eq!(parameters[0].activation.as_deref(), Some("relu"));
        let body = network.build(Ground::new(4, 5, Mode::Train)).unwrap();
        let w = body.graph.parameters()[0];
        let uses = body.graph.nodes().iter().filter(|node| node.inputs.contains(&w)).count();
        assert_eq!(uses, 3);
    }

    #[test]
    fn a_layer_inside_a_loop_has_a_row_for_every_round() {
        let network = FileNetwork::of(looped(), &Options::default()).unwrap();
        let body = network.build(Ground::new(4, 5, Mode::Probe)).unwrap();
        let told: Vec<_> = body.layers.iter().map(|l| (&*l.module, l.weight)).collect();
        assert_eq!(
            told,
            [("w (round 1 of 3)", 0), ("w (round 2 of 3)", 0), ("w (round 3 of 3)", 0)]
        );
        for pair in body.layers.windows(2) {
            assert_eq!(pair[1].input, pair[0].activation);
            assert_eq!(pair[1].bend.as_ref().unwrap().input, pair[1].pre_activation);
        }
        let ends = body.layers[2].activation;
        assert_eq!(body.graph.shape(ends).axes(), [5, 4]);
    }

    #[test]
    fn weights_inside_a_loop_are_written_back() {
        let mut changes = Changes::default();
        changes.elements.insert("w".to_owned(), Elements::F32(vec![0.5; 16]));
        let bytes = looped().rewritten(&changes).unwrap();
        assert_eq!(bytes.len(), looped().bytes.len());
        let file = OnnxFile { path: "new.onnx".into(), bytes };
        let network = FileNetwork::of(file, &Options::default()).unwrap();
        assert_eq!(network.own_weights().get("w").unwrap().data(), [0.5; 16]);
    }
}
