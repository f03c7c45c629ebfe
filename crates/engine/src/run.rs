//! Running a plan: buffers, and what an operator sees of them.

use fanin_kernels::change::Change;
use fanin_kernels::{Float, elementwise};

use crate::error::{Error, Result};
use crate::graph::Type;
use crate::ops::{InPieces, Operator};
use crate::plan::{Place, Plan, Slot, Step};
use crate::tensor::Shape;

pub use crate::buffer::{Buffer, Number, Stored};

/// The type that a graph is run in; dispatches an operator to the code for it.
pub trait Element: Float + Stored<Self> {
    #[doc(hidden)]
    fn run(operator: &dyn Operator, io: &mut Io<'_, Self>);

    #[doc(hidden)]
    fn change(operator: &dyn InPieces, io: &Io<'_, Self>, change: Change<'_, Self>);
}

impl Element for f32 {
    fn run(operator: &dyn Operator, io: &mut Io<'_, Self>) {
        operator.run_f32(io);
    }

    fn change(operator: &dyn InPieces, io: &Io<'_, Self>, change: Change<'_, Self>) {
        operator.change_f32(io, change);
    }
}

impl Element for f64 {
    fn run(operator: &dyn Operator, io: &mut Io<'_, Self>) {
        operator.run_f64(io);
    }

    fn change(operator: &dyn InPieces, io: &Io<'_, Self>, change: Change<'_, Self>) {
        operator.change_f64(io, change);
    }
}

/// The memory that a plan runs in: inputs, everything in between, and results.
#[derive(Clone, Debug)]
pub struct Workspace<T> {
    pub(crate) buffers: Vec<Buffer<T>>,
    pub(crate) outputs: Vec<Buffer<T>>,
    feeds: Vec<Slot>,
    kept: Vec<Slot>,
    /// Whether its memory, and what changes with it, lies on large pages where it can.
    pub(crate) gathered: bool,
}

impl<T: Element> Workspace<T> {
    /// The n-th input, to fill before a run.
    ///
    /// # Panics
    /// If the input holds integers.
    pub fn feed(&mut self, input: usize) -> &mut [T] {
        let (buffer, elements) = locate(&self.feeds[input]);
        &mut self.buffers[buffer].floats_mut()[..elements]
    }

    /// Exchanges the n-th input for a buffer of the same length, so that a run reads a batch where it
    /// lies. No run changes an input: what is exchanged back is what it was.
    ///
    /// # Panics
    /// If the input holds integers, or the lengths differ.
    pub fn exchange_feed(&mut self, input: usize, values: &mut Vec<T>) {
        let (buffer, _) = locate(&self.feeds[input]);
        self.buffers[buffer].exchange(values);
    }

    /// Two different inputs, to fill side by side before a run.
    ///
    /// # Panics
    /// If the inputs are the same or hold integers.
    pub fn feed_pair(&mut self, first: usize, second: usize) -> (&mut [T], &mut [T]) {
        let (a, a_elements) = locate(&self.feeds[first]);
        let (b, b_elements) = locate(&self.feeds[second]);
        let pair = self.buffers.get_disjoint_mut([a, b]);
        let [a, b] = pair.expect("two different inputs have different buffers");
        (&mut a.floats_mut()[..a_elements], &mut b.floats_mut()[..b_elements])
    }

    /// The n-th input, to fill with integers before a run.
    ///
    /// # Panics
    /// If the input holds floating-point numbers.
    pub fn feed_integers(&mut self, input: usize) -> &mut [i64] {
        let (buffer, elements) = locate(&self.feeds[input]);
        &mut self.buffers[buffer].integers_mut()[..elements]
    }

    /// The n-th input, to fill with positions before a run.
    ///
    /// # Panics
    /// If the input holds others.
    pub fn feed_positions(&mut self, input: usize) -> &mut [i32] {
        let (buffer, elements) = locate(&self.feeds[input]);
        &mut self.buffers[buffer].positions_mut()[..elements]
    }

    /// The values of the n-th wire that the plan was asked to compute, after a run.
    pub fn read(&self, kept: usize) -> &[T] {
        let (buffer, elements) = locate(&self.kept[kept]);
        &self.buffers[buffer].floats()[..elements]
    }

