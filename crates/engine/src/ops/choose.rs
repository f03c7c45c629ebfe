//! One of two tensors, element by element, as a condition says.

use fanin_kernels::strided;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};

use super::broadcast::{stretched, stretched_axes};
use super::operator::run_stored;
use super::{Entry, Operator, Sample};

/// a where the condition is not 0, else b; all three stretched to a common shape.
#[derive(Clone, Copy, Debug)]
pub struct Choose;

pub const ENTRY: Entry = Entry {
    name: "choose",
    about: "a where a condition holds, else b",
    samples: || {
        let sample = |condition: &[usize], a: &[usize], b: &[usize]| {
            let types = [Type::integer(condition), Type::float(a), Type::float(b)];
            Sample::new(Choose, &types).integers(&[0, 1, 1, 0, -2])
        };
        vec![
            sample(&[3, 4], &[3, 4], &[3, 4]),
            sample(&[3, 4], &[3, 4], &[]),
            sample(&[2, 1, 4], &[], &[2, 3, 4]),
            sample(&[4], &[2, 3, 1], &[3, 4]),
            Sample::new(Choose, &[Type::integer([2]), Type::integer([2]), Type::integer([2])]),
        ]
    },
};

impl Choose {
    fn compute<T: Element, E: Stored<T>>(self, io: &mut Io<'_, T>) {
        let shape = io.output_shape(0);
        let (inputs, out) = io.parts::<E>();
        let axes = stretched_axes(shape, [0, 1, 2].map(|input| inputs.shape(input)));
        let condition = inputs.get::<i64>(0);
        strided::choose(condition, inputs.get::<E>(1), inputs.get::<E>(2), &axes, out);
    }
}

impl Operator for Choose {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [condition, a, b] if condition.kind == Kind::Integer && a.kind == b.kind => {
                Ok(vec![Type { kind: a.kind, shape: stretched(ENTRY.name, inputs)? }])
            }
            _ => Err(misfit(ENTRY.name, inputs, "integers and two inputs of one kind")),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let [condition, a, b] = [0, 1, 2].map(|input| backward.inputs[input]);
        let wanted = backward.wanted.clone();
        let graph = &mut *backward.graph;
        let zero = graph.constant([], 0.0)?;
        let d_a = if wanted[1] {
            let part = graph.choose(condition, d_out, zero)?;
            Some(graph.sum_to_shape_of(part, a)?)
        } else {
            None
        };
        let d_b = if wanted[2] {
            let part = graph.choose(condition, zero, d_out)?;
            Some(graph.sum_to_shape_of(part, b)?)
        } else {
            None
        };
        Ok(vec![None, d_a, d_b])
    }

    run_stored!();
}

impl Graph {
    /// `a` where `condition` is not 0, else `b`; all three stretched to a common shape.
    ///
    /// # Errors
    /// If the condition is not of integers, `a` and `b` differ in kind, or the shapes do not
    /// stretch to fit each other.
    pub fn choose(&mut self, condition: Wire, a: Wire, b: Wire) -> Result<Wire> {
        self.apply(Choose, &[condition, a, b])
    }
}
