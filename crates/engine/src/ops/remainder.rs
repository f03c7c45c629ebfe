//! What division to a whole number leaves, element by element.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire};
use crate::run::{Element, Io};

use super::broadcast::{compute_binary, gradient_binary, infer_binary, samples_binary};
use super::integer_binary::IntegerOperation;
use super::operator::run_generic;
use super::{Entry, Operator};

/// a − b·q, where q is a / b cut towards 0, or rounded down.
#[derive(Clone, Copy, Debug)]
pub struct Remainder {
    floored: bool,
}

pub const ENTRY: Entry = Entry {
    name: "remainder",
    about: "what a / b to a whole number leaves",
    samples: || {
        let samples = [true, false].map(|floored| samples_binary(Remainder { floored }));
        samples.into_iter().flatten().map(|s| s.within(0.6, 1.0)).collect()
    },
};

impl Remainder {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        // Remainders are exact in f64 and fit the narrower type again.
        let cut = |a: T, b: T| a.to_f64() % b.to_f64();
        if self.floored {
            compute_binary(io, |a: T, b: T| {
                let (rest, b_wide) = (cut(a, b), b.to_f64());
                let turned = rest != 0.0 && (rest < 0.0) != (b_wide < 0.0);
                T::from_f64(if turned { rest + b_wide } else { rest })
            });
        } else {
            compute_binary(io, |a: T, b: T| T::from_f64(cut(a, b)));
        }
    }
}

impl Operator for Remainder {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        infer_binary(ENTRY.name, inputs)
    }

    /// da = dy and db = −dy·q.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let [a, b] = [backward.inputs[0], backward.inputs[1]];
        let out = backward.outputs[0];
        gradient_binary(
            backward,
            |graph, d_out| graph.sum_to_shape_of(d_out, a),
            |graph, d_out| {
                let taken = graph.subtract(out, a)?;
                let quotient = graph.divide(taken, b)?;
                let whole = graph.round(quotient)?;
                let part = graph.multiply(d_out, whole)?;
                graph.sum_to_shape_of(part, b)
            },
        )
    }

    run_generic!();

    fn in_place(&self) -> &'static [usize] {
        &[0, 1]
    }
}

impl Graph {
    /// What a / b cut towards 0 leaves, with the sign of a (C's `fmod`); NaN for b = 0, of
    /// integers 0.
    ///
    /// # Errors
    /// If the kinds differ or the shapes do not stretch to fit each other.
    pub fn remainder(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        if self.both_integer(a, b) {
            return self.integer_binary(IntegerOperation::Remainder, a, b);
        }
        self.apply(Remainder { floored: false }, &[a, b])
    }

    /// What a / b rounded down leaves, with the sign of b (Python's `%`); NaN for b = 0, of
    /// integers 0.
    ///
    /// # Errors
    /// If the kinds differ or the shapes do not stretch to fit each other.
    pub fn modulo(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        if self.both_integer(a, b) {
            return self.integer_binary(IntegerOperation::Modulo, a, b);
        }
        self.apply(Remainder { floored: true }, &[a, b])
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn signs_are_those_of_c_and_of_python() {
        let a = Array::float([4], vec![5.5, -5.5, 5.5, -5.5]).unwrap();
        let b = Array::float([4], vec![2.0, 2.0, -2.0, -2.0]).unwrap();
        let got = compute(&[&a, &b], 100, |g, w| {
            let (cut, floored) = (g.remainder(w[0], w[1])?, g.modulo(w[0], w[1])?);
            let d_b = [gradients(g, cut, &[w[1]])?[0], gradients(g, floored, &[w[1]])?[0]];
            Ok(vec![cut, floored, d_b[0], d_b[1]])
        });
        let got: Vec<_> = got.unwrap().iter().map(|a| a.floats().unwrap().to_vec()).collect();
        assert_eq!(got[0], [1.5, -1.5, 1.5, -1.5]);
        assert_eq!(got[1], [1.5, 0.5, -0.5, -1.5]);
        assert_eq!(got[2], [-2.0, 2.0, 2.0, -2.0]);
        assert_eq!(got[3], [-2.0, 3.0, 3.0, -2.0]);
    }
}
