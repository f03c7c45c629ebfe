//! Arithmetic and logic on every element of a tensor of integers.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// What becomes of an integer. Results wrap around at 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegerFunction {
    /// −n.
    Negate,
    /// |n|.
    Absolute,
    /// −1, 0 or 1.
    Sign,
    /// 1 for 0, else 0.
    Not,
    /// All bits turned.
    BitNot,
    /// Wrapped around into the range of signed integers of so many bits, 1 to 64.
    Signed(u32),
    /// Wrapped around into the range of unsigned integers of so many bits, 1 to 63; 64 bits stay
    /// as they are.
    Unsigned(u32),
}

/// One function of every element of a tensor of integers.
#[derive(Clone, Copy, Debug)]
pub struct IntegerUnary {
    function: IntegerFunction,
}

pub const ENTRY: Entry = Entry {
    name: "integer_unary",
    about: "arithmetic and logic on every integer",
    samples: || {
        use IntegerFunction::{Absolute, BitNot, Negate, Not, Sign, Signed, Unsigned};
        let all = [Negate, Absolute, Sign, Not, BitNot, Signed(8), Unsigned(8), Signed(64)];
        let sample = |function| {
            let operator = IntegerUnary { function };
            Sample::new(operator, &[Type::integer([2, 3])]).integers(&[3, -2, 0, 300, -129])
        };
        all.map(sample).into()
    },
};

impl IntegerUnary {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        use IntegerFunction::{Absolute, BitNot, Negate, Not, Sign, Signed, Unsigned};
        match self.function {
            Negate => io.map(i64::wrapping_neg),
            Absolute => io.map(i64::wrapping_abs),
            Sign => io.map(i64::signum),
            Not => io.map(|n: i64| i64::from(n == 0)),
            BitNot => io.map(|n: i64| !n),
            Signed(bits) => io.map(|n: i64| n << (64 - bits) >> (64 - bits)),
            Unsigned(bits) => io.map(|n: i64| ((n as u64) << (64 - bits) >> (64 - bits)) as i64),
        }
    }
}

impl Operator for IntegerUnary {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        use IntegerFunction::{Signed, Unsigned};
        let possible = !matches!(self.function, Signed(b) | Unsigned(b) if !(1..=64).contains(&b));
        match inputs {
            [x] if x.kind == Kind::Integer && possible => Ok(vec![(*x).clone()]),
            _ => Err(misfit(ENTRY.name, inputs, "integers, and 1 to 64 bits")),
        }
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![None])
    }

    run_generic!();

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }
}

impl Graph {
    /// One function of every element of a tensor of integers.
    ///
    /// # Errors
    /// If `x` does not hold integers.
    pub fn integer_unary(&mut self, function: IntegerFunction, x: Wire) -> Result<Wire> {
        self.apply(IntegerUnary { function }, &[x])
    }
}
