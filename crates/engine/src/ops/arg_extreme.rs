//! Where along an axis the largest or smallest element stands.

use std::cmp::Ordering;

use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// Which of several equally extreme elements counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The first of them.
    First,
    /// The last of them.
    Last,
}

/// The position along an axis of the largest or smallest element.
#[derive(Clone, Copy, Debug)]
pub struct ArgExtreme {
    axis: usize,
    largest: bool,
    tie: Tie,
}

pub const ENTRY: Entry = Entry {
    name: "arg_extreme",
    about: "where along an axis the largest or smallest element stands",
    samples: || {
        let sample = |axis, largest, tie, x: Type| {
            Sample::new(ArgExtreme { axis, largest, tie }, &[x]).differentiable(&[])
        };
        vec![
            sample(0, true, Tie::First, Type::float([5])),
            sample(1, false, Tie::First, Type::float([2, 3, 4])),
            sample(1, true, Tie::Last, Type::integer([2, 7])),
            sample(0, false, Tie::Last, Type::integer([4, 3])),
        ]
    },
};

/// The order of numbers, NaN above all.
pub fn order<E: PartialOrd + Copy>(a: E, b: E) -> Ordering {
    let is_nan = |x: E| x.partial_cmp(&x).is_none();
    a.partial_cmp(&b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

impl ArgExtreme {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        match io.input_type(0).kind {
            Kind::Float => self.find::<T, T>(io),
            Kind::Integer => self.find::<T, i64>(io),
            Kind::Position => self.find::<T, i32>(io),
        }
    }

    fn find<T: Element, E: Stored<T>>(self, io: &mut Io<'_, T>) {
        let axes = io.input_shape(0).axes();
        let (size, inner) = (axes[self.axis], axes[self.axis + 1..].iter().product::<usize>());
        let (inputs, out) = io.parts::<i64>();
        let x = inputs.get::<E>(0);
        for_each_chunk(out, (ELEMENTWISE_CHUNK / size).max(1), &|start, piece| {
            for (index, out) in (start..).zip(piece) {
                let base = index / inner * size * inner + index % inner;
                let at = |position: usize| x[base + position * inner];
                let best = (1..size)
                    .fold(0, |best, next| if self.beats(at(next), at(best)) { next } else { best });
                *out = best as i64;
            }
        });
    }

    /// Whether a later element takes the place of the best so far; NaN beats every number.
    fn beats<E: PartialOrd + Copy>(self, next: E, best: E) -> bool {
        let ordering = match (self.largest, next.partial_cmp(&best)) {
            (true, Some(ordering)) => ordering,
            (false, Some(ordering)) => ordering.reverse(),
            (_, None) => order(next, best),
        };
        ordering == Ordering::Greater || (ordering == Ordering::Equal && self.tie == Tie::Last)
    }
}

impl Operator for ArgExtreme {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.shape.axes().get(self.axis).is_some_and(|&size| size > 0) => {
                let mut axes = x.shape.axes().to_vec();
                axes[self.axis] = 1;
                Ok(vec![Type::integer(axes)])
            }
            _ => {
                let expected = format!("one input with elements along axis {}", self.axis);
                Err(misfit(ENTRY.name, inputs, expected))
            }
        }
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![None])
    }

    run_generic!();
}

impl Graph {
    /// Where along `axis` the largest element stands, as integers; that axis keeps size 1. The
    /// first (or last) NaN counts as the largest.
    ///
    /// # Errors
    /// If there is no such axis, or it is empty.
    pub fn arg_max(&mut self, x: Wire, axis: usize, tie: Tie) -> Result<Wire> {
        self.apply(ArgExtreme { axis, largest: true, tie }, &[x])
    }

    /// Where along `axis` the smallest element stands, as integers; that axis keeps size 1. The
    /// first (or last) NaN counts as the smallest.
    ///
    /// # Errors
    /// If there is no such axis, or it is empty.
    pub fn arg_min(&mut self, x: Wire, axis: usize, tie: Tie) -> Result<Wire> {
        self.apply(ArgExtreme { axis, largest: false, tie }, &[x])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Array, compute};

    #[test]
    fn ties_and_nan_are_those_of_numpy() {
        let nan = f64::NAN;
        let rows = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [5.0, nan, 9.0], [nan, nan, 0.0]];
        let x = Array::float([4, 3], rows.concat()).unwrap();
        let got = compute(&[&x], 100, |g, w| {
            Ok(vec![
                g.arg_max(w[0], 1, Tie::First)?,
                g.arg_max(w[0], 1, Tie::Last)?,
                g.arg_min(w[0], 1, Tie::First)?,
                g.arg_min(w[0], 1, Tie::Last)?,
                g.arg_max(w[0], 0, Tie::First)?,
            ])
        });
        let got: Vec<_> = got.unwrap().iter().map(|a| a.integers().unwrap().to_vec()).collect();
        assert_eq!(got[..4], [[1, 0, 1, 0], [2, 2, 1, 1], [0, 0, 1, 0], [0, 2, 1, 1]]);
        assert_eq!(got[4], [3, 2, 2]);
    }
}
