//! What of a network in a file can be computed where some of its operators are not read.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::Result;
use crate::formats::onnx::{Attribute, Function, Model as File, Node, OnnxFile, ValueInfo};
use crate::init::Parameter;
use crate::spec::{Architecture, Ground, Mode, Model};
use crate::weights::Weights;

use super::imported::Place;
use super::needs::{chosen, needed, used};
use super::network::FileNetwork;
use super::{Options, identities, joined, ops, roles};

/// Values that are tried as the end of what is computed, those that need most nodes first.
const TRIED: usize = 8;
/// Operators that a sentence names at most.
const NAMED: usize = 12;

/// What is known of the network in a file where some of its operators are not read.
#[derive(Debug)]
pub struct Upstream {
    /// The network up to a value that needs none of these operators, the one behind most nodes; none
    /// where no layer comes before them.
    pub model: Option<Model>,
    /// All weights of the file, also those of layers behind, by the names of its initializers.
    pub weights: Weights,
    /// What schemes see of each of them.
    pub parameters: Vec<Parameter>,
    /// What was left out, one sentence each.
    pub skipped: Vec<String>,
}

/// What is known of the network in the file at `path` where some of its operators are not read; none
/// where all that its output needs are.
///
/// # Errors
/// If the file cannot be read, or `options` name what it does not have.
///
/// ```no_run
/// use fanin::import::{Options, upstream};
/// if let Some(part) = upstream("model.onnx".as_ref(), &Options::default())? {
///     println!("{}", part.skipped.join("\n"));
/// }
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn upstream(path: &Path, options: &Options) -> Result<Option<Upstream>> {
    let file = Arc::new(OnnxFile::read(path)?);
    let decoded = file.model()?;
    let decoded = identities::restored(&decoded).unwrap_or(decoded);
    let mut options = options.clone();
    if options.outputs.is_empty() {
        let first = decoded.graph.outputs.iter().find(|output| is_float(output));
        options.outputs.extend(first.map(|output| output.name.to_owned()));
    }
    let outputs = chosen(&decoded.graph, &options)?;
    let cut = Cut::of(&decoded, &outputs);
    if cut.unread.is_empty() {
        return Ok(None);
    }
    options.overrides.check(&decoded)?;
    let decoded = joined::joined(&file, &decoded).unwrap_or(decoded);
    let found = roles::search(&file, &decoded, &options.overrides).parameters;
    let (mut weights, mut parameters) = (Weights::default(), Vec::new());
    for tensor in &decoded.graph.initializers {
        let Some(own) = found.iter().find(|found| found.initializer == tensor.name) else {
            continue;
        };
        let Some(data) = file.elements(tensor)?.to_f32() else { continue };
        let values = fanin_engine::Tensor::new(tensor.dims.clone(), data)?;
        weights.tensors.push((tensor.name.to_owned(), values));
        parameters.push(Parameter { name: tensor.name.to_owned(), ..own.parameter.clone() });
    }
    let is_layer = |name: &&str| {
        found.iter().any(|own| own.initializer == **name && own.parameter.role.is_matrix())
    };
    let is_part = cut.weights.iter().any(is_layer);
    let mut skipped = vec![cut.sentence()];
    let model = cut.ends.iter().take(TRIED).find_map(|end| {
        let options = Options { outputs: vec![(*end).to_owned()], ..options.clone() };
        let network = FileNetwork::shared(&file, &options).ok().filter(has_layers)?;
        skipped.push(format!(
            "the network was run up to `{end}`: the loss, gradients and steps need all of it and were \
             not judged"
        ));
        Some(Model::graph(network.marked_as_part(is_part)))
    });
    if model.is_none() {
        skipped.push("no layer that could be run comes before: nothing was run".to_owned());
    }
    Ok(Some(Upstream { model, weights, parameters, skipped }))
}

fn is_float(port: &ValueInfo<'_>) -> bool {
    port.tensor().is_none_or(|(element, _)| element.is_float())
}

fn has_layers(network: &FileNetwork) -> bool {
    let body = network.build(Ground::new(network.inputs(), 1, Mode::Probe));
    body.is_ok_and(|body| !body.layers.is_empty())
}

/// Where a model ends that is computed as far as it can be.
struct Cut<'a> {
    /// Nodes that are not read.
    unread: Vec<Place>,
    /// Further nodes, which need the result of one of them.
    behind: usize,
    /// Values that the nodes left out take from the others, those behind most nodes first.
    ends: Vec<&'a str>,
    /// Initializers that the nodes left out take, also through nodes that need nothing else.
    weights: HashSet<&'a str>,
}

