//! The derivative of [`standardize`](super::standardize).
//!
//! Key: g gradient and y standardized elements of shape (A, G, N), r factor of shape (G); ⟨⟩ the
//! mean over the A·N elements of a group. A second output is room for two means of every group.

use fanin_kernels::standardize as kernels;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_generic;
use super::standardize::sizes;
use super::{Entry, Operator, Sample, Structure};

/// r · (g − ⟨g⟩ − y·⟨g·y⟩); without ⟨g⟩ where the mean is not subtracted.
#[derive(Clone, Copy, Debug)]
pub struct StandardizeGradient {
    pub(super) centered: bool,
}

pub const ENTRY: Entry = Entry {
    name: "standardize_gradient",
    about: "the gradient through mean 0 and variance 1",
    samples: || {
        let types = [Type::float([2, 3, 4]), Type::float([2, 3, 4]), Type::float([3])];
        [true, false].map(|centered| Sample::new(StandardizeGradient { centered }, &types)).into()
    },
};

impl StandardizeGradient {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let sizes = sizes(io.input_shape(0), 0.0, self.centered);
        let sizes = sizes.expect("the shape rule has been applied");
        let (inputs, [out, means]) = io.split_outputs([0, 1, 2]);
        kernels::gradient(&sizes, inputs, out, means);
    }
}

impl Operator for StandardizeGradient {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [g, y, factor]
                if g == y
                    && g.is_float()
                    && factor.is_float()
                    && sizes(&g.shape, 0.0, true).is_some()
                    && factor.shape.axes() == [g.shape.axes()[1]] =>
            {
                let groups = g.shape.axes()[1];
                Ok(vec![(*g).clone(), Type::float([groups, 2])])
            }
            _ => Err(misfit(ENTRY.name, inputs, "(outer, groups, inner) twice and (groups)")),
        }
    }

    /// For a seed h: the operator is symmetric in g, so `d_g` = r (h − ⟨h⟩ − y·⟨h·y⟩);
    /// `d_y` = −r (h·⟨g·y⟩ + g·⟨h·y⟩); `d_r` = n (⟨h·g⟩ − ⟨h⟩⟨g⟩ − ⟨h·y⟩⟨g·y⟩).
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let h = backward.output_gradient();
        let [g, y, factor] = [0, 1, 2].map(|input: usize| backward.inputs[input]);
        let wanted = backward.wanted.clone();
        let graph = &mut *backward.graph;
        let d_g = wanted[0].then(|| graph.apply(*self, &[h, y, factor])).transpose()?;
        if !wanted[1] && !wanted[2] {
            return Ok(vec![d_g, None, None]);
        }
        let h_y = mean_product(graph, h, y)?;
        let g_y = mean_product(graph, g, y)?;
        let d_y = if wanted[1] {
            let groups = graph.shape(factor).axes()[0];
            let r = graph.reshape(factor, [groups, 1])?;
            let r = graph.affine(r, -1.0, 0.0)?;
            let (by_h, by_g) = (graph.multiply(r, g_y)?, graph.multiply(r, h_y)?);
            let (left, right) = (graph.multiply(h, by_h)?, graph.multiply(g, by_g)?);
            Some(graph.add(left, right)?)
        } else {
            None
        };
        let d_factor = if wanted[2] {
            let all = mean_product(graph, h, g)?;
            let along_y = graph.multiply(h_y, g_y)?;
            let mut mean = graph.subtract(all, along_y)?;
            if self.centered {
                let column = graph.shape(all).clone();
                let (h, g) = (graph.mean_to(h, column.clone())?, graph.mean_to(g, column)?);
                let means = graph.multiply(h, g)?;
                mean = graph.subtract(mean, means)?;
            }
            let count = graph.shape(g).elements() / graph.shape(mean).elements();
            let sum = graph.affine(mean, count as f64, 0.0)?;
            Some(graph.reshape(sum, graph.shape(factor).clone())?)
        } else {
            None
        };
        Ok(vec![d_g, d_y, d_factor])
    }

    run_generic!();

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[gradient, y, factor] = inputs else { return None };
        let shape = &types[0].shape;
        let own = if self.centered { gradient.centered(&[0, 2]) } else { (*gradient).clone() };
        // With q = ⟨g·y⟩ for g that y knows nothing of, E q² is taken from what g has along y.
        let along = own.times(y).group_means().stretched(shape).times(y);
        let groups: Shape = [1, shape.axes()[1], 1].into();
        let factor = factor.reshaped(&groups).stretched(shape);
        Some(vec![own.less(&along).times(&factor)])
    }

    fn structure(&self) -> Structure {
        Structure::StandardizedGradient
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

/// The mean of a·b over every group, shape (G, 1).
fn mean_product(graph: &mut Graph, a: Wire, b: Wire) -> Result<Wire> {
    let groups = graph.shape(a).axes()[1];
    let product = graph.multiply(a, b)?;
    graph.mean_to(product, [groups, 1])
}
