//! L-BFGS: a quasi-Newton method on the whole data, with a line search by the strong Wolfe
//! conditions (Liu & Nocedal 1989; Nocedal & Wright 2006, algorithms 3.5, 3.6 and 7.4).
//!
//! Key: x the parameters, f loss, g gradient, d direction, t step length along d, s and y the
//! changes of x and g over one iteration, ρ = 1/(yᵀs).
//!
//! It asks for loss and gradient at points of its own choice, so it has its own entry points:
//! [`minimize`] to the end, [`Lbfgs::iterate`] one iteration at a time. Weight decay belongs into
//! the evaluated loss.

mod line_search;
mod vectors;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::VecDeque;

use fanin_engine::tensor::Shape;
use fanin_kernels::Float;

use crate::check::evidence::StepRule;
use crate::error::Result;
use crate::train::hyperparameters::{Hyperparameter, Range, Settings};

use super::state::tensor_of;
use super::{Feed, Layout, Method, OptimizerState, Work};
use line_search::{Point, strong_wolfe};
use vectors::{add_scaled, dot, largest, move_along, negate, subtract, sum_of_absolutes};

/// L-BFGS with a line search by the strong Wolfe conditions.
pub static METHOD: Method = Method {
    name: "lbfgs",
    formula: "W := W − t·H·g, H from the last changes of W and g, t by the strong Wolfe conditions",
    paper: "Liu & Nocedal 1989",
    when: "small networks and few rows: no learning rate to choose and very exact minima",
    learning_rate: 1.0,
    weight_decay: 0.0,
    hyperparameters: &[
        Hyperparameter {
            name: "history",
            default: 10.0,
            range: Range::Count,
            about: "number of past changes kept; each costs two copies of the parameters",
        },
        Hyperparameter {
            name: "gradient_tolerance",
            default: 1e-7,
            range: Range::NotNegative,
            about: "done when no element of the gradient is larger",
        },
        Hyperparameter {
            name: "change_tolerance",
            default: 1e-9,
            range: Range::NotNegative,
            about: "done when no parameter changes by more, and the loss neither",
        },
    ],
    step: StepRule::Searched,
    scales_decay: false,
    feed: Feed::Whole,
    work: Work::Evaluations,
};

/// When to stop and what to remember.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Past changes kept.
    pub history: usize,
    /// Iterations of [`minimize`], each one or a few evaluations.
    pub max_iterations: usize,
    /// Done when no element of the gradient is larger.
    pub gradient_tolerance: f64,
    /// Done when neither a parameter nor the loss changes by more.
    pub change_tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { history: 10, max_iterations: 100, gradient_tolerance: 1e-7, change_tolerance: 1e-9 }
    }
}

impl Options {
    /// The options from settings by name.
    ///
    /// # Errors
    /// If a setting is unknown or out of range.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let values = METHOD.values(settings)?;
        Ok(Self {
            history: values.get("history") as usize,
            gradient_tolerance: values.get("gradient_tolerance"),
            change_tolerance: values.get("change_tolerance"),
            ..Self::default()
        })
    }
}

/// Why there is nothing left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No element of the gradient is above the tolerance: a minimum, or a saddle.
    GradientSmall,
    /// Neither the loss nor a parameter changes any more.
    ChangeSmall,
    /// No point along the direction is lower.
    NoDescent,
    /// Loss or gradient is NaN or infinite at the present point.
    NotFinite,
    /// The number of iterations is used up.
    Iterations,
}

/// Where one iteration or a whole minimization has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Loss at the parameters as they now are.
    pub loss: f64,
    /// Euclidean norm of the gradient there.
    pub gradient_norm: f64,
    /// Calls of `evaluate` so far.
    pub evaluations: u64,
    /// Why to stop, if so.
    pub stop: Option<Stop>,
}

/// Gives the loss at the parameters and writes the gradient.
pub type Evaluate<'a, T> = dyn FnMut(&[Vec<T>], &mut [Vec<T>]) -> f64 + 'a;

/// Lowers the loss until a reason to stop is met.
///
/// ```
/// use fanin::train::optimizers::lbfgs::{Options, minimize};
///
/// let mut parameters = [vec![4.0_f64, -2.0]];
/// let end = minimize(&mut parameters, &mut |x, g| {
///     (g[0][0], g[0][1]) = (2.0 * x[0][0], 20.0 * x[0][1]);
///     x[0][0].powi(2) + 10.0 * x[0][1].powi(2)
/// }, &Options::default());
/// assert!(end.loss < 1e-12);
/// ```
pub fn minimize<T: Float>(
    parameters: &mut [Vec<T>],
    evaluate: &mut Evaluate<'_, T>,
    options: &Options,
) -> Progress {
    let unnamed = |(i, x): (usize, &Vec<T>)| (i.to_string(), Shape::from([x.len()]));
    let layout: Vec<_> = parameters.iter().enumerate().map(unnamed).collect();
    let mut lbfgs = Lbfgs::new(*options, &layout);
    for _ in 0..options.max_iterations {
        let progress = lbfgs.iterate(parameters, evaluate);
        if progress.stop.is_some() {
            return progress;
        }
    }
    Progress { stop: Some(Stop::Iterations), ..lbfgs.progress(None) }
}

