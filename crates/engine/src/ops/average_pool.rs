//! The average or sum in each window over one to three spatial axes.
//!
//! Key: x of shape (B, C, spatial…), y of shape (B, C, positions…).

use fanin_kernels::pool::{self, Divisor};
use fanin_kernels::window::AXES;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::average_pool_gradient::AveragePoolGradient;
use super::max_pool::{expected, pooled, pools};
use super::operator::run_generic;
use super::window::{Rounding, Window};
use super::{Entry, Moments, Operator, Sample};

/// The sum over each window, divided as `divisor` says.
#[derive(Clone, Debug)]
pub struct AveragePool {
    pub(super) window: Window,
    pub(super) kernel: Vec<usize>,
    pub(super) round: Rounding,
    pub(super) divisor: Divisor,
}

pub const ENTRY: Entry = Entry {
    name: "average_pool",
    about: "the average or sum in each window",
    samples: || {
        variants().into_iter().map(|(x, pool)| Sample::new(pool, &[Type::float(x)])).collect()
    },
};

/// Shapes and pools, each with every divisor, that the laws are tested on.
pub(super) fn variants() -> Vec<(Vec<usize>, AveragePool)> {
    let divisors = [Divisor::One, Divisor::Inside, Divisor::Padded];
    let pools =
        pools().into_iter().flat_map(|pool| divisors.map(|divisor| (pool.clone(), divisor)));
    pools
        .map(|((x, window, kernel, round), divisor)| {
            (x, AveragePool { window, kernel, round, divisor })
        })
        .collect()
}

impl AveragePool {
    /// The pool as the kernels take it.
    pub(super) fn sizes(&self, input: &[usize], output: &[usize]) -> pool::Average {
        let window = self.window.sizes(input, &self.kernel, output);
        let lead = AXES - self.window.axes();
        let after = |axis: usize| axis.checked_sub(lead).map_or(0, |own| self.window.pads[own].1);
        let pad_after = std::array::from_fn(after);
        pool::Average { window, pad_after, divisor: self.divisor }
    }

    pub(super) fn output(&self, inputs: &[&Type]) -> Option<Vec<usize>> {
        pooled(inputs, (&self.window, &self.kernel, self.round))
    }

    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let pool = self.sizes(&io.input_shape(0).axes()[2..], &io.output_shape(0).axes()[2..]);
        let ([x], out) = io.split([0]);
        pool::average(&pool, x, out);
    }
}

impl Operator for AveragePool {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match self.output(inputs) {
            Some(shape) => Ok(vec![Type::float(shape)]),
            None => Err(misfit(ENTRY.name, inputs, expected(&self.window, &self.kernel))),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let input = backward.graph.shape(backward.inputs[0]).axes()[2..].to_vec();
        let operator = AveragePoolGradient { pool: self.clone(), input };
        Ok(vec![Some(backward.graph.apply(operator, &[d_out])?)])
    }

    run_generic!();

    /// A window with n taps inside gives n·f times the mean and n·f² times the variance, where f
    /// is its factor; means that differ between windows add to the variance.
    fn moments(&self, types: &[&Type], inputs: &[Moments]) -> Option<Moments> {
        let [x] = inputs else { return None };
        let output = self.output(types)?;
        let pool = self.sizes(&types[0].shape.axes()[2..], &output[2..]);
        let (mut sum, mut square, mut spread) = (1.0, 1.0, 1.0);
        for axis in 0..AXES {
            let length = pool.window.output[axis];
            let counts = || (0..length).map(|at| pool.counts(axis, at));
            let mean = |f: fn(f64, f64) -> f64| {
                let terms = counts().filter(|&(_, divisor)| divisor > 0);
                terms.map(|(n, d)| f(n as f64, 1.0 / d as f64)).sum::<f64>() / length as f64
            };
            sum *= mean(|n, f| n * f);
            square *= mean(|n, f| n * f * n * f);
            spread *= mean(|n, f| n * f * f);
        }
        Some(Moments {
            mean: sum * x.mean,
            variance: spread * x.variance + (square - sum * sum) * x.mean * x.mean,
        })
    }
}

impl Graph {
    /// The sum of x (B, C, spatial…) over each window, divided as `divisor` says.
    ///
    /// # Errors
    /// If the window does not fit.
    pub fn average_pool(
        &mut self,
        x: Wire,
        kernel: &[usize],
        window: &Window,
        round: Rounding,
        divisor: Divisor,
    ) -> Result<Wire> {
        let (window, kernel) = (window.clone(), kernel.to_vec());
        self.apply(AveragePool { window, kernel, round, divisor }, &[x])
    }
}
