//! Cells with gates: LSTM and GRU.

use super::gate::{Averages, Squash};
use super::{Recurrence, State};

/// The biases of a class of units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// Bias of the gate that keeps: the forget gate of an LSTM, the update gate of a GRU.
    pub keep: f64,
    /// Bias of an LSTM's input gate; a GRU takes in what it does not keep.
    pub take: f64,
}

impl Memory {
    /// Classes of units whose biases run in equal steps from 0 to that of a memory of so many steps,
    /// and that of the input gate to minus it.
    pub fn spaced(longest: f64, classes: usize) -> Vec<Self> {
        let last = (longest - 1.0).max(1.0).ln();
        let of = |class: usize| {
            let keep = last * (class as f64 + 0.5) / classes as f64;
            Self { keep, take: -keep }
        };
        (0..classes).map(of).collect()
    }
}

/// What a pair of numbers has in common: in two sequences, or at two times.
#[derive(Clone, Copy, Debug, Default)]
struct Alike {
    /// The mean product of cells.
    cell: f64,
    /// That of the cell and the next candidate of the other.
    next: f64,
}

/// A class of units behind a step.
#[derive(Clone, Copy, Debug, Default)]
struct Unit {
    /// `E[c²]`.
    second: f64,
    /// E of the cell and its own next candidate.
    next: f64,
    sequences: Alike,
    times: Alike,
}

/// What the way back needs of a class of units at a step.
#[derive(Clone, Copy, Debug)]
struct Slopes {
    keep: Averages,
    take: Averages,
    /// tanh of the cell.
    shown: Averages,
    /// `E[c²]` before the step, and the mean product of c and the candidate.
    before: (f64, f64),
}

/// A gate of one bias, alone and as a pair.
struct Gate {
    alone: Averages,
    sequences: f64,
    times: f64,
}

impl Gate {
    fn new(squash: Squash, bias: f64, [z, sequences, times]: [f64; 3]) -> Self {
        Self {
            alone: squash.averages(bias, z),
            sequences: squash.product(bias, z, sequences),
            times: squash.product(bias, z, times),
        }
    }

    /// Two sequences at two times have in common what both have.
    fn across(&self) -> f64 {
        self.sequences * self.times / self.alone.second.max(f64::MIN_POSITIVE)
    }
}

/// Gates are worked out anew where what enters them has changed by so much.
const SAME: f64 = 1e-3;

/// The gates of the last step that were worked out, and what entered them.
struct Gates {
    entering: [f64; 3],
    candidate: Gate,
    output: Gate,
    units: Vec<(Gate, Gate)>,
}

fn is_same(a: [f64; 3], b: [f64; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= SAME * b.abs().max(1e-6))
}

pub(super) fn lstm(
    recurrence: &Recurrence<'_>,
    classes: &[Memory],
    steps: usize,
) -> (Vec<State>, Vec<f64>) {
    let share = 1.0 / classes.len().max(1) as f64;
    let mut units = vec![Unit::default(); classes.len()];
    let (mut states, mut kept) = (Vec::new(), Vec::new());
    let mut last = State::default();
    let mut gates: Option<Gates> = None;
    for _ in 0..steps {
        let entering = recurrence.entering(&last);
        if gates.as_ref().is_none_or(|own| !is_same(own.entering, entering)) {
            let gate = |bias: f64| Gate::new(Squash::Sigmoid, bias, entering);
            gates = Some(Gates {
                entering,
                candidate: Gate::new(Squash::Tanh, 0.0, entering),
                output: gate(0.0),
                units: classes.iter().map(|own| (gate(own.keep), gate(own.take))).collect(),
            });
        }
        let Some(now) = &gates else { break };
        let (candidate, output) = (&now.candidate, &now.output);
        let mut state = State::default();
        let mut slopes = Vec::with_capacity(units.len());
        for (unit, (keep, take)) in units.iter_mut().zip(&now.units) {
            let (f, i) = (keep.alone, take.alone);
            let before = (unit.second, unit.next);
            unit.second = f.second * unit.second
                + i.second * candidate.alone.second
                + 2.0 * f.mean * i.mean * unit.next;
            unit.next = f.mean * unit.next + i.mean * candidate.times;
            let step = |own: Alike, [keep, take, product]: [f64; 3], next: f64| Alike {
                cell: keep * own.cell + take * product + 2.0 * f.mean * i.mean * own.next,
                next: f.mean * own.next + i.mean * next,
            };
            let across = candidate.across();
            let both = [keep.sequences, take.sequences, candidate.sequences];
            unit.sequences = step(unit.sequences, both, across);
            let both = [keep.times, take.times, candidate.times];
            unit.times = step(unit.times, both, candidate.times);
            let shown = Squash::Tanh.averages(0.0, unit.second);
            let product = |own: Alike| Squash::Tanh.product(0.0, unit.second, own.cell);
            state.second += share * output.alone.second * shown.second;
            state.sequences += share * output.sequences * product(unit.sequences);
            state.times += share * output.times * product(unit.times);
            state.cells.push(unit.second);
            slopes.push(Slopes { keep: f, take: i, shown, before });
        }
        kept.push((slopes, candidate.alone, output.alone));
        states.push(state.clone());
        last = state;
    }
    let (mut of_state, mut of_cells) = (1.0, vec![0.0; classes.len()]);
    let mut gradients = vec![0.0; kept.len()];
    for (gradient, (slopes, candidate, output)) in gradients.iter_mut().zip(&kept).rev() {
        for (own, at) in of_cells.iter_mut().zip(slopes) {
            *own += of_state * output.second * at.shown.slope_second;
            let forget = *own * at.keep.slope_second * at.before.0;
            let input = *own * at.take.slope_second * candidate.second;
            let fresh = *own * at.take.second * candidate.slope_second;
            let shown = of_state * output.slope_second * at.shown.second;
            *gradient += share * (forget + input + fresh + shown);
            *own *= at.keep.second;
        }
        of_state = recurrence.gain * *gradient;
    }
    (states, gradients)
}

