//! One of two tensors, element by element, as a condition says.

use fanin_kernels::strided;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};
use crate::spread::Spread;

use super::broadcast::{common_shape, stretched, stretched_axes};
use super::operator::run_stored;
use super::{Entry, Operator, Sample};

/// a where the condition is not 0, else b; all three stretched to a common shape.
#[derive(Clone, Copy, Debug)]
pub struct Choose;

/// Numbers below it stand for minus infinity, as in masks of attention.
const MASKED: f64 = -1e4;

pub const ENTRY: Entry = Entry {
    name: "choose",
    about: "a where a condition holds, else b",
    samples: || {
        let sample = |condition: &[usize], a: &[usize], b: &[usize]| {
            let types = [Type::integer(condition), Type::float(a), Type::float(b)];
            Sample::new(Choose, &types).integers(&[0, 1, 1, 0, 1])
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

    fn is_pointwise(&self) -> bool {
        true
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[condition, a, b] = inputs else { return None };
        let shape = common_shape(&condition.shape(), &common_shape(&a.shape(), &b.shape())?)?;
        let (a, b) = (a.stretched(&shape), b.stretched(&shape));
        let is_masked = |x: &Spread| x.variance() == 0.0 && x.mean() < MASKED;
        if is_masked(&a) {
            return Some(vec![b]);
        }
        if is_masked(&b) {
            return Some(vec![a]);
        }
        // Of conditions of 0 and 1 the mean tells how many are 1, and how often two are equal how many
        // are 1 together; of others half are taken to hold, as if at random.
        let is_known = condition.mean() > 0.0 && condition.mean() < 1.0;
        let share = if is_known { condition.mean() } else { 0.5 };
        let condition = condition.stretched(&shape).with_whole_axes();
        let (a, b) = (a.with_whole_axes(), b.with_whole_axes());
        let mean = share * a.mean() + (1.0 - share) * b.mean();
        Some(vec![Spread::from_products(&shape, mean, |differs| {
            let unequal = if !differs.contains(&true) {
                0.0
            } else if is_known {
                (1.0 - condition.at(differs)).min(2.0 * share.min(1.0 - share))
            } else {
                2.0 * share * (1.0 - share)
            };
            let of_a = (share - 0.5 * unequal) * a.at(differs);
            let of_b = (1.0 - share - 0.5 * unequal) * b.at(differs);
            of_a + of_b + unequal * a.mean() * b.mean()
        })])
    }
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

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};

    #[test]
    fn any_number_but_0_chooses_the_first() {
        let condition = Array::integer([4], vec![0, 1, -2, 7]).unwrap();
        let [a, b] = [3.0, 5.0].map(|x| Array::float([], vec![x]).unwrap());
        let got = compute(&[&condition, &a, &b], 100, |g, w| Ok(vec![g.choose(w[0], w[1], w[2])?]));
        assert_eq!(got.unwrap()[0].floats().unwrap(), [5.0, 3.0, 3.0, 3.0]);
    }
}
