//! A plan: which nodes run, in which order, and where every wire's values lie.
//!
//! Buffers are shared by wires whose lifetimes do not overlap; views share their source's
//! buffer; an operator that can work in place takes over the buffer of an input that nobody reads
//! again. A run of a plan allocates nothing.
//!
//! A plan can be made for inputs that change from run to run while all others stay: then what
//! depends on none of them is computed first and kept, and [`Plan::rerun`] computes only the rest.

mod changes;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Node, Source, Type, Wire};
use crate::ops::{Ahead, Operator};

pub(crate) use changes::Changed;
use changes::Changes;

/// Where the values of a wire lie while a plan runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The n-th parameter, owned by the caller.
    Parameter(usize),
    /// A buffer of the workspace.
    Buffer(usize),
    /// Nowhere: its elements are handed on as they are made.
    Nowhere,
}

/// A wire as one step sees it.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub place: Place,
    pub elements: usize,
    pub r#type: Type,
}

/// One node, with everything that running it needs.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub operator: Arc<dyn Operator>,
    pub inputs: Vec<Slot>,
    pub outputs: Vec<Slot>,
    /// The input whose buffer the first output took over.
    pub in_place: Option<usize>,
    /// The change that is made by the output as soon as it is there.
    pub change: Option<Changed>,
}

/// The size and kind of a buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BufferInfo {
    pub elements: usize,
    pub kind: Kind,
}

/// Which nodes of a graph run, in which order, and where their results lie.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) constants: Vec<Step>,
    /// What depends on no input that changes; empty unless some were named.
    pub(crate) fixed: Vec<Step>,
    pub(crate) steps: Vec<Step>,
    pub(crate) buffers: Vec<BufferInfo>,
    pub(crate) feeds: Vec<Slot>,
    pub(crate) kept: Vec<Slot>,
    /// Whether parameters change as it runs.
    pub(crate) changing: bool,
    /// Changes that are made when all steps are done, and by what.
    pub(crate) late: Vec<(Changed, Slot)>,
    pub(crate) parameter_elements: Vec<usize>,
}

impl Plan {
    /// Plans the computation of `keep`, and of nothing that they do not need.
    ///
    /// # Errors
    /// If a parameter itself is asked for: the caller owns it already.
    pub fn new(graph: &Graph, keep: &[Wire]) -> Result<Self> {
        Self::of(graph, keep, &[], vec![true; graph.wire_count()])
    }

    /// Plans the computation of `keep`, and of wires by which parameters change:
    /// [`run_changing`](Self::run_changing) changes a parameter as soon as nobody reads it any more,
    /// and the wire's memory is free again. Each pair is such a wire and its parameter.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// If the second of a pair is no parameter.
    pub fn changing(graph: &Graph, keep: &[Wire], changes: &[(Wire, Wire)]) -> Result<Self> {
        Self::of(graph, keep, changes, vec![true; graph.wire_count()])
    }

    /// Plans the computation of `keep` for inputs, by their numbers, that change from run to run
    /// while parameters and all other inputs stay as they were.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// If an input has no such number.
    pub fn staged(graph: &Graph, keep: &[Wire], changing: &[usize]) -> Result<Self> {
        Self::of(graph, keep, &[], changes(graph, changing))
    }

    fn of(
        graph: &Graph,
        keep: &[Wire],
        changed: &[(Wire, Wire)],
        changes: Vec<bool>,
    ) -> Result<Self> {
        let mut planner = Planner::new(graph, keep, changed, changes)?;
        planner.place_feeds();
        planner.place_nodes();
        Ok(planner.finish(keep))
    }

    /// The number of elements in all buffers of a workspace.
    pub fn buffer_elements(&self) -> usize {
        self.buffers.iter().map(|b| b.elements).sum()
    }

    /// The number of operator applications in one run.
    pub fn steps(&self) -> usize {
        self.fixed.len() + self.steps.len()
    }
}

/// Lifetimes are counted in nodes, those that depend on what changes after all others; a pinned
/// buffer outlives them all.
const PINNED: usize = usize::MAX;

