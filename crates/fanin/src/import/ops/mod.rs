//! The registry of ONNX operators: one file for each, or for a close family.
//!
//! To add one: a new file with its `IMPORT`, `mod x;` and `x::IMPORT,` in [`IMPORTS`]. Nothing
//! else names an operator of ONNX, but for patterns of several of them in `roles`.

use crate::formats::onnx::Node;
use crate::init::Component;
use crate::init::fans::Axes;
use crate::{Error, Result};

use super::call::Call;
use super::imported::Place;
use super::integers::Integers;
use super::lowering::Lowering;
use super::value::Value;
use super::walk::Walk;

mod window;
mod products;
mod recurrent;

mod constant;
mod identity;
mod dropout;
mod arithmetic;
mod elementary;
mod prelu;
mod numbers;
mod pow;
mod extremes;
mod compare;
mod logic;
mod choose;
mod cast;
mod matmul;
mod gemm;
mod einsum;
mod conv;
mod pool;
mod resize;
mod batch_norm;
mod layer_norm;
mod group_norm;
mod softmax;
mod attention;
mod rotary;
mod reduce;
mod arg;
mod top_k;
mod reshape;
mod transpose;
mod concat;
mod split;
mod slice;
mod reverse_sequence;
mod pad;
mod tile;
mod gather;
mod scatter;
mod depth_to_space;
mod trilu;
mod one_hot;
mod lstm;
mod gru;
mod rnn;
mod random;
mod control;
mod scaler;
mod zip_map;

/// How an operator of ONNX is expressed by the engine.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that are each their own")]
pub struct Import {
    /// Its names; close kin share a file.
    pub names: &'static [&'static str],
    /// The domain, `""` for ONNX's own.
    pub domain: &'static str,
    /// How it is lowered.
    pub rule: Rule,
    /// Inputs that set something and are never parameters: running statistics, bounds, scales.
    pub settings: &'static [usize],
    /// What a parameter is that ends in an input.
    pub parameters: &'static [(usize, Part)],
    /// Inputs that hold floating-point numbers, or the operator is not read.
    pub floats: &'static [usize],
    /// Inputs whose elements pass on unchanged: a parameter behind them is still the parameter.
    pub carries: &'static [usize],
    /// Whether its inputs meet axis by axis, the last ones together, and are as long there or 1.
    pub meets: bool,
    /// What becomes of the axes of what it carries.
    pub moves: Move,
    /// Whether it hands on elements of several inputs, or of a list of values, one after another.
    pub joins: bool,
    /// Whether it puts elements of one input beside those of others, or in their place.
    pub places: bool,
    /// Whether it tells sizes and none of the elements.
    pub measures: bool,
    /// Whether it mixes values by the likeness of queries and keys: inputs 0, 1 and 2.
    pub attends: bool,
    /// Gates that lie side by side in its weights.
    pub gates: &'static [Component],
    /// What the axes of a weight at an input are, for a weight of so many.
    pub axes: Option<AxesOf>,
    /// How small lists of whole numbers follow from those of its inputs.
    pub integers: Option<IntegersOf>,
    /// Whether it makes probabilities, or their logarithms, of a score for each class.
    pub normalizes_scores: bool,
    /// The engine's activation that a node of it is by itself.
    pub activation: Option<fn(&Node<'_>) -> Option<String>>,
    /// How the graphs inside it take and give, if it has some.
    pub binds: Option<Binds>,
}

/// The axes of a node's weight at an input, for a weight of so many.
pub type AxesOf = fn(&Node<'_>, usize, usize) -> Option<Axes>;

/// Whole numbers of a node from those of its inputs.
pub type IntegersOf = fn(&mut Integers<'_>) -> Option<Vec<i64>>;

/// How a node with graphs inside hands values in and out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binds {
    /// The first of the node's inputs that a body takes, at the same place among its own.
    pub input: usize,
    /// The first of a body's outputs that the node gives.
    pub output: usize,
}

/// What becomes of axes in an operator that carries elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// They stay as they are.
    Stays,
    /// They change places, by `perm`.
    Permutes,
    /// New ones of length 1 come in.
    Inserts,
    /// Some of length 1 go.
    Drops,
    /// Elements stay in order under other axes.
    Regroups,
    /// Some get longer by repeating.
    Stretches,
    /// Positions of one are chosen by index, and it goes where there is but one.
    Picks,
    /// Some get shorter or longer.
    Cuts,
    /// One falls into pieces.
    Splits,
}

