//! ln Σ exp(x) over the axes along which a smaller shape would have to stretch.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::tensor::Shape;

use super::broadcast::collapse;
use super::fold::{fold_axes, infer_fold, samples_fold};
use super::operator::run_generic;
use super::{Entry, Operator};

/// ln Σ exp(x) of each group of elements, −∞ for none.
#[derive(Clone, Debug)]
pub struct LogSumExpTo {
    shape: Shape,
}

pub const ENTRY: Entry = Entry {
    name: "log_sum_exp_to",
    about: "logarithm of the sum of exponentials over axes",
    samples: || {
        let samples = samples_fold(|shape| LogSumExpTo { shape });
        samples.into_iter().filter(|s| s.inputs[0].kind == Kind::Float).collect()
    },
};

impl LogSumExpTo {
    /// One pass: Σ exp(x) = exp(m) · s with m the largest so far, and s scaled anew when m grows,
    /// so that no exponential exceeds 1.
    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let axes = collapse(io.input_shape(0), &self.shape);
        let ([x], out) = io.split([0]);
        let step = |(largest, sum): (f64, f64), x: T| {
            let x = x.to_f64();
            if x == largest {
                (largest, sum + 1.0)
            } else if x > largest {
                (x, sum * (largest - x).exp() + 1.0)
            } else {
                (largest, sum + (x - largest).exp())
            }
        };
        let finish = |(largest, sum): (f64, f64)| T::from_f64(largest + sum.ln());
        fold_axes(x, &axes, out, (f64::NEG_INFINITY, 0.0), step, finish);
    }
}

impl Operator for LogSumExpTo {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        if inputs.iter().any(|x| !x.is_float()) {
            return Err(misfit(ENTRY.name, inputs, "floating-point numbers"));
        }
        infer_fold(ENTRY.name, inputs, &self.shape)
    }

    /// dx = dy · exp(x − y), the softmax of the group.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let (x, y) = (backward.inputs[0], backward.outputs[0]);
        let graph = &mut *backward.graph;
        let below = graph.subtract(x, y)?;
        let share = graph.exp(below)?;
        Ok(vec![Some(graph.multiply(d_out, share)?)])
    }

    run_generic!();
}

impl Graph {
    /// ln Σ exp(x) over the axes along which `shape` would have to stretch to fit `x`; −∞ over
    /// no element.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`, or `x` holds integers.
    pub fn log_sum_exp_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        self.apply(LogSumExpTo { shape: shape.into() }, &[x])
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};

    #[test]
    fn nothing_overflows_and_infinities_stay() {
        let (inf, ln_2) = (f64::INFINITY, std::f64::consts::LN_2);
        let rows = [
            ([1000.0, 1000.0], 1000.0 + ln_2),
            ([-1e4, -1e4], -1e4 + ln_2),
            ([-inf, -inf], -inf),
            ([-inf, 3.0], 3.0),
            ([inf, inf], inf),
            ([0.0, inf], inf),
        ];
        let data = rows.iter().flat_map(|row| row.0).collect();
        let x = Array::float([rows.len(), 2], data).unwrap();
        let got = compute(&[&x], 100, |g, w| Ok(vec![g.log_sum_exp_to(w[0], [rows.len(), 1])?]));
        let expected: Vec<f64> = rows.iter().map(|row| row.1).collect();
        assert_eq!(got.unwrap()[0].floats().unwrap(), expected);
    }
}
