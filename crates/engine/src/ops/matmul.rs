//! Matrix product over the last two axes.
//!
//! Key: B leading (batch) axes, m rows, n columns, k the axis summed over.

use fanin_kernels::matmul::{Matrix, matmul};

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::tensor::Shape;

use super::operator::run_generic;
use super::{Entry, FanAxes, Moments, Operator, Sample};

/// op(a) · op(b) over the last two axes, where op transposes them or not.
///
/// The leading axes must be equal, or one side has none and is used for all.
#[derive(Clone, Copy, Debug)]
pub struct MatMul {
    transpose_a: bool,
    transpose_b: bool,
}

pub const ENTRY: Entry = Entry {
    name: "matmul",
    about: "matrix product over the last two axes",
    samples: || {
        let sample = |transpose_a, transpose_b, a: &[usize], b: &[usize]| {
            Sample::new(MatMul { transpose_a, transpose_b }, &[Type::float(a), Type::float(b)])
        };
        vec![
            sample(false, false, &[3, 4], &[4, 2]),
            sample(false, true, &[3, 4], &[2, 4]),
            sample(true, false, &[4, 3], &[4, 2]),
            sample(true, true, &[4, 3], &[2, 4]),
            sample(false, true, &[2, 3, 4], &[2, 5, 4]),
            sample(false, true, &[2, 3, 4], &[5, 4]),
            sample(false, false, &[3, 4], &[2, 4, 5]),
        ]
    },
};

fn matrix(shape: &Shape) -> Option<(&[usize], (usize, usize))> {
    match shape.axes() {
        [lead @ .., rows, columns] => Some((lead, (*rows, *columns))),
        _ => None,
    }
}

/// Sizes of one product, and how many of them there are.
struct Sizes {
    batch: usize,
    a: (usize, usize),
    b: (usize, usize),
}

fn sizes(a: &Shape, b: &Shape) -> Option<Sizes> {
    let ((lead_a, a), (lead_b, b)) = (matrix(a)?, matrix(b)?);
    let fits = lead_a == lead_b || lead_a.is_empty() || lead_b.is_empty();
    let batch = lead_a.iter().product::<usize>().max(lead_b.iter().product());
    fits.then_some(Sizes { batch, a, b })
}

impl MatMul {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let shapes = [io.input_shape(0), io.input_shape(1)];
        let size = sizes(shapes[0], shapes[1]).expect("the shape rule has been applied");
        let ([a, b], out) = io.split([0, 1]);
        let (count_a, count_b) = (size.a.0 * size.a.1, size.b.0 * size.b.1);
        let one_weight = shapes[1].rank() == 2 && !self.transpose_a;
        if one_weight {
            let rows = size.a.0 * if shapes[0].rank() > 2 { size.batch } else { 1 };
            let a = Matrix::new(a, rows, size.a.1);
            let b = Matrix::new(b, size.b.0, size.b.1).transposed(self.transpose_b);
            matmul(a, b, out, false);
            return;
        }
        let count_out = out.len() / size.batch.max(1);
        for (index, out) in out.chunks_exact_mut(count_out.max(1)).enumerate() {
            let start_a = if shapes[0].rank() > 2 { index * count_a } else { 0 };
            let start_b = if shapes[1].rank() > 2 { index * count_b } else { 0 };
            let a = Matrix::new(&a[start_a..start_a + count_a], size.a.0, size.a.1);
            let b = Matrix::new(&b[start_b..start_b + count_b], size.b.0, size.b.1);
            let (a, b) = (a.transposed(self.transpose_a), b.transposed(self.transpose_b));
            matmul(a, b, out, false);
        }
    }

    fn columns_summed_over(self, a: (usize, usize)) -> usize {
        if self.transpose_a { a.0 } else { a.1 }
    }
}

