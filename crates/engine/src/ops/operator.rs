//! What an operator tells the engine.

use std::fmt::Debug;
use std::sync::Arc;

use fanin_kernels::change::Change;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Kind, Type, Wire};
use crate::run::Io;
use crate::spread::Spread;

/// Which axes of a weight count the inputs of a unit, and which the units that an input reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanAxes {
    /// Axes whose product is the fan-in.
    pub fan_in: Vec<usize>,
    /// Axes whose product is the fan-out.
    pub fan_out: Vec<usize>,
    /// Groups that see only each other and whose units axis 0 counts together: a product over
    /// that axis is divided by it. 1 in most operators.
    pub groups: usize,
}

/// How an output hangs together with the inputs, where a walk over spreads can use it.
#[derive(Clone, Debug, PartialEq)]
pub enum Structure {
    /// Nothing that is said here.
    Other,
    /// The inputs times these factors, added, and a number: element by element.
    Sum {
        /// One factor for each input.
        factors: Vec<f64>,
        /// What is added.
        shift: f64,
    },
    /// The product of the inputs, element by element.
    Product,
    /// The input stretched to a larger shape.
    Stretched,
    /// The input summed over the axes that the output lacks.
    Summed,
    /// Elements of the input, all or some, under another shape or in another order.
    Moved,
    /// All elements of the input, each in a place of its own among zeros.
    Placed,
    /// Elements of input 0 that integers pick.
    Picked,
    /// Shares along the last axis: none below 0, with a sum of 1.
    Shares,
    /// Elements of input 0 chosen by their size alone: a function that rises may be applied before
    /// or after.
    Largest,
    /// Input 0 over its own deviation from its mean, or from 0, over some axes: its scale is undone.
    Standardized,
    /// The gradient through that: of the gradient, what came out, and a factor for every group.
    StandardizedGradient,
}

/// A differentiable function of tensors.
pub trait Operator: Debug + Send + Sync {
    /// The name in messages and reports.
    fn name(&self) -> &'static str;

    /// The types of the outputs for inputs of these types.
    ///
    /// # Errors
    /// If the operator does not take inputs of these types.
    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>>;

    /// What stands in its place for one row of a batch whose rows are written out one by one; `None`
    /// for the operator itself. One that draws numbers draws others for each row.
    fn for_row(&self, _row: usize) -> Option<Arc<dyn Operator>> {
        None
    }

    /// Adds the gradient with respect to each input to the graph; `None` where it is zero or not
    /// wanted.
    ///
    /// # Errors
    /// If a wanted derivative does not exist.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>>;

    /// Computes the outputs in f32.
    fn run_f32(&self, io: &mut Io<'_, f32>);

    /// Computes the outputs in f64.
    fn run_f64(&self, io: &mut Io<'_, f64>);

    /// Inputs whose buffer the first output may take over, best first.
    fn in_place(&self) -> &'static [usize] {
        &[]
    }

    /// Whether running it on so many inputs reads the elements of this one; one that is not read is
    /// named for the derivative alone, and nobody keeps its elements for it.
    fn reads(&self, _input: usize, _count: usize) -> bool {
        true
    }

    /// Whether the output shows the elements of input 0 unchanged and in the same order.
    fn is_view(&self) -> bool {
        false
    }

    /// How the output for these inputs is added to a wire of its type in one node, which spares
    /// making it by itself: an operator and its inputs.
    fn adding_to(&self, _sum: Wire, _inputs: &[Wire]) -> Option<(Arc<dyn Operator>, Vec<Wire>)> {
        None
    }

    /// Whether the output is input 0 with its last two axes exchanged, and nothing else.
    fn swaps_matrices(&self) -> bool {
        false
    }

    /// Whether elements of input 0 are added up where input 1 says, and all else is 0: as a pool hands
    /// a gradient back to the elements that it chose.
    fn puts_at_positions(&self) -> bool {
        false
    }

    /// How the outputs are spread for independent inputs of these spreads (normal where the shape
    /// of the distribution matters), the first ones at least; `None` where no rule is known.
    fn spread(&self, _types: &[&Type], _inputs: &[&Spread]) -> Option<Vec<Spread>> {
        None
    }

    /// As [`spread`](Self::spread) of inputs whose places are known one by one; `None` where such a rule
    /// is not known.
    fn spread_of_places(&self, _types: &[&Type], _inputs: &[&Spread]) -> Option<Vec<Spread>> {
        None
    }

    /// Whether the rule of [`spread`](Self::spread) knows rows one by one; one that does not is asked
    /// how its outputs go with two rows.
    fn knows_rows(&self) -> bool {
        false
    }

    /// What can be computed before inputs that are not `fixed` are known.
    fn ahead(&self, _fixed: &[bool]) -> Option<Ahead> {
        None
    }

    /// How it hands out its output in pieces, if it can.
    fn in_pieces(&self) -> Option<&dyn InPieces> {
        None
    }

    /// Whether every element of the output is the same function of the inputs' elements in its
    /// place.
    fn is_pointwise(&self) -> bool {
        false
    }

    /// How the first output hangs together with the inputs.
    fn structure(&self) -> Structure {
        Structure::Other
    }

    /// Which axes are fan-in and fan-out, if `input` is a weight of this operator.
    fn fan_axes(&self, _types: &[&Type], _input: usize) -> Option<FanAxes> {
        None
    }
}

/// An operator whose output need not be kept where something only changes by it.
pub trait InPieces {
    /// Whether it can for inputs of these types.
    fn comes_in_pieces(&self, inputs: &[&Type]) -> bool;

