//! The average or sum in each window over one to three spatial axes.
//!
//! Key: x of shape (B, C, spatial…), y of shape (B, C, positions…).

use fanin_kernels::pool::{self, Divisor};
use fanin_kernels::window::AXES;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::average_pool_gradient::AveragePoolGradient;
use super::max_pool::{expected, pooled, pools};
use super::operator::run_generic;
use super::window::{Rounding, Window};
use super::{Entry, Operator, Sample};

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

    /// Along an axis, a window with n taps inside and factor f has n·f² pairs of one place and
    /// (n² − n)·f² of two; windows beside each other count as without a common place.
    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?.with_whole_axes();
        let output = self.output(types)?;
        let pool = self.sizes(&types[0].shape.axes()[2..], &output[2..]);
        let lead = AXES - (output.len() - 2);
        let (mut sum, mut shares) = (1.0, Vec::new());
        for axis in lead..AXES {
            let length = pool.window.output[axis];
            let mean = |f: fn(f64, f64) -> f64| {
                let counts = (0..length).map(|at| pool.counts(axis, at));
                let terms = counts.filter(|&(_, divisor)| divisor > 0);
                terms.map(|(n, d)| f(n as f64, 1.0 / d as f64)).sum::<f64>() / length as f64
            };
            sum *= mean(|n, f| n * f);
            shares.push([mean(|n, f| n * f * f), mean(|n, f| n * f * n * f), mean(|n, f| n * f)]);
        }
        let product = |differs: &[bool]| {
            let terms = |&[one, all, sum]: &[f64; 3], differs: bool| {
                if differs { [0.0, sum * sum] } else { [one, all - one] }
            };
            sum_of_axes(&x, differs, &shares, &terms)
        };
        Some(vec![Spread::from_products(&output.into(), sum * x.mean(), product)])
    }
}

/// The sum over all sets of spatial axes along which two terms differ, where `terms` gives, for an
/// axis, the weights of pairs at one place and at two.
pub(super) fn sum_of_axes<T>(
    x: &Spread,
    differs: &[bool],
    axes: &[T],
    terms: &dyn Fn(&T, bool) -> [f64; 2],
) -> f64 {
    (0..1 << axes.len())
        .map(|set: usize| {
            let mut at = differs.to_vec();
            let mut weight = 1.0;
            for (axis, own) in axes.iter().enumerate() {
                let apart = set >> axis & 1;
                weight *= terms(own, differs[axis + 2])[apart];
                at[axis + 2] = apart == 1;
            }
            weight * x.at(&at)
        })
        .sum()
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
