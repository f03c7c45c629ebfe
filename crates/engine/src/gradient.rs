//! Backpropagation as a function from a graph to a larger graph.
//!
//! Every operator builds its derivative out of operators, so the result is an ordinary graph:
//! it is planned and run like any other, and differentiating it again gives Hessian–vector
//! products.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::{Graph, Kind, Node, Source, Wire};

/// What an operator needs in order to build its derivative.
#[derive(Debug)]
pub struct Backward<'a> {
    /// The graph to which nodes may be added.
    pub graph: &'a mut Graph,
    /// The inputs of the node that is differentiated.
    pub inputs: Vec<Wire>,
    /// The outputs of the node that is differentiated.
    pub outputs: Vec<Wire>,
    /// The gradient with respect to each output; `None` where nothing depends on it.
    pub output_gradients: Vec<Option<Wire>>,
    /// Which inputs' gradients somebody asks for.
    pub wanted: Vec<bool>,
}

impl Backward<'_> {
    /// The gradient with respect to the only output.
    ///
    /// # Panics
    /// If the node is asked for a derivative that nothing depends on.
    pub fn output_gradient(&self) -> Wire {
        self.output_gradients[0].expect("a node is visited only if its output has a gradient")
    }
}

/// Adds to `graph` the gradients of the sum of `of` with respect to each wire asked for.
///
/// The gradient of a wire on which `of` does not depend is a constant zero of its shape.
///
/// # Errors
/// If an operator on the way has no derivative.
pub fn gradients(graph: &mut Graph, of: Wire, with_respect_to: &[Wire]) -> Result<Vec<Wire>> {
    let ones = graph.constant(graph.shape(of).clone(), 1.0)?;
    pullback(graph, &[(of, ones)], with_respect_to)
}

/// Adds to `graph` the vector–Jacobian product: Σ seedᵀ · ∂wire/∂w for each w asked for.
///
/// `seeds` pairs wires with gradients of the same shape.
///
/// # Errors
/// If an operator on the way has no derivative.
pub fn pullback(
    graph: &mut Graph,
    seeds: &[(Wire, Wire)],
    with_respect_to: &[Wire],
) -> Result<Vec<Wire>> {
    let node_count = graph.nodes().len();
    let active = active_wires(graph, with_respect_to);
    let mut gradient: Vec<Option<Wire>> = vec![None; graph.wire_count()];
    for &(wire, seed) in seeds {
        accumulate(graph, &mut gradient[wire.0], seed)?;
    }
    for index in (0..node_count).rev() {
        let Node { operator, inputs, outputs } = &graph.nodes()[index];
        let is_reached = outputs.iter().any(|w| gradient[w.0].is_some());
        if !is_reached || inputs.iter().all(|w| !active[w.0]) {
            continue;
        }
        let operator = Arc::clone(operator);
        let mut backward = Backward {
            inputs: inputs.clone(),
            outputs: outputs.clone(),
            output_gradients: outputs.iter().map(|w| gradient[w.0]).collect(),
            wanted: inputs.iter().map(|w| active[w.0]).collect(),
            graph,
        };
        let parts = operator.gradient(&mut backward)?;
        let inputs = backward.inputs;
        for (input, part) in inputs.into_iter().zip(parts) {
            if let Some(part) = part.filter(|_| active[input.0]) {
                accumulate(graph, &mut gradient[input.0], part)?;
            }
        }
    }
    with_respect_to
        .iter()
        .map(|&wire| match gradient[wire.0] {
            Some(gradient) => Ok(gradient),
            None => graph.constant(graph.shape(wire).clone(), 0.0),
        })
        .collect()
}

/// Which wires depend on any of those asked for.
fn active_wires(graph: &Graph, with_respect_to: &[Wire]) -> Vec<bool> {
    let mut active = vec![false; graph.wire_count()];
    for wire in with_respect_to {
        active[wire.0] = true;
    }
    for node in graph.nodes() {
        if node.inputs.iter().any(|w| active[w.0]) {
            for output in &node.outputs {
                let float = graph.type_of(*output).kind == Kind::Float;
                active[output.0] |= float && matches!(graph.source(*output), Source::Node(..));
            }
        }
    }
    active
}

fn accumulate(graph: &mut Graph, total: &mut Option<Wire>, part: Wire) -> Result<()> {
    *total = Some(match *total {
        Some(so_far) => sum(graph, so_far, part)?,
        None => part,
    });
    Ok(())
}

/// a + b, in one node with the node of a summand that allows it.
fn sum(graph: &mut Graph, a: Wire, b: Wire) -> Result<Wire> {
    for (sum, summand) in [(a, b), (b, a)] {
        if let Source::Node(node, 0) = graph.source(summand) {
            let node = &graph.nodes()[node];
            if let Some((operator, inputs)) = node.operator.adding_to(sum, &node.inputs) {
                return Ok(graph.apply_shared(operator, &inputs)?[0]);
            }
        }
    }
    graph.add(a, b)
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn the_gradient_of_a_table_that_is_also_a_factor_is_summed_in_one_buffer() {
        let table = Array::float([4, 2], (0..8).map(f64::from).collect()).unwrap();
        let indices = Array::integer([3], vec![2, 0, 2]).unwrap();
        let got = compute(&[&table, &indices], 1000, |g, w| {
            let rows = g.gather(w[0], w[1])?;
            let logits = g.matmul_transposed(rows, w[0])?;
            let loss = g.sum_to(logits, [])?;
            let gradient = gradients(g, loss, &[w[0]])?[0];
            let adds = g.nodes().iter().filter(|node| node.operator.name() == "add").count();
            assert_eq!(adds, 0);
            Ok(vec![gradient])
        });
        // Σ of rows 2, 0, 2 in every row, and Σ of all rows as often as a row is read.
        let expected = [8.0 + 12.0, 11.0 + 16.0, 8.0, 11.0, 8.0 + 24.0, 11.0 + 32.0, 8.0, 11.0];
        assert_eq!(got.unwrap()[0].floats().unwrap(), expected);
    }
}