struct Planner<'g> {
    graph: &'g Graph,
    needed: Vec<bool>,
    /// Wires that depend on an input that changes.
    changes: Vec<bool>,
    /// The wire whose buffer a wire's values lie in: itself, unless it is a view.
    root: Vec<Wire>,
    /// The time of the last node that reads a root's buffer.
    last_use: Vec<usize>,
    place: Vec<Option<Place>>,
    buffers: Vec<BufferInfo>,
    free: Vec<usize>,
    constants: Vec<Step>,
    fixed: Vec<Step>,
    steps: Vec<Step>,
    parameters: Changes,
}

impl<'g> Planner<'g> {
    fn new(
        graph: &'g Graph,
        keep: &[Wire],
        changed: &[(Wire, Wire)],
        changes: Vec<bool>,
    ) -> Result<Self> {
        let by = changed.iter().map(|(by, _)| *by);
        let wanted = &keep.iter().copied().chain(by).collect::<Vec<_>>()[..];
        let needed = needed_nodes(graph, wanted);
        let root = roots(graph, wanted);
        let parameters = Changes::new(graph, keep, changed, (&needed, &root));
        let mut last_use = vec![0; graph.wire_count()];
        for (index, node) in graph.nodes().iter().enumerate().filter(|(i, _)| needed[*i]) {
            let changed = does_change(node, &changes);
            let time = time(graph, index, changed);
            for input in read(node) {
                let root = root[input.0];
                let is_kept = changed && !changes[root.0];
                let last = &mut last_use[root.0];
                *last = if is_kept { PINNED } else { time.max(*last) };
            }
        }
        let late = parameters.late.iter().map(|(_, by)| *by);
        for wire in keep.iter().copied().chain(late) {
            if let Source::Parameter(_) = graph.source(wire) {
                return Err(Error::Shape {
                    place: graph.name(wire),
                    found: "a parameter among the wires to compute".to_owned(),
                    expected: "wires that nodes compute".to_owned(),
                });
            }
            last_use[root[wire.0].0] = PINNED;
        }
        for &input in graph.inputs() {
            last_use[input.0] = PINNED;
        }
        let place = vec![None; graph.wire_count()];
        Ok(Self {
            graph,
            needed,
            changes,
            root,
            last_use,
            place,
            buffers: Vec::new(),
            free: Vec::new(),
            constants: Vec::new(),
            fixed: Vec::new(),
            steps: Vec::new(),
            parameters,
        })
    }

    fn place_feeds(&mut self) {
        for (index, &wire) in self.graph.parameters().iter().enumerate() {
            self.place[wire.0] = Some(Place::Parameter(index));
        }
        for &wire in self.graph.inputs() {
            let buffer = self.new_buffer(wire);
            self.place[wire.0] = Some(Place::Buffer(buffer));
        }
    }

    fn place_nodes(&mut self) {
        for changed in [false, true] {
            for index in 0..self.graph.nodes().len() {
                let node = &self.graph.nodes()[index];
                if self.needed[index] && does_change(node, &self.changes) == changed {
                    self.place_node(index, changed);
                }
            }
        }
    }

    fn place_node(&mut self, index: usize, changed: bool) {
        let graph = self.graph;
        let node = &graph.nodes()[index];
        let time = time(self.graph, index, changed);
        if let Some(&view) = node.outputs.first().filter(|w| self.root[w.0] != **w) {
            self.place[view.0] = self.place[self.root[view.0].0];
            self.release(index, time);
            return;
        }
        if node.inputs.is_empty() {
            for output in &node.outputs {
                self.last_use[output.0] = PINNED;
            }
        }
        let ahead = if changed { self.ahead(node) } else { None };
        let change = self.parameters.at_once[index];
        let in_pieces = change.is_some() && {
            let types: Vec<&Type> = node.inputs.iter().map(|w| graph.type_of(*w)).collect();
            node.operator.in_pieces().is_some_and(|pieces| pieces.comes_in_pieces(&types))
        };
        let in_place = if in_pieces {
            self.place[node.outputs[0].0] = Some(Place::Nowhere);
            None
        } else {
            self.place_outputs(index, time, ahead.is_none())
        };
        let outputs = node.outputs.iter().map(|w| self.slot(*w)).collect();
        let (operator, inputs) = ahead.unwrap_or_else(|| {
            (Arc::clone(&node.operator), node.inputs.iter().map(|w| self.input(*w)).collect())
        });
        let step = Step { operator, inputs, outputs, in_place, change };
        match (node.inputs.is_empty(), changed) {
            (true, _) => self.constants.push(step),
            (false, false) => self.fixed.push(step),
            (false, true) => self.steps.push(step),
        }
        self.release(index, time);
    }

