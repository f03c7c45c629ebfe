//! The same elements under another shape.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_stored;
use super::{Entry, Operator, Sample, Structure};

/// The same elements in the same order under another shape.
#[derive(Clone, Debug)]
pub struct Reshape {
    shape: Shape,
}

pub const ENTRY: Entry = Entry {
    name: "reshape",
    about: "the same elements under another shape",
    samples: || vec![Sample::new(Reshape { shape: [6, 2].into() }, &[Type::float([3, 4])])],
};

impl Reshape {
    fn compute<T: Element, E: Stored<T>>(&self, io: &mut Io<'_, T>) {
        let (inputs, out) = io.parts::<E>();
        out.copy_from_slice(inputs.get(0));
    }
}

impl Operator for Reshape {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let elements = self.shape.checked_elements(ENTRY.name)?;
        match inputs {
            [x] if x.shape.elements() == elements => {
                Ok(vec![Type { kind: x.kind, shape: self.shape.clone() }])
            }
            _ => Err(misfit(ENTRY.name, inputs, format!("as many elements as {}", self.shape))),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let shape = backward.graph.shape(backward.inputs[0]).clone();
        Ok(vec![Some(backward.graph.reshape(d_out, shape)?)])
    }

    run_stored!();

    fn is_view(&self) -> bool {
        true
    }

    fn structure(&self) -> Structure {
        Structure::Moved
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        Some(vec![inputs.first()?.reshaped(&self.shape)])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

impl Graph {
    /// The elements of `x` under another shape; `x` itself if it has this shape already.
    ///
    /// # Errors
    /// If the number of elements differs.
    pub fn reshape(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        let shape = shape.into();
        if shape == *self.shape(x) {
            return Ok(x);
        }
        self.apply(Reshape { shape }, &[x])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_that_is_there_already_is_no_node() {
        let mut graph = Graph::new();
        let x = graph.input("x", Type::float([2, 6]));
        assert_eq!(graph.reshape(x, [2, 6]).unwrap(), x);
        assert_ne!(graph.reshape(x, [3, 4]).unwrap(), x);
        assert_eq!(graph.nodes().len(), 1);
    }
}