/// How an operator is lowered.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// By its inputs and settings alone.
    Plain(fn(&Call<'_, '_>, &mut Lowering<'_, '_>) -> Result<Vec<Value>>),
    /// With graphs inside it.
    Control(for<'b, 'a> fn(&Call<'b, 'a>, &mut Walk<'b, 'a>) -> Result<Vec<Value>>),
}

/// What a parameter is to the operator that takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Weights of a matrix product, summed over the axis before the last.
    Right,
    /// Weights of a matrix product, summed over the last axis.
    Left,
    /// Weights of `Gemm`, whose settings say which axis is summed over.
    Gemm,
    /// Weights of a convolution: (out, in / groups, kernel…).
    Kernel,
    /// Weights of a transposed convolution: (in, out / groups, kernel…).
    TransposedKernel,
    /// What is added to every output of a unit.
    Bias,
    /// What a normalized value is multiplied by.
    Gain,
    /// What is added to a normalized value.
    Shift,
    /// Rows that are picked by index.
    Table,
    /// The slope below zero.
    Slope,
    /// One side of a sum.
    Term,
    /// One side of a product, element by element.
    Factor,
    /// Weights from the input of a recurrent cell: (directions, gates · hidden, in).
    RecurrentInput,
    /// Weights from the state of a recurrent cell: (directions, gates · hidden, hidden).
    RecurrentState,
    /// The mean that batch normalization has seen.
    RunningMean,
    /// The variance that batch normalization has seen.
    RunningVariance,
    /// Both biases of a recurrent cell: (directions, 2 · gates · hidden).
    RecurrentBias,
}

