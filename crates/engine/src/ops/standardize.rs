//! Groups of elements brought to mean 0 and variance 1: the core of every normalization.
//!
//! Key: x of shape (A, G, N); statistics are taken over the A·N elements of each of G groups.
//! Batch normalization has A = batch and G = channels; layer, instance and group normalization
//! have A = 1.

use fanin_kernels::standardize as kernels;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_generic;
use super::standardize_gradient::StandardizeGradient;
use super::{Entry, Operator, Sample, Structure};

/// y = (x − mean) / √(variance + ε), with the mean and the population variance of every group;
/// without centering, the mean is 0 and the variance the mean square.
#[derive(Clone, Copy, Debug)]
pub struct Standardize {
    epsilon: f64,
    centered: bool,
}

pub const ENTRY: Entry = Entry {
    name: "standardize",
    about: "groups brought to mean 0 and variance 1, with both",
    samples: || {
        [[1, 3, 5], [2, 3, 4], [3, 2, 1]]
            .into_iter()
            .flat_map(|shape| [true, false].map(|centered| (shape, centered)))
            .map(|(shape, centered)| {
                Sample::new(Standardize { epsilon: 0.1, centered }, &[Type::float(shape)])
            })
            .collect()
    },
};

/// A tensor of shape (A, G, N) as the kernels see it; `None` for others.
pub(super) fn sizes(shape: &Shape, epsilon: f64, centered: bool) -> Option<kernels::Standardize> {
    match *shape.axes() {
        [outer, groups, inner] if outer * groups * inner > 0 => {
            Some(kernels::Standardize { outer, groups, inner, epsilon, centered })
        }
        _ => None,
    }
}

impl Standardize {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let sizes = sizes(io.input_shape(0), self.epsilon, self.centered);
        let sizes = sizes.expect("the shape rule has been applied");
        let ([x], [y, mean, variance]) = io.split_outputs([0]);
        kernels::standardize(&sizes, x, mean, variance, y);
    }
}

impl Operator for Standardize {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let sizes = match inputs {
            [x] if x.is_float() => sizes(&x.shape, self.epsilon, self.centered),
            _ => None,
        };
        match sizes {
            Some(sizes) => {
                let group = Type::float([sizes.groups]);
                Ok(vec![inputs[0].clone(), group.clone(), group])
            }
            None => Err(misfit(ENTRY.name, inputs, "one input (outer, groups, inner)")),
        }
    }

    /// The gradients of y, of the mean, 1/n, and of the variance, 2 (x − mean)/n.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let [d_y, d_mean, d_variance] =
            [0, 1, 2].map(|output: usize| backward.output_gradients[output]);
        let (x, outputs) = (backward.inputs[0], backward.outputs.clone());
        let graph = &mut *backward.graph;
        let [outer, groups, inner] = [0, 1, 2].map(|axis| graph.shape(x).axes()[axis]);
        let (column, count) = ([groups, 1], (outer * inner) as f64);
        let mut parts = Vec::new();
        if let Some(d_y) = d_y {
            let safe = graph.affine(outputs[2], 1.0, self.epsilon)?;
            let factor = graph.reciprocal_sqrt(safe)?;
            let operator = StandardizeGradient { centered: self.centered };
            parts.push(graph.apply(operator, &[d_y, outputs[0], factor])?);
        }
        if let Some(d_mean) = d_mean.filter(|_| self.centered) {
            let share = graph.affine(d_mean, 1.0 / count, 0.0)?;
            let share = graph.reshape(share, column)?;
            parts.push(graph.broadcast_to(share, [outer, groups, inner])?);
        }
        if let Some(d_variance) = d_variance {
            let mean = graph.reshape(outputs[1], column)?;
            let deviation = graph.subtract(x, mean)?;
            let share = graph.affine(d_variance, 2.0 / count, 0.0)?;
            let share = graph.reshape(share, column)?;
            parts.push(graph.multiply(deviation, share)?);
        }
        let mut total = None;
        for part in parts {
            total = Some(match total {
                Some(so_far) => graph.add(so_far, part)?,
                None => part,
            });
        }
        Ok(vec![total])
    }

    run_generic!();

    fn structure(&self) -> Structure {
        Structure::Standardized
    }

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?;
        let of_groups: Shape = [types[0].shape.axes()[1]].into();
        let means = x.group_means().reshaped(&of_groups);
        let own = if self.centered { x.centered(&[0, 2]) } else { (*x).clone() };
        let square = own.second();
        let means = if self.centered { means } else { Spread::constant(&of_groups, 0.0) };
        if let Some(y) = self.centered.then(|| x.over_batch(self.epsilon)).flatten() {
            return Some(vec![y, means, Spread::constant(&of_groups, square)]);
        }
        let (y, squares) = own.over_deviation(self.epsilon);
        let squares = squares.map(|own| own.reshaped(&of_groups));
        Some(vec![y, means, squares.unwrap_or_else(|| Spread::constant(&of_groups, square))])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

/// Standardized elements, with the statistics of their groups.
#[derive(Clone, Copy, Debug)]
pub struct Standardized {
    /// The elements, of mean 0 and variance 1.
    pub elements: Wire,
    /// The mean of every group, shape (G).
    pub mean: Wire,
    /// The population variance of every group, shape (G).
    pub variance: Wire,
}

impl Graph {
    /// Brings every group of x (A, G, N) to mean 0 and variance 1, up to `epsilon` under the root.
    ///
    /// # Errors
    /// If x does not have three axes.
    pub fn standardize(&mut self, x: Wire, epsilon: f64) -> Result<Standardized> {
        self.standardize_as(x, Standardize { epsilon, centered: true })
    }

    /// Brings every group of x (A, G, N) to a mean square of 1, up to `epsilon` under the root.
    ///
    /// # Errors
    /// If x does not have three axes.
    pub fn standardize_square(&mut self, x: Wire, epsilon: f64) -> Result<Wire> {
        Ok(self.standardize_as(x, Standardize { epsilon, centered: false })?.elements)
    }

    fn standardize_as(&mut self, x: Wire, operator: Standardize) -> Result<Standardized> {
        let outputs = self.apply_shared(std::sync::Arc::new(operator), &[x])?;
        Ok(Standardized { elements: outputs[0], mean: outputs[1], variance: outputs[2] })
    }
}
