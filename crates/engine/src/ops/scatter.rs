//! Slices written into a tensor by index, replacing what stands there or combined with it.

use fanin_kernels::elementwise;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};

use super::addressing::{Addressing, scatter};
use super::compare::Relation;
use super::operator::run_stored;
use super::{Entry, Operator, Sample};

/// What becomes of an element that an update points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The update takes its place, of several the last.
    Replace,
    /// All updates are added to it.
    Add,
    /// It is multiplied by all updates.
    Multiply,
    /// The largest of it and all updates; NaN if one is.
    Larger,
    /// The smallest of it and all updates; NaN if one is.
    Smaller,
}

/// The data with every slice of the updates put at its index; an index outside puts nothing.
#[derive(Clone, Copy, Debug)]
pub struct Scatter {
    pub(super) addressing: Addressing,
    pub(super) reduction: Reduction,
}

pub const ENTRY: Entry = Entry {
    name: "scatter",
    about: "slices written into a tensor by index",
    samples: || {
        use Addressing::{Along, Elements, Tuples};
        use Reduction::{Add, Larger, Multiply, Replace, Smaller};
        let sample = |reduction, addressing, shapes: [&[usize]; 3]| {
            let [data, indices, updates] = shapes;
            let types = [Type::float(data), Type::integer(indices), Type::float(updates)];
            Sample::new(Scatter { addressing, reduction }, &types).within(0.5, 2.0)
        };
        let mut samples = Vec::new();
        for reduction in [Replace, Add, Multiply, Larger, Smaller] {
            samples.extend([
                sample(reduction, Elements(0), [&[3, 2], &[4, 2], &[4, 2]]),
                sample(reduction, Elements(1), [&[2, 3], &[2, 2], &[2, 2]]).integers(&[-1, 0]),
                sample(reduction, Tuples(0), [&[3, 2], &[5, 1], &[5, 2]]),
                sample(reduction, Along(1), [&[2, 3], &[2], &[2, 2]]),
            ]);
            let integers = [[3, 2], [2, 2], [2, 2]].map(Type::integer);
            let operator = Scatter { addressing: Elements(0), reduction };
            samples.push(Sample::new(operator, &integers));
        }
        samples
    },
};

impl Scatter {
    fn compute<T: Element, E: Stored<T>>(self, io: &mut Io<'_, T>) {
        let addresses = self.addressing.addresses(io.input_shape(0), io.input_shape(1));
        let in_place = io.in_place() == Some(0);
        let (inputs, out) = io.parts::<E>();
        if !in_place {
            elementwise::map(inputs.get::<E>(0), out, |x| x);
        }
        let (indices, x) = (inputs.get::<i64>(1), inputs.get::<E>(2));
        match self.reduction {
            Reduction::Replace => scatter(&addresses, indices, x, out, |out, x| *out = x),
            Reduction::Add => scatter(&addresses, indices, x, out, |out, x| *out = out.plus(x)),
            Reduction::Multiply => {
                scatter(&addresses, indices, x, out, |out, x| *out = out.times(x));
            }
            Reduction::Larger => {
                scatter(&addresses, indices, x, out, |out, x| *out = out.larger(x));
            }
            Reduction::Smaller => {
                scatter(&addresses, indices, x, out, |out, x| *out = out.smaller(x));
            }
        }
    }
}

impl Operator for Scatter {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [data, indices, updates]
                if indices.kind == Kind::Integer
                    && data.kind == updates.kind
                    && self.addressing.shape(&data.shape, &indices.shape).as_ref()
                        == Some(&updates.shape) =>
            {
                Ok(vec![(*data).clone()])
            }
            _ => {
                let way = self.addressing;
                let expected = format!("data, integers that point into them by {way:?}, updates");
                Err(misfit(ENTRY.name, inputs, expected))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let [data, indices, updates] = [0, 1, 2].map(|input| backward.inputs[input]);
        let out = backward.outputs[0];
        let mut slopes =
            Slopes { graph: &mut *backward.graph, way: self.addressing, indices, d_out };
        let [d_data, d_updates] = match self.reduction {
            Reduction::Replace => slopes.replace(updates)?,
            Reduction::Add => [d_out, slopes.gather(d_out)?],
            Reduction::Multiply => slopes.multiply(data, updates)?,
            Reduction::Larger | Reduction::Smaller => slopes.extreme(data, updates, out)?,
        };
        Ok(vec![Some(d_data), None, Some(d_updates)])
    }

    run_stored!();

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }
}

/// Builds gradients with respect to data and updates.
struct Slopes<'a> {
    graph: &'a mut Graph,
    way: Addressing,
    indices: Wire,
    d_out: Wire,
}

