//! Matrix product over the last two axes.
//!
//! Key: B leading (batch) axes, m rows, n columns, k the axis summed over.

use fanin_kernels::change::Change;
use fanin_kernels::matmul::{Matrix, comes_in_pieces, matmul, matmul_change};
use fanin_kernels::threads::for_each_chunk;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Source, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::broadcast::common_shape;
use super::operator::run_generic;
use super::{Entry, FanAxes, InPieces, Operator, Sample};

/// op(a) · op(b) over the last two axes, where op transposes them or not.
///
/// The leading axes stretch to fit each other, as in NumPy.
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
            sample(false, false, &[2, 1, 3, 4], &[3, 4, 2]),
            sample(true, true, &[1, 2, 4, 3], &[3, 1, 2, 4]),
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
    lead: Shape,
    a: (usize, usize),
    b: (usize, usize),
}

fn sizes(a: &Shape, b: &Shape) -> Option<Sizes> {
    let ((lead_a, a), (lead_b, b)) = (matrix(a)?, matrix(b)?);
    let lead = common_shape(&lead_a.into(), &lead_b.into())?;
    Some(Sizes { lead, a, b })
}

/// The number of the factor that belongs to the n-th product, if axes of size 1 stretch.
fn factor(lead: &[usize], own: &Shape, mut product: usize) -> usize {
    let own = &own.axes()[..own.rank() - 2];
    let (mut index, mut weight) = (0, 1);
    for (axis, size) in lead.iter().rev().enumerate() {
        let Some(own) = own.len().checked_sub(axis + 1).map(|at| own[at]) else { break };
        if own != 1 {
            index += product % size * weight;
        }
        weight *= own;
        product /= size;
    }
    index
}

/// With the last two axes swapped where the product takes them so.
fn turned(x: &Spread, swap: bool) -> Spread {
    let rank = x.shape().rank();
    let mut order: Vec<usize> = (0..rank).collect();
    if swap {
        order.swap(rank - 2, rank - 1);
    }
    x.transposed(&order)
}

impl MatMul {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let shapes = [io.input_shape(0), io.input_shape(1)];
        let [a_size, b_size] =
            shapes.map(|shape| matrix(shape).expect("the shape rule has been applied").1);
        let lead = io.output_shape(0).axes();
        let lead = &lead[..lead.len() - 2];
        let ([a, b], out) = io.split([0, 1]);
        if shapes[1].rank() == 2 && !self.transpose_a {
            let rows = shapes[0].axes()[..shapes[0].rank() - 1].iter().product();
            let a = Matrix::new(a, rows, a_size.1);
            let b = Matrix::new(b, b_size.0, b_size.1).transposed(self.transpose_b);
            matmul(a, b, out, false);
            return;
        }
        let (count_a, count_b) = (a_size.0 * a_size.1, b_size.0 * b_size.1);
        let count_out = out.len() / lead.iter().product::<usize>().max(1);
        for_each_chunk(out, count_out.max(1), &|start, out| {
            let product = start / count_out.max(1);
            let start_a = factor(lead, shapes[0], product) * count_a;
            let start_b = factor(lead, shapes[1], product) * count_b;
            let a = Matrix::new(&a[start_a..start_a + count_a], a_size.0, a_size.1);
            let b = Matrix::new(&b[start_b..start_b + count_b], b_size.0, b_size.1);
            let (a, b) = (a.transposed(self.transpose_a), b.transposed(self.transpose_b));
            matmul(a, b, out, false);
        });
    }
}

impl MatMul {
    /// Changes by the product of two matrices.
    fn change<T: Element>(self, io: &Io<'_, T>, change: Change<'_, T>) {
        let factor = |input: usize, transposed: bool| {
            let (_, (rows, columns)) =
                matrix(io.input_shape(input)).expect("the shape rule has been applied");
            Matrix::new(io.read(input), rows, columns).transposed(transposed)
        };
        matmul_change(factor(0, self.transpose_a), factor(1, self.transpose_b), change);
    }
}