pub(super) fn gru(
    recurrence: &Recurrence<'_>,
    classes: &[Memory],
    steps: usize,
) -> (Vec<State>, Vec<f64>) {
    let share = 1.0 / classes.len().max(1) as f64;
    let mut units = vec![Unit::default(); classes.len()];
    let (mut states, mut kept) = (Vec::new(), Vec::new());
    let mut last = State::default();
    for _ in 0..steps {
        let entering = recurrence.entering(&last);
        let reset = Gate::new(Squash::Sigmoid, 0.0, entering);
        let drive = |cosine: f64| recurrence.drive * cosine;
        let candidate = Gate::new(
            Squash::Tanh,
            0.0,
            [
                drive(1.0) + recurrence.gain * reset.alone.second * last.second,
                drive(recurrence.sequences) + recurrence.gain * reset.sequences * last.sequences,
                drive(recurrence.times) + recurrence.gain * reset.times * last.times,
            ],
        );
        let moved = recurrence.gain * last.second;
        let mut state = State::default();
        let mut slopes = Vec::with_capacity(units.len());
        for (unit, own) in units.iter_mut().zip(classes) {
            let keep = Gate::new(Squash::Sigmoid, own.keep, entering);
            let z = keep.alone;
            let before = (unit.second, unit.next);
            // Of a pair of keeping gates: E (1 − z)(1 − z̃), and E z(1 − z̃).
            let of_pair = |product: f64| (1.0 - 2.0 * z.mean + product, z.mean - product);
            let (taken, mixed) = of_pair(z.second);
            unit.second =
                z.second * unit.second + taken * candidate.alone.second + 2.0 * mixed * unit.next;
            unit.next = z.mean * unit.next + (1.0 - z.mean) * candidate.times;
            let step = |own: Alike, keep: f64, product: f64, next: f64| {
                let (taken, mixed) = of_pair(keep);
                Alike {
                    cell: keep * own.cell + taken * product + 2.0 * mixed * own.next,
                    next: z.mean * own.next + (1.0 - z.mean) * next,
                }
            };
            let across = candidate.across();
            unit.sequences = step(unit.sequences, keep.sequences, candidate.sequences, across);
            unit.times = step(unit.times, keep.times, candidate.times, candidate.times);
            state.second += share * unit.second;
            state.sequences += share * unit.sequences.cell;
            state.times += share * unit.times.cell;
            state.cells.push(unit.second);
            let take = Averages { second: taken, ..Averages::default() };
            slopes.push(Slopes { keep: z, take, shown: Averages::default(), before });
        }
        kept.push((slopes, candidate.alone, (reset.alone, moved)));
        states.push(state.clone());
        last = state;
    }
    let mut of_states = vec![1.0; classes.len()];
    let mut gradients = vec![0.0; kept.len()];
    for (gradient, (slopes, candidate, (reset, moved))) in gradients.iter_mut().zip(&kept).rev() {
        let (mut fresh, mut update) = (0.0, 0.0);
        for (own, at) in of_states.iter_mut().zip(slopes) {
            let change = candidate.second + at.before.0 - 2.0 * at.before.1;
            fresh += share * *own * at.take.second * candidate.slope_second;
            update += share * *own * at.keep.slope_second * change;
            *own *= at.keep.second;
        }
        let of_reset = fresh * moved * reset.slope_second;
        *gradient = fresh + update + of_reset;
        let through = recurrence.gain * (fresh * reset.second + update + of_reset);
        of_states.iter_mut().for_each(|own| *own += through);
    }
    (states, gradients)
}
