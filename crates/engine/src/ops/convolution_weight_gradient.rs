//! The gradient of a convolution with respect to its weight.
//!
//! Key as in [`convolution`](super::convolution): x (B, C, spatial…), `d_y` (B, O, spatial…),
//! result of shape (O, C/groups, kernel…).

use fanin_kernels::conv;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::convolution::{expected, known_sizes, sizes, spatial, variants};
use super::convolution_input_gradient::ConvolutionInputGradient;
use super::convolution_terms::{Role, placed_sum, sum_spread};
use super::operator::run_generic;
use super::window::Window;
use super::{Entry, Operator, Sample};

/// `d_w[o, c, t]` = Σ over b, p of `d_y[b, o, p]` · x[b, c, p·stride + t·dilation − pad].
#[derive(Clone, Debug)]
pub struct ConvolutionWeightGradient {
    pub(super) window: Window,
    pub(super) groups: usize,
    /// The spatial axes of the result, which a stride leaves open.
    pub(super) kernel: Vec<usize>,
}

pub const ENTRY: Entry = Entry {
    name: "convolution_weight_gradient",
    about: "products of a convolution's output gradient with what each tap sees, summed",
    samples: || {
        variants()
            .into_iter()
            .map(|v| {
                let types = [Type::float(v.x.clone()), Type::float(v.y())];
                let kernel = v.w[2..].to_vec();
                let (window, groups) = (v.window, v.groups);
                Sample::new(ConvolutionWeightGradient { window, groups, kernel }, &types)
            })
            .collect()
    },
};

impl ConvolutionWeightGradient {
    fn sizes(&self, x: &[usize], d_y: &[usize]) -> Option<(conv::Convolution, Vec<usize>)> {
        let per_group = x.get(1)?.checked_div(self.groups)?;
        let w = [&[*d_y.get(1)?, per_group], &self.kernel[..]].concat();
        Some((sizes(&self.window, self.groups, [x, &w, d_y])?, w))
    }

    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let [x, d_y, w] = [io.input_shape(0), io.input_shape(1), io.output_shape(0)];
        let sizes = known_sizes(&self.window, self.groups, [x, w, d_y]);
        let ([x, d_y], [d_w, room]) = io.split_outputs([0, 1]);
        conv::weight_gradient(&sizes, x, d_y, d_w, room);
    }
}

impl Operator for ConvolutionWeightGradient {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let sizes = match inputs {
            [x, d_y] if x.is_float() && d_y.is_float() => {
                self.sizes(x.shape.axes(), d_y.shape.axes())
            }
            _ => None,
        };
        match sizes {
            Some((sizes, w)) => {
                Ok(vec![Type::float(w), Type::float([conv::weight_gradient_room(&sizes)])])
            }
            None => Err(misfit(
                ENTRY.name,
                inputs,
                format!(
                    "input and output of a convolution with a kernel of {:?}: {}",
                    self.kernel,
                    expected(&self.window, self.groups)
                ),
            )),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_w = backward.output_gradient();
        let [x, d_y] = [backward.inputs[0], backward.inputs[1]];
        let (window, groups) = (&self.window, self.groups);
        let d_x = backward.wanted[0].then(|| {
            let input = spatial(backward.graph, x);
            let operator = ConvolutionInputGradient { window: window.clone(), groups, input };
            backward.graph.apply(operator, &[d_y, d_w])
        });
        let d_d_y = backward.wanted[1].then(|| backward.graph.convolution(x, d_w, window, groups));
        Ok(vec![d_x.transpose()?, d_d_y.transpose()?])
    }

    run_generic!();

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[a, b] = inputs else { return None };
        let (sizes, w) = self.sizes(types[0].shape.axes(), types[1].shape.axes())?;
        Some(vec![sum_spread(&sizes, Role::Weight, (&w.into(), a, b))])
    }

    fn spread_of_places(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[a, b] = inputs else { return None };
        let (sizes, w) = self.sizes(types[0].shape.axes(), types[1].shape.axes())?;
        Some(vec![placed_sum(&sizes, Role::Weight, (&w.into(), a, b))?])
    }
}
