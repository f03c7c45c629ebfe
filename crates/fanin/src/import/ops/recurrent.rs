//! Recurrent cells written out over time: what LSTM, GRU and RNN share.
//!
//! Key: T time, B batch, I input, H hidden, D directions.

use fanin_engine::graph::Source;
use fanin_engine::ops::{Relation, Span};
use fanin_engine::{Graph, Result as EngineResult, Wire};

use crate::Result;
use crate::import::lowering::Steps;
use crate::import::{Call, Lowering, Value, roles};
use crate::init::Component;
use crate::spec::Squash;

use super::elementary::{Settings, apply, hard_sigmoid};

/// One activation of a cell with its settings.
pub(super) struct Function {
    name: &'static str,
    settings: Settings,
}

impl Function {
    pub(super) fn apply(&self, x: &Value, lowering: &mut Lowering<'_, '_>) -> Result<Value> {
        apply(self.name, x, &self.settings, lowering)
    }

    /// What it is as a squash; none where it is not flat on both sides.
    fn squash(&self) -> Option<Squash> {
        let of = |activation, scale, shift| Some(Squash { activation, scale, shift });
        let Settings { alpha, beta, .. } = self.settings;
        match self.name {
            "Sigmoid" => of("sigmoid", 1.0, 0.0),
            "Tanh" => of("tanh", 1.0, 0.0),
            "Softsign" => of("softsign", 1.0, 0.0),
            "ScaledTanh" => of("tanh", beta.unwrap_or(1.0), 0.0),
            "HardSigmoid" => {
                let (slope, middle) = hard_sigmoid(alpha, beta);
                of("hardtanh", 2.0 * slope, 2.0 * middle - 1.0)
            }
            _ => None,
        }
    }
}

/// One direction of a cell: its weights and what it starts from.
pub(super) struct Direction {
    /// Input's share of all gates at all times, bias of the input included: (T, B, gates · H).
    pub inputs: Value,
    /// (gates · H, H)
    pub state_weight: Value,
    /// (gates · H), if there is a bias.
    pub state_bias: Option<Value>,
    /// States at the start, (B, H) each.
    pub start: Vec<Value>,
    /// (H), if the cell has peepholes: three parts.
    pub peepholes: Option<Vec<Value>>,
    pub functions: Vec<Function>,
    pub clip: f64,
}

/// Sizes of a cell.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: usize,
    hidden: usize,
}

/// A cell before a step.
pub(super) struct Moment<'c> {
    pub call: &'c Call<'c, 'c>,
    pub direction: &'c Direction,
    /// Input's share of the gates at this time: (B, gates · H).
    pub inputs: &'c Value,
    /// (B, H) each.
    pub states: &'c [Value],
    /// H.
    pub hidden: usize,
}

/// One step of a cell.
pub(super) type Step = fn(&Moment<'_>, &mut Lowering<'_, '_>) -> Result<Stepped>;

/// What comes of a step.
pub(super) struct Stepped {
    /// New states, the output first, (B, H) each.
    pub states: Vec<Value>,
    /// What enters the gates' activations, peepholes left out, in parts along the last axis.
    pub gates: Vec<Value>,
}

/// What a kind of cell is made of.
pub(super) struct Cell {
    /// What the gates are called, in the order in which they lie in the weights.
    pub gates: &'static [Component],
    pub states: usize,
    /// Names of its activations, as many as one direction has.
    pub functions: &'static [&'static str],
    /// Which of the activations each gate has, in the order of the gates.
    pub squashes: &'static [usize],
    pub step: Step,
    /// The biases of input and state may be added before the step.
    pub biases_add: bool,
}

/// Positions `start..start + count` of an axis.
pub(super) fn part(
    x: &Value,
    axis: usize,
    (start, count): (usize, usize),
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    lowering.apply(&[x], |g, w| g.slice_axis(w[0], axis, Span::neighbors(start, count)))
}

/// Position `at` of the first axis, without that axis.
fn row(x: &Value, at: usize, lowering: &mut Lowering<'_, '_>) -> Result<Value> {
    let shape = x.axes()[1..].to_vec();
    lowering.apply(&[x], |g, w| {
        let row = g.slice_axis(w[0], 0, Span::neighbors(at, 1))?;
        g.reshape(row, shape)
    })
}

/// ±`clip` where the cell asks for it.
pub(super) fn clipped(x: Value, clip: f64, lowering: &mut Lowering<'_, '_>) -> Result<Value> {
    if clip <= 0.0 {
        return Ok(x);
    }
    let hard = super::elementary::activation("hardtanh", None);
    lowering.apply(&[&x], |g, w| {
        let inner = g.affine(w[0], 1.0 / clip, 0.0)?;
        let cut = g.activate(inner, &*hard)?;
        g.affine(cut, clip, 0.0)
    })
}