impl Slopes<'_> {
    fn gather(&mut self, x: Wire) -> Result<Wire> {
        self.graph.gather_by(self.way, x, self.indices)
    }

    fn scatter(&mut self, reduction: Reduction, data: Wire, updates: Wire) -> Result<Wire> {
        self.graph.scatter(self.way, reduction, data, self.indices, updates)
    }

    /// The gradient goes to the update that stayed, and to data that none replaced.
    fn replace(&mut self, updates: Wire) -> Result<[Wire; 2]> {
        let shape = self.graph.shape(updates).clone();
        let zeros = self.graph.constant(shape.clone(), 0.0)?;
        let d_data = self.scatter(Reduction::Replace, self.d_out, zeros)?;
        let numbers = self.graph.counting(shape.elements())?;
        let numbers = self.graph.reshape(numbers, shape)?;
        let nobody = self.graph.integer(-1)?;
        let nobody = self.graph.broadcast_to(nobody, self.graph.shape(self.d_out).clone())?;
        let last = self.scatter(Reduction::Replace, nobody, numbers)?;
        let last = self.gather(last)?;
        let stayed = self.graph.compare(Relation::Equal, numbers, last)?;
        let there = self.gather(self.d_out)?;
        Ok([d_data, self.graph.choose(stayed, there, zeros)?])
    }

    /// Every factor gets the product of the others: from the product of those that are not zero,
    /// and from whether another one is. Second derivatives at zeros are not exact.
    fn multiply(&mut self, data: Wire, updates: Wire) -> Result<[Wire; 2]> {
        let shape = self.graph.shape(data).clone();
        let (zero, one) = (self.graph.constant([], 0.0)?, self.graph.constant([], 1.0)?);
        let ones = self.graph.constant(shape.clone(), 1.0)?;
        let product = self.scatter(Reduction::Multiply, ones, updates)?;
        let d_data = self.graph.multiply(self.d_out, product)?;

        let is_zero = self.graph.compare(Relation::Equal, updates, zero)?;
        let zeros = self.graph.scatter_add(self.way, is_zero, self.indices, shape)?;
        let zeros = self.gather(zeros)?;
        let others_zero = self.graph.subtract(zeros, is_zero)?;
        let factors = self.graph.choose(is_zero, one, updates)?;
        let product = self.scatter(Reduction::Multiply, ones, factors)?;
        let product = self.gather(product)?;
        let others = self.graph.divide(product, factors)?;
        let others = self.graph.choose(others_zero, zero, others)?;
        let along = self.graph.multiply(self.d_out, data)?;
        let along = self.gather(along)?;
        Ok([d_data, self.graph.multiply(along, others)?])
    }

    /// All that are equally extreme share the gradient equally.
    fn extreme(&mut self, data: Wire, updates: Wire, out: Wire) -> Result<[Wire; 2]> {
        let shape = self.graph.shape(data).clone();
        let zero = self.graph.constant([], 0.0)?;
        let data_tied = self.graph.compare(Relation::Equal, data, out)?;
        let there = self.gather(out)?;
        let update_tied = self.graph.compare(Relation::Equal, updates, there)?;
        let count = self.graph.scatter_add(self.way, update_tied, self.indices, shape)?;
        let count = self.graph.add(count, data_tied)?;
        let count = self.graph.to_float(count)?;
        let share = self.graph.divide(self.d_out, count)?;
        let d_data = self.graph.choose(data_tied, share, zero)?;
        let share = self.gather(share)?;
        Ok([d_data, self.graph.choose(update_tied, share, zero)?])
    }
}

impl Graph {
    /// `data` with every slice of `updates` put at its index as `reduction` says, in the order of
    /// the updates; an index outside puts nothing.
    ///
    /// # Errors
    /// If the shapes do not fit, the indices are not integers, or the kinds of data and updates
    /// differ.
    pub fn scatter(
        &mut self,
        way: Addressing,
        reduction: Reduction,
        data: Wire,
        indices: Wire,
        updates: Wire,
    ) -> Result<Wire> {
        self.apply(Scatter { addressing: way, reduction }, &[data, indices, updates])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[track_caller]
    fn check(reduction: Reduction, value: [f64; 3], d_data: [f64; 3], d_updates: [f64; 4]) {
        let data = Array::float([3], vec![5.0, 2.0, 7.0]).unwrap();
        let indices = Array::integer([4], vec![1, -2, 0, 1]).unwrap();
        let updates = Array::float([4], vec![3.0, 0.0, 5.0, 3.0]).unwrap();
        let got = compute(&[&data, &indices, &updates], 100, |g, w| {
            let y = g.scatter(Addressing::Elements(0), reduction, w[0], w[1], w[2])?;
            let d = gradients(g, y, &[w[0], w[2]])?;
            Ok(vec![y, d[0], d[1]])
        });
        let got = got.unwrap();
        assert_eq!(got[0].floats().unwrap(), value);
        assert_eq!(got[1].floats().unwrap(), d_data);
        assert_eq!(got[2].floats().unwrap(), d_updates);
    }

    #[test]
    fn updates_meet_data_and_share_gradients() {
        check(Reduction::Replace, [5.0, 3.0, 7.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]);
        check(Reduction::Add, [10.0, 8.0, 7.0], [1.0; 3], [1.0; 4]);
        check(Reduction::Multiply, [25.0, 0.0, 7.0], [5.0, 0.0, 1.0], [0.0, 18.0, 5.0, 0.0]);
        check(Reduction::Larger, [5.0, 3.0, 7.0], [0.5, 0.0, 1.0], [0.5, 0.0, 0.5, 0.5]);
        check(Reduction::Smaller, [5.0, 0.0, 7.0], [0.5, 0.0, 1.0], [0.0, 1.0, 0.5, 0.0]);
    }

    #[test]
    fn an_index_outside_puts_nothing() {
        let data = Array::integer([2], vec![1, 2]).unwrap();
        let indices = Array::integer([3], vec![i64::MIN, 2, 1]).unwrap();
        let got = compute(&[&data, &indices], 100, |g, w| {
            let way = Addressing::Elements(0);
            Ok(vec![g.scatter(way, Reduction::Replace, w[0], w[1], w[1])?])
        });
        assert_eq!(got.unwrap()[0].integers().unwrap(), [1, 1]);
    }
}
