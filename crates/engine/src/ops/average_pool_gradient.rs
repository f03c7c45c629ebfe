//! The transpose of [`average_pool`](super::average_pool), each the other's derivative.

use fanin_kernels::pool;
use fanin_kernels::window::AXES;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::average_pool::{AveragePool, sum_of_axes, variants};
use super::max_pool::expected;
use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// Every element of the input (B, C, positions…) spread over its window in planes of the spatial
/// shape `input`.
#[derive(Clone, Debug)]
pub struct AveragePoolGradient {
    pub(super) pool: AveragePool,
    pub(super) input: Vec<usize>,
}

pub const ENTRY: Entry = Entry {
    name: "average_pool_gradient",
    about: "every element spread evenly over its window",
    samples: || {
        let variants = variants().into_iter();
        variants
            .map(|(x, pool)| {
                let shape = pool.output(&[&Type::float(x.clone())]);
                let input = x[2..].to_vec();
                let shape = shape.expect("samples have windows that fit");
                Sample::new(AveragePoolGradient { pool, input }, &[Type::float(shape)])
            })
            .collect()
    },
};

impl AveragePoolGradient {
    fn output(&self, inputs: &[&Type]) -> Option<Vec<usize>> {
        let [d_y] = inputs else { return None };
        if !d_y.is_float() {
            return None;
        }
        let x = [d_y.shape.axes().get(..2)?, &self.input].concat();
        let y = self.pool.output(&[&Type::float(x.clone())])?;
        (y == d_y.shape.axes()).then_some(x)
    }

    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let pool = self.pool.sizes(&self.input, &io.input_shape(0).axes()[2..]);
        let ([d_y], d_x) = io.split([0]);
        pool::average_gradient(&pool, d_y, d_x);
    }
}

impl Operator for AveragePoolGradient {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        if let Some(shape) = self.output(inputs) {
            return Ok(vec![Type::float(shape)]);
        }
        let expected = expected(&self.pool.window, &self.pool.kernel);
        Err(misfit(ENTRY.name, inputs, format!("the pool of {:?} in {expected}", self.input)))
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        Ok(vec![Some(backward.graph.apply(self.pool.clone(), &[d_out])?)])
    }

    run_generic!();

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let d_y = inputs.first()?.with_whole_axes();
        let output = self.output(types)?;
        let pool = self.pool.sizes(&self.input, &types[0].shape.axes()[2..]);
        let lead = AXES - self.input.len();
        let (mut sum, mut shares) = (1.0, Vec::new());
        for axis in lead..AXES {
            let length = pool.window.input[axis] as f64;
            let total = |f: fn(f64, f64) -> f64| {
                let counts = (0..pool.window.output[axis]).map(|at| pool.counts(axis, at));
                let terms = counts.filter(|&(_, divisor)| divisor > 0);
                terms.map(|(n, d)| f(n as f64, 1.0 / d as f64)).sum::<f64>()
            };
            let (all, same) = (total(|n, f| n * f), total(|n, f| n * (n - 1.0) * f * f));
            let one = total(|n, f| n * f * f) / length;
            let two = ((all / length).powi(2) - one).max(0.0);
            let pairs = (length * (length - 1.0)).max(1.0);
            let apart = ((all * all - length * (one + two) - same) / pairs).max(0.0);
            shares.push([one, two, same / pairs, apart]);
            sum *= all / length;
        }
        let product = |differs: &[bool]| {
            let terms = |&[one, two, same, apart]: &[f64; 4], differs: bool| {
                if differs { [same, apart] } else { [one, two] }
            };
            sum_of_axes(&d_y, differs, &shares, &terms)
        };
        Some(vec![Spread::from_products(&output.into(), sum * d_y.mean(), product)])
    }
}
