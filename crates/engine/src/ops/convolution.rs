//! Convolution over one to three spatial axes.
//!
//! Key: x input of shape (B, C, spatial…), w weight of shape (O, C/groups, kernel…), y output of
//! shape (B, O, spatial…). The sum Σ `d_y` · conv(x, w) is linear in each of its three tensors, so
//! convolution and its two adjoints are each other's derivatives, of any order. Each has a second
//! output, room to work in that nobody reads.

use fanin_kernels::conv;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::convolution_input_gradient::ConvolutionInputGradient;
use super::convolution_terms::{Role, placed_sum, sum_spread};
use super::convolution_weight_gradient::ConvolutionWeightGradient;
use super::operator::run_generic;
use super::window::{Rounding, Window};
use super::{Entry, FanAxes, Operator, Sample};

/// y[b, o, p] = Σ over c, t of w[o, c, t] · x[b, c, p·stride + t·dilation − pad], each group of
/// output channels seeing its own group of input channels.
#[derive(Clone, Debug)]
pub struct Convolution {
    pub(super) window: Window,
    pub(super) groups: usize,
}

pub const ENTRY: Entry = Entry {
    name: "convolution",
    about: "convolution over one to three spatial axes, in groups",
    samples: || {
        let sample = |v: Variant| {
            let operator = Convolution { window: v.window, groups: v.groups };
            Sample::new(operator, &[Type::float(v.x), Type::float(v.w)])
        };
        variants().into_iter().map(sample).collect()
    },
};

/// Attributes and shapes that the laws of all three operators are tested on.
pub(super) struct Variant {
    pub window: Window,
    pub groups: usize,
    pub x: Vec<usize>,
    pub w: Vec<usize>,
}

impl Variant {
    /// The shape of the output.
    pub fn y(&self) -> Vec<usize> {
        let output = self.window.output(&self.x[2..], &self.w[2..], Rounding::Down);
        let spatial = output.expect("samples have windows that fit");
        [&[self.x[0], self.w[0]], &spatial[..]].concat()
    }
}

/// One, two and three axes; strides, dilations, padding on one side; groups, single channels.
pub(super) fn variants() -> Vec<Variant> {
    let variant =
        |groups, x: &[usize], w: &[usize], steps: [&[usize]; 2], pads: &[(usize, usize)]| {
            let [strides, dilations] = steps.map(<[usize]>::to_vec);
            let window = Window { strides, dilations, pads: pads.to_vec() };
            Variant { window, groups, x: x.to_vec(), w: w.to_vec() }
        };
    vec![
        variant(1, &[2, 3, 4, 4], &[2, 3, 3, 3], [&[1, 1], &[1, 1]], &[(1, 1), (1, 1)]),
        variant(1, &[1, 2, 5, 6], &[3, 2, 3, 2], [&[2, 2], &[1, 1]], &[(1, 0), (0, 1)]),
        variant(2, &[2, 4, 3, 3], &[4, 2, 2, 2], [&[1, 2], &[1, 1]], &[(0, 0), (1, 1)]),
        variant(3, &[1, 3, 4, 5], &[6, 1, 3, 3], [&[1, 1], &[1, 1]], &[(1, 1), (1, 1)]),
        variant(1, &[2, 3, 3, 2], &[2, 3, 1, 1], [&[1, 1], &[1, 1]], &[(0, 0), (0, 0)]),
        variant(1, &[2, 2, 7], &[3, 2, 3], [&[1], &[2]], &[(4, 0)]),
        variant(1, &[1, 2, 3, 3, 4], &[2, 2, 2, 2, 2], [&[1, 2, 1], &[1, 1, 2]], &[(0, 1); 3]),
    ]
}

/// The sizes of a convolution from the shapes of its tensors; `None` if they do not fit.
pub(super) fn sizes(
    window: &Window,
    groups: usize,
    [x, w, y]: [&[usize]; 3],
) -> Option<conv::Convolution> {
    let ([batch, channels, input @ ..], [units, per_group, kernel @ ..]) = (x, w) else {
        return None;
    };
    let output = window.output(input, kernel, Rounding::Down)?;
    let fits = groups > 0
        && [*batch, *channels, *units].iter().all(|&axis| axis > 0)
        && per_group.checked_mul(groups) == Some(*channels)
        && units % groups == 0
        && y.len() == x.len()
        && y[..2] == [*batch, *units]
        && y[2..] == output[..];
    fits.then(|| conv::Convolution {
        batch: *batch,
        groups,
        channels_in: *per_group,
        channels_out: units / groups,
        window: window.sizes(input, kernel, &output),
    })
}

impl Convolution {
    fn sizes(&self, x: &[usize], w: &[usize]) -> Option<(conv::Convolution, Vec<usize>)> {
        let output = self.window.output(x.get(2..)?, w.get(2..)?, Rounding::Down)?;
        let y = [&[x[0], w[0]], &output[..]].concat();
        Some((sizes(&self.window, self.groups, [x, w, &y])?, y))
    }

    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let [x, w, y] = [io.input_shape(0), io.input_shape(1), io.output_shape(0)];
        let sizes = known_sizes(&self.window, self.groups, [x, w, y]);
        let ([x, w], [out, room]) = io.split_outputs([0, 1]);
        conv::convolve(&sizes, x, w, out, room);
    }
}

