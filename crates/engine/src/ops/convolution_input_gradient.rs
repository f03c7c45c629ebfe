//! The gradient of a convolution with respect to its input, which is transposed convolution.
//!
//! Key as in [`convolution`](super::convolution): `d_y` (B, O, spatial…), w (O, C/groups, kernel…),
//! result of shape (B, C, spatial…).

use fanin_kernels::conv;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::convolution::{
    expected, known_sizes, sizes, spatial, variants, weight_fans, weight_gradient,
};
use super::convolution_terms::{Role, placed_sum, sum_spread};
use super::operator::run_generic;
use super::window::Window;
use super::{Entry, FanAxes, Operator, Sample};

/// `d_x[b, c, i]` = Σ of w[o, c, t] · `d_y[b, o, p]` over all o, t, p with i = p·stride + t·dilation
/// − pad.
#[derive(Clone, Debug)]
pub struct ConvolutionInputGradient {
    pub(super) window: Window,
    pub(super) groups: usize,
    /// The spatial axes of the result, which a stride leaves open.
    pub(super) input: Vec<usize>,
}

pub const ENTRY: Entry = Entry {
    name: "convolution_input_gradient",
    about: "transposed convolution: each input spread through the window and added",
    samples: || {
        variants()
            .into_iter()
            .map(|v| {
                let types = [Type::float(v.y()), Type::float(v.w.clone())];
                let input = v.x[2..].to_vec();
                let (window, groups) = (v.window, v.groups);
                Sample::new(ConvolutionInputGradient { window, groups, input }, &types)
            })
            .collect()
    },
};

impl ConvolutionInputGradient {
    fn sizes(&self, d_y: &[usize], w: &[usize]) -> Option<(conv::Convolution, Vec<usize>)> {
        let channels = w.get(1)?.checked_mul(self.groups)?;
        let x = [&[*d_y.first()?, channels], &self.input[..]].concat();
        Some((sizes(&self.window, self.groups, [&x, w, d_y])?, x))
    }

    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let [d_y, w, x] = [io.input_shape(0), io.input_shape(1), io.output_shape(0)];
        let sizes = known_sizes(&self.window, self.groups, [x, w, d_y]);
        let ([d_y, w], [d_x, room]) = io.split_outputs([0, 1]);
        conv::input_gradient(&sizes, d_y, w, d_x, room);
    }
}

impl Operator for ConvolutionInputGradient {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let sizes = match inputs {
            [d_y, w] if d_y.is_float() && w.is_float() => {
                self.sizes(d_y.shape.axes(), w.shape.axes())
            }
            _ => None,
        };
        match sizes {
            Some((sizes, x)) => {
                Ok(vec![Type::float(x), Type::float([conv::input_gradient_room(&sizes)])])
            }
            None => Err(misfit(
                ENTRY.name,
                inputs,
                format!(
                    "the output of a convolution of {:?} positions: {}",
                    self.input,
                    expected(&self.window, self.groups)
                ),
            )),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_x = backward.output_gradient();
        let [d_y, w] = [backward.inputs[0], backward.inputs[1]];
        let (window, groups) = (&self.window, self.groups);
        let d_d_y = backward.wanted[0].then(|| backward.graph.convolution(d_x, w, window, groups));
        let d_w = backward.wanted[1].then(|| {
            let kernel = spatial(backward.graph, w);
            weight_gradient(backward.graph, (window, groups, kernel), d_x, d_y)
        });
        Ok(vec![d_d_y.transpose()?, d_w.transpose()?])
    }

    run_generic!();

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[a, b] = inputs else { return None };
        let (sizes, x) = self.sizes(types[0].shape.axes(), types[1].shape.axes())?;
        Some(vec![sum_spread(&sizes, Role::Input, (&x.into(), a, b))])
    }

    fn spread_of_places(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[a, b] = inputs else { return None };
        let (sizes, x) = self.sizes(types[0].shape.axes(), types[1].shape.axes())?;
        Some(vec![placed_sum(&sizes, Role::Input, (&x.into(), a, b))?])
    }

    /// As the forward pass of a network, an input channel is axis 0; the fan-in counts every tap,
    /// as libraries do, though with a stride each output position meets fewer.
    fn fan_axes(&self, types: &[&Type], input: usize) -> Option<FanAxes> {
        let (fan_out, fan_in, groups) = weight_fans(types[1].shape.rank(), self.groups);
        (input == 1).then_some(FanAxes { fan_in, fan_out, groups })
    }
}

impl Graph {
    /// Transposed convolution of x (B, C, spatial…) with w (C, O/groups, kernel…), without a
    /// bias; the result has (in − 1)·stride − pads + (kernel − 1)·dilation + `output_padding` + 1
    /// positions along an axis.
    ///
    /// # Errors
    /// If the shapes do not fit each other and the window.
    pub fn transposed_convolution(
        &mut self,
        x: Wire,
        w: Wire,
        window: &Window,
        output_padding: &[usize],
        groups: usize,
    ) -> Result<Wire> {
        let (kernel, positions) = (self.shape(w).axes(), self.shape(x).axes());
        let length = |axis: usize| {
            let (before, after) = *window.pads.get(axis)?;
            let steps = positions.get(axis + 2)?.checked_sub(1)?;
            let reach = kernel.get(axis + 2)?.checked_sub(1)?;
            steps
                .checked_mul(*window.strides.get(axis)?)?
                .checked_add(reach.checked_mul(*window.dilations.get(axis)?)?)?
                .checked_add(output_padding.get(axis)?.checked_add(1)?)?
                .checked_sub(before.checked_add(after)?)
        };
        let lengths: Option<Vec<usize>> = (0..window.axes()).map(length).collect();
        let Some(input) = lengths else {
            let types = [self.type_of(x), self.type_of(w)];
            return Err(misfit(ENTRY.name, &types, expected(window, groups)));
        };
        self.apply(ConvolutionInputGradient { window: window.clone(), groups, input }, &[x, w])
    }
}