    /// The integers of the n-th wire that the plan was asked to compute, after a run.
    ///
    /// # Panics
    /// If the wire holds floating-point numbers.
    pub fn read_integers(&self, kept: usize) -> &[i64] {
        let (buffer, elements) = locate(&self.kept[kept]);
        &self.buffers[buffer].integers()[..elements]
    }

    /// The positions of the n-th wire that the plan was asked to compute, after a run.
    ///
    /// # Panics
    /// If the wire holds others.
    pub fn read_positions(&self, kept: usize) -> &[i32] {
        let (buffer, elements) = locate(&self.kept[kept]);
        &self.buffers[buffer].positions()[..elements]
    }

    /// The values of the n-th wire that the plan was asked to compute, to change after a run, as
    /// gradient clipping does.
    pub fn read_mut(&mut self, kept: usize) -> &mut [T] {
        let (buffer, elements) = locate(&self.kept[kept]);
        &mut self.buffers[buffer].floats_mut()[..elements]
    }
}

pub(crate) fn locate(slot: &Slot) -> (usize, usize) {
    match slot.place {
        Place::Buffer(buffer) => (buffer, slot.elements),
        Place::Parameter(_) | Place::Nowhere => {
            unreachable!("inputs and results lie in buffers")
        }
    }
}

impl Plan {
    /// Memory for runs of this plan, with its constants computed.
    ///
    /// # Panics
    /// If there is not so much; [`try_workspace`](Self::try_workspace) makes an error of it.
    pub fn workspace<T: Element>(&self) -> Workspace<T> {
        self.try_workspace().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Memory for runs of this plan, with its constants computed.
    ///
    /// # Errors
    /// [`Error::Memory`] with all that the plan asks for, if there is not so much.
    pub fn try_workspace<T: Element>(&self) -> Result<Workspace<T>> {
        let buffers = self.buffers.iter().map(|b| Buffer::<T>::new(b.kind, b.elements));
        let buffers = buffers.collect::<Option<Vec<_>>>().ok_or_else(|| {
            let sizes = self.buffers.iter().map(|b| Buffer::<T>::bytes(b.kind, b.elements));
            Error::Memory { bytes: sizes.fold(0, usize::saturating_add) }
        })?;
        let all = self.steps.iter().chain(&self.fixed).chain(&self.constants);
        let widest = all.map(|s| s.outputs.len()).max();
        let mut workspace = Workspace {
            buffers,
            outputs: (0..widest.unwrap_or(0)).map(|_| Buffer::default()).collect(),
            feeds: self.feeds.clone(),
            kept: self.kept.clone(),
            gathered: false,
        };
        for step in &self.constants {
            run_step(step, &[], &mut workspace);
        }
        Ok(workspace)
    }

    /// Computes the wires asked for, from the parameters given and the inputs in `workspace`.
    ///
    /// `parameters` stand in the graph's order. Allocates nothing.
    ///
    /// # Panics
    /// If the number or the sizes of the parameters are not the graph's, or the plan was made for
    /// parameters that [change](Plan::run_changing).
    pub fn run<T: Element>(&self, parameters: &[Vec<T>], workspace: &mut Workspace<T>) {
        self.prepare(parameters, workspace);
        self.rerun(parameters, workspace);
    }

    /// Computes what depends on none of the inputs that the plan was [staged](Plan::staged) for:
    /// wires kept among that can be read, and [`rerun`](Plan::rerun) computes the others. Allocates
    /// nothing.
    ///
    /// # Panics
    /// As [`run`](Plan::run).
    pub fn prepare<T: Element>(&self, parameters: &[Vec<T>], workspace: &mut Workspace<T>) {
        assert!(
            parameters.iter().map(Vec::len).eq(self.parameter_elements.iter().copied()),
            "a plan runs with the parameters of its graph"
        );
        for step in &self.fixed {
            run_step(step, parameters, workspace);
        }
    }

    /// Computes anew what depends on the inputs that the plan was [staged](Plan::staged) for, after
    /// a run or a [`prepare`](Plan::prepare) with the same parameters and the same other inputs. Allocates nothing.
    ///
    /// # Panics
    /// If the plan was made for parameters that [change](Plan::run_changing).
    pub fn rerun<T: Element>(&self, parameters: &[Vec<T>], workspace: &mut Workspace<T>) {
        assert!(!self.changing, "parameters of this plan change as it runs");
        for step in &self.steps {
            run_step(step, parameters, workspace);
        }
    }
}

/// Lifts the outputs' buffers out of the workspace, so that inputs and outputs are disjoint, and
/// puts them back when the operator is done.
pub(crate) fn run_step<T: Element>(
    step: &Step,
    parameters: &[Vec<T>],
    workspace: &mut Workspace<T>,
) {
    let Workspace { buffers, outputs, .. } = workspace;
    for (slot, output) in step.outputs.iter().zip(outputs.iter_mut()) {
        std::mem::swap(&mut buffers[locate(slot).0], output);
    }
    T::run(&*step.operator, &mut Io { step, parameters, buffers, outputs });
    for (slot, output) in step.outputs.iter().zip(outputs.iter_mut()) {
        std::mem::swap(&mut buffers[locate(slot).0], output);
    }
}

/// What an operator sees while it runs: its inputs to read and its outputs to write.
#[derive(Debug)]
pub struct Io<'a, T> {
    pub(crate) step: &'a Step,
    pub(crate) parameters: &'a [Vec<T>],
    pub(crate) buffers: &'a [Buffer<T>],
    pub(crate) outputs: &'a mut [Buffer<T>],
}

impl<'a, T: Element> Io<'a, T> {
    /// The type of an input.
    pub fn input_type(&self, input: usize) -> &'a Type {
        &self.step.inputs[input].r#type
    }

