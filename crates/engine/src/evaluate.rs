//! Operators applied to arrays at once, without a graph that lasts: constant folding.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Type, Wire};
use crate::ops::Operator;
use crate::plan::Plan;
use crate::tensor::Shape;

/// A shape and its elements of either kind, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Shape,
    elements: Elements,
}

/// The elements of an [`Array`].
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Floating-point numbers.
    Float(Vec<f64>),
    /// Integers; 0 and 1 for what is false or true.
    Integer(Vec<i64>),
}

impl Array {
    /// An array of floating-point numbers.
    ///
    /// # Errors
    /// If the number of elements is not that of the shape, or no machine holds them.
    pub fn float(shape: impl Into<Shape>, data: Vec<f64>) -> Result<Self> {
        Self::new(shape.into(), data.len(), Elements::Float(data))
    }

    /// An array of integers.
    ///
    /// # Errors
    /// If the number of elements is not that of the shape, or no machine holds them.
    pub fn integer(shape: impl Into<Shape>, data: Vec<i64>) -> Result<Self> {
        Self::new(shape.into(), data.len(), Elements::Integer(data))
    }

    fn new(shape: Shape, count: usize, elements: Elements) -> Result<Self> {
        if shape.checked_elements("array")? != count {
            return Err(Error::Shape {
                place: "array".to_owned(),
                found: format!("{count} elements"),
                expected: format!("{} for shape {shape}", shape.elements()),
            });
        }
        Ok(Self { shape, elements })
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The elements in row-major order.
    pub fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Kind and shape, as a wire that holds this array has them.
    pub fn r#type(&self) -> Type {
        let kind = match self.elements {
            Elements::Float(_) => Kind::Float,
            Elements::Integer(_) => Kind::Integer,
        };
        Type { kind, shape: self.shape.clone() }
    }

    /// The elements, if they are floating-point numbers.
    pub fn floats(&self) -> Option<&[f64]> {
        match &self.elements {
            Elements::Float(data) => Some(data),
            Elements::Integer(_) => None,
        }
    }

    /// The elements, if they are integers.
    pub fn integers(&self) -> Option<&[i64]> {
        match &self.elements {
            Elements::Integer(data) => Some(data),
            Elements::Float(_) => None,
        }
    }
}

/// The outputs of one operator for these inputs, computed in f64.
///
/// `limit` bounds the number of elements of every output, before any is allocated.
///
/// # Errors
/// If the operator does not take inputs of these types, or an output exceeds the limit.
pub fn evaluate(
    operator: Arc<dyn Operator>,
    inputs: &[&Array],
    limit: usize,
) -> Result<Vec<Array>> {
    compute(inputs, limit, |graph, wires| graph.apply_shared(operator, wires))
}

/// What a few operators make of these inputs, computed in f64.
///
/// `build` gets a graph and one wire for each input, and names the wires to compute. `limit`
/// bounds the number of elements of every wire that it adds, before any is allocated.
///
/// ```
/// use fanin_engine::{Array, evaluate};
/// let x = Array::float([3], vec![1.0, 2.0, 6.0])?;
/// let mean = evaluate::compute(&[&x], 100, |graph, wires| Ok(vec![graph.mean_to(wires[0], [])?]))?;
/// assert_eq!(mean[0].floats(), Some(&[3.0][..]));
/// # Ok::<(), fanin_engine::Error>(())
/// ```
///
/// # Errors
/// What `build` gives back, or if a wire exceeds the limit.
pub fn compute(
    inputs: &[&Array],
    limit: usize,
    build: impl FnOnce(&mut Graph, &[Wire]) -> Result<Vec<Wire>>,
) -> Result<Vec<Array>> {
    let mut graph = Graph::new();
    let name = |index: usize| format!("input {index}");
    let wires: Vec<Wire> =
        inputs.iter().enumerate().map(|(i, x)| graph.input(&name(i), x.r#type())).collect();
    let keep = build(&mut graph, &wires)?;
    for &output in graph.nodes().iter().flat_map(|node| &node.outputs) {
        let shape = graph.shape(output);
        if shape.elements() > limit {
            let found = shape.elements().to_string();
            return Err(Error::TooLarge { place: graph.name(output), found, limit });
        }
    }
    let plan = Plan::new(&graph, &keep)?;
    let mut workspace = plan.workspace::<f64>();
    for (index, input) in inputs.iter().enumerate() {
        match &input.elements {
            Elements::Float(data) => workspace.feed(index).copy_from_slice(data),
            Elements::Integer(data) => workspace.feed_integers(index).copy_from_slice(data),
        }
    }
    plan.run(&[], &mut workspace);
    let read = |(index, &wire): (usize, &Wire)| Array {
        shape: graph.shape(wire).clone(),
        elements: match graph.type_of(wire).kind {
            Kind::Float => Elements::Float(workspace.read(index).to_vec()),
            Kind::Integer => Elements::Integer(workspace.read_integers(index).to_vec()),
            Kind::Position => {
                let positions = workspace.read_positions(index).iter();
                Elements::Integer(positions.map(|&position| position.into()).collect())
            }
        },
    };
    Ok(keep.iter().enumerate().map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_before_anything_is_allocated() {
        let x = Array::float([1], vec![2.0]).unwrap();
        let huge = |limit| compute(&[&x], limit, |g, w| Ok(vec![g.broadcast_to(w[0], [1 << 39])?]));
        let error = huge(1000).unwrap_err().to_string();
        assert_eq!(error, "broadcast_to #0: 549755813888 elements are more than the limit of 1000");
    }

    #[test]
    fn arrays_have_as_many_elements_as_their_shape_says() {
        assert!(Array::float([2, 2], vec![0.0; 3]).is_err());
        assert!(Array::integer([usize::MAX, 2], vec![]).is_err());
        assert_eq!(Array::integer([], vec![7]).unwrap().integers(), Some(&[7][..]));
    }

    #[test]
    fn an_input_itself_can_be_asked_for() {
        let x = Array::integer([2], vec![4, 5]).unwrap();
        let same = compute(&[&x], 9, |_, wires| Ok(wires.to_vec())).unwrap();
        assert_eq!(same, [x]);
    }
}