impl<'a> Cut<'a> {
    fn of(model: &File<'a>, outputs: &[&'a str]) -> Self {
        let graph = &model.graph;
        let mut unknown: HashSet<&str> = HashSet::new();
        let (mut unread, mut behind) = (Vec::new(), 0);
        let (mut made, mut taken) = (HashSet::new(), Vec::new());
        let mut fixed: HashMap<&str, Vec<&str>> =
            graph.initializers.iter().map(|tensor| (tensor.name, vec![tensor.name])).collect();
        let nodes = needed(graph, outputs);
        for node in &nodes {
            let mut uses = Vec::new();
            used(node, &mut uses);
            let is_unread = !is_read(model, node, &mut HashSet::new());
            if is_unread || uses.iter().any(|name| unknown.contains(name)) {
                if is_unread {
                    unread.push(Place::of(node, 0));
                } else {
                    behind += 1;
                }
                unknown.extend(node.outputs.iter().filter(|name| !name.is_empty()));
                taken.extend(uses);
            } else {
                made.extend(node.outputs.iter().copied());
                let sources: Option<Vec<_>> = uses.iter().map(|name| fixed.get(name)).collect();
                if let Some(sources) = sources {
                    let mut sources: Vec<&str> = sources.into_iter().flatten().copied().collect();
                    // Each once: what a node takes twice would double from node to node.
                    sources.sort_unstable();
                    sources.dedup();
                    fixed.extend(node.outputs.iter().map(|name| (*name, sources.clone())));
                }
            }
        }
        let weights = taken.iter().filter_map(|name| fixed.get(name)).flatten().copied().collect();
        let mut told = HashSet::new();
        taken.retain(|name| made.contains(name) && told.insert(*name));
        let mut ends: Vec<(usize, &str)> =
            node_counts(&nodes, &taken).into_iter().zip(taken).collect();
        ends.sort_by_key(|(nodes, _)| std::cmp::Reverse(*nodes));
        let ends = ends.into_iter().map(|(_, name)| name).collect();
        Self { unread, behind, ends, weights }
    }

    fn sentence(&self) -> String {
        let mut names: Vec<String> = self.unread.iter().take(NAMED).map(Place::to_string).collect();
        if self.unread.len() > NAMED {
            names.push(format!("and {} more", self.unread.len() - NAMED));
        }
        let behind = match self.behind {
            0 => String::new(),
            1 => "; with them 1 node that needs their results was left out".to_owned(),
            nodes => format!("; with them {nodes} nodes that need their results were left out"),
        };
        format!("operators that fanin does not read: {}{behind}", names.join(", "))
    }
}

/// How many of `nodes`, which stand in the order of the data, each of `ends` needs.
fn node_counts<'a>(nodes: &[&Node<'a>], ends: &[&'a str]) -> Vec<usize> {
    /// Ends that one number holds, a bit each.
    const BITS: usize = u64::BITS as usize;
    let none = vec![0_u64; ends.len().div_ceil(BITS)];
    let mut needed_by: HashMap<&str, Vec<u64>> = HashMap::new();
    for (index, &end) in ends.iter().enumerate() {
        needed_by.entry(end).or_insert_with(|| none.clone())[index / BITS] |= 1 << (index % BITS);
    }
    let mut counts = vec![0; ends.len()];
    for node in nodes.iter().rev() {
        let mut own = none.clone();
        for output in &node.outputs {
            let others = needed_by.remove(output);
            own.iter_mut().zip(others.iter().flatten()).for_each(|(own, other)| *own |= other);
        }
        if own == none {
            continue;
        }
        for (index, count) in counts.iter_mut().enumerate() {
            *count += usize::from((own[index / BITS] >> (index % BITS)) & 1 == 1);
        }
        let mut uses = Vec::new();
        used(node, &mut uses);
        for name in uses {
            let others = needed_by.entry(name).or_insert_with(|| none.clone());
            others.iter_mut().zip(&own).for_each(|(other, own)| *other |= own);
        }
    }
    counts
}

