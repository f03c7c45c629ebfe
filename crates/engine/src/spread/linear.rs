//! Sums of tensors and of their own means: x − ⟨x⟩ is known where both come together again.
//!
//! A wire is followed as Σ c·⟨root⟩ over axes, through sums, differences, factors, and sums over
//! axes and their stretching.

use super::Spread;
use crate::graph::{Graph, Node, Source, Wire};
use crate::ops::Structure;

/// Terms that a sum is followed with at most.
const MOST_TERMS: usize = 8;

/// One term: the mean of a root over axes of the root, stretched again, times a number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub root: Wire,
    pub axes: Vec<usize>,
    pub factor: f64,
}

impl Term {
    fn times(self, factor: f64) -> Self {
        Self { factor: factor * self.factor, ..self }
    }
}

/// The output of a node as terms; none if it is no sum, or of too many.
pub(super) fn terms(
    graph: &Graph,
    node: &Node,
    known: impl Fn(Wire) -> Vec<Term>,
    mean: impl Fn(Wire) -> Option<f64>,
) -> Option<Vec<Term>> {
    let found = match (node.operator.structure(), &node.inputs[..]) {
        (Structure::Sum { factors, shift: 0.0 }, inputs) => {
            let scaled = |(&x, by)| known(x).into_iter().map(move |term| term.times(by));
            inputs.iter().zip(factors).flat_map(scaled).collect()
        }
        (Structure::Stretched, &[x]) => known(x),
        (Structure::Summed, &[x]) => {
            let (x, weight) = weighted(graph, x, mean).unwrap_or((x, 1.0));
            let (from, to) = (graph.shape(x).axes(), graph.shape(node.outputs[0]).axes());
            let missing = from.len() - to.len();
            let summed =
                |axis: &usize| from[*axis] != 1 && (*axis < missing || to[*axis - missing] == 1);
            let axes: Vec<usize> = (0..from.len()).filter(summed).collect();
            let count: f64 = axes.iter().map(|&axis| from[axis] as f64).product();
            let over = |term: Term| -> Option<Term> {
                let own = graph.shape(term.root).axes();
                let missing = from.len().checked_sub(own.len())?;
                let is_constant = |axis: &usize| *axis < missing || own[*axis - missing] == 1;
                let factor = term.factor * weight * count;
                if term.axes == axes || axes.iter().all(is_constant) {
                    return Some(Term { factor, ..term });
                }
                (own == from && term.axes.is_empty()).then(|| Term {
                    axes: axes.clone(),
                    factor,
                    ..term
                })
            };
            known(x).into_iter().map(over).collect::<Option<Vec<Term>>>()?
        }
        _ => return None,
    };
    let mut joined: Vec<Term> = Vec::new();
    for term in found {
        match joined.iter_mut().find(|own| own.root == term.root && own.axes == term.axes) {
            Some(own) => own.factor += term.factor,
            None => joined.push(term),
        }
    }
    joined.retain(|term| term.factor != 0.0);
    (joined.len() <= MOST_TERMS).then_some(joined)
}

/// A tensor times shares, whose sum over the last axis is a mean: the tensor, and
/// the weights' mean.
fn weighted(
    graph: &Graph,
    product: Wire,
    mean: impl Fn(Wire) -> Option<f64>,
) -> Option<(Wire, f64)> {
    let Source::Node(index, _) = graph.source(product) else { return None };
    let node = &graph.nodes()[index];
    let &[a, b] = &node.inputs[..] else { return None };
    let are_shares = |wire: Wire| match graph.source(wire) {
        Source::Node(index, 0) => graph.nodes()[index].operator.structure() == Structure::Shares,
        _ => false,
    };
    let (x, weights) = if are_shares(b) { (a, b) } else { (b, a) };
    let alike = graph.shape(x) == graph.shape(product);
    let is_product = node.operator.structure() == Structure::Product;
    (is_product && are_shares(weights) && alike).then(|| Some((x, mean(weights)?)))?
}

/// The spread of a sum in which a root meets its own mean; none if none does.
pub(super) fn spread(
    graph: &Graph,
    output: Wire,
    terms: &[Term],
    known: impl Fn(Wire) -> Option<Spread>,
) -> Option<Spread> {
    let meets = |term: &Term| {
        !term.axes.is_empty()
            && terms.iter().any(|own| own.root == term.root && own.axes.is_empty())
    };
    let shape = graph.shape(output);
    let misses = |term: &Term| !term.axes.is_empty() && graph.shape(term.root) != shape;
    if !terms.iter().any(meets) || terms.iter().any(misses) {
        return None;
    }
    let mut total: Option<Spread> = None;
    let mut done: Vec<Wire> = Vec::new();
    for term in terms {
        if done.contains(&term.root) {
            continue;
        }
        done.push(term.root);
        let own: Vec<&Term> = terms.iter().filter(|own| own.root == term.root).collect();
        let factor = |of_mean: bool| -> f64 {
            own.iter().filter(|t| t.axes.is_empty() != of_mean).map(|t| t.factor).sum()
        };
        let mut axes = own.iter().map(|t| &t.axes).filter(|axes| !axes.is_empty());
        let first: &[usize] = axes.next().map_or(&[], Vec::as_slice);
        if axes.any(|axes| axes != first) {
            return None;
        }
        let part = known(term.root)?.stretched(shape);
        let part = part.with_mean(first, factor(false), factor(true));
        total = Some(match total {
            Some(total) => total.plus(&part),
            None => part,
        });
    }
    total
}
