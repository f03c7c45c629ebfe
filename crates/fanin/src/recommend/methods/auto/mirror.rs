//! Chains whose units are mirrored, with which they start as if their activation were odd.
//!
//! What an activation adds to both of z and −z is the same for all rows: it brings them together,
//! layer by layer. Between a unit and its twin of opposite sign it cancels. What is left of relu,
//! gelu and silu is z, so that a chain starts as a product of orthogonal matrices.

use fanin_engine::activations;
use fanin_engine::spread::Flow;

use super::place::Surroundings;
use super::targets::{Passed, odd_share};
use super::walk::Walk;
use crate::init::{Parameter, fits_center_alone};
use crate::spec::LayerWires;

/// Hidden layers from which on rows come together too far: three of relu bring those that were at
/// right angles to a cosine of 0.6.
const FROM: usize = 3;
/// An activation is as good as odd where its odd part has this share of its second moment, and as
/// good as even where it has less than the other.
const ODD: f64 = 0.95;
const EVEN: f64 = 0.05;
/// How much larger the outputs of a chain are that starts as a product of matrices: smaller ones tempt
/// to a rate at which twins part at once.
const LINEAR: f64 = 3.0;

/// A chain of mirrored layers, in their order.
#[derive(Debug)]
pub(super) struct Mirrored {
    /// The factor on the orthogonal matrix of each layer, and E w² of its weight. The head is
    /// missing where something stands before it that mixes units or positions.
    pub layers: Vec<(f64, f64)>,
    /// What the next layer takes of a unit and its twin is as good as the unit.
    pub is_linear: bool,
}

/// A weight as a matrix: outputs, inputs, and taps of a kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub outputs: usize,
    pub inputs: usize,
    pub taps: usize,
}

impl Size {
    /// That of a weight without groups.
    pub fn of(parameter: &Parameter) -> Self {
        let axes = parameter.shape.axes();
        let taps: usize =
            parameter.axes.kernel(axes.len()).iter().map(|&axis| axes[axis]).product();
        let fan_in = parameter.fan_in.max(1);
        Self { outputs: parameter.shape.elements() / fan_in, inputs: fan_in / taps.max(1), taps }
    }

    /// The smaller matrix's longer side, how many inputs a unit has of it, and E w² in units of
    /// gain² over the longer side.
    fn isometry(self) -> (f64, f64, f64) {
        let Self { outputs, inputs, taps } = self;
        let is_central = fits_center_alone(outputs, inputs, taps);
        let columns = if is_central { inputs } else { inputs * taps };
        let share = if is_central { 1.0 / taps as f64 } else { 1.0 };
        (outputs.max(columns) as f64, columns as f64, share)
    }
}

/// The mirrored start of a network whose outputs are to have second moment `outputs`; none if it is
/// no chain of layers with one activation that is not odd, or has too few units for twins.
pub(super) fn mirrored(
    walk: &Walk,
    around: &Surroundings<'_>,
    flow: &Flow<'_>,
    outputs: f64,
) -> Option<Mirrored> {
    let layers = &walk.network.layers;
    let [hidden @ .., head] = &layers[..] else { return None };
    let name = hidden.first()?.bend.as_ref()?.name.as_str();
    let activation = activations::find(name)?;
    let follows = |pair: &[LayerWires]| pair[1].input == pair[0].activation;
    let bends = |layer: &LayerWires| layer.bend.as_ref().is_some_and(|own| own.name == name);
    let is_chain = hidden.iter().all(|layer| bends(layer) && is_plain(walk, layer))
        && hidden.windows(2).all(follows);
    if hidden.len() < FROM || !is_chain || !(EVEN..ODD).contains(&odd_share(&*activation)) {
        return None;
    }
    let reaches_head = layers[hidden.len() - 1..].windows(2).all(follows) && is_plain(walk, head);
    let size_of = |layer: &LayerWires| Size::of(&walk.parameters[layer.weight]);
    let ends = [size_of(&hidden[0]), size_of(head)];
    // Through fewer pairs than this the network as a product of matrices could not tell classes.
    let few = if reaches_head { ends[0].inputs.min(ends[1].outputs) } else { 1 };
    let is_wide = |layer: &LayerWires| {
        let units = size_of(layer).outputs;
        units.is_multiple_of(2) && units / 2 >= few
    };
    let count = if reaches_head { layers.len() } else { hidden.len() };
    // The scheme counts layers by their places; cells of a recurrent network have some of their own.
    let counts_alike = |(index, layer): (usize, &LayerWires)| {
        let place = &walk.parameters[layer.weight].place;
        place.layer.is_some_and(|own| own.index == index)
    };
    if !hidden.iter().all(is_wide) || !layers[..count].iter().enumerate().all(counts_alike) {
        return None;
    }
    let passed = Passed::Mirrored(activation);
    let (signal, growth) = passed.signal(hidden.len());
    // Squares such as relu2's pull rows apart by their size, which twins do not mend.
    if passed.leaves(signal, hidden.len()) {
        return None;
    }
    let is_whole = (passed.second(signal) / signal - 1.0).abs() < 0.1;
    let is_linear = is_whole && (growth - 1.0).abs() < 1e-2;
    let outputs = if is_linear { LINEAR * outputs } else { outputs };
    let mut entering = flow.spread(hidden[0].input)?.second();
    let mut found = Vec::new();
    for (index, layer) in layers[..count].iter().enumerate() {
        let is_head = index == hidden.len();
        let mut size = size_of(layer);
        size.outputs /= if is_head { 1 } else { 2 };
        size.inputs /= if index == 0 { 1 } else { 2 };
        let (longer, columns, share) = size.isometry();
        let second = if is_head { outputs } else { signal };
        let gain = (second / entering * longer / columns).sqrt();
        if !(gain.is_finite() && gain > 0.0) {
            return None;
        }
        found.push((gain, share * gain * gain / longer));
        // A norm between a layer and its activation makes z standard.
        entering = passed.second(if around.is_normalized(layer) { 1.0 } else { signal });
    }
    Some(Mirrored { layers: found, is_linear })
}

/// Whether a layer multiplies by a whole matrix or kernel, in no branch, and knows its place.
fn is_plain(walk: &Walk, layer: &LayerWires) -> bool {
    let parameter = &walk.parameters[layer.weight];
    let is_whole = parameter.axes.output_groups.max(parameter.axes.input_groups) <= 1;
    let is_matrix = parameter.shape.rank() >= 2 && is_whole && parameter.packing.is_none();
    let is_turned = is_transposed_convolution(parameter);
    is_matrix && !is_turned && layer.branches.is_empty() && parameter.place.layer.is_some()
}

/// Whether a weight is a kernel of a transposed convolution: of its taps strides bring but some to a place, so none
/// of them, as the central one, can carry all.
pub(super) fn is_transposed_convolution(parameter: &Parameter) -> bool {
    parameter.shape.rank() > 2 && parameter.axes.input.contains(&0)
}
