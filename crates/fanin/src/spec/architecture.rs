//! What a network must tell of itself so that every room can work with it.
//!
//! Lists of layers ([`Sequential`](super::Sequential)) are one implementor; any other graph, such
//! as one read from a file, is another. Key: z pre-activation and a activation of a layer.

use std::any::Any;
use std::fmt;

use fanin_engine::{Graph, Shape, Type, Wire};

use super::axes::Axes;
use super::network::Mode;
use super::parameter::Parameter;
use super::place::Component;
use crate::error::Result;
use crate::weights::Weights;

/// A network, before any number of rows or any weight is chosen.
///
/// Features of a row come as numbers, one after another; a network that takes images, words or
/// several inputs reshapes, casts and cuts them in its graph.
pub trait Architecture: fmt::Debug + Send + Sync {
    /// What tables and messages call it: its short text, or the name of its file.
    fn label(&self) -> String;

    /// Numbers of one row that enter the network.
    fn inputs(&self) -> usize;

    /// The axes of one row's result: (10) for ten logits, (tokens, vocabulary) for words.
    fn output(&self) -> Shape;

    /// What stands in the numbers of one row, in their order.
    fn feeds(&self) -> Vec<Feed> {
        let name = "features".to_owned();
        let columns = self.inputs();
        vec![Feed { name, columns, axes: vec![columns], numbers: Numbers::Measured }]
    }

    /// What was decided where its description leaves a choice, one sentence each.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Parameters and buffers, in the order of the graph's parameters.
    ///
    /// # Errors
    /// If the network does not fit together.
    fn parameters(&self) -> Result<Vec<Parameter>>;

    /// The names of all parameters that its module has in the framework, also of those that its file
    /// has not under their names; none where that is not told.
    fn module_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// The weights that it comes with; none where it is only a plan.
    fn weights(&self) -> Option<&Weights> {
        None
    }

    /// The most rows that it is worth building for at once, where each is written out by itself.
    fn most_rows(&self) -> Option<usize> {
        None
    }

    /// Whether the last of its layers is hidden: it is part of a network, and others come behind.
    fn is_part(&self) -> bool {
        false
    }

    /// What it was made from, for a room that knows the kind: the file that it was read from.
    fn origin(&self) -> Option<&dyn Any> {
        None
    }

    /// Adds the network to a graph that has been begun; it adds no input but
    /// [`Ground::clock`].
    ///
    /// # Errors
    /// If the network does not fit together, or a tensor is larger than any machine holds.
    fn build(&self, ground: Ground) -> Result<Body>;
}

/// Some of the numbers of a row that belong together, such as one input of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The input's name.
    pub name: String,
    /// How many there are.
    pub columns: usize,
    /// The axes that they have in the network, without rows: (channels, height, width).
    pub axes: Vec<usize>,
    /// What they are.
    pub numbers: Numbers,
}

/// What numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Measured ones, which may be shifted and scaled.
    Measured,
    /// Places in a table of so many rows, such as tokens of a vocabulary.
    Indices(usize),
    /// 1 for what counts and 0 for what does not, such as padding.
    Switches,
}

/// A graph that has its features and waits for a network.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The graph.
    pub graph: Graph,
    /// Features, (rows, inputs).
    pub features: Wire,
    /// Rows of a batch.
    pub rows: usize,
    /// How layers behave that differ between training and use.
    pub mode: Mode,
    clock: Option<Wire>,
}

impl Ground {
    /// A graph with so many features for so many rows.
    pub fn new(inputs: usize, rows: usize, mode: Mode) -> Self {
        let mut graph = Graph::new();
        let features = graph.input("features", Type::float([rows, inputs]));
        Self { graph, features, rows, mode, clock: None }
    }

    /// Seed and step, two integers, which noise is drawn from; to be asked for only where there
    /// is noise, in [`Mode::Train`].
    pub fn clock(&mut self) -> Wire {
        let graph = &mut self.graph;
        *self.clock.get_or_insert_with(|| graph.input("clock", Type::integer([2])))
    }
}

/// A network in its graph.
#[derive(Clone, Debug)]
pub struct Body {
    /// The graph.
    pub graph: Graph,
    /// What the network computes: (rows, …), with the axes of [`Architecture::output`] behind.
    pub output: Wire,
    /// Names of all parameters and buffers, in the graph's order.
    pub names: Vec<String>,
    /// Positions of the parameters that training changes.
    pub trained: Vec<usize>,
    /// Layers that multiply by a matrix, in the order of the data; the last is the output.
    pub layers: Vec<LayerWires>,
    /// Recurrent cells, in the order of the data.
    pub cells: Vec<CellWires>,
    /// Statistics that training tracks.
    pub running: Vec<RunningStatistic>,
}

