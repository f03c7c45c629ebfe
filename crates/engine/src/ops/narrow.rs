//! Numbers rounded to what a narrower type holds.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// A binary floating-point type, to which numbers can be rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// IEEE 754 binary16: 10 bits of fraction, up to 65,504.
    Half,
    /// bfloat16: 7 bits of fraction, the exponents of binary32.
    Brain,
    /// IEEE 754 binary32.
    Single,
}

impl Precision {
    /// The nearest number of this type, of two the even one; beyond its range ±∞.
    ///
    /// ```
    /// use fanin_engine::ops::Precision;
    /// assert_eq!(Precision::Half.round(1.0 + 1.0 / 2048.0), 1.0);
    /// assert_eq!(Precision::Half.round(65_520.0), f64::INFINITY);
    /// ```
    pub fn round(self, x: f64) -> f64 {
        let (fraction, least_exponent, largest) = match self {
            Self::Half => (10, -14, 65_504.0),
            Self::Brain => (7, -126, f64::from(f32::from_bits(0x7F7F_0000))),
            Self::Single => (23, -126, f64::from(f32::MAX)),
        };
        if !x.is_finite() {
            return x;
        }
        let exponent = ((x.to_bits() >> 52 & 0x7FF) as i32 - 1023).max(least_exponent);
        let step = f64::from_bits(((exponent - fraction + 1023) as u64) << 52);
        let rounded = (x / step).round_ties_even() * step;
        if rounded.abs() > largest { f64::INFINITY.copysign(x) } else { rounded }
    }
}

/// Every element rounded to what a narrower type holds.
#[derive(Clone, Copy, Debug)]
pub struct Narrow {
    precision: Precision,
}

pub const ENTRY: Entry = Entry {
    name: "narrow",
    about: "every element rounded to what a narrower type holds",
    samples: || {
        let all = [Precision::Half, Precision::Brain, Precision::Single];
        let sample = |precision| Sample::new(Narrow { precision }, &[Type::float([3, 4])]);
        // Steps have no slope; that it is taken as 1 is tested beside it.
        all.map(|precision| sample(precision).differentiable(&[])).into()
    },
};

impl Narrow {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        io.map(|x: T| T::from_f64(self.precision.round(x.to_f64())));
    }
}

impl Operator for Narrow {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind == Kind::Float => Ok(vec![(*x).clone()]),
            _ => Err(misfit(ENTRY.name, inputs, "floating-point numbers")),
        }
    }

    /// That of the identity.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![Some(backward.output_gradient())])
    }

    run_generic!();

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn is_pointwise(&self) -> bool {
        true
    }

    /// What is rounded off is no more than a part in 256 of an element.
    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        Some(vec![(*inputs.first()?).clone()])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

impl Graph {
    /// `x` rounded to what a narrower type holds, ±∞ beyond its range; the derivative is that of
    /// the identity, as frameworks take it for a cast.
    ///
    /// # Errors
    /// If `x` holds integers.
    pub fn narrow(&mut self, x: Wire, precision: Precision) -> Result<Wire> {
        self.apply(Narrow { precision }, &[x])
    }
}

#[cfg(test)]
mod tests {
    use super::Precision::{Brain, Half, Single};
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn single_rounds_as_the_machine_does() {
        let mut x = 1e-50_f64;
        while x < 1e45 {
            for x in [x, -x] {
                assert_eq!(Single.round(x), f64::from(x as f32), "{x}");
            }
            x *= 1.000_1 * 1.234_567;
        }
    }

    #[test]
    fn halves_and_brains_are_those_of_numpy() {
        // numpy.float16(x), and torch.tensor(x).bfloat16(), for the same numbers.
        let x = [0.1, 1.0 / 3.0, 65_519.0, 65_520.0, 3e-8, 2e-8, 6.1e-5, -0.0, 3.4e38];
        let inf = f64::INFINITY;
        let half = [
            0.099_975_585_937_5,
            0.333_251_953_125,
            65_504.0,
            inf,
            2.0_f64.powi(-24),
            0.0,
            1023.0 * 2.0_f64.powi(-24),
            -0.0,
            inf,
        ];
        assert_eq!(x.map(|x| Half.round(x)), half);
        assert_eq!(Half.round(6.1e-5), 1023.0 * 2.0_f64.powi(-24));
        assert_eq!(Brain.round(0.1), 0.100_097_656_25);
        assert_eq!(Brain.round(1.0 / 3.0), 0.333_984_375);
        assert_eq!(Brain.round(3.4e38), inf);
        assert!(Half.round(f64::NAN).is_nan());
    }

    #[test]
    fn the_derivative_is_that_of_the_identity() {
        let x = Array::float([2], vec![0.1, 7e4]).unwrap();
        let got = compute(&[&x], 10, |g, w| {
            let y = g.narrow(w[0], Half)?;
            gradients(g, y, w)
        });
        assert_eq!(got.unwrap()[0].floats().unwrap(), [1.0, 1.0]);
    }
}