    /// The shape of an input.
    pub fn input_shape(&self, input: usize) -> &'a Shape {
        &self.step.inputs[input].r#type.shape
    }

    /// The shape of an output.
    pub fn output_shape(&self, output: usize) -> &'a Shape {
        &self.step.outputs[output].r#type.shape
    }

    /// The type of an output.
    pub fn output_type(&self, output: usize) -> &'a Type {
        &self.step.outputs[output].r#type
    }

    /// The number of inputs.
    pub fn input_count(&self) -> usize {
        self.step.inputs.len()
    }

    /// The inputs, to be read as whatever each holds, and the first output to write.
    ///
    /// # Panics
    /// If the output holds another kind.
    pub fn parts<O: Stored<T>>(&mut self) -> (Inputs<'_, T>, &mut [O]) {
        let elements = self.step.outputs[0].elements;
        let Self { step, parameters, buffers, .. } = *self;
        let inputs = Inputs { step, parameters, buffers };
        (inputs, &mut O::slice_mut(&mut self.outputs[0])[..elements])
    }

    /// The floating-point elements of an input.
    ///
    /// # Panics
    /// If it holds integers.
    pub fn read(&self, input: usize) -> &[T] {
        floats(&self.step.inputs[input], self.parameters, self.buffers)
    }

    /// The input whose values stand in the first output already, to be changed in place.
    pub fn in_place(&self) -> Option<usize> {
        self.step.in_place
    }

    /// The floating-point elements of the inputs, and those of the first output to write.
    ///
    /// # Panics
    /// If one of them holds integers, or an input is the one that is changed in place.
    pub fn split<const N: usize>(&mut self, inputs: [usize; N]) -> ([&[T]; N], &mut [T]) {
        let elements = self.step.outputs[0].elements;
        let read = inputs.map(|input| {
            assert_ne!(
                self.step.in_place,
                Some(input),
                "an input in place has no slice of its own"
            );
            floats(&self.step.inputs[input], self.parameters, self.buffers)
        });
        (read, &mut self.outputs[0].floats_mut()[..elements])
    }

    /// The floating-point elements of the inputs, and those of the first `M` outputs to write.
    ///
    /// # Panics
    /// If one of them holds integers.
    pub fn split_outputs<const N: usize, const M: usize>(
        &mut self,
        inputs: [usize; N],
    ) -> ([&[T]; N], [&mut [T]; M]) {
        let read =
            inputs.map(|input| floats(&self.step.inputs[input], self.parameters, self.buffers));
        let mut outputs = self.outputs.iter_mut().zip(&self.step.outputs);
        let write = std::array::from_fn(|_| {
            let (buffer, slot) = outputs.next().expect("the operator has as many outputs");
            &mut buffer.floats_mut()[..slot.elements]
        });
        (read, write)
    }

    /// The floating-point elements of an input, those of the first output, and the positions of
    /// the second.
    ///
    /// # Panics
    /// If the kinds are others.
    pub fn split_indexing(&mut self, input: usize) -> (&[T], &mut [T], &mut [i32]) {
        let read = floats(&self.step.inputs[input], self.parameters, self.buffers);
        let [values, positions, ..] = &mut self.outputs[..] else {
            panic!("the operator has two outputs");
        };
        let elements = [0, 1].map(|output| self.step.outputs[output].elements);
        let positions = &mut positions.positions_mut()[..elements[1]];
        (read, &mut values.floats_mut()[..elements[0]], positions)
    }

    /// The integers or positions of an input, the floating-point elements of another, and the first
    /// output.
    pub fn split_indexed<I: Stored<T>>(
        &mut self,
        indices: usize,
        input: usize,
    ) -> (&[I], &[T], &mut [T]) {
        let elements = self.step.outputs[0].elements;
        let (buffer, count) = locate(&self.step.inputs[indices]);
        let indices = &I::slice(&self.buffers[buffer])[..count];
        let read = floats(&self.step.inputs[input], self.parameters, self.buffers);
        (indices, read, &mut self.outputs[0].floats_mut()[..elements])
    }

    /// The integers of an input, and the first output to write.
    pub fn split_integers(&mut self, input: usize) -> (&[i64], &mut [T]) {
        let elements = self.step.outputs[0].elements;
        let (buffer, count) = locate(&self.step.inputs[input]);
        (&self.buffers[buffer].integers()[..count], &mut self.outputs[0].floats_mut()[..elements])
    }

    /// The first output alone.
    pub fn output(&mut self) -> &mut [T] {
        let elements = self.step.outputs[0].elements;
        &mut self.outputs[0].floats_mut()[..elements]
    }

    /// Writes f(x) for every element x of input 0, in place where the plan says so.
    pub fn map<E: Stored<T>>(&mut self, f: impl Fn(E) -> E + Sync) {
        let in_place = self.step.in_place == Some(0);
        let (inputs, out) = self.parts::<E>();
        if in_place {
            elementwise::map_in_place(out, f);
        } else {
            elementwise::map(inputs.get::<E>(0), out, f);
        }
    }
}