/// The method between two iterations.
#[derive(Clone, Debug)]
pub struct Lbfgs<T> {
    options: Options,
    layout: Vec<(String, Shape)>,
    iterations: u64,
    evaluations: u64,
    history: VecDeque<Change<T>>,
    loss: f64,
    x: Vec<Vec<T>>,
    gradient: Vec<Vec<T>>,
    trial_gradient: Vec<Vec<T>>,
    direction: Vec<Vec<T>>,
}

/// How parameters and gradient changed in one iteration.
#[derive(Clone, Debug)]
struct Change<T> {
    s: Vec<Vec<T>>,
    y: Vec<Vec<T>>,
    /// 1/(yᵀs)
    rho: f64,
}

impl<T: Float> Lbfgs<T> {
    /// At the start, for parameters of these names and shapes.
    pub fn new(options: Options, layout: &Layout) -> Self {
        let zeros: Vec<Vec<T>> =
            layout.iter().map(|(_, shape)| vec![T::ZERO; shape.elements()]).collect();
        Self {
            options,
            layout: layout.to_vec(),
            iterations: 0,
            evaluations: 0,
            history: VecDeque::new(),
            loss: f64::NAN,
            x: Vec::new(),
            gradient: zeros.clone(),
            trial_gradient: zeros.clone(),
            direction: zeros,
        }
    }

    /// One iteration: a direction, then a search along it; the loss never rises.
    ///
    /// `evaluate` must be a pure function of the parameters; then bits do not depend on where a
    /// run was stopped and resumed.
    ///
    /// # Panics
    /// If the number or lengths of the parameters differ from the layout.
    pub fn iterate(
        &mut self,
        parameters: &mut [Vec<T>],
        evaluate: &mut Evaluate<'_, T>,
    ) -> Progress {
        if self.x != parameters {
            self.evaluations += 1;
            self.loss = evaluate(parameters, &mut self.gradient);
            self.x = parameters.to_vec();
        }
        let steepness = largest(&self.gradient);
        if !self.loss.is_finite() || !steepness.is_finite() {
            return self.progress(Some(Stop::NotFinite));
        }
        if steepness <= self.options.gradient_tolerance {
            return self.progress(Some(Stop::GradientSmall));
        }
        let slope = self.point_downhill();
        // Without curvature the length of the gradient says nothing; begin with a short step.
        let first = if self.history.is_empty() {
            (1.0 / sum_of_absolutes(&self.gradient)).min(1.0)
        } else {
            1.0
        };
        let start = Point { t: 0.0, loss: self.loss, slope };
        let smallest = self.options.change_tolerance / largest(&self.direction);
        let Self { x, direction, trial_gradient, .. } = &mut *self;
        let (evaluations, last) = (Cell::new(0), Cell::new(0.0));
        let mut at = |t: f64| {
            move_along(parameters, x, direction, t);
            evaluations.set(evaluations.get() + 1);
            last.set(t);
            let loss = evaluate(parameters, trial_gradient);
            Point { t, loss, slope: dot(trial_gradient, direction) }
        };
        let mut end = strong_wolfe(&mut at, start, first, smallest);
        if end.t > 0.0 && last.get() != end.t {
            end = at(end.t);
        }
        self.evaluations += evaluations.get();
        if end.t == 0.0 {
            move_along(parameters, &self.x, &self.direction, 0.0);
            return self.progress(Some(Stop::NoDescent));
        }
        self.accept(parameters, end)
    }

    /// Evaluates anew before the next iteration, for a loss that is another one from now on.
    pub fn forget_evaluation(&mut self) {
        self.x.clear();
    }

    /// All that must be kept to go on later as if never stopped.
    pub fn state(&self) -> OptimizerState<T> {
        let mut tensors = Vec::new();
        for (age, change) in self.history.iter().enumerate() {
            for (slot, values) in [("s", &change.s), ("y", &change.y)] {
                for ((parameter, shape), values) in self.layout.iter().zip(values) {
                    let name = format!("lbfgs.{slot}.{age}.{parameter}");
                    tensors.push((name, tensor_of(shape, values)));
                }
            }
        }
        OptimizerState { method: METHOD.name.to_owned(), steps: self.iterations, tensors }
    }