/// a + b.
pub(super) fn sum(a: &Value, b: &Value, lowering: &mut Lowering<'_, '_>) -> Result<Value> {
    lowering.apply(&[a, b], |g, w| g.add(w[0], w[1]))
}

/// a · b, element by element.
pub(super) fn times(a: &Value, b: &Value, lowering: &mut Lowering<'_, '_>) -> Result<Value> {
    lowering.apply(&[a, b], |g, w| g.multiply(w[0], w[1]))
}

/// a · bᵀ.
pub(super) fn through(a: &Value, b: &Value, lowering: &mut Lowering<'_, '_>) -> Result<Value> {
    lowering.apply(&[a, b], |g, w| g.matmul_transposed(w[0], w[1]))
}

/// All outputs of a recurrent node.
pub(super) fn lower(
    call: &Call<'_, '_>,
    cell: &Cell,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Vec<Value>> {
    let batch_first = call.flag("layout")?;
    let x = call.input(0)?;
    let (w, r) = (call.input(1)?, call.input(2)?);
    let (&[d_w, _, inputs], &[directions, _, hidden]) = (w.axes(), r.axes()) else {
        let found = format!("weights of shapes {} and {}", w.shape(), r.shape());
        return Err(call.refuse(found, "three axes each"));
    };
    let names = match call.text("direction", "forward")? {
        "forward" => &["forward"][..],
        "reverse" => &["reverse"],
        "bidirectional" => &["forward", "reverse"],
        other => return Err(call.refuse(format!("direction `{other}`"), "a known one")),
    };
    let x = if batch_first { swapped(x, lowering)? } else { x.clone() };
    let fits = x.rank() == 3 && x.axes()[2] == inputs && d_w == directions && hidden > 0;
    if !fits || names.len() != directions || w.axes()[1] != cell.gates.len() * hidden {
        let found = format!("shapes {}, {} and {}", x.shape(), w.shape(), r.shape());
        return Err(call.refuse(found, "an input (time, batch, features) and weights that fit it"));
    }
    let (time, batch) = (x.axes()[0], x.axes()[1]);
    let sizes = Sizes { batch, hidden };
    let lengths = lengths(call, time, batch, lowering)?;
    let (mut all, mut last) = (Vec::new(), vec![Vec::new(); cell.states]);
    for (index, name) in names.iter().enumerate() {
        let direction = direction(call, cell, index, &x, sizes, lowering)?;
        let mut state = direction.start.clone();
        let mut outputs = Vec::with_capacity(time);
        let mut gathered = Gathered::default();
        for step in 0..time {
            lowering.work()?;
            let at = if *name == "reverse" { time - 1 - step } else { step };
            let inputs = &row(&direction.inputs, at, lowering)?;
            let moment = Moment { call, direction: &direction, inputs, states: &state, hidden };
            let stepped = (cell.step)(&moment, lowering)?;
            let new = gathered.keep(stepped);
            let Some(lengths) = lengths else {
                outputs.push(new[0].clone());
                state = new;
                continue;
            };
            let nothing = lowering.filled([], 0.0)?;
            outputs.push(until(lengths, at, &new[0], &nothing, lowering)?);
            for (old, new) in state.iter_mut().zip(new) {
                *old = until(lengths, at, &new, old, lowering)?;
            }
        }
        let (added, is_reversed) = (&direction.inputs, *name == "reverse");
        let place = (index, directions, is_reversed);
        gathered.tell(call, cell, place, &direction.functions, (&x, added), lowering)?;
        if is_reversed {
            outputs.reverse();
        }
        // (T, 1, B, H)
        all.push(joined(&outputs, &[1, 1, batch, hidden], 0, lowering)?);
        last.iter_mut().zip(state).for_each(|(last, state)| last.push(state));
    }
    let all: Vec<&Value> = all.iter().collect();
    let mut y = lowering.apply(&all, |g, w| g.concat(w, 1))?;
    if batch_first {
        y = lowering.apply(&[&y], |g, w| g.transpose(w[0], &[2, 0, 1, 3]))?;
    }
    let mut made = vec![y];
    for states in &last {
        let state = joined(states, &[1, batch, hidden], 0, lowering)?;
        made.push(if batch_first { swapped(&state, lowering)? } else { state });
    }
    Ok(made)
}

/// All steps of one direction.
#[derive(Default)]
struct Gathered {
    states: Vec<Value>,
    gates: Vec<Vec<Value>>,
}

impl Gathered {
    /// Keeps what is told of a step; its states go on.
    fn keep(&mut self, stepped: Stepped) -> Vec<Value> {
        self.states.push(stepped.states[0].clone());
        self.gates.push(stepped.gates);
        stepped.states
    }

    /// Tells of the cell where a network asks for it: what is gathered lies beside the way.
    fn tell(
        self,
        call: &Call<'_, '_>,
        cell: &Cell,
        (index, directions, is_reversed): (usize, usize, bool),
        functions: &[Function],
        (x, added): (&Value, &Value),
        lowering: &mut Lowering<'_, '_>,
    ) -> Result<()> {
        let is_signal = [x, added].iter().all(|value| value.known().is_none());
        let Some(first) = self.states.first().filter(|_| lowering.tracks && is_signal) else {
            return Ok(());
        };
        let (batch, hidden) = (first.axes()[0], first.axes()[1]);
        let mut z = Vec::with_capacity(self.gates.len());
        for parts in &self.gates {
            let parts: Vec<&Value> = parts.iter().collect();
            z.push(match parts[..] {
                [only] => only.clone(),
                _ => lowering.apply(&parts, |g, w| g.concat(w, 1))?,
            });
        }
        let z = joined(&z, &[1, batch, cell.gates.len() * hidden], 0, lowering)?;
        let states = joined(&self.states, &[1, batch, hidden], 0, lowering)?;
        let mut module = roles::module(call.node);
        if module.is_empty() {
            call.node.output(0).unwrap_or(call.node.name).clone_into(&mut module);
        }
        if directions > 1 {
            module += if is_reversed { ", backward" } else { ", forward" };
        }
        let weight = |input: usize, lowering: &mut Lowering<'_, '_>| {
            let wire = lowering.wire(call.input(input)?)?;
            Ok::<_, crate::Error>(of_direction(&lowering.graph, wire, index, directions))
        };
        // Coupled gates have one z, that of the input gate.
        let is_coupled = call.flag("input_forget")?;
        let squash = |(&gate, &which): (&Component, &usize)| {
            functions[which].squash().filter(|_| !(is_coupled && gate == Component::ForgetGate))
        };
        let steps = Steps {
            module,
            gates: cell.gates,
            squashes: cell.gates.iter().zip(cell.squashes).map(squash).collect(),
            input_weight: weight(1, lowering)?,
            state_weight: weight(2, lowering)?,
            input: lowering.wire(x)?,
            pre_activation: lowering.wire(&z)?,
            added: lowering.wire(added)?,
            states: lowering.wire(&states)?,
            is_reversed,
        };
        lowering.cells.push(steps);
        Ok(())
    }
}

/// The weights of one direction, where a node puts those of all one after another.
fn of_direction(graph: &Graph, wire: Wire, index: usize, directions: usize) -> Wire {
    let Source::Node(node, _) = graph.source(wire) else { return wire };
    let inputs = &graph.nodes()[node].inputs;
    let is_apart = inputs.len() == directions
        && inputs.iter().all(|input| graph.shape(*input).axes().first() == Some(&1));
    if is_apart { inputs[index] } else { wire }
}

/// The first two axes exchanged.
fn swapped(x: &Value, lowering: &mut Lowering<'_, '_>) -> Result<Value> {
    let mut order: Vec<usize> = (0..x.rank()).collect();
    if order.len() >= 2 {
        order.swap(0, 1);
    }
    lowering.apply(&[x], |g, w| g.transpose(w[0], &order))
}

fn joined(
    parts: &[Value],
    shape: &[usize],
    axis: usize,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    let parts: Vec<&Value> = parts.iter().collect();
    lowering.apply(&parts, |g: &mut Graph, w: &[Wire]| -> EngineResult<Wire> {
        let rows = w.iter().map(|row| g.reshape(*row, shape)).collect::<EngineResult<Vec<_>>>()?;
        g.concat(&rows, axis)
    })
}

/// The lengths of the sequences (B), if some may end before the others.
fn lengths<'v>(
    call: &'v Call<'_, '_>,
    time: usize,
    batch: usize,
    lowering: &Lowering<'_, '_>,
) -> Result<Option<&'v Value>> {
    let Some(lengths) = call.optional(4) else { return Ok(None) };
    if lengths.is_float() || lengths.axes() != [batch] {
        let found = format!("lengths of shape {}", lengths.shape());
        return Err(call.refuse(found, format!("one whole number for each of {batch} sequences")));
    }
    if lengths.known().is_some() {
        let known = lowering.integers(lengths, "the lengths of the sequences")?;
        if let Some(length) = known.iter().find(|n| !(0..=time as i64).contains(n)) {
            let found = format!("a sequence of {length} steps");
            return Err(call.refuse(found, format!("at most {time}")));
        }
        if known.iter().all(|n| *n == time as i64) {
            return Ok(None);
        }
    }
    Ok(Some(lengths))
}

