//! `MetaInit`: norms of weights, learned so that one step of descent hardly changes the gradient.
//!
//! Dauphin & Schoenholz 2019. Key: g gradient, H Hessian, N number of elements; the gradient
//! quotient is (1/N)·Σ |(g − Hg)/(g + ε·sign g) − 1|, by random inputs and targets. Hg is the
//! gradient of ½‖g‖², so that the quotient's own gradient is a third derivative of the loss.

use fanin_engine::ops::Relation;
use fanin_engine::{Element, Graph, Plan, Wire, Workspace, gradients};
use fanin_kernels::random::{Stream, fill_normal};

use super::scaled;
use crate::error::Result;
use crate::recommend::rows::Rows;
use crate::recommend::search::Iterations;
use crate::recommend::{Problem, Recommendation, Search};
use crate::spec::{Loss, Mode, Network, Numbers};

/// How `MetaInit` learns.
#[derive(Clone, Copy, Debug)]
pub(in crate::recommend) struct MetaInitSettings {
    /// Steps.
    pub steps: usize,
    /// Learning rate on norms, of steps by the slope's sign.
    pub rate: f64,
    /// Momentum.
    pub momentum: f64,
    /// Random rows of a step.
    pub rows: usize,
}

impl Default for MetaInitSettings {
    fn default() -> Self {
        Self { steps: 500, rate: 0.1, momentum: 0.9, rows: 64 }
    }
}

/// ε of the quotient.
const EPSILON: f64 = 1e-5;

/// The least part of its norm that a weight keeps: below 0 the published step would flip it.
const LEAST: f64 = 0.01;

/// Starting weights by `MetaInit`.
///
/// # Errors
/// If an operator has no third derivative, or all takes longer than `search` has.
pub(in crate::recommend) fn meta_init(
    problem: &Problem<'_>,
    method: &'static str,
    settings: &MetaInitSettings,
    search: &Search<'_>,
) -> Result<Recommendation> {
    let mut steps = Iterations::new(search, method, settings.steps);
    let mut quotient = Quotient::<f32>::new(problem, settings.rows)?;
    let trained = quotient.trained.clone();
    let start: Vec<f64> = trained.iter().map(|&p| super::norm(&quotient.parameters[p])).collect();
    let mut memory = vec![0.0; trained.len()];
    let mut unmet = Vec::new();
    let mut ends = (f64::NAN, f64::NAN);
    let mut step = 0;
    while steps.goes_on(step)? {
        let rows = random_rows(problem, settings.rows, step);
        quotient.feed(&rows);
        let (value, slopes) = quotient.measure();
        if !value.is_finite() || slopes.iter().any(|slope| !slope.is_finite()) {
            unmet.push(format!("after {step} steps the gradient quotient is not finite"));
            break;
        }
        ends = (if step == 0 { value } else { ends.0 }, value);
        for (block, &position) in trained.iter().enumerate() {
            let values = &mut quotient.parameters[position];
            let norm = super::norm(values);
            if !quotient.is_matrix[block] || norm == 0.0 {
                continue;
            }
            let sign = if slopes[block] == 0.0 { 0.0 } else { slopes[block].signum() };
            memory[block] = settings.momentum * memory[block] - settings.rate * sign;
            let factor = (norm + memory[block]).max(LEAST * start[block]) / norm;
            values.iter_mut().for_each(|x| *x = (f64::from(*x) * factor) as f32);
        }
        step += 1;
    }
    unmet.extend(steps.told());
    if ends.1 > ends.0 {
        unmet.push(format!("the gradient quotient rose from {:.2} to {:.2}", ends.0, ends.1));
    }
    let values = trained.iter().map(|&p| quotient.parameters[p].clone()).collect();
    scaled(problem, method, &trained, values, unmet)
}

/// The gradient quotient and its slopes along norms.
pub(super) struct Quotient<T> {
    plan: Plan,
    workspace: Workspace<T>,
    pub parameters: Vec<Vec<T>>,
    pub trained: Vec<usize>,
    /// Which trained parameters have two axes or more: those whose norms are learned.
    pub is_matrix: Vec<bool>,
}

impl<T: Element> Quotient<T> {
    pub fn new(problem: &Problem<'_>, rows: usize) -> Result<Self> {
        let mut network = Network::new(problem.model, problem.loss, rows, Mode::Probe)?;
        let wires: Vec<Wire> =
            network.trained.iter().map(|&p| network.graph.parameters()[p]).collect();
        let gradient = network.add_gradients()?;
        let graph = &mut network.graph;
        let quotient = quotient(graph, &gradient, &wires)?;
        let slopes = gradients(graph, quotient, &wires)?;
        let is_matrix = wires.iter().map(|&w| graph.shape(w).rank() > 1).collect();
        let plan = Plan::new(graph, &[&[quotient][..], &slopes[..]].concat())?;
        let widen = |x: Vec<f32>| x.into_iter().map(|x| T::from_f64(f64::from(x))).collect();
        let parameters = network.arrange(problem.weights)?.into_iter().map(widen).collect();
        let workspace = plan.try_workspace()?;
        Ok(Self { plan, workspace, parameters, trained: network.trained, is_matrix })
    }

