//! Arithmetic and logic on two tensors of integers.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::broadcast::{compute_binary, infer_pair};
use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// What two integers give. Results wrap around at 64 bits; nothing panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegerOperation {
    /// a + b.
    Add,
    /// a − b.
    Subtract,
    /// a · b.
    Multiply,
    /// a / b cut towards 0; 0 for b = 0.
    Divide,
    /// What [`Divide`](Self::Divide) leaves, with the sign of a (C's `%`); 0 for b = 0.
    Remainder,
    /// What division rounded down leaves, with the sign of b (Python's `%`); 0 for b = 0.
    Modulo,
    /// a to the power of b; for b < 0 the true power cut towards 0, and 0 for a = 0.
    Power,
    /// The larger.
    Larger,
    /// The smaller.
    Smaller,
    /// 1 if neither is 0, else 0.
    And,
    /// 1 if one of them is not 0, else 0.
    Or,
    /// 1 if exactly one of them is not 0, else 0.
    ExclusiveOr,
    /// Bits that both have.
    BitAnd,
    /// Bits that one of them has.
    BitOr,
    /// Bits that exactly one of them has.
    BitExclusiveOr,
    /// a · 2ᵇ, 0 from b = 64 on; a for b < 0.
    ShiftLeft,
    /// The unsigned a / 2ᵇ, rounded down, 0 from b = 64 on; a for b < 0.
    ShiftRight,
}

/// One operation on two tensors of integers.
#[derive(Clone, Copy, Debug)]
pub struct IntegerBinary {
    operation: IntegerOperation,
}

/// All operations.
#[rustfmt::skip]
const ALL: [IntegerOperation; 17] = {
    use IntegerOperation as I;
    [
        I::Add, I::Subtract, I::Multiply, I::Divide, I::Remainder, I::Modulo, I::Power, I::Larger,
        I::Smaller, I::And, I::Or, I::ExclusiveOr, I::BitAnd, I::BitOr, I::BitExclusiveOr,
        I::ShiftLeft, I::ShiftRight,
    ]
};

pub const ENTRY: Entry = Entry {
    name: "integer_binary",
    about: "arithmetic and logic on two tensors of integers",
    samples: || {
        let sample = |operation| {
            let types = [Type::integer([3, 4]), Type::integer([4])];
            Sample::new(IntegerBinary { operation }, &types).integers(&[7, -7, 0, 2, -2])
        };
        ALL.map(sample).into()
    },
};

fn power(a: i64, b: i64) -> i64 {
    match (a, u64::try_from(b)) {
        (1, _) => 1,
        (-1, _) => 1 - 2 * (b & 1),
        (_, Err(_)) => 0,
        (_, Ok(exponent)) => {
            let (mut result, mut base, mut rest) = (1_i64, a, exponent);
            while rest > 0 {
                if rest & 1 == 1 {
                    result = result.wrapping_mul(base);
                }
                base = base.wrapping_mul(base);
                rest >>= 1;
            }
            result
        }
    }
}

fn modulo(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let rest = a.wrapping_rem(b);
    if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
}

fn shift(a: i64, b: i64, by: impl Fn(u64, u32) -> Option<u64>) -> i64 {
    if b < 0 { a } else { u32::try_from(b).ok().and_then(|b| by(a as u64, b)).unwrap_or(0) as i64 }
}

impl IntegerBinary {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        use IntegerOperation as I;
        match self.operation {
            I::Add => compute_binary(io, i64::wrapping_add),
            I::Subtract => compute_binary(io, i64::wrapping_sub),
            I::Multiply => compute_binary(io, i64::wrapping_mul),
            I::Divide => {
                compute_binary(io, |a: i64, b: i64| if b == 0 { 0 } else { a.wrapping_div(b) });
            }
            I::Remainder => {
                compute_binary(io, |a: i64, b: i64| if b == 0 { 0 } else { a.wrapping_rem(b) });
            }
            I::Modulo => compute_binary(io, modulo),
            I::Power => compute_binary(io, power),
            I::Larger => compute_binary(io, |a: i64, b: i64| a.max(b)),
            I::Smaller => compute_binary(io, |a: i64, b: i64| a.min(b)),
            I::And => compute_binary(io, |a: i64, b: i64| i64::from(a != 0 && b != 0)),
            I::Or => compute_binary(io, |a: i64, b: i64| i64::from(a != 0 || b != 0)),
            I::ExclusiveOr => compute_binary(io, |a: i64, b: i64| i64::from((a != 0) != (b != 0))),
            I::BitAnd => compute_binary(io, |a: i64, b: i64| a & b),
            I::BitOr => compute_binary(io, |a: i64, b: i64| a | b),
            I::BitExclusiveOr => compute_binary(io, |a: i64, b: i64| a ^ b),
            I::ShiftLeft => compute_binary(io, |a, b| shift(a, b, u64::checked_shl)),
            I::ShiftRight => compute_binary(io, |a, b| shift(a, b, u64::checked_shr)),
        }
    }
}

impl Operator for IntegerBinary {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        if inputs.iter().any(|input| input.kind != Kind::Integer) {
            return Err(misfit(ENTRY.name, inputs, "integers"));
        }
        infer_pair(ENTRY.name, inputs)
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![None, None])
    }

    run_generic!();

    fn in_place(&self) -> &'static [usize] {
        &[0, 1]
    }
}

impl Graph {
    /// One operation on two tensors of integers, stretched to a common shape.
    ///
    /// # Errors
    /// If one does not hold integers or the shapes do not stretch to fit each other.
    pub fn integer_binary(
        &mut self,
        operation: IntegerOperation,
        a: Wire,
        b: Wire,
    ) -> Result<Wire> {
        self.apply(IntegerBinary { operation }, &[a, b])
    }

    /// Whether both wires hold integers.
    pub(super) fn both_integer(&self, a: Wire, b: Wire) -> bool {
        [a, b].iter().all(|&wire| self.type_of(wire).kind == Kind::Integer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Array, evaluate};

    #[test]
    fn division_and_powers_are_defined_everywhere() {
        use IntegerOperation::{Divide, Modulo, Power, Remainder, ShiftLeft, ShiftRight};
        #[track_caller]
        fn check(operation: IntegerOperation, cases: &[(i64, i64, i64)]) {
            let column = |f: fn(&(i64, i64, i64)) -> i64| {
                Array::integer([cases.len()], cases.iter().map(f).collect()).unwrap()
            };
            let operator = std::sync::Arc::new(IntegerBinary { operation });
            let got = evaluate(operator, &[&column(|c| c.0), &column(|c| c.1)], 100).unwrap();
            assert_eq!(got[0], column(|c| c.2), "{operation:?}");
        }
        let least = i64::MIN;
        check(Divide, &[(7, 2, 3), (-7, 2, -3), (7, -2, -3), (5, 0, 0), (least, -1, least)]);
        check(Remainder, &[(7, 3, 1), (-7, 3, -1), (7, -3, 1), (5, 0, 0), (least, -1, 0)]);
        check(Modulo, &[(7, 3, 1), (-7, 3, 2), (7, -3, -2), (6, -3, 0), (5, 0, 0), (least, -1, 0)]);
        check(
            Power,
            &[(2, 10, 1024), (0, 0, 1), (-3, 3, -27), (5, -1, 0), (-1, -3, -1), (1, -9, 1)],
        );
        check(ShiftLeft, &[(3, 2, 12), (1, 64, 0), (1, least, 1)]);
        check(ShiftRight, &[(12, 2, 3), (-1, 60, 15), (1, 99, 0)]);
    }
}