/// `new` in sequences that are longer than `at`, `old` in the others.
fn until(
    lengths: &Value,
    at: usize,
    new: &Value,
    old: &Value,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    lowering.apply(&[lengths, new, old], |g, w| {
        let column = g.reshape(w[0], [g.shape(w[0]).elements(), 1])?;
        let at = g.integer(at as i64)?;
        let runs = g.compare(Relation::Greater, column, at)?;
        g.choose(runs, w[1], w[2])
    })
}

fn direction(
    call: &Call<'_, '_>,
    cell: &Cell,
    index: usize,
    x: &Value,
    sizes: Sizes,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Direction> {
    let wide = cell.gates.len() * sizes.hidden;
    let input_weight = row(call.input(1)?, index, lowering)?;
    let state_weight = row(call.input(2)?, index, lowering)?;
    let (mut input_bias, mut state_bias) = (None, None);
    if let Some(bias) = call.optional(3) {
        let both = row(bias, index, lowering)?;
        if both.axes() != [2 * wide] {
            return Err(call.refuse(format!("a bias of shape {}", bias.shape()), "2 · gates · H"));
        }
        input_bias = Some(part(&both, 0, (0, wide), lowering)?);
        state_bias = Some(part(&both, 0, (wide, wide), lowering)?);
    }
    if cell.biases_add
        && let (Some(a), Some(b)) = (&input_bias, state_bias.take())
    {
        input_bias = Some(sum(a, &b, lowering)?);
    }
    let mut inputs = through(x, &input_weight, lowering)?;
    if let Some(bias) = &input_bias {
        inputs = sum(&inputs, bias, lowering)?;
    }
    let mut start = Vec::new();
    for state in 0..cell.states {
        start.push(match call.optional(5 + state) {
            Some(given) => {
                let given =
                    if call.flag("layout")? { swapped(given, lowering)? } else { given.clone() };
                started(call, row(&given, index, lowering)?, sizes, lowering)?
            }
            None => lowering.filled([sizes.batch, sizes.hidden], 0.0)?,
        });
    }
    let mut peepholes = None;
    if cell.states == 2
        && let Some(given) = call.optional(7)
    {
        let own = row(given, index, lowering)?;
        let thirds = (0..3).map(|i| part(&own, 0, (i * sizes.hidden, sizes.hidden), lowering));
        peepholes = Some(thirds.collect::<Result<Vec<_>>>()?);
    }
    let (functions, clip) = (functions(call, cell, index)?, call.float("clip", 0.0)?);
    Ok(Direction { inputs, state_weight, state_bias, start, peepholes, functions, clip })
}

/// A state at the start for as many rows as there are: that of the file's rows, if it is the same
/// for all of them.
fn started(
    call: &Call<'_, '_>,
    state: Value,
    sizes: Sizes,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    let Some(beside) = call.beside else { return Ok(state) };
    let Some(known) = state.known().and_then(|array| array.floats()) else { return Ok(state) };
    let (first, others) = known.split_at(sizes.hidden.min(known.len()));
    let is_shared = others.chunks(sizes.hidden.max(1)).all(|row| row == first);
    if !is_shared || state.axes() != [beside.exported, sizes.hidden] {
        return Ok(state);
    }
    let one = part(&state, 0, (0, 1), lowering)?;
    lowering.apply(&[&one], |g, w| g.broadcast_to(w[0], [sizes.batch, sizes.hidden]))
}

/// Names that a cell's activation may have.
const NAMES: &[&str] = &[
    "Relu",
    "Tanh",
    "Sigmoid",
    "Affine",
    "LeakyRelu",
    "ThresholdedRelu",
    "ScaledTanh",
    "HardSigmoid",
    "Elu",
    "Softsign",
    "Softplus",
];

fn functions(call: &Call<'_, '_>, cell: &Cell, direction: usize) -> Result<Vec<Function>> {
    let given = call.texts("activations")?;
    let (alphas, betas) = (call.floats("activation_alpha")?, call.floats("activation_beta")?);
    let count = cell.functions.len();
    (0..count)
        .map(|i| {
            let place = direction * count + i;
            let asked = match &given {
                Some(names) => names.get(place).copied().unwrap_or(""),
                None => cell.functions[i],
            };
            let name = NAMES.iter().find(|name| name.eq_ignore_ascii_case(asked));
            let name = *name
                .ok_or_else(|| call.refuse(format!("activation `{asked}`"), NAMES.join(", ")))?;
            let at = |list: &Option<Vec<f64>>| list.as_ref().and_then(|l| l.get(place).copied());
            let settings =
                Settings { alpha: at(&alphas), beta: at(&betas), gamma: None, tanh: false };
            Ok(Function { name, settings })
        })
        .collect()
}