    pub fn feed(&mut self, rows: &Rows) {
        let batch = rows.batch();
        for (index, values) in
            [(Network::FEATURES, batch.features), (Network::TARGETS, batch.targets)]
        {
            let input = self.workspace.feed(index).iter_mut();
            input.zip(values).for_each(|(to, &x)| *to = T::from_f64(f64::from(x)));
        }
    }

    /// The quotient, and for each trained parameter θ·∂/∂θ: the slope in the logarithm of its norm.
    pub fn measure(&mut self) -> (f64, Vec<f64>) {
        self.plan.run(&self.parameters, &mut self.workspace);
        let slope = |(index, &position): (usize, &usize)| {
            let pairs = self.workspace.read(index + 1).iter().zip(&self.parameters[position]);
            pairs.map(|(d, x)| d.to_f64() * x.to_f64()).sum()
        };
        let slopes = self.trained.iter().enumerate().map(slope).collect();
        (self.workspace.read(0)[0].to_f64(), slopes)
    }
}

/// (1/N)·Σ |(g − Hg)/(g + ε·sign g) − 1|, with sign 0 = 1 as published.
fn quotient(graph: &mut Graph, gradient: &[Wire], parameters: &[Wire]) -> Result<Wire> {
    let mut half_square = None;
    for &g in gradient {
        let square = graph.multiply(g, g)?;
        let sum = graph.sum_to(square, [])?;
        let half = graph.affine(sum, 0.5, 0.0)?;
        half_square = Some(match half_square {
            Some(total) => graph.add(total, half)?,
            None => half,
        });
    }
    let half_square = match half_square {
        Some(sum) => sum,
        None => graph.constant([], 0.0)?,
    };
    let products = gradients(graph, half_square, parameters)?;
    let elements: usize = gradient.iter().map(|&g| graph.shape(g).elements()).sum();
    let mut total = graph.constant([], 0.0)?;
    for (&g, &p) in gradient.iter().zip(&products) {
        let numerator = graph.subtract(g, p)?;
        let sign = sign(graph, g)?;
        let shift = graph.affine(sign, EPSILON, 0.0)?;
        let denominator = graph.add(g, shift)?;
        let ratio = graph.divide(numerator, denominator)?;
        let off = graph.affine(ratio, 1.0, -1.0)?;
        let side = self::sign(graph, off)?;
        let absolute = graph.multiply(off, side)?;
        let sum = graph.sum_to(absolute, [])?;
        total = graph.add(total, sum)?;
    }
    Ok(graph.affine(total, 1.0 / elements.max(1) as f64, 0.0)?)
}

/// 1 where x ≥ 0 and −1 elsewhere; no derivative passes through it.
fn sign(graph: &mut Graph, x: Wire) -> Result<Wire> {
    let zero = graph.constant(graph.shape(x).clone(), 0.0)?;
    let up = graph.compare(Relation::GreaterOrEqual, x, zero)?;
    let up = graph.to_float(up)?;
    Ok(graph.affine(up, 2.0, -1.0)?)
}

/// Random rows of a step: normal numbers, random indices and random targets.
fn random_rows(problem: &Problem<'_>, rows: usize, step: usize) -> Rows {
    let stream = |name: &str| Stream::new(problem.seed, name).numbered(step as u64);
    let mut features = vec![0.0; rows * problem.model.inputs()];
    fill_normal(stream("metainit features"), 0, 0.0, 1.0, &mut features);
    let indices = stream("metainit indices");
    let mut place = 0;
    for _ in 0..rows {
        for feed in problem.model.architecture().feeds() {
            for x in &mut features[place..place + feed.columns] {
                match feed.numbers {
                    Numbers::Measured => {}
                    Numbers::Indices(count) => {
                        *x = indices.below(count.max(1) as u64, place as u64) as f32;
                    }
                    Numbers::Switches => *x = 1.0,
                }
            }
            place += feed.columns;
        }
    }
    let axes = problem.model.architecture().output();
    let columns = problem.loss.target_columns(&axes);
    let mut targets = vec![0.0; rows * columns];
    let classes = stream("metainit classes");
    match problem.loss {
        Loss::CrossEntropy => {
            // Classes lie along the first axis of a row but for (tokens, vocabulary).
            let axes = axes.axes();
            let (count, stride) = match axes {
                [_, vocabulary] => (*vocabulary, 1),
                [count, rest @ ..] => (*count, rest.iter().product()),
                [] => (1, 1),
            };
            for sample in 0..targets.len() / count.max(1) {
                let class = classes.below(count as u64, sample as u64) as usize;
                let (block, place) = (sample / stride, sample % stride);
                targets[block * count * stride + class * stride + place] = 1.0;
            }
        }
        Loss::BinaryCrossEntropy => {
            let draws = targets.iter_mut().enumerate();
            draws.for_each(|(i, t)| *t = classes.below(2, i as u64) as f32);
        }
        _ => fill_normal(classes, 0, 0.0, 1.0, &mut targets),
    }
    Rows::made(rows, features, targets)
}
