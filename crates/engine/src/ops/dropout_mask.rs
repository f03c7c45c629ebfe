//! The factors of dropout: 0 with the given probability, else 1 / (1 − probability).
//!
//! The randomness is not hidden: a mask is a function of two integers that the caller feeds
//! (seed and step), the number of the dropout in the network and the element's index.

use std::sync::Arc;

use fanin_kernels::random::Stream;
use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// Factors of inverted dropout (Srivastava et al. 2014), their mean is 1.
#[derive(Clone, Debug)]
pub struct DropoutMask {
    shape: Shape,
    rate: f64,
    name: String,
}

pub const ENTRY: Entry = Entry {
    name: "dropout_mask",
    about: "0 with a probability, else 1 / (1 − probability), from a seed and a step",
    samples: || {
        let operator = DropoutMask { shape: [50, 40].into(), rate: 0.25, name: mask_name(7) };
        vec![Sample::new(operator, &[Type::integer([2])]).differentiable(&[])]
    },
};

impl DropoutMask {
    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let kept = T::from_f64(1.0 / (1.0 - self.rate));
        let (clock, out) = io.split_integers(0);
        let stream = Stream::new(clock[0] as u64, &self.name).numbered(clock[1] as u64);
        let limit = (self.rate * 2_f64.powi(32)) as u64;
        for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
            for (index, out) in (start as u64..).zip(piece) {
                *out = if u64::from(stream.bits(index)) < limit { T::ZERO } else { kept };
            }
        });
    }
}

/// The name by which the random numbers of the n-th dropout of a network are addressed.
fn mask_name(number: u64) -> String {
    format!("dropout {number}")
}

impl Operator for DropoutMask {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn for_row(&self, row: usize) -> Option<Arc<dyn Operator>> {
        Some(Arc::new(Self { name: format!("{} row {row}", self.name), ..self.clone() }))
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [clock] if clock.kind == Kind::Integer && clock.shape.elements() == 2 => {
                Ok(vec![Type::float(self.shape.clone())])
            }
            _ => Err(misfit(ENTRY.name, inputs, "two integers, seed and step")),
        }
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![None])
    }

    run_generic!();

    fn spread(&self, _types: &[&Type], _inputs: &[&Spread]) -> Option<Vec<Spread>> {
        Some(vec![Spread::independent(&self.shape, 1.0, 1.0 / (1.0 - self.rate))])
    }
}

impl Graph {
    /// x with every element zeroed with probability `rate` in [0, 1), the others scaled up so
    /// that the mean stays.
    ///
    /// `clock` holds two integers, seed and step; `number` tells one dropout from another.
    ///
    /// # Errors
    /// If `clock` is not two integers.
    pub fn dropout(&mut self, x: Wire, clock: Wire, rate: f64, number: u64) -> Result<Wire> {
        let shape = self.shape(x).clone();
        let mask = self.apply(DropoutMask { shape, rate, name: mask_name(number) }, &[clock])?;
        self.multiply(x, mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    #[test]
    fn every_row_that_is_written_out_has_a_mask_of_its_own() {
        let mut graph = Graph::new();
        let clock = graph.input("clock", Type::integer([2]));
        let one = DropoutMask { shape: [40].into(), rate: 0.5, name: mask_name(0) };
        let mut mask = |row| {
            graph.apply_shared(one.for_row(row).expect("it draws"), &[clock]).unwrap().remove(0)
        };
        let masks = [mask(0), mask(1), mask(1)];
        let plan = Plan::new(&graph, &masks).unwrap();
        let mut workspace = plan.workspace::<f32>();
        workspace.feed_integers(0).copy_from_slice(&[3, 5]);
        plan.run(&[], &mut workspace);
        assert_ne!(workspace.read(0), workspace.read(1));
        assert_eq!(workspace.read(1), workspace.read(2));
    }
}