    /// Computes ahead what a node needs only fixed inputs for: what remains of it, and its inputs.
    fn ahead(&mut self, node: &Node) -> Option<(Arc<dyn Operator>, Vec<Slot>)> {
        let fixed: Vec<bool> = node.inputs.iter().map(|wire| !self.changes[wire.0]).collect();
        let Ahead { part, of, rest, with } = node.operator.ahead(&fixed)?;
        let input = self.slot(node.inputs[of]);
        let buffer = BufferInfo { elements: input.elements, kind: input.r#type.kind };
        self.buffers.push(buffer);
        let output = Slot { place: Place::Buffer(self.buffers.len() - 1), ..input.clone() };
        let step = Step {
            operator: part,
            inputs: vec![input],
            outputs: vec![output.clone()],
            in_place: None,
            change: None,
        };
        self.fixed.push(step);
        Some((rest, vec![output, self.slot(node.inputs[with])]))
    }

    /// Gives every output of a node a buffer, constants one of their own; tells which input's buffer the first one took over.
    fn place_outputs(&mut self, index: usize, time: usize, may_take: bool) -> Option<usize> {
        let node = &self.graph.nodes()[index];
        let mut taken = None;
        for (position, &output) in node.outputs.iter().enumerate() {
            let takes = position == 0 && may_take;
            let takeover = if takes { self.takeover(index, time, output) } else { None };
            let buffer = match takeover {
                Some((input, buffer)) => {
                    taken = Some(input);
                    buffer
                }
                None if node.inputs.is_empty() => self.new_buffer(output),
                None => self.free_buffer(output).unwrap_or_else(|| self.new_buffer(output)),
            };
            self.place[output.0] = Some(Place::Buffer(buffer));
        }
        taken
    }

    /// An input whose buffer dies at this node and may become its output's.
    fn takeover(&self, index: usize, time: usize, output: Wire) -> Option<(usize, usize)> {
        let node = &self.graph.nodes()[index];
        let elements = self.elements(output);
        node.operator.in_place().iter().find_map(|&input| {
            let wire = *node.inputs.get(input)?;
            let root = self.root[wire.0];
            let read_once = node.inputs.iter().filter(|w| self.root[w.0] == root).count() == 1;
            let fits = self.elements(wire) == elements
                && self.graph.type_of(wire).kind == self.graph.type_of(output).kind;
            match self.place[root.0] {
                Some(Place::Buffer(buffer))
                    if self.last_use[root.0] == time && read_once && fits =>
                {
                    Some((input, buffer))
                }
                _ => None,
            }
        })
    }

    /// Frees the buffers that nobody reads after this node, unless an output took them over.
    fn release(&mut self, index: usize, time: usize) {
        let node = &self.graph.nodes()[index];
        let kept: Vec<Place> = node
            .outputs
            .iter()
            .filter(|w| self.last_use[self.root[w.0].0] > time)
            .filter_map(|w| self.place[w.0])
            .collect();
        let wires = read(node).chain(node.outputs.iter().copied());
        for root in wires.map(|w| self.root[w.0]) {
            if let Some(Place::Buffer(buffer)) = self.place[root.0]
                && self.last_use[root.0] <= time
                && !kept.contains(&Place::Buffer(buffer))
                && !self.free.contains(&buffer)
            {
                self.free.push(buffer);
            }
        }
    }

    /// The free buffer that fits best; it grows if it must.
    /// What is kept for ever takes none that is larger, which others could use again.
    fn free_buffer(&mut self, wire: Wire) -> Option<usize> {
        let (elements, kind) = (self.elements(wire), self.graph.type_of(wire).kind);
        let is_kept = self.last_use[self.root[wire.0].0] == PINNED;
        let best = (0..self.free.len())
            .filter(|&i| self.buffers[self.free[i]].kind == kind)
            .filter(|&i| !is_kept || self.buffers[self.free[i]].elements <= elements)
            .min_by_key(|&i| misfit(self.buffers[self.free[i]].elements, elements))?;
        let buffer = self.free.swap_remove(best);
        let size = &mut self.buffers[buffer].elements;
        *size = (*size).max(elements);
        Some(buffer)
    }

    fn new_buffer(&mut self, wire: Wire) -> usize {
        let kind = self.graph.type_of(wire).kind;
        self.buffers.push(BufferInfo { elements: self.elements(wire), kind });
        self.buffers.len() - 1
    }

    fn elements(&self, wire: Wire) -> usize {
        self.graph.shape(wire).elements()
    }

    /// An input; what is only named and never read need not have been computed.
    fn input(&self, wire: Wire) -> Slot {
        self.slot_at(wire, self.place[wire.0].unwrap_or(Place::Nowhere))
    }

    fn slot(&self, wire: Wire) -> Slot {
        let place = self.place[wire.0].expect("nodes are placed in the order in which they run");
        self.slot_at(wire, place)
    }

    fn slot_at(&self, wire: Wire, place: Place) -> Slot {
        Slot { place, elements: self.elements(wire), r#type: self.graph.type_of(wire).clone() }
    }

    fn finish(mut self, keep: &[Wire]) -> Plan {
        let steps = [&mut self.constants, &mut self.fixed, &mut self.steps];
        steps.into_iter().for_each(Vec::shrink_to_fit);
        let parameters = self.graph.parameters().iter();
        let late: Vec<_> =
            self.parameters.late.iter().map(|&(change, by)| (change, self.slot(by))).collect();
        let at_once = self.steps.iter().any(|step| step.change.is_some());
        Plan {
            changing: at_once || !late.is_empty(),
            late,
            feeds: self.graph.inputs().iter().map(|w| self.slot(*w)).collect(),
            kept: keep.iter().map(|w| self.slot(*w)).collect(),
            parameter_elements: parameters.map(|w| self.elements(*w)).collect(),
            constants: self.constants,
            fixed: self.fixed,
            steps: self.steps,
            buffers: self.buffers,
        }
    }
}

/// How badly a free buffer fits so many elements. What it lacks must be allocated; what it has too much
/// others may want, which counts an eighth. (Seen once, by a scratch build that no command repeats: with an eighth
/// or a sixteenth, plans of 25 imported models need 3 % less than with all of it; with none of it, 5 % more.)
fn misfit(size: usize, elements: usize) -> usize {
    if size < elements { (elements - size).saturating_mul(8) } else { size - elements }
}

/// When a node runs.
fn time(graph: &Graph, index: usize, changed: bool) -> usize {
    if changed { graph.nodes().len() + index } else { index }
}

/// The inputs whose elements a node reads.
fn read(node: &Node) -> impl Iterator<Item = Wire> {
    let inputs = node.inputs.iter().enumerate();
    let reads = |&(index, _): &(usize, &Wire)| node.operator.reads(index, node.inputs.len());
    inputs.filter(reads).map(|(_, &wire)| wire)
}

fn does_change(node: &Node, changes: &[bool]) -> bool {
    node.inputs.iter().any(|wire| changes[wire.0])
}

/// Wires that depend on one of these inputs.
fn changes(graph: &Graph, inputs: &[usize]) -> Vec<bool> {
    let mut changes = vec![false; graph.wire_count()];
    inputs.iter().for_each(|&input| changes[graph.inputs()[input].0] = true);
    for node in graph.nodes() {
        let changed = does_change(node, &changes);
        node.outputs.iter().for_each(|output| changes[output.0] = changed);
    }
    changes
}

fn needed_nodes(graph: &Graph, keep: &[Wire]) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes().len()];
    let mut open: Vec<Wire> = keep.to_vec();
    while let Some(wire) = open.pop() {
        if let Source::Node(node, _) = graph.source(wire)
            && !std::mem::replace(&mut needed[node], true)
        {
            open.extend(read(&graph.nodes()[node]));
        }
    }
    needed
}

/// Views resolve to the wire whose values they show; a view of a parameter that the caller wants
/// to read is computed as a copy instead.
fn roots(graph: &Graph, keep: &[Wire]) -> Vec<Wire> {
    let mut root: Vec<Wire> = (0..graph.wire_count()).map(Wire).collect();
    for node in graph.nodes().iter().filter(|n| n.operator.is_view()) {
        let (source, view) = (root[node.inputs[0].0], node.outputs[0]);
        let owned_by_caller = matches!(graph.source(source), Source::Parameter(_));
        if !(owned_by_caller && keep.contains(&view)) {
            root[view.0] = source;
        }
    }
    root
}