    /// Goes on from a state that [`state`](Self::state) gave; on error nothing is changed.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if the state is that of another optimizer, of
    /// other parameters or of a longer history.
    pub fn restore(&mut self, state: &OptimizerState<T>) -> Result<()> {
        let per_change = 2 * self.layout.len().max(1);
        let changes = (state.tensors.len() / per_change).min(self.options.history);
        state.must_be(METHOD.name, changes * per_change)?;
        let mut history = VecDeque::new();
        for age in 0..changes {
            let read = |slot: &str| -> Result<Vec<Vec<T>>> {
                let elements = |(parameter, shape): &(String, Shape)| {
                    let name = format!("lbfgs.{slot}.{age}.{parameter}");
                    state.elements(&name, shape).map(<[T]>::to_vec)
                };
                self.layout.iter().map(elements).collect()
            };
            history.push_back(Change::new(read("s")?, read("y")?));
        }
        self.history = history;
        self.iterations = state.steps;
        self.x.clear();
        Ok(())
    }

    /// Iterations that moved the parameters.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Sets the direction and gives the slope of the loss along it, which is negative.
    fn point_downhill(&mut self) -> f64 {
        two_loop_recursion(&self.history, &self.gradient, &mut self.direction);
        let slope = dot(&self.gradient, &self.direction);
        if slope < 0.0 && slope.is_finite() {
            return slope;
        }
        // Rounding can spoil the curvature that the history promises; begin it anew.
        self.history.clear();
        two_loop_recursion(&self.history, &self.gradient, &mut self.direction);
        dot(&self.gradient, &self.direction)
    }

    /// Takes the new point and learns the curvature between it and the last.
    fn accept(&mut self, parameters: &[Vec<T>], end: Point) -> Progress {
        /// Below this yᵀs says nothing of the curvature (as in torch.optim.LBFGS).
        const LEAST_CURVATURE: f64 = 1e-10;
        let full = self.history.len() >= self.options.history.max(1);
        let oldest = if full { self.history.pop_front() } else { None };
        let blank = || Change { s: self.x.clone(), y: self.x.clone(), rho: 0.0 };
        let mut change = oldest.unwrap_or_else(blank);
        subtract(&mut change.s, parameters, &self.x);
        subtract(&mut change.y, &self.trial_gradient, &self.gradient);
        let moved = largest(&change.s);
        let curvature = dot(&change.y, &change.s);
        if curvature > LEAST_CURVATURE {
            change.rho = 1.0 / curvature;
            self.history.push_back(change);
        }
        let lowered = self.loss - end.loss;
        self.iterations += 1;
        self.loss = end.loss;
        std::mem::swap(&mut self.gradient, &mut self.trial_gradient);
        for (x, parameter) in self.x.iter_mut().zip(parameters) {
            x.copy_from_slice(parameter);
        }
        let tolerance = self.options.change_tolerance;
        let stop = if largest(&self.gradient) <= self.options.gradient_tolerance {
            Some(Stop::GradientSmall)
        } else if moved <= tolerance && lowered <= tolerance {
            Some(Stop::ChangeSmall)
        } else {
            None
        };
        self.progress(stop)
    }

    fn progress(&self, stop: Option<Stop>) -> Progress {
        Progress {
            loss: self.loss,
            gradient_norm: dot(&self.gradient, &self.gradient).sqrt(),
            evaluations: self.evaluations,
            stop,
        }
    }
}

impl<T: Float> Change<T> {
    fn new(s: Vec<Vec<T>>, y: Vec<Vec<T>>) -> Self {
        let rho = 1.0 / dot(&y, &s);
        Self { s, y, rho }
    }
}

/// d = −H·g without ever forming H (Nocedal & Wright 2006, algorithm 7.4).
fn two_loop_recursion<T: Float>(
    history: &VecDeque<Change<T>>,
    gradient: &[Vec<T>],
    direction: &mut [Vec<T>],
) {
    negate(direction, gradient);
    let mut weights = Vec::with_capacity(history.len());
    for change in history.iter().rev() {
        let weight = change.rho * dot(&change.s, direction);
        add_scaled(direction, &change.y, -weight);
        weights.push(weight);
    }
    if let Some(newest) = history.back() {
        let scale = T::from_f64(1.0 / (newest.rho * dot(&newest.y, &newest.y)));
        direction.iter_mut().flatten().for_each(|d| *d *= scale);
    }
    for (change, weight) in history.iter().zip(weights.iter().rev()) {
        let correction = weight - change.rho * dot(&change.y, direction);
        add_scaled(direction, &change.s, correction);
    }
}