impl Operator for MatMul {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let expected = format!(
            "a matrix{} times a matrix{} that agree on the axis summed over",
            if self.transpose_a { " (transposed)" } else { "" },
            if self.transpose_b { " (transposed)" } else { "" },
        );
        let [a, b] = inputs else {
            return Err(misfit(ENTRY.name, inputs, expected));
        };
        let floats = [a.kind, b.kind] == [Kind::Float; 2];
        let Some(size) = sizes(&a.shape, &b.shape).filter(|_| floats) else {
            return Err(misfit(ENTRY.name, inputs, expected));
        };
        let (m, k) = if self.transpose_a { (size.a.1, size.a.0) } else { size.a };
        let (k_b, n) = if self.transpose_b { (size.b.1, size.b.0) } else { size.b };
        if k != k_b {
            return Err(misfit(ENTRY.name, inputs, expected));
        }
        let longer = if a.shape.rank() >= b.shape.rank() { &a.shape } else { &b.shape };
        let mut axes = longer.axes()[..longer.rank() - 2].to_vec();
        axes.extend([m, n]);
        Ok(vec![Type::float(axes)])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let [a, b] = [backward.inputs[0], backward.inputs[1]];
        let Self { transpose_a, transpose_b } = *self;
        let wanted = backward.wanted.clone();
        let graph = &mut *backward.graph;
        let d_a = if !wanted[0] {
            None
        } else if transpose_a {
            Some(graph.product_to_shape_of(a, (b, transpose_b), (d_out, true))?)
        } else {
            Some(graph.product_to_shape_of(a, (d_out, false), (b, !transpose_b))?)
        };
        let d_b = if !wanted[1] {
            None
        } else if transpose_b {
            Some(graph.product_to_shape_of(b, (d_out, true), (a, transpose_a))?)
        } else {
            Some(graph.product_to_shape_of(b, (a, !transpose_a), (d_out, false))?)
        };
        Ok(vec![d_a, d_b])
    }

    run_generic!();

    fn moments(&self, types: &[&Type], inputs: &[Moments]) -> Option<Moments> {
        let k = self.columns_summed_over(sizes(&types[0].shape, &types[1].shape)?.a) as f64;
        let [a, b] = inputs else { return None };
        let mean = a.mean * b.mean;
        Some(Moments { mean: k * mean, variance: k * (a.second() * b.second() - mean * mean) })
    }

    fn fan_axes(&self, types: &[&Type], input: usize) -> Option<FanAxes> {
        let rank = types[input].shape.rank();
        let (rows, columns) = (vec![rank.checked_sub(2)?], vec![rank - 1]);
        let summed_over_columns = if input == 0 { !self.transpose_a } else { self.transpose_b };
        Some(if summed_over_columns {
            FanAxes { fan_in: columns, fan_out: rows, groups: 1 }
        } else {
            FanAxes { fan_in: rows, fan_out: columns, groups: 1 }
        })
    }
}

impl Graph {
    /// a · b.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn matmul(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        self.apply(MatMul { transpose_a: false, transpose_b: false }, &[a, b])
    }

    /// a · bᵀ: the product of activations with a weight of shape (out, in).
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn matmul_transposed(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        self.apply(MatMul { transpose_a: false, transpose_b: true }, &[a, b])
    }

    /// A product of two sides, each transposed or not, summed over the leading axes that `like`
    /// lacks. Activations with leading axes times a weight are one long matrix, so the sum over
    /// those axes is part of the product.
    fn product_to_shape_of(
        &mut self,
        like: Wire,
        (a, transpose_a): (Wire, bool),
        (b, transpose_b): (Wire, bool),
    ) -> Result<Wire> {
        let lead_summed = self.shape(like).rank() == 2
            && transpose_a
            && !transpose_b
            && self.shape(a).rank() > 2
            && self.shape(b).rank() > 2;
        if lead_summed {
            let (a, b) = (self.as_matrix(a)?, self.as_matrix(b)?);
            return self.apply(MatMul { transpose_a, transpose_b }, &[a, b]);
        }
        let product = self.apply(MatMul { transpose_a, transpose_b }, &[a, b])?;
        self.sum_to_shape_of(product, like)
    }

    fn as_matrix(&mut self, x: Wire) -> Result<Wire> {
        let columns = *self.shape(x).axes().last().expect("a matrix has axes");
        let rows = self.shape(x).elements() / columns.max(1);
        self.reshape(x, [rows, columns])
    }
}