/// The inputs of a step, each to be read as what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a, T> {
    step: &'a Step,
    parameters: &'a [Vec<T>],
    buffers: &'a [Buffer<T>],
}

impl<'a, T: Element> Inputs<'a, T> {
    /// The elements of an input.
    ///
    /// # Panics
    /// If it holds another kind, or is the one that is changed in place.
    pub fn get<E: Stored<T>>(&self, input: usize) -> &'a [E] {
        assert_ne!(self.step.in_place, Some(input), "an input in place has no slice of its own");
        let slot = &self.step.inputs[input];
        match slot.place {
            Place::Parameter(index) => E::parameter(&self.parameters[index]),
            Place::Buffer(buffer) => &E::slice(&self.buffers[buffer])[..slot.elements],
            Place::Nowhere => unreachable!("nothing reads what is handed on"),
        }
    }

    /// The shape of an input.
    pub fn shape(&self, input: usize) -> &'a Shape {
        &self.step.inputs[input].r#type.shape
    }
}

fn floats<'a, T: Element>(
    slot: &Slot,
    parameters: &'a [Vec<T>],
    buffers: &'a [Buffer<T>],
) -> &'a [T] {
    match slot.place {
        Place::Parameter(index) => &parameters[index],
        Place::Buffer(buffer) => &buffers[buffer].floats()[..slot.elements],
        Place::Nowhere => unreachable!("nothing reads what is handed on"),
    }
}
