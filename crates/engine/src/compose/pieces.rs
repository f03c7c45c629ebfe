//! Small pieces of element-wise choice and of data movement.

use crate::error::Result;
use crate::evaluate::Array;
use crate::graph::{Graph, Kind, Wire};
use crate::ops::{Addressing, IntegerFunction, IntegerOperation, Relation, check_count};

/// How a tensor goes on beyond its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// Mirrored at the last element, which is not repeated: c b | a b c | b a.
    Reflect,
    /// The last element again and again: a a | a b c | c c.
    Edge,
    /// From the other end: b c | a b c | a b.
    Wrap,
}

impl Graph {
    /// 1 where x is NaN, else 0.
    ///
    /// # Errors
    /// None that a wire of this graph can cause.
    pub fn is_nan(&mut self, x: Wire) -> Result<Wire> {
        self.compare(Relation::NotEqual, x, x)
    }

    /// 1 where x is one of the values, else 0; for `f64::INFINITY` and its negative.
    ///
    /// # Errors
    /// If `x` holds integers.
    pub fn is_any_of(&mut self, x: Wire, values: &[f64]) -> Result<Wire> {
        let mut found = self.integer(0)?;
        for &value in values {
            let value = self.constant([], value)?;
            let equal = self.compare(Relation::Equal, x, value)?;
            found = self.integer_binary(IntegerOperation::Or, found, equal)?;
        }
        let shape = self.shape(x).clone();
        self.broadcast_to(found, shape)
    }

    /// The larger of two of one kind; NaN if either is. Of equal ones b, gradient included.
    ///
    /// # Errors
    /// If the kinds differ or the shapes do not stretch to fit each other.
    pub fn larger(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        self.extreme(Relation::Greater, a, b)
    }

    /// The smaller of two of one kind; NaN if either is. Of equal ones b, gradient included.
    ///
    /// # Errors
    /// If the kinds differ or the shapes do not stretch to fit each other.
    pub fn smaller(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        self.extreme(Relation::Less, a, b)
    }

    fn extreme(&mut self, relation: Relation, a: Wire, b: Wire) -> Result<Wire> {
        let mut first = self.compare(relation, a, b)?;
        if self.type_of(a).kind == Kind::Float {
            let nan = self.is_nan(a)?;
            first = self.integer_binary(IntegerOperation::Or, first, nan)?;
        }
        self.choose(first, a, b)
    }

    /// x repeated so many times along each axis.
    ///
    /// # Errors
    /// If there are not as many numbers as axes, or the axes become too many or too long.
    pub fn tile(&mut self, x: Wire, repeats: &[usize]) -> Result<Wire> {
        let mut x = x;
        let place = self.type_of(x).clone();
        let misfit = || crate::graph::misfit("tile", &[&place], format!("axes for {repeats:?}"));
        if repeats.len() != self.shape(x).rank() {
            return Err(misfit());
        }
        for (axis, &repeat) in repeats.iter().enumerate().filter(|(_, repeat)| **repeat != 1) {
            let mut axes = self.shape(x).axes().to_vec();
            let mut long = axes.clone();
            long[axis] = axes[axis].checked_mul(repeat).ok_or_else(misfit)?;
            axes.insert(axis, 1);
            let column = self.reshape(x, axes.clone())?;
            axes[axis] = repeat;
            let copies = self.broadcast_to(column, axes)?;
            x = self.reshape(copies, long)?;
        }
        Ok(x)
    }

    /// 1 where the new last axis stands at the index, else 0: shape (indices…, depth). Negative
    /// indices count from the end.
    ///
    /// # Errors
    /// If `indices` do not hold integers.
    pub fn one_hot(&mut self, indices: Wire, depth: usize) -> Result<Wire> {
        let (size, zero) = (self.integer(depth as i64)?, self.integer(0)?);
        let negative = self.compare(Relation::Less, indices, zero)?;
        let wrapped = self.integer_binary(IntegerOperation::Add, indices, size)?;
        let index = self.choose(negative, wrapped, indices)?;
        let mut column = self.shape(index).axes().to_vec();
        column.push(1);
        let index = self.reshape(index, column)?;
        let positions = self.counting(depth)?;
        self.compare(Relation::Equal, index, positions)
    }

    /// x where row + `diagonal` ≥ column over the last two axes, else 0: the lower triangle.
    ///
    /// # Errors
    /// If `x` has fewer than two axes.
    pub fn lower_triangle(&mut self, x: Wire, diagonal: i64) -> Result<Wire> {
        self.triangle(Relation::GreaterOrEqual, x, diagonal)
    }

    /// x where row + `diagonal` ≤ column over the last two axes, else 0: the upper triangle.
    ///
    /// # Errors
    /// If `x` has fewer than two axes.
    pub fn upper_triangle(&mut self, x: Wire, diagonal: i64) -> Result<Wire> {
        self.triangle(Relation::LessOrEqual, x, diagonal)
    }