impl InPieces for MatMul {
    fn comes_in_pieces(&self, inputs: &[&Type]) -> bool {
        let [&[m, n], &[_, _]] = [inputs[0], inputs[1]].map(|x| x.shape.axes()) else {
            return false;
        };
        let summed = if self.transpose_a { m } else { n };
        comes_in_pieces::<f32>(summed) && comes_in_pieces::<f64>(summed)
    }

    fn change_f32(&self, io: &Io<'_, f32>, change: Change<'_, f32>) {
        self.change(io, change);
    }

    fn change_f64(&self, io: &Io<'_, f64>, change: Change<'_, f64>) {
        self.change(io, change);
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
        let mut axes = size.lead.axes().to_vec();
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

    fn in_pieces(&self) -> Option<&dyn InPieces> {
        Some(self)
    }

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[a, b] = inputs else { return None };
        let lead = sizes(&types[0].shape, &types[1].shape)?.lead;
        let (a, b) = (turned(a, self.transpose_a), turned(b, !self.transpose_b));
        let (rows, columns) = (a.shape(), b.shape());
        let (m, k) = matrix(&rows)?.1;
        let n = matrix(&columns)?.1.0;
        let all: Shape = [lead.axes(), &[m, n, k]].concat().into();
        let wide = |lead: &[usize], last: [usize; 3]| -> Shape { [lead, &last].concat().into() };
        let a = a.reshaped(&wide(&rows.axes()[..rows.rank() - 2], [m, 1, k])).stretched(&all);
        let b = b.reshaped(&wide(&columns.axes()[..columns.rank() - 2], [1, n, k])).stretched(&all);
        let sum = a.times(&b).summed_to(&wide(lead.axes(), [m, n, 1]));
        Some(vec![sum.reshaped(&[lead.axes(), &[m, n]].concat().into())])
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
    /// a · b; a side that a node transposes is read as it lay before.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn matmul(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        let ((a, transpose_a), (b, transpose_b)) = (self.as_it_lay(a), self.as_it_lay(b));
        self.apply(MatMul { transpose_a, transpose_b }, &[a, b])
    }

    /// a · bᵀ: the product of activations with a weight of shape (out, in).
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn matmul_transposed(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        let ((a, transpose_a), (b, turned)) = (self.as_it_lay(a), self.as_it_lay(b));
        self.apply(MatMul { transpose_a, transpose_b: !turned }, &[a, b])
    }

    /// What a node exchanges the last two axes of, and whether it does.
    fn as_it_lay(&self, x: Wire) -> (Wire, bool) {
        match self.source(x) {
            Source::Node(node, _) if self.nodes()[node].operator.swaps_matrices() => {
                (self.nodes()[node].inputs[0], true)
            }
            _ => (x, false),
        }
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

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};

    #[test]
    fn transposes_are_read_and_not_run() {
        let numbers = |n: usize| (0..n).map(|i| (i * i % 7) as f64 - 3.0).collect::<Vec<_>>();
        let a = Array::float([2, 3, 4], numbers(24)).unwrap();
        let b = Array::float([2, 5, 4], numbers(40)).unwrap();
        let got = compute(&[&a, &b], 1000, |g, w| {
            let turned = g.transpose(w[1], &[0, 2, 1])?;
            let product = g.matmul(w[0], turned)?;
            assert_eq!(crate::Plan::new(g, &[product])?.steps(), 1);
            let back = g.matmul_transposed(product, turned)?;
            let copied = g.affine(turned, 1.0, 0.0)?;
            Ok(vec![product, g.matmul(w[0], copied)?, back, g.matmul(product, w[1])?])
        });
        let got = got.unwrap();
        assert_eq!((&got[0], &got[2]), (&got[1], &got[3]));
    }
}