/// The wires of one layer that multiplies by a matrix, with what follows it.
#[derive(Clone, Debug)]
pub struct LayerWires {
    /// The module's name: `0` for the parameters `0.weight` and `0.bias`.
    pub module: String,
    /// The weight's position among the parameters.
    pub weight: usize,
    /// The bias's position among the parameters, if it has one.
    pub bias: Option<usize>,
    /// What the axes of the weight run over.
    pub weight_axes: Axes,
    /// What enters the layer.
    pub input: Wire,
    /// z.
    pub pre_activation: Wire,
    /// a: what leaves after normalization and activation, before dropout and pooling; of the
    /// shape of z.
    pub activation: Wire,
    /// The first activation behind the layer, if it has one.
    pub bend: Option<Bend>,
    /// What the axes of its input and its z count.
    pub layout: Layout,
    /// Names of the residual blocks around it, outermost first; none outside of branches.
    pub branches: Vec<String>,
}

/// A recurrent cell in one direction, its steps gathered.
///
/// Its matrices serve at every step, so they are no layers: their scale decides over all steps
/// together. Key: T steps, B rows, I inputs, G gates, H units of a gate.
#[derive(Clone, Debug)]
pub struct CellWires {
    /// The module's name, with the direction if it is one of two.
    pub module: String,
    /// Its gates, in the order in which they lie in its weights.
    pub gates: &'static [Component],
    /// What each gate squashes its z by; none where it does not, or by something that is not flat
    /// on both sides.
    pub squashes: Vec<Option<Squash>>,
    /// Positions of the parameters that its weights from the input are made of.
    pub input_weights: Vec<usize>,
    /// Positions of the parameters that its weights from the state are made of.
    pub state_weights: Vec<usize>,
    /// What enters, (T, B, I).
    pub input: Wire,
    /// z of all gates, (T, B, G · H), in the order of the steps.
    pub pre_activation: Wire,
    /// What is added to z at every step, (T, B, G · H), in the order of the data: its gradient is δ.
    pub added: Wire,
    /// The state behind every step, (T, B, H), in the order of the steps.
    pub states: Wire,
    /// Whether the first step is at the end of the data.
    pub is_reversed: bool,
}

/// An activation that is flat on both sides, at `scale · z + shift`.
#[derive(Clone, Debug, PartialEq)]
pub struct Squash {
    /// The activation's name, as [`fanin_engine::activations::find`] takes it.
    pub activation: &'static str,
    /// Factor on z.
    pub scale: f64,
    /// Added to it.
    pub shift: f64,
}

/// What the axes of a layer's input and result count; all further axes are positions.
///
/// A unit that is computed at many positions of a row, such as a channel of a convolution or a
/// feature of a token, has as many samples in each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The axis along which rows follow one another, in the input and in z; where positions are
    /// folded into it, those of one row stand together.
    pub rows: usize,
    /// The axis of z that counts units.
    pub units: usize,
    /// The axis of the input that counts what the weight's input axis counts.
    pub channels: usize,
}

impl Layout {
    /// (rows, units) from (rows, inputs).
    pub const FLAT: Self = Self { rows: 0, units: 1, channels: 1 };

    /// (rows, channels, positions…) from the same, as in a convolution.
    pub const CHANNELS_FIRST: Self = Self { rows: 0, units: 1, channels: 1 };

    /// Units last in a tensor of so many axes, rows first: (rows, tokens, units).
    pub fn units_last(rank: usize) -> Self {
        Self { rows: 0, units: rank.saturating_sub(1), channels: rank.saturating_sub(1) }
    }
}

/// An activation in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Bend {
    /// The activation's name, as [`fanin_engine::activations::find`] takes it.
    pub name: String,
    /// What enters it, of the shape of z: z, or z after a normalization.
    pub input: Wire,
}

/// A running mean or variance, and the batch's own value for it.
#[derive(Clone, Copy, Debug)]
pub struct RunningStatistic {
    /// The buffer's position among the parameters.
    pub parameter: usize,
    /// The statistic of the current batch.
    pub batch: Wire,
    /// Factor from population to sample variance, 1 for a mean.
    pub correction: f64,
}