impl Import {
    /// An operator by its names and rule, whose inputs are all data.
    const fn new(
        names: &'static [&'static str],
        lower: fn(&Call<'_, '_>, &mut Lowering<'_, '_>) -> Result<Vec<Value>>,
    ) -> Self {
        Self::of(names, Rule::Plain(lower))
    }

    const fn of(names: &'static [&'static str], rule: Rule) -> Self {
        Self {
            names,
            domain: "",
            rule,
            settings: &[],
            parameters: &[],
            floats: &[],
            carries: &[],
            meets: false,
            moves: Move::Stays,
            joins: false,
            places: false,
            measures: false,
            attends: false,
            gates: &[],
            axes: None,
            integers: None,
            normalizes_scores: false,
            activation: None,
            binds: None,
        }
    }

    /// Refuses whole numbers where the operator takes floating ones.
    pub(super) fn require_floats(&self, call: &Call<'_, '_>) -> Result<()> {
        let wrong = |index: &&usize| call.optional(**index).is_some_and(|value| !value.is_float());
        match self.floats.iter().find(wrong) {
            Some(index) => {
                let found = format!("whole numbers as input {index}");
                Err(call.refuse(found, "floating-point numbers"))
            }
            None => Ok(()),
        }
    }

    const fn settings(self, settings: &'static [usize]) -> Self {
        Self { settings, ..self }
    }

    const fn parameters(self, parameters: &'static [(usize, Part)]) -> Self {
        Self { parameters, ..self }
    }

    const fn meets(self) -> Self {
        Self { meets: true, ..self }
    }

    const fn carries(self, carries: &'static [usize]) -> Self {
        Self { carries, ..self }
    }

    const fn floats(self, floats: &'static [usize]) -> Self {
        Self { floats, ..self }
    }

    /// Whether all elements of its first input come out in their order, and no others.
    pub(in crate::import) fn hands_on(&self) -> bool {
        self.carries == [0] && self.parameters.is_empty() && !self.places
    }

    const fn moves(self, moves: Move) -> Self {
        Self { moves, ..self }
    }

    const fn joins(self) -> Self {
        Self { joins: true, ..self }
    }

    const fn places(self) -> Self {
        Self { places: true, ..self }
    }

    const fn measures(self) -> Self {
        Self { measures: true, ..self }
    }

    const fn attends(self) -> Self {
        Self { attends: true, ..self }
    }

    const fn gates(self, gates: &'static [Component]) -> Self {
        Self { gates, ..self }
    }

    const fn axes(self, axes: fn(&Node<'_>, usize, usize) -> Option<Axes>) -> Self {
        Self { axes: Some(axes), ..self }
    }

    const fn integers(self, rule: fn(&mut Integers<'_>) -> Option<Vec<i64>>) -> Self {
        Self { integers: Some(rule), ..self }
    }

    const fn activates(self, activation: fn(&Node<'_>) -> Option<String>) -> Self {
        Self { activation: Some(activation), ..self }
    }

    const fn normalizes_scores(self) -> Self {
        Self { normalizes_scores: true, ..self }
    }

    const fn domain(self, domain: &'static str) -> Self {
        Self { domain, ..self }
    }

    const fn control(
        names: &'static [&'static str],
        binds: Binds,
        lower: for<'b, 'a> fn(&Call<'b, 'a>, &mut Walk<'b, 'a>) -> Result<Vec<Value>>,
    ) -> Self {
        Self { binds: Some(binds), ..Self::of(names, Rule::Control(lower)) }
    }
}

/// Every operator of ONNX that is read.
pub static IMPORTS: &[Import] = &[
    constant::IMPORT,
    constant::FILLED,
    constant::SHAPE,
    constant::SIZE,
    constant::RANGE,
    constant::EYE,
    identity::IMPORT,
    dropout::IMPORT,
    arithmetic::IMPORT,
    arithmetic::SCALE,
    arithmetic::MANY,
    elementary::IMPORT,
    prelu::IMPORT,
    numbers::IMPORT,
    pow::IMPORT,
    extremes::IMPORT,
    extremes::CLIP,
    compare::IMPORT,
    compare::KIND_OF_NUMBER,
    logic::IMPORT,
    logic::REMAINDER,
    logic::NOT,
    choose::IMPORT,
    cast::IMPORT,
    matmul::IMPORT,
    gemm::IMPORT,
    einsum::IMPORT,
    conv::IMPORT,
    conv::TRANSPOSED,
    pool::IMPORT,
    pool::GLOBAL,
    resize::IMPORT,
    batch_norm::IMPORT,
    layer_norm::IMPORT,
    group_norm::IMPORT,
    softmax::IMPORT,
    attention::IMPORT,
    rotary::IMPORT,
    reduce::IMPORT,
    arg::IMPORT,
    top_k::IMPORT,
    arg::SUM,
    reshape::IMPORT,
    reshape::SQUEEZE,
    reshape::UNSQUEEZE,
    reshape::FLATTEN,
    transpose::IMPORT,
    concat::IMPORT,
    concat::LIST,
    concat::OF_LIST,
    concat::ITEM,
    concat::LENGTH,
    split::IMPORT,
    split::LIST,
    slice::IMPORT,
    reverse_sequence::IMPORT,
    pad::IMPORT,
    tile::IMPORT,
    tile::TILE,
    gather::IMPORT,
    gather::ELEMENTS,
    gather::TUPLES,
    scatter::IMPORT,
    depth_to_space::IMPORT,
    trilu::IMPORT,
    one_hot::IMPORT,
    lstm::IMPORT,
    gru::IMPORT,
    rnn::IMPORT,
    random::IMPORT,
    control::IMPORT,
    control::LOOP,
    control::SCAN,
    scaler::IMPORT,
    zip_map::IMPORT,
];

/// The domain's name in its usual form: `""` for `ai.onnx`.
pub(super) fn domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

/// What is known of the operator of a node.
pub fn find(node: &Node<'_>) -> Option<&'static Import> {
    let domain = domain(node.domain);
    IMPORTS.iter().find(|i| i.domain == domain && i.names.contains(&node.op_type))
}

/// The error for nodes whose operators are not read.
pub(super) fn unsupported(places: &[Place]) -> Error {
    const SHOWN: usize = 12;
    let mut nodes: Vec<String> = places.iter().take(SHOWN).map(ToString::to_string).collect();
    if places.len() > SHOWN {
        nodes.push(format!("and {} more", places.len() - SHOWN));
    }
    Error::Unsupported { nodes: nodes.join(", ") }
}