/// Whether a node's operator is read, and those of the function and the bodies in it.
fn is_read<'a>(model: &File<'a>, node: &Node<'a>, seen: &mut HashSet<usize>) -> bool {
    let is_own = |f: &Function<'a>| {
        ops::domain(f.domain) == ops::domain(node.domain)
            && f.name == node.op_type
            && f.overload == node.overload
    };
    match model.functions.iter().position(is_own) {
        Some(index) if !seen.insert(index) => return true,
        Some(index) => {
            return model.functions[index].nodes.iter().all(|own| is_read(model, own, seen));
        }
        None => {}
    }
    let bodies = node.attributes.iter().flat_map(Attribute::graphs);
    ops::find(node).is_some()
        && bodies.flat_map(|body| &body.nodes).all(|own| is_read(model, own, seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::onnx::{ElementType, Tensor};

    /// x through two layers of width 4 with an operator of this name behind the first one's relu.
    fn file(operator: &str, is_first: bool) -> Vec<u8> {
        let bytes: Vec<u8> = (0..16_u8).flat_map(|i| f32::from(i).sin().to_le_bytes()).collect();
        let value = |name| ValueInfo::of(name, ElementType::F32, &[2, 4]);
        let weight = |name| Tensor::new(name, ElementType::F32, &[4, 4], &bytes);
        let (enters, ends) = if is_first { ("o", "h") } else { ("x", "o") };
        let odd = Node::new(operator, &[if is_first { "x" } else { "h" }], &["o"]);
        let layer = vec![
            Node::new("MatMul", &[enters, "0.weight"], &["z"]),
            Node::new("Relu", &["z"], &["h"]),
        ];
        let last = Node::new("MatMul", &[ends, "2.weight"], &["y"]);
        let nodes = if is_first {
            [vec![odd], layer, vec![last]].concat()
        } else {
            [layer, vec![odd, last]].concat()
        };
        let graph = crate::formats::onnx::Graph {
            nodes,
            initializers: vec![weight("0.weight"), weight("2.weight")],
            inputs: vec![value("x")],
            outputs: vec![value("y")],
            ..Default::default()
        };
        File::new(graph, 20).to_bytes()
    }

    fn found(operator: &str, is_first: bool) -> Option<Upstream> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, file(operator, is_first)).unwrap();
        upstream(&path, &Options::default()).unwrap()
    }

    #[test]
    fn what_comes_before_an_unread_operator_is_a_network() {
        let part = found("Frobnicate", false).unwrap();
        let model = part.model.unwrap();
        assert_eq!((model.inputs(), model.outputs()), (4, 4));
        assert!(model.architecture().is_part(), "a layer comes behind");
        let names: Vec<&str> = part.weights.tensors.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["0.weight", "2.weight"], "weights behind it are kept too");
        assert_eq!(part.parameters.len(), 2);
        let sentence = "operators that fanin does not read: node \"o\" (Frobnicate); with them 1 node \
                        that needs their results was left out";
        assert_eq!(part.skipped[0], sentence);
        assert!(part.skipped[1].starts_with("the network was run up to `h`"), "{:?}", part.skipped);
    }

    #[test]
    fn before_the_first_layer_there_is_nothing_to_run() {
        let part = found("Frobnicate", true).unwrap();
        assert!(part.model.is_none());
        assert_eq!(part.weights.tensors.len(), 2);
        assert!(part.skipped[0].contains("with them 3 nodes"), "{:?}", part.skipped);
        assert!(part.skipped[1].contains("nothing was run"), "{:?}", part.skipped);
    }

    #[test]
    fn an_end_is_known_by_all_nodes_that_it_needs() {
        let value = |name| ValueInfo::of(name, ElementType::F32, &[2, 4]);
        let nodes = vec![
            Node::new("Relu", &["x"], &["short"]),
            Node::new("Relu", &["x"], &["a"]),
            Node::new("Add", &["a", "short"], &["b"]),
            Node::new("Add", &["a", "b"], &["long"]),
            Node::new("Transpose", &["1.weight"], &["turned"]),
            Node::new("Frobnicate", &["short", "long", "turned"], &["y"]),
        ];
        let bytes = [0; 64];
        let graph = crate::formats::onnx::Graph {
            nodes,
            initializers: vec![Tensor::new("1.weight", ElementType::F32, &[4, 4], &bytes)],
            inputs: vec![value("x")],
            outputs: vec![value("y")],
            ..Default::default()
        };
        let file = File::new(graph, 20);
        let cut = Cut::of(&file, &["y"]);
        assert_eq!(cut.ends, ["long", "short", "turned"]);
        assert_eq!(cut.weights, HashSet::from(["1.weight"]));
        let ends = ["short", "long", "b", "turned"];
        let all: Vec<&Node<'_>> = file.graph.nodes.iter().collect();
        assert_eq!(node_counts(&all, &ends), ends.map(|end| needed(&file.graph, &[end]).len()));
        assert_eq!(node_counts(&all, &ends), [1, 4, 3, 1]);
        let many = ["long"; 70];
        assert_eq!(node_counts(&all, &many), [4; 70], "more ends than a number has bits");
    }

    #[test]
    fn what_is_read_whole_has_no_such_part() {
        assert!(found("Tanh", false).is_none());
    }
}
