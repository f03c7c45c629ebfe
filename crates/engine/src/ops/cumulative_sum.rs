//! Sums of all elements up to each position of an axis.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::operator::run_generic;
use super::span::for_each_row;
use super::{Entry, Operator, Sample};

/// Which elements of an axis are summed up at each position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Those from the position to the end, instead of from the start to the position.
    pub reverse: bool,
    /// Without the element at the position itself.
    pub exclusive: bool,
}

/// Sums of all elements up to each position of an axis.
#[derive(Clone, Copy, Debug)]
pub struct CumulativeSum {
    axis: usize,
    running: Running,
}

pub const ENTRY: Entry = Entry {
    name: "cumulative_sum",
    about: "sums of all elements up to each position of an axis",
    samples: || {
        let sample = |axis, reverse, exclusive, x: Type| {
            Sample::new(CumulativeSum { axis, running: Running { reverse, exclusive } }, &[x])
        };
        vec![
            sample(0, false, false, Type::float([5])),
            sample(1, true, false, Type::float([2, 3, 2])),
            sample(0, false, true, Type::float([4, 20])),
            sample(1, true, true, Type::float([2, 3])),
            sample(1, false, false, Type::integer([2, 3])),
        ]
    },
};

/// Neighbors that are summed side by side.
const COLUMNS: usize = 16;

impl CumulativeSum {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let axes = io.input_shape(0).axes();
        let extent = [axes[self.axis], axes[self.axis + 1..].iter().product::<usize>()];
        if io.input_type(0).kind == Kind::Integer {
            let (inputs, out) = io.parts::<i64>();
            self.scan(inputs.get(0), extent, out, 0, i64::wrapping_add, |sum| sum);
        } else {
            let ([x], out) = io.split([0]);
            self.scan(x, extent, out, 0.0, |sum, x: T| sum + x.to_f64(), T::from_f64);
        }
    }

    fn scan<X: Copy + Sync, A: Copy + Sync, O: Send>(
        self,
        x: &[X],
        [size, inner]: [usize; 2],
        out: &mut [O],
        start: A,
        step: impl Fn(A, X) -> A + Sync,
        finish: impl Fn(A) -> O + Sync,
    ) {
        let Running { reverse, exclusive } = self.running;
        for_each_row(out, size * inner, &|outer, out| {
            let x = &x[outer * size * inner..][..size * inner];
            for column in (0..inner).step_by(COLUMNS) {
                let width = COLUMNS.min(inner - column);
                let mut sums = [start; COLUMNS];
                for turn in 0..size {
                    let row = if reverse { size - 1 - turn } else { turn };
                    let at = row * inner + column;
                    let pairs = out[at..at + width].iter_mut().zip(&x[at..at + width]);
                    for (sum, (out, &x)) in sums.iter_mut().zip(pairs) {
                        let before = *sum;
                        *sum = step(before, x);
                        *out = finish(if exclusive { before } else { *sum });
                    }
                }
            }
        });
    }
}

impl Operator for CumulativeSum {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind != Kind::Position && self.axis < x.shape.rank() => Ok(vec![(*x).clone()]),
            _ => Err(misfit(ENTRY.name, inputs, format!("numbers with an axis {}", self.axis))),
        }
    }

    /// What a position adds to: the sums from the other side.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let running = Running { reverse: !self.running.reverse, ..self.running };
        Ok(vec![Some(backward.graph.cumulative_sum(d_out, self.axis, running)?)])
    }

    run_generic!();
}

impl Graph {
    /// Sums of all elements up to each position of `axis`, in f64 on the way; of integers,
    /// wrapping around.
    ///
    /// # Errors
    /// If there is no such axis.
    pub fn cumulative_sum(&mut self, x: Wire, axis: usize, running: Running) -> Result<Wire> {
        self.apply(CumulativeSum { axis, running }, &[x])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Array, compute};

    #[track_caller]
    fn check(x: &Array, axis: usize, [reverse, exclusive]: [bool; 2], expected: [i64; 6]) {
        let running = Running { reverse, exclusive };
        let got = compute(&[x], 9, |g, w| Ok(vec![g.cumulative_sum(w[0], axis, running)?]));
        assert_eq!(got.unwrap()[0].integers().unwrap(), expected);
    }

    #[test]
    fn sums_run_both_ways_with_and_without_the_element() {
        let x = Array::integer([2, 3], vec![1, 2, 3, 4, 5, 6]).unwrap();
        check(&x, 1, [false, false], [1, 3, 6, 4, 9, 15]);
        check(&x, 1, [false, true], [0, 1, 3, 0, 4, 9]);
        check(&x, 1, [true, false], [6, 5, 3, 15, 11, 6]);
        check(&x, 0, [true, true], [4, 5, 6, 0, 0, 0]);
    }
}
