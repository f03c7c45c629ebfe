//! The factors of dropout: 0 with the given probability, else 1 / (1 − probability).
//!
//! The randomness is not hidden: a mask is a function of two integers that the caller feeds
//! (seed and step), the node's own number and the element's index.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::tensor::Shape;

use super::operator::run_generic;
use super::{Entry, Moments, Operator, Sample};

/// Factors of inverted dropout (Srivastava et al. 2014), their mean is 1.
#[derive(Clone, Debug)]
pub struct DropoutMask {
    shape: Shape,
    rate: f64,
    stream: u64,
}

pub const ENTRY: Entry = Entry {
    name: "dropout_mask",
    about: "0 with a probability, else 1 / (1 − probability), from a seed and a step",
    samples: || {
        let operator = DropoutMask { shape: [50, 40].into(), rate: 0.25, stream: 7 };
        vec![Sample::new(operator, &[Type::integer([2])]).differentiable(&[])]
    },
};

impl DropoutMask {
    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let kept = T::from_f64(1.0 / (1.0 - self.rate));
        let (clock, out) = io.split_integers(0);
        let key = mix(mix(clock[0] as u64) ^ mix(clock[1] as u64 ^ self.stream.rotate_left(32)));
        for (index, out) in out.iter_mut().enumerate() {
            let uniform = (mix(key ^ index as u64) >> 11) as f64 / (1_u64 << 53) as f64;
            *out = if uniform < self.rate { T::ZERO } else { kept };
        }
    }
}

/// The finalizer of SplitMix64 (Steele, Lea & Flood 2014).
fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Operator for DropoutMask {
    fn name(&self) -> &'static str {
        ENTRY.name
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

    fn moments(&self, _types: &[&Type], _inputs: &[Moments]) -> Option<Moments> {
        Some(Moments { mean: 1.0, variance: self.rate / (1.0 - self.rate) })
    }
}

impl Graph {
    /// x with every element zeroed with probability `rate` in [0, 1), the others scaled up so
    /// that the mean stays.
    ///
    /// `clock` holds two integers, seed and step; `stream` tells one dropout from another.
    ///
    /// # Errors
    /// If `clock` is not two integers.
    pub fn dropout(&mut self, x: Wire, clock: Wire, rate: f64, stream: u64) -> Result<Wire> {
        let shape = self.shape(x).clone();
        let mask = self.apply(DropoutMask { shape, rate, stream }, &[clock])?;
        self.multiply(x, mask)
    }
}
