//! Powers of one tensor to another, element by element.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire};
use crate::run::{Element, Io};

use super::broadcast::{compute_binary, gradient_binary, infer_binary, samples_binary};
use super::compare::Relation;
use super::integer_binary::IntegerOperation;
use super::operator::run_generic;
use super::{Entry, Operator};

/// a to the power of b, element by element.
#[derive(Clone, Copy, Debug)]
pub struct Power;

pub const ENTRY: Entry = Entry {
    name: "power",
    about: "a to the power of b, element by element",
    samples: || samples_binary(Power).into_iter().map(|s| s.within(0.5, 2.0)).collect(),
};

impl Power {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        compute_binary(io, power::<T>);
    }
}

/// Small whole exponents as products; all others in f64.
fn power<T: Element>(a: T, b: T) -> T {
    match b.to_f64() {
        1.0 => a,
        2.0 => a * a,
        3.0 => a * a * a,
        -1.0 => T::ONE / a,
        b => T::from_f64(a.to_f64().powf(b)),
    }
}

impl Operator for Power {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        infer_binary(ENTRY.name, inputs)
    }

    /// da = dy · b·aᵇ⁻¹ and db = dy · aᵇ·ln a, which are taken as 0 where a = 0 makes them 0 · ∞.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let [a, b] = [backward.inputs[0], backward.inputs[1]];
        let out = backward.outputs[0];
        gradient_binary(
            backward,
            |graph, d_out| {
                let (zero, lower) = (graph.constant([], 0.0)?, graph.affine(b, 1.0, -1.0)?);
                let power = graph.apply(Self, &[a, lower])?;
                let slope = graph.multiply(b, power)?;
                let constant = graph.compare(Relation::Equal, b, zero)?;
                let slope = graph.where_zero(a, constant, zero, slope)?;
                let part = graph.multiply(d_out, slope)?;
                graph.sum_to_shape_of(part, a)
            },
            |graph, d_out| {
                let (zero, logarithm) = (graph.constant([], 0.0)?, graph.ln(a)?);
                let slope = graph.multiply(out, logarithm)?;
                let grows = graph.compare(Relation::GreaterOrEqual, b, zero)?;
                let slope = graph.where_zero(a, grows, zero, slope)?;
                let part = graph.multiply(d_out, slope)?;
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
    /// a to the power of b, stretched to a common shape; of a < 0 only for a whole b, else NaN.
    ///
    /// Integers have integer powers; of one kind each, the integers become floating-point.
    ///
    /// # Errors
    /// If the shapes do not stretch to fit each other.
    pub fn power(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        if self.both_integer(a, b) {
            return self.integer_binary(IntegerOperation::Power, a, b);
        }
        let (a, b) = (self.to_float(a)?, self.to_float(b)?);
        self.apply(Power, &[a, b])
    }

    /// `there` where a = 0 and the condition holds, else `elsewhere`.
    fn where_zero(
        &mut self,
        a: Wire,
        condition: Wire,
        there: Wire,
        elsewhere: Wire,
    ) -> Result<Wire> {
        let zero = self.constant([], 0.0)?;
        let is_zero = self.compare(Relation::Equal, a, zero)?;
        let both = self.multiply(is_zero, condition)?;
        self.choose(both, there, elsewhere)
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn powers_and_slopes_are_those_of_torch() {
        let bases = vec![-2.0, -3.0, -2.0, 0.0, 0.0, 0.0, 4.0, -8.0];
        let exponents = vec![2.0, 3.0, -1.0, 0.0, 2.0, 1.0, 0.5, 1.0 / 3.0];
        let (a, b) = (Array::float([8], bases).unwrap(), Array::float([8], exponents).unwrap());
        let got = compute(&[&a, &b], 100, |g, w| {
            let y = g.power(w[0], w[1])?;
            let mut all = gradients(g, y, w)?;
            all.push(y);
            Ok(all)
        });
        let got = got.unwrap();
        let [d_a, d_b, y] = [0, 1, 2].map(|i| got[i].floats().unwrap());
        assert_eq!(y[..7], [4.0, -27.0, -0.5, 1.0, 0.0, 0.0, 2.0]);
        assert_eq!(d_a[..7], [-4.0, 27.0, -0.25, 0.0, 0.0, 1.0, 0.25]);
        assert_eq!(d_b[3..6], [0.0, 0.0, 0.0]);
        assert!((d_b[6] - 2.0 * 4.0_f64.ln()).abs() < 1e-15);
        assert!(y[7].is_nan() && d_b[..3].iter().all(|x| x.is_nan()));
    }
}
