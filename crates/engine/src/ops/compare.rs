//! Which of two tensors is larger, or whether they are equal, element by element.

use fanin_kernels::strided;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire};
use crate::run::{Element, Io, Stored};

use super::broadcast::{infer_pair, stretched_axes};
use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// A relation between two numbers; none but [`Relation::NotEqual`] holds for NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// a = b.
    Equal,
    /// a ≠ b.
    NotEqual,
    /// a < b.
    Less,
    /// a ≤ b.
    LessOrEqual,
    /// a > b.
    Greater,
    /// a ≥ b.
    GreaterOrEqual,
}

/// 1 where a relation holds, else 0, as integers.
#[derive(Clone, Copy, Debug)]
pub struct Compare {
    relation: Relation,
}

pub const ENTRY: Entry = Entry {
    name: "compare",
    about: "1 where a relation holds between a and b, else 0",
    samples: || {
        use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let relations = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
        let kinds = relations.map(|relation| {
            let operator = Compare { relation };
            [
                Sample::new(operator, &[Type::float([3, 4]), Type::float([4])]).differentiable(&[]),
                Sample::new(operator, &[Type::integer([2, 1]), Type::integer([3])]),
            ]
        });
        kinds.into_iter().flatten().collect()
    },
};

impl Compare {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        match io.input_type(0).kind {
            Kind::Float => self.compare::<T, T>(io),
            Kind::Integer => self.compare::<T, i64>(io),
            Kind::Position => self.compare::<T, i32>(io),
        }
    }

    fn compare<T: Element, E: Stored<T>>(self, io: &mut Io<'_, T>) {
        let axes = stretched_axes(io.output_shape(0), [io.input_shape(0), io.input_shape(1)]);
        let (inputs, out) = io.parts::<i64>();
        let (a, b) = (inputs.get::<E>(0), inputs.get::<E>(1));
        match self.relation {
            Relation::Equal => strided::zip(a, b, &axes, out, |a, b| i64::from(a == b)),
            Relation::NotEqual => strided::zip(a, b, &axes, out, |a, b| i64::from(a != b)),
            Relation::Less => strided::zip(a, b, &axes, out, |a, b| i64::from(a < b)),
            Relation::LessOrEqual => strided::zip(a, b, &axes, out, |a, b| i64::from(a <= b)),
            Relation::Greater => strided::zip(a, b, &axes, out, |a, b| i64::from(a > b)),
            Relation::GreaterOrEqual => strided::zip(a, b, &axes, out, |a, b| i64::from(a >= b)),
        }
    }
}

impl Operator for Compare {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let types = infer_pair(ENTRY.name, inputs)?;
        Ok(types.into_iter().map(|t| Type::integer(t.shape)).collect())
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![None, None])
    }

    run_generic!();

    fn is_pointwise(&self) -> bool {
        true
    }
}

impl Graph {
    /// 1 where `a` and `b`, of one kind and stretched to a common shape, are in this relation,
    /// else 0.
    ///
    /// # Errors
    /// If the kinds differ or the shapes do not stretch to fit each other.
    pub fn compare(&mut self, relation: Relation, a: Wire, b: Wire) -> Result<Wire> {
        self.apply(Compare { relation }, &[a, b])
    }

    /// 1 where `x`, of any kind, is not 0, else 0; NaN counts as not 0.
    ///
    /// # Errors
    /// None that a wire of this graph can cause.
    pub fn truth(&mut self, x: Wire) -> Result<Wire> {
        let x = if self.type_of(x).is_float() { x } else { self.to_integer(x)? };
        let zero = self.zero_like(x)?;
        self.compare(Relation::NotEqual, x, zero)
    }
}