    /// Changes by the output in f32; the output of `io` does not exist.
    fn change_f32(&self, io: &Io<'_, f32>, change: Change<'_, f32>);

    /// Changes by the output in f64; the output of `io` does not exist.
    fn change_f64(&self, io: &Io<'_, f64>, change: Change<'_, f64>);
}

/// An operator of two parts, the first of which needs one input alone and gives a tensor of its
/// type.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// The part that can be computed ahead.
    pub part: Arc<dyn Operator>,
    /// The input that it is of.
    pub of: usize,
    /// What remains: an operator of that part's output and another input.
    pub rest: Arc<dyn Operator>,
    /// That input.
    pub with: usize,
}

/// Forwards both element types to one generic `compute`.
macro_rules! run_generic {
    () => {
        fn run_f32(&self, io: &mut $crate::run::Io<'_, f32>) {
            self.compute(io);
        }

        fn run_f64(&self, io: &mut $crate::run::Io<'_, f64>) {
            self.compute(io);
        }
    };
}
pub(crate) use run_generic;

/// Forwards to one `compute` that is generic over the run's type and over the kind of the first
/// output.
macro_rules! run_stored {
    () => {
        fn run_f32(&self, io: &mut $crate::run::Io<'_, f32>) {
            match io.output_type(0).kind {
                $crate::graph::Kind::Float => self.compute::<f32, f32>(io),
                $crate::graph::Kind::Integer => self.compute::<f32, i64>(io),
                $crate::graph::Kind::Position => self.compute::<f32, i32>(io),
            }
        }

        fn run_f64(&self, io: &mut $crate::run::Io<'_, f64>) {
            match io.output_type(0).kind {
                $crate::graph::Kind::Float => self.compute::<f64, f64>(io),
                $crate::graph::Kind::Integer => self.compute::<f64, i64>(io),
                $crate::graph::Kind::Position => self.compute::<f64, i32>(io),
            }
        }
    };
}
pub(crate) use run_stored;

/// What the registry knows of an operator.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The operator's name.
    pub name: &'static str,
    /// One line on what it computes.
    pub about: &'static str,
    /// Applications of it that the laws are tested on.
    pub samples: fn() -> Vec<Sample>,
}

/// One application of an operator, on which laws are tested.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The operator with its attributes.
    pub operator: Arc<dyn Operator>,
    /// The types of its inputs.
    pub inputs: Vec<Type>,
    /// The range that floating-point inputs are drawn from, away from kinks and poles.
    pub range: (f64, f64),
    /// The inputs with respect to which it can be differentiated.
    pub differentiable: Vec<usize>,
    /// What integer inputs hold, repeated as often as it takes.
    pub integers: Vec<i64>,
}

impl Sample {
    /// A sample whose floating-point inputs lie in (−1, 1) and are all differentiable, and whose
    /// integers are 0, 1, 2, 0, 1, 2, …
    pub fn new(operator: impl Operator + 'static, inputs: &[Type]) -> Self {
        Self {
            operator: Arc::new(operator),
            inputs: inputs.to_vec(),
            range: (-1.0, 1.0),
            differentiable: (0..inputs.len()).filter(|&i| inputs[i].kind == Kind::Float).collect(),
            integers: vec![0, 1, 2],
        }
    }

    /// The same sample with inputs drawn from another range.
    #[must_use]
    pub fn within(mut self, low: f64, high: f64) -> Self {
        self.range = (low, high);
        self
    }

    /// The same sample, differentiable with respect to these inputs only.
    #[must_use]
    pub fn differentiable(mut self, inputs: &[usize]) -> Self {
        self.differentiable = inputs.to_vec();
        self
    }
    /// The same sample with other integers, repeated as often as it takes.
    #[must_use]
    pub fn integers(mut self, integers: &[i64]) -> Self {
        self.integers = integers.to_vec();
        self
    }
}
