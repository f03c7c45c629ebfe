//! Random numbers from a seed: normal or uniform.
//!
//! As in [`dropout_mask`](super::dropout_mask), nothing is hidden: noise is a function of seed,
//! step, the number of the noise in the network and the element's index.

use std::sync::Arc;

use fanin_kernels::random::{Stream, fill_normal, fill_normal_f64, fill_uniform};
use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::Io;
use crate::spread::Spread;
use crate::tensor::Shape;

use super::{Entry, Operator, Sample};

/// How random numbers are distributed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Evenly on [low, high).
    Uniform {
        /// The least number.
        low: f32,
        /// What no number reaches.
        high: f32,
    },
    /// Normally.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation, 0 or more.
        deviation: f64,
    },
}

impl Law {
    fn is_sound(self) -> bool {
        match self {
            Self::Uniform { low, high } => low.is_finite() && high.is_finite() && low <= high,
            Self::Normal { mean, deviation } => {
                mean.is_finite() && deviation.is_finite() && deviation >= 0.0
            }
        }
    }
}

/// What random numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// Always the same: numbers that are drawn once for all runs.
    Fixed(u64),
    /// A wire of two integers, seed and step, that the caller feeds.
    Clock(Wire),
}

/// Random numbers of a shape, from a fixed seed or from a clock.
#[derive(Clone, Debug)]
pub struct Noise {
    shape: Shape,
    law: Law,
    seed: Option<u64>,
    name: String,
}

pub const ENTRY: Entry = Entry {
    name: "noise",
    about: "random numbers from a seed",
    samples: || {
        let normal = Law::Normal { mean: 0.5, deviation: 2.0 };
        let laws = [normal, Law::Uniform { low: -1.0, high: 3.0 }];
        let clocked = laws.map(|law| {
            let noise = Noise { shape: [50, 40].into(), law, seed: None, name: name(3) };
            Sample::new(noise, &[Type::integer([2])]).differentiable(&[])
        });
        let fixed = laws.map(|law| {
            let shape = [120, 100].into();
            Sample::new(Noise { shape, law, seed: Some(11), name: name(4) }, &[])
        });
        [clocked, fixed].concat()
    },
};

/// The name by which the numbers of the n-th noise of a network are addressed.
fn name(number: u64) -> String {
    format!("noise {number}")
}

impl Noise {
    fn stream(&self, clock: &[i64]) -> Stream {
        match self.seed {
            Some(seed) => Stream::new(seed, &self.name),
            None => Stream::new(clock[0] as u64, &self.name).numbered(clock[1] as u64),
        }
    }

    /// The stream, and the first output to write.
    fn parts<'a, T: crate::Element>(&self, io: &'a mut Io<'_, T>) -> (Stream, &'a mut [T]) {
        if self.seed.is_some() {
            return (self.stream(&[]), io.output());
        }
        let (clock, out) = io.split_integers(0);
        (self.stream(clock), out)
    }
}

impl Operator for Noise {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn for_row(&self, row: usize) -> Option<Arc<dyn Operator>> {
        Some(Arc::new(Self { name: format!("{} row {row}", self.name), ..self.clone() }))
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let fits = match (inputs, self.seed) {
            ([], Some(_)) => true,
            ([clock], None) => clock.kind == Kind::Integer && clock.shape.elements() == 2,
            _ => false,
        };
        if fits && self.law.is_sound() {
            return Ok(vec![Type::float(self.shape.clone())]);
        }
        let expected = format!("two integers or a fixed seed, and a sound law, not {:?}", self.law);
        Err(misfit(ENTRY.name, inputs, expected))
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![None; backward.inputs.len()])
    }

    fn run_f32(&self, io: &mut Io<'_, f32>) {
        let (stream, out) = self.parts(io);
        for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| match self.law {
            Law::Uniform { low, high } => fill_uniform(stream, start as u64, low, high, piece),
            Law::Normal { mean, deviation } => {
                fill_normal(stream, start as u64, mean, deviation, piece);
            }
        });
    }

    fn run_f64(&self, io: &mut Io<'_, f64>) {
        let (stream, out) = self.parts(io);
        for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| match self.law {
            Law::Uniform { low, high } => {
                let mut drawn = [0.0; 256];
                for (part, piece) in piece.chunks_mut(drawn.len()).enumerate() {
                    let first = (start + part * drawn.len()) as u64;
                    fill_uniform(stream, first, low, high, &mut drawn[..piece.len()]);
                    piece.iter_mut().zip(drawn).for_each(|(out, x)| *out = f64::from(x));
                }
            }
            Law::Normal { mean, deviation } => {
                fill_normal_f64(stream, start as u64, mean, deviation, piece);
            }
        });
    }

    fn spread(&self, _types: &[&Type], _inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let (mean, variance) = match self.law {
            Law::Uniform { low, high } => {
                let (low, high) = (f64::from(low), f64::from(high));
                (f64::midpoint(low, high), (high - low).powi(2) / 12.0)
            }
            Law::Normal { mean, deviation } => (mean, deviation * deviation),
        };
        Some(vec![Spread::independent(&self.shape, mean, variance + mean * mean)])
    }
}

impl Graph {
    /// Random numbers of `shape`; `number` tells one noise of a network from another.
    ///
    /// # Errors
    /// If a clock is not two integers, or the law's bounds cross or are not finite.
    pub fn noise(
        &mut self,
        shape: impl Into<Shape>,
        law: Law,
        seed: Seed,
        number: u64,
    ) -> Result<Wire> {
        let (seed, clock) = match seed {
            Seed::Fixed(seed) => (Some(seed), None),
            Seed::Clock(clock) => (None, Some(clock)),
        };
        let operator = Noise { shape: shape.into(), law, seed, name: name(number) };
        self.apply(operator, clock.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Array, compute};

    #[test]
    fn a_clock_changes_the_numbers_and_a_fixed_seed_does_not() {
        let law = Law::Normal { mean: 0.0, deviation: 1.0 };
        let draw = |step| {
            let clock = Array::integer([2], vec![7, step]).unwrap();
            let got = compute(&[&clock], 100, |g, w| {
                let clocked = g.noise([5], law, Seed::Clock(w[0]), 0)?;
                Ok(vec![clocked, g.noise([5], law, Seed::Fixed(7), 0)?])
            });
            let [clocked, fixed] = <[Array; 2]>::try_from(got.unwrap()).unwrap();
            (clocked, fixed)
        };
        assert_ne!(draw(0).0, draw(1).0);
        assert_eq!(draw(0).1, draw(1).1);
    }

    #[test]
    fn crossed_bounds_are_refused() {
        let mut graph = Graph::new();
        let law = Law::Uniform { low: 1.0, high: f32::NAN };
        assert!(graph.noise([5], law, Seed::Fixed(0), 0).is_err());
        let law = Law::Normal { mean: 0.0, deviation: -1.0 };
        assert!(graph.noise([5], law, Seed::Fixed(0), 0).is_err());
    }
}
