//! The transpose of [`average_pool`](super::average_pool), each the other's derivative.

use fanin_kernels::pool;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Type, Wire, misfit};
use crate::run::{Element, Io};

use super::average_pool::{AveragePool, variants};
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
}
