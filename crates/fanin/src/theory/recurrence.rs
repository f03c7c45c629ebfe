//! Recurrent cells over their steps: what state, likeness and gradient are after each.
//!
//! Key: h state, c cell of an LSTM, z what enters a gate's squash, U the weights from the state, x the
//! input, T steps, N units. Widths are large, so that z is normal; as for layers, what comes through U is
//! taken as independent of what it was made of (Chen, Pennington & Schoenholz 2018; Gilboa et al. 2019).
//!
//! Two sequences, and two times of one sequence, meet the same U: both have one map of likeness, with the
//! likeness of their inputs in it. Units of gated cells may differ in their biases, hence in how long they
//! remember; each such class has a cell of its own size. Derivation: `docs/theory/recurrence.md`.

mod gate;
mod gated;

use fanin_engine::activations::Activation;

use super::gaussian::Gaussian;
pub use gated::Memory;

/// A recurrent cell at its start, as theory sees it.
#[derive(Clone, Debug)]
pub struct Recurrence<'a> {
    /// What kind of cell it is.
    pub cell: Cell<'a>,
    /// E (W x)² of one unit of a gate, at every step; the variance of biases belongs to it.
    pub drive: f64,
    /// `σ_u²`: N times the variance of an element of U, g² for g times an orthogonal matrix.
    pub gain: f64,
    /// The cosine between what drives a unit in two sequences.
    pub sequences: f64,
    /// The same between two steps of one sequence, whichever they are.
    pub times: f64,
}

/// A kind of recurrent cell.
#[derive(Clone, Debug)]
pub enum Cell<'a> {
    /// h = φ(W x + U h).
    Plain(&'a dyn Activation),
    /// c = f·c + i·g, h = o·tanh c; classes of units by their biases, as many of each.
    Lstm(Vec<Memory>),
    /// h = z·h + (1 − z)·n, n = tanh(W x + r·U h); classes of units as of an LSTM.
    Gru(Vec<Memory>),
}

/// What a cell holds behind a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// `E[h²]`.
    pub second: f64,
    /// The mean product of a unit in two sequences.
    pub sequences: f64,
    /// The mean product of a unit at two times.
    pub times: f64,
    /// `E[c²]` of every class of units, `E[h²]` where there is no c.
    pub cells: Vec<f64>,
}

impl Recurrence<'_> {
    /// What the cell holds behind each of so many steps from nothing, and E‖δ‖² per unit at each: of
    /// the gradient with respect to z of all gates, where that of the last state has second moment 1.
    ///
    /// ```
    /// use fanin::theory::{Cell, Recurrence};
    /// let linear = fanin::engine::activations::find("identity").expect("it is registered");
    /// let cell = Cell::Plain(&*linear);
    /// let kept = Recurrence { cell, drive: 0.01, gain: 1.0, sequences: 0.0, times: 0.0 };
    /// let (states, gradients) = kept.run(100);
    /// assert!((states[99].second - 1.0).abs() < 1e-12);
    /// assert_eq!(gradients[0], 1.0);
    /// ```
    pub fn run(&self, steps: usize) -> (Vec<State>, Vec<f64>) {
        match &self.cell {
            Cell::Plain(activation) => self.run_plain(*activation, steps),
            Cell::Lstm(units) => gated::lstm(self, units, steps),
            Cell::Gru(units) => gated::gru(self, units, steps),
        }
    }

    fn run_plain(&self, activation: &dyn Activation, steps: usize) -> (Vec<State>, Vec<f64>) {
        let gaussian = Gaussian::coarse(activation);
        let (mut states, mut slopes) = (Vec::new(), Vec::new());
        let mut last = State::default();
        for _ in 0..steps {
            let [z, sequences, times] = self.entering(&last);
            let moments = gaussian.moments(z);
            let product = |covariance: f64| {
                gaussian.product(z, (covariance / z.max(f64::MIN_POSITIVE)).clamp(-1.0, 1.0))
            };
            let second = moments.second;
            last = State {
                second,
                sequences: product(sequences),
                times: product(times),
                cells: vec![second],
            };
            slopes.push(moments.slope_second);
            states.push(last.clone());
        }
        let mut delta = 1.0;
        let mut gradients: Vec<f64> = slopes
            .iter()
            .rev()
            .map(|slope| {
                let own = delta * slope;
                delta = self.gain * own;
                own
            })
            .collect();
        gradients.reverse();
        (states, gradients)
    }

    /// The second moment of z of a gate, and its mean product in two sequences and at two times.
    fn entering(&self, state: &State) -> [f64; 3] {
        let of = |drive: f64, state: f64| drive + self.gain * state;
        [
            of(self.drive, state.second),
            of(self.drive * self.sequences, state.sequences),
            of(self.drive * self.times, state.times),
        ]
    }
}
