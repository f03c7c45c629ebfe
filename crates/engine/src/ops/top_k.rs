//! Where along an axis the largest or smallest few elements stand, best first.

use std::cmp::Ordering;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};

use super::addressing::Addressing;
use super::arg_extreme::order;
use super::operator::run_generic;
use super::span::for_each_row;
use super::{Entry, Operator, Sample};

/// The positions of the best few elements along an axis: best first, of equal ones the first;
/// NaN counts as larger than every number.
#[derive(Clone, Copy, Debug)]
pub struct TopK {
    axis: usize,
    count: usize,
    largest: bool,
}

pub const ENTRY: Entry = Entry {
    name: "top_k",
    about: "where along an axis the best few elements stand",
    samples: || {
        let sample = |axis, count, largest, x: Type| {
            Sample::new(TopK { axis, count, largest }, &[x]).differentiable(&[])
        };
        vec![
            sample(0, 3, true, Type::float([5])),
            sample(1, 2, false, Type::float([2, 3, 4])),
            sample(1, 7, true, Type::integer([2, 7])).integers(&[3, 1, 3, -2]),
            sample(0, 0, true, Type::float([4, 3])),
        ]
    },
};

impl TopK {
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
        for_each_row(out, self.count * inner, &|outer, piece| {
            for column in 0..inner {
                let base = outer * size * inner + column;
                let worse = |a: i64, b: i64| {
                    let at = |position: i64| x[base + position as usize * inner];
                    let by_value = order(at(a), at(b));
                    let by_value = if self.largest { by_value } else { by_value.reverse() };
                    by_value.then(b.cmp(&a)) == Ordering::Less
                };
                let mut kept = Heap { places: piece, start: column, step: inner };
                kept.select(self.count, size, &worse);
            }
        });
    }
}

/// Positions of which each is worse than the two below it: a heap that lies strided in a slice.
struct Heap<'a> {
    places: &'a mut [i64],
    start: usize,
    step: usize,
}

impl Heap<'_> {
    fn get(&self, node: usize) -> i64 {
        self.places[self.start + node * self.step]
    }

    fn set(&mut self, node: usize, position: i64) {
        self.places[self.start + node * self.step] = position;
    }

    /// Leaves the best `count` of the positions below `size`, best first.
    fn select(&mut self, count: usize, size: usize, worse: &impl Fn(i64, i64) -> bool) {
        if count == 0 {
            return;
        }
        (0..count).for_each(|node| self.set(node, node as i64));
        (0..count / 2).rev().for_each(|node| self.sink(node, count, worse));
        for position in count as i64..size as i64 {
            if worse(self.get(0), position) {
                self.set(0, position);
                self.sink(0, count, worse);
            }
        }
        for end in (1..count).rev() {
            let (worst, last) = (self.get(0), self.get(end));
            self.set(0, last);
            self.set(end, worst);
            self.sink(0, end, worse);
        }
    }

    /// Moves a node down past those that are worse.
    fn sink(&mut self, node: usize, count: usize, worse: &impl Fn(i64, i64) -> bool) {
        let (mut node, position) = (node, self.get(node));
        loop {
            let mut child = 2 * node + 1;
            if child + 1 < count && worse(self.get(child + 1), self.get(child)) {
                child += 1;
            }
            if child >= count || !worse(self.get(child), position) {
                self.set(node, position);
                return;
            }
            self.set(node, self.get(child));
            node = child;
        }
    }
}

impl Operator for TopK {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.shape.axes().get(self.axis).is_some_and(|&size| size >= self.count) => {
                let mut axes = x.shape.axes().to_vec();
                axes[self.axis] = self.count;
                Ok(vec![Type::integer(axes)])
            }
            _ => {
                let expected = format!("{} elements along axis {}", self.count, self.axis);
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
    /// The `count` largest (or smallest) elements along `axis`, best first, and where they stand;
    /// of equal ones the first, and NaN counts as larger than every number. Time is that of
    /// n·ln `count` comparisons.
    ///
    /// # Errors
    /// If there is no such axis or it has fewer elements.
    pub fn top_k(
        &mut self,
        x: Wire,
        axis: usize,
        count: usize,
        largest: bool,
    ) -> Result<(Wire, Wire)> {
        let positions = self.apply(TopK { axis, count, largest }, &[x])?;
        let values = self.gather_by(Addressing::Elements(axis), x, positions)?;
        Ok((values, positions))
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn a_whole_axis_is_sorted_and_stays_stable() {
        let data: Vec<i64> = (0..300).map(|i| i * 7919 % 101 % 40).collect();
        let x = Array::integer([100, 3], data.clone()).unwrap();
        for count in [1, 2, 17, 99, 100] {
            for largest in [true, false] {
                let got =
                    compute(&[&x], 1000, |g, w| Ok(vec![g.top_k(w[0], 0, count, largest)?.1]));
                let got = got.unwrap();
                for column in 0..3_usize {
                    let mut expected: Vec<i64> = (0..100).collect();
                    let value = |row: &i64| data[*row as usize * 3 + column];
                    expected.sort_by_key(|row| if largest { -value(row) } else { value(row) });
                    let got = got[0].integers().unwrap();
                    let got: Vec<i64> = got.iter().skip(column).step_by(3).copied().collect();
                    assert_eq!(got, expected[..count]);
                }
            }
        }
    }

    #[test]
    fn the_gradient_goes_to_the_elements_that_were_taken() {
        let x = Array::float([4], vec![1.0, f64::NAN, 7.0, 3.0]).unwrap();
        let got = compute(&[&x], 100, |g, w| {
            let (values, positions) = g.top_k(w[0], 0, 2, true)?;
            Ok(vec![positions, gradients(g, values, w)?[0]])
        });
        let got = got.unwrap();
        assert_eq!(got[0].integers().unwrap(), [1, 2]);
        assert_eq!(got[1].floats().unwrap(), [0.0, 1.0, 1.0, 0.0]);
    }
}