/// The sizes of a convolution whose shapes were checked when its node was added.
pub(super) fn known_sizes(
    window: &Window,
    groups: usize,
    shapes: [&Shape; 3],
) -> conv::Convolution {
    let [x, w, y] = shapes.map(Shape::axes);
    conv::Convolution {
        batch: x[0],
        groups,
        channels_in: w[1],
        channels_out: w[0] / groups,
        window: window.sizes(&x[2..], &w[2..], &y[2..]),
    }
}

/// Axes of a weight whose axis 1 and kernel are summed over by the forward pass.
pub(super) fn weight_fans(rank: usize, groups: usize) -> (Vec<usize>, Vec<usize>, usize) {
    let kernel = 2..rank;
    let first = std::iter::once(0).chain(kernel.clone()).collect();
    (std::iter::once(1).chain(kernel).collect(), first, groups)
}

impl Operator for Convolution {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let sizes = match inputs {
            [x, w] if x.is_float() && w.is_float() => self.sizes(x.shape.axes(), w.shape.axes()),
            _ => None,
        };
        match sizes {
            Some((sizes, y)) => {
                Ok(vec![Type::float(y), Type::float([conv::convolve_room(&sizes)])])
            }
            None => Err(misfit(ENTRY.name, inputs, expected(&self.window, self.groups))),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_y = backward.output_gradient();
        let [x, w] = [backward.inputs[0], backward.inputs[1]];
        let (window, groups) = (&self.window, self.groups);
        let d_x = backward.wanted[0].then(|| {
            let input = spatial(backward.graph, x);
            let operator = ConvolutionInputGradient { window: window.clone(), groups, input };
            backward.graph.apply(operator, &[d_y, w])
        });
        let d_w = backward.wanted[1].then(|| {
            let kernel = spatial(backward.graph, w);
            weight_gradient(backward.graph, (window, groups, kernel), x, d_y)
        });
        Ok(vec![d_x.transpose()?, d_w.transpose()?])
    }

    run_generic!();

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[a, b] = inputs else { return None };
        let (sizes, y) = self.sizes(types[0].shape.axes(), types[1].shape.axes())?;
        Some(vec![sum_spread(&sizes, Role::Output, (&y.into(), a, b))])
    }

    fn spread_of_places(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[a, b] = inputs else { return None };
        let (sizes, y) = self.sizes(types[0].shape.axes(), types[1].shape.axes())?;
        Some(vec![placed_sum(&sizes, Role::Output, (&y.into(), a, b))?])
    }

    /// A unit sees the channels of its group through every tap; an input channel reaches the
    /// units of its group through every tap.
    fn fan_axes(&self, types: &[&Type], input: usize) -> Option<FanAxes> {
        let (fan_in, fan_out, groups) = weight_fans(types[1].shape.rank(), self.groups);
        (input == 1).then_some(FanAxes { fan_in, fan_out, groups })
    }
}

/// The spatial axes of a wire.
pub(super) fn spatial(graph: &Graph, wire: Wire) -> Vec<usize> {
    graph.shape(wire).axes()[2..].to_vec()
}

/// The gradient of a convolution with respect to its weight, as a node.
pub(super) fn weight_gradient(
    graph: &mut Graph,
    (window, groups, kernel): (&Window, usize, Vec<usize>),
    x: Wire,
    d_y: Wire,
) -> Result<Wire> {
    let operator = ConvolutionWeightGradient { window: window.clone(), groups, kernel };
    graph.apply(operator, &[x, d_y])
}

pub(super) fn expected(window: &Window, groups: usize) -> String {
    format!(
        "(batch, channels, {axes} spatial axes) and a weight (units, channels/{groups}, kernel) \
         that fit strides {:?}, dilations {:?} and pads {:?}",
        window.strides,
        window.dilations,
        window.pads,
        axes = window.axes(),
    )
}

impl Graph {
    /// Convolution of x (B, C, spatial…) with w (O, C/groups, kernel…), without a bias.
    ///
    /// # Errors
    /// If the shapes do not fit each other and the window.
    ///
    /// ```
    /// use fanin_engine::{Graph, Plan, Type, ops::Window};
    /// let mut graph = Graph::new();
    /// let x = graph.input("x", Type::float([1, 1, 4]));
    /// let w = graph.parameter("w", [1, 1, 2]);
    /// let y = graph.convolution(x, w, &Window::new(1), 1)?;
    /// let plan = Plan::new(&graph, &[y])?;
    /// let mut workspace = plan.workspace::<f32>();
    /// workspace.feed(0).copy_from_slice(&[1.0, 2.0, 4.0, 8.0]);
    /// plan.run(&[vec![-1.0, 1.0]], &mut workspace);
    /// assert_eq!(workspace.read(0), [1.0, 2.0, 4.0]);
    /// # Ok::<(), fanin_engine::Error>(())
    /// ```
    pub fn convolution(
        &mut self,
        x: Wire,
        w: Wire,
        window: &Window,
        groups: usize,
    ) -> Result<Wire> {
        self.apply(Convolution { window: window.clone(), groups }, &[x, w])
    }
}
