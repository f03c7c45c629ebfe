//! Backpropagation as a function from a graph to a larger graph.
//!
//! Every operator builds its derivative out of operators, so the result is an ordinary graph:
//! it is planned and run like any other, and differentiating it again gives Hessian–vector
//! products.

use crate::error::Result;
use crate::graph::{Graph, Kind, Source, Wire};

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
        let node = graph.nodes()[index].clone();
        let output_gradients: Vec<_> = node.outputs.iter().map(|w| gradient[w.0]).collect();
        let wanted: Vec<bool> = node.inputs.iter().map(|w| active[w.0]).collect();
        if output_gradients.iter().all(Option::is_none) || !wanted.contains(&true) {
            continue;
        }
        let parts = node.operator.gradient(&mut Backward {
            graph,
            inputs: node.inputs.clone(),
            outputs: node.outputs,
            output_gradients,
            wanted,
        })?;
        for (&input, part) in node.inputs.iter().zip(parts) {
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
        Some(so_far) => graph.add(so_far, part)?,
        None => part,
    });
    Ok(())
}
