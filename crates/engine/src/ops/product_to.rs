//! The product over the axes along which a smaller shape would have to stretch.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire};
use crate::run::{Element, Io, Number, Stored};
use crate::tensor::Shape;

use super::broadcast::collapse;
use super::fold::{fold_axes, infer_fold, samples_fold};
use super::operator::run_stored;
use super::{Entry, Operator, Span};

/// The product of each group of elements, in their order; 1 for none.
#[derive(Clone, Debug)]
pub struct ProductTo {
    shape: Shape,
}

pub const ENTRY: Entry = Entry {
    name: "product_to",
    about: "product over the axes along which a smaller shape would stretch",
    samples: || samples_fold(|shape| ProductTo { shape }),
};

impl ProductTo {
    fn compute<T: Element, E: Stored<T>>(&self, io: &mut Io<'_, T>) {
        let axes = collapse(io.input_shape(0), &self.shape);
        let (inputs, out) = io.parts::<E>();
        fold_axes(inputs.get::<E>(0), &axes, out, E::UNIT, E::times, |product| product);
    }
}

impl Operator for ProductTo {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        infer_fold(ENTRY.name, inputs, &self.shape)
    }

    /// dxᵢ = dy · Π before i · Π after i, which needs no division and so holds for zeros too.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let x = backward.inputs[0];
        let graph = &mut *backward.graph;
        let full = graph.shape(x).clone();
        let lead = full.rank() - self.shape.rank();
        let is_folded = |axis: usize| match axis.checked_sub(lead) {
            Some(own) => self.shape.axes()[own] != full.axes()[axis],
            None => true,
        };
        let (folded, kept): (Vec<usize>, Vec<usize>) =
            (0..full.rank()).partition(|&axis| is_folded(axis));
        let order = [kept, folded.clone()].concat();
        let count = folded.iter().map(|&axis| full.axes()[axis]).product::<usize>();
        let rows = full.elements() / count.max(1);

        let grouped = graph.transpose(x, &order)?;
        let moved = graph.shape(grouped).clone();
        let grouped = graph.reshape(grouped, [rows, count])?;
        let before = graph.products_before(grouped)?;
        let backwards = Span { start: count.saturating_sub(1), step: -1, count };
        let turned = graph.slice_axis(grouped, 1, backwards)?;
        let after = graph.products_before(turned)?;
        let after = graph.slice_axis(after, 1, backwards)?;
        let others = graph.multiply(before, after)?;
        let others = graph.reshape(others, moved)?;
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
        let others = graph.transpose(others, &back)?;
        Ok(vec![Some(graph.multiply(d_out, others)?)])
    }

    run_stored!();
}

impl Graph {
    /// The product of `x` over the axes along which `shape` would have to stretch to fit it; 1
    /// over no element.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`.
    pub fn product_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        let shape = shape.into();
        if *self.shape(x) == shape {
            return Ok(x);
        }
        self.apply(ProductTo { shape }, &[x])
    }

    /// In every row of a matrix, the product of all elements before each: log₂ n times, every
    /// element is multiplied by the one 2ⁱ places back.
    fn products_before(&mut self, x: Wire) -> Result<Wire> {
        let [rows, columns] = *self.shape(x).axes() else { unreachable!("it is a matrix") };
        let mut product = x;
        let mut step = 1;
        let shift = |graph: &mut Self, x: Wire, by: usize| {
            let rest = columns.saturating_sub(by);
            let kept = graph.slice_axis(x, 1, Span::neighbors(0, rest))?;
            let places = [Span::whole(rows), Span::neighbors(by.min(columns), rest)];
            graph.embed(kept, [rows, columns], &places, Number::Float(1.0))
        };
        product = shift(self, product, 1)?;
        while step < columns {
            let earlier = shift(self, product, step)?;
            product = self.multiply(product, earlier)?;
            step *= 2;
        }
        Ok(product)
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn gradients_hold_at_one_zero_and_at_two() {
        let x = Array::float([2, 3], vec![2.0, 0.0, 5.0, 0.0, 3.0, 0.0]).unwrap();
        let got = compute(&[&x], 100, |g, w| {
            let product = g.product_to(w[0], [2, 1])?;
            let first = gradients(g, product, &[w[0]])?[0];
            let square = g.multiply(first, first)?;
            let second = gradients(g, square, &[w[0]])?[0];
            Ok(vec![first, second])
        });
        let got = got.unwrap();
        assert_eq!(got[0].floats().unwrap(), [0.0, 10.0, 0.0, 0.0, 0.0, 0.0]);
        // Row 0: Σ of squares is (x₁x₂)² + (x₀x₂)² + (x₀x₁)², whose slopes at x₁ = 0 are these.
        assert_eq!(got[1].floats().unwrap(), [100.0, 0.0, 40.0, 0.0, 0.0, 0.0]);
    }
}