    fn triangle(&mut self, relation: Relation, x: Wire, diagonal: i64) -> Result<Wire> {
        let [.., rows, columns] = *self.shape(x).axes() else {
            return Err(crate::graph::misfit("triangle", &[self.type_of(x)], "two axes or more"));
        };
        let row = self.counting(rows)?;
        let diagonal = self.integer(diagonal)?;
        let row = self.integer_binary(IntegerOperation::Add, row, diagonal)?;
        let row = self.reshape(row, [rows, 1])?;
        let column = self.counting(columns)?;
        let inside = self.compare(relation, row, column)?;
        let zero = match self.type_of(x).kind {
            Kind::Float => self.constant([], 0.0)?,
            Kind::Integer | Kind::Position => self.integer(0)?,
        };
        self.choose(inside, x, zero)
    }

    /// x continued by `before` and `after` elements along an axis.
    ///
    /// # Errors
    /// If there is no such axis, or it is empty while elements are asked for.
    pub fn continued(
        &mut self,
        x: Wire,
        axis: usize,
        (before, after): (usize, usize),
        way: Continuation,
    ) -> Result<Wire> {
        let size = self.shape(x).axes().get(axis).copied().unwrap_or(0) as i64;
        check_count(before.saturating_add(after).saturating_add(size as usize))?;
        let source = |at: i64| match way {
            Continuation::Edge => at.clamp(0, (size - 1).max(0)),
            Continuation::Wrap => at.rem_euclid(size.max(1)),
            Continuation::Reflect => {
                let period = (2 * (size - 1)).max(1);
                let folded = at.rem_euclid(period);
                folded.min(period - folded)
            }
        };
        let sources: Vec<i64> = (-(before as i64)..size + after as i64).map(source).collect();
        let indices = self.literal(Array::integer([sources.len()], sources)?)?;
        self.gather_by(Addressing::Along(axis), x, indices)
    }

    /// 1 for 0, else 0.
    ///
    /// # Errors
    /// If `x` does not hold integers.
    pub fn not(&mut self, x: Wire) -> Result<Wire> {
        self.integer_unary(IntegerFunction::Not, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::compute;

    #[track_caller]
    fn check(x: &Array, build: impl Fn(&mut Graph, Wire) -> Result<Wire>, expected: &Array) {
        let got = compute(&[x], 1000, |graph, wires| Ok(vec![build(graph, wires[0])?])).unwrap();
        assert_eq!(got, std::slice::from_ref(expected));
    }

    fn integers(shape: &[usize], data: &[i64]) -> Array {
        Array::integer(shape, data.to_vec()).unwrap()
    }

    #[test]
    fn pieces_equal_numpy() {
        let x = integers(&[1, 3], &[1, 2, 3]);
        check(&x, |g, x| g.tile(x, &[2, 2]), &integers(&[2, 6], &[1, 2, 3, 1, 2, 3].repeat(2)));
        check(&x, |g, x| g.tile(x, &[0, 2]), &integers(&[0, 6], &[]));
        let hot = integers(&[1, 3, 3], &[0, 1, 0, 0, 0, 1, 0, 0, 0]);
        check(&x, |g, x| g.one_hot(x, 3), &hot);
        let last = integers(&[1], &[-1]);
        check(&last, |g, x| g.one_hot(x, 2), &integers(&[1, 2], &[0, 1]));
        for (way, expected) in [
            (Continuation::Reflect, [3, 2, 1, 2, 3, 2]),
            (Continuation::Edge, [1, 1, 1, 2, 3, 3]),
            (Continuation::Wrap, [2, 3, 1, 2, 3, 1]),
        ] {
            check(&x, |g, x| g.continued(x, 1, (2, 1), way), &integers(&[1, 6], &expected));
        }
        let square = integers(&[2, 2], &[1, 2, 3, 4]);
        check(&square, |g, x| g.lower_triangle(x, 0), &integers(&[2, 2], &[1, 0, 3, 4]));
        check(&square, |g, x| g.upper_triangle(x, 1), &integers(&[2, 2], &[0, 2, 0, 0]));
    }

    #[test]
    fn extremes_keep_nan() {
        let x = Array::float([3], vec![1.0, f64::NAN, -3.0]).unwrap();
        let both = |g: &mut Graph, x: Wire| {
            let zero = g.constant([], 0.0)?;
            let (a, b) = (g.larger(x, zero)?, g.larger(zero, x)?);
            let (a, b) = (g.is_nan(a)?, g.is_nan(b)?);
            g.concat(&[a, b], 0)
        };
        check(&x, both, &integers(&[6], &[0, 1, 0, 0, 1, 0]));
    }

    #[test]
    fn hostile_repeats_are_refused() {
        let mut graph = Graph::new();
        let x = graph.input("x", crate::Type::float([2, 0]));
        assert!(graph.tile(x, &[usize::MAX, 1]).is_err());
        assert!(graph.tile(x, &[1 << 62, 1 << 62]).is_err());
        assert!(graph.tile(x, &[1]).is_err());
    }
}
