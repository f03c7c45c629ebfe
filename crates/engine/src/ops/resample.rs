//! One axis mapped to another length by sparse weights: resizing, axis by axis.

use std::sync::Arc;

use fanin_kernels::resample::{self, Weights};

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// y[…, i, …] = Σ over j of w[i, j] · x[…, j, …]; its derivative is that of the transposed
/// weights.
#[derive(Clone, Debug)]
pub struct Resample {
    axis: usize,
    weights: Arc<Weights>,
    transposed: Arc<Weights>,
}

pub const ENTRY: Entry = Entry {
    name: "resample",
    about: "one axis mapped to another length by sparse weights",
    samples: || {
        let rows = [vec![(0, 1.0)], vec![(0, 0.25), (2, 0.75)], vec![], vec![(1, -2.0)]];
        let operator = |axis| Resample::new(axis, Weights::new(3, rows.clone()));
        vec![
            Sample::new(operator(1), &[Type::float([2, 3, 2])]),
            Sample::new(operator(0), &[Type::float([3])]),
        ]
    },
};

impl Resample {
    fn new(axis: usize, weights: Weights) -> Self {
        let transposed = Arc::new(weights.transposed());
        Self { axis, weights: Arc::new(weights), transposed }
    }

    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let inner = io.input_shape(0).axes()[self.axis + 1..].iter().product();
        let ([x], out) = io.split([0]);
        resample::resample(&self.weights, inner, x, out);
    }
}

impl Operator for Resample {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.is_float()
                && x.shape.axes().get(self.axis) == Some(&self.weights.columns())
                && x.shape.elements() > 0 =>
            {
                let mut axes = x.shape.axes().to_vec();
                axes[self.axis] = self.weights.rows();
                Ok(vec![Type::float(axes)])
            }
            _ => Err(misfit(
                ENTRY.name,
                inputs,
                format!(
                    "one input with {} elements along axis {}",
                    self.weights.columns(),
                    self.axis
                ),
            )),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let operator = Self {
            axis: self.axis,
            weights: Arc::clone(&self.transposed),
            transposed: Arc::clone(&self.weights),
        };
        Ok(vec![Some(backward.graph.apply(operator, &[d_out])?)])
    }

    run_generic!();

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?.with_whole_axes();
        let rows = self.weights.rows();
        let sums = |weights: &Weights, f: fn(f64, f64) -> f64| -> f64 {
            let of_row = |row: usize| {
                let entries = weights.row(row).iter().map(|entry| entry.1);
                f(entries.clone().sum(), entries.map(|weight| weight * weight).sum())
            };
            (0..weights.rows()).map(of_row).sum()
        };
        let (count, total) = (rows as f64, sums(&self.weights, |sum, _| sum));
        let one = sums(&self.weights, |_, squares| squares);
        let all = sums(&self.weights, |sum, _| sum * sum);
        let common = sums(&self.transposed, |sum, _| sum * sum) - one;
        let pairs = (count * (count - 1.0)).max(1.0);
        let (same, apart) = (common / pairs, (total * total - all - common) / pairs);
        let mut axes = types[0].shape.axes().to_vec();
        axes[self.axis] = rows;
        Some(vec![Spread::from_products(&axes.into(), total / count * x.mean(), |differs| {
            let mut at = differs.to_vec();
            let both = [false, true].map(|apart| {
                at[self.axis] = apart;
                x.at(&at)
            });
            if differs[self.axis] {
                same * both[0] + apart * both[1]
            } else {
                (one * both[0] + (all - one) * both[1]) / count
            }
        })])
    }
}

impl Graph {
    /// Maps an axis of `x` to another length: output i is Σ over j of w[i, j] · input j.
    ///
    /// # Errors
    /// If the axis does not have as many elements as the weights have columns.
    pub fn resample(&mut self, x: Wire, axis: usize, weights: Weights) -> Result<Wire> {
        self.apply(Resample::new(axis, weights), &[x])
    }
}
