//! Normalization over rows that is written out: deviations from a mean, over the root of their mean
//! square.

use crate::graph::{Graph, Node, Source, Wire};
use crate::ops::Structure;

/// One of x (B, C).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WrittenNorm {
    /// What is normalized.
    pub x: Wire,
    /// The result, before any gain.
    pub unit: Wire,
    /// What is added to the variance.
    pub(super) epsilon: f64,
}

/// All that a graph has.
pub fn written_norms(graph: &Graph) -> Vec<WrittenNorm> {
    graph.nodes().iter().filter_map(|node| written(graph, node)).collect()
}

/// The norm that ends in a node; none if none does.
pub(super) fn written(graph: &Graph, node: &Node) -> Option<WrittenNorm> {
    let &[deviation, scale] = &node.inputs[..] else { return None };
    let unit = *node.outputs.first()?;
    let is_product = node.operator.structure() == Structure::Product;
    let &[rows, columns] = graph.shape(unit).axes() else { return None };
    let is_whole = graph.shape(deviation) == graph.shape(unit);
    if !is_product || !is_whole || rows < 2 || graph.shape(scale).elements() != columns {
        return None;
    }
    let difference = source(graph, deviation)?;
    let &[x, mean] = &difference.inputs[..] else { return None };
    let is_difference = is_sum_of(difference, &[1.0, -1.0]) && sum_of(graph, mean)?.0 == x;
    let root = source(graph, scale).filter(|node| node.operator.name() == "reciprocal_sqrt")?;
    let (square, epsilon) = sum_of(graph, *root.inputs.first()?)?;
    let squared = source(graph, square)?;
    let &[own, other] = &squared.inputs[..] else { return None };
    // Mean square and result may each have a difference of their own.
    let is_same = source(graph, own)
        .is_some_and(|own| is_sum_of(own, &[1.0, -1.0]) && own.inputs == difference.inputs);
    let is_square = squared.operator.structure() == Structure::Product && own == other && is_same;
    (is_difference && is_square).then_some(WrittenNorm { x, unit, epsilon })
}

fn source(graph: &Graph, wire: Wire) -> Option<&Node> {
    match graph.source(wire) {
        Source::Node(index, 0) => Some(&graph.nodes()[index]),
        _ => None,
    }
}

fn is_sum_of(node: &Node, wanted: &[f64]) -> bool {
    matches!(node.operator.structure(), Structure::Sum { factors, .. } if factors == wanted)
}

/// What a wire is the sum of over rows, but for a factor and for what is added, and that.
fn sum_of(graph: &Graph, mut wire: Wire) -> Option<(Wire, f64)> {
    let mut added = 0.0;
    loop {
        let node = source(graph, wire)?;
        let &[x] = &node.inputs[..] else { return None };
        match node.operator.structure() {
            Structure::Sum { shift, .. } => added += shift,
            Structure::Moved => {}
            Structure::Summed => {
                let axes = graph.shape(x).axes();
                let over_rows =
                    axes.len() == 2 && graph.shape(node.outputs[0]).elements() == axes[1];
                return over_rows.then_some((x, added));
            }
            _ => return None,
        }
        wire = x;
    }
}
