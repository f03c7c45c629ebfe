//! `GradInit`: one factor on each parameter, learned so that the first step lowers the loss most.
//!
//! Zhu et al. 2021. Key: θ = α·θ₀ block by block, g gradient, γ bound on ‖g‖, η length of the
//! step, H Hessian. While ‖g‖ > γ, ‖g‖ itself is made smaller; otherwise L(θ − η·A(g))/η on a batch
//! of which half is new, with A(g) = g/‖g‖ for descent and sign(g) for Adam.

use fanin_engine::Element;

use super::curved::{Curved, Vectors, dot, dot_all, zip};
use super::scaled;
use crate::check::evidence::StepRule;
use crate::error::Result;
use crate::recommend::rows::Rows;
use crate::recommend::search::Iterations;
use crate::recommend::{Problem, Recommendation, Search};
use crate::spec::Role;

/// How `GradInit` learns.
#[derive(Clone, Copy, Debug)]
pub(in crate::recommend) struct GradInitSettings {
    /// Steps of Adam on α.
    pub iterations: usize,
    /// Their learning rate; the published scripts differ by network.
    pub rate: f64,
    /// γ.
    pub bound: f64,
    /// η.
    pub step: f64,
    /// The largest |∂/∂α| of one block.
    pub clip: f64,
    /// The least α of a weight; that of a bias is 0.
    pub least: f64,
    /// Rows of a batch at most.
    pub rows: usize,
}

impl Default for GradInitSettings {
    fn default() -> Self {
        Self {
            iterations: 390,
            rate: 1e-2,
            bound: 1.0,
            step: 0.1,
            clip: 1.0,
            least: 0.01,
            rows: 128,
        }
    }
}

/// Starting weights by `GradInit`.
///
/// # Errors
/// If there are no rows, an operator has no second derivative, or all takes longer than `search` has.
pub(in crate::recommend) fn grad_init(
    problem: &Problem<'_>,
    method: &'static str,
    settings: &GradInitSettings,
    search: &Search<'_>,
) -> Result<Recommendation> {
    let mut iterations = Iterations::new(search, method, settings.iterations);
    let all = Rows::of(problem, method, usize::MAX)?.count;
    let size = settings.rows.min(all);
    let mut objective = Objective::<f32>::new(problem, size, settings)?;
    let roles: Vec<Role> = problem.model.parameters()?.iter().map(|p| p.role).collect();
    let least: Vec<f64> =
        objective
            .curved
            .trained
            .iter()
            .map(|&p| {
                if matches!(roles[p], Role::Bias | Role::NormShift) { 0.0 } else { settings.least }
            })
            .collect();
    let mut adam = Adam::new(least.len());
    let mut alpha = vec![1.0; least.len()];
    let mut unmet = Vec::new();
    let mut norm = f64::NAN;
    let mut iteration = 0;
    while iterations.goes_on(iteration)? {
        let (first, second) = batches(all, size, iteration);
        let first = Rows::at(problem, method, &first)?;
        objective.move_to(&alpha);
        objective.curved.feed(first.batch());
        let found = objective.norm();
        norm = found.value;
        if !norm.is_finite() {
            unmet
                .push("the loss or its gradient is not finite: no scale can be learned".to_owned());
            alpha.fill(1.0);
            break;
        }
        let is_constraint = norm > settings.bound;
        let slopes = if is_constraint {
            objective.slopes_of_norm(&found)
        } else {
            let second = Rows::at(problem, method, &second)?;
            objective.after_step(&found, &first, &second).1
        };
        adam.step(&mut alpha, &slopes, is_constraint, settings, &least);
        iteration += 1;
    }
    unmet.extend(iterations.told());
    if norm > settings.bound {
        unmet.push(format!(
            "the gradient's norm is {norm:.2}, above the bound of {}, after {} iterations",
            settings.bound,
            iterations.done()
        ));
    }
    objective.move_to(&alpha);
    let narrow = |values: Vec<f64>| values.into_iter().map(|x| x as f32).collect();
    let values = objective.curved.values().into_iter().map(narrow).collect();
    scaled(problem, method, &objective.curved.trained.clone(), values, unmet)
}

/// Rows of the batch of an iteration, and of a second one of which half is new.
fn batches(all: usize, size: usize, iteration: usize) -> (Vec<usize>, Vec<usize>) {
    let start = iteration * size;
    let first: Vec<usize> = (start..start + size).map(|row| row % all).collect();
    let new = (start + size..start + size + size.div_ceil(2)).map(|row| row % all);
    let second = first[size.div_ceil(2)..].iter().copied().chain(new).collect();
    (first, second)
}

/// ‖g‖ and the direction of the step, at one α.
pub(super) struct Norm {
    /// ‖g‖; for Adam ‖g‖₁/√(number of elements), which is ‖g‖ where all elements are equal, so
    /// that one bound serves both.
    pub value: f64,
    gradient: Vectors,
}

/// The objective as a function of α.
pub(super) struct Objective<T> {
    pub curved: Curved<T>,
    start: Vectors,
    is_adam: bool,
    step: f64,
}

impl<T: Element> Objective<T> {
    pub fn new(problem: &Problem<'_>, rows: usize, settings: &GradInitSettings) -> Result<Self> {
        let curved = Curved::new(problem, rows)?;
        let start = curved.values();
        let is_adam = problem.horizon.step_rule == StepRule::Normalized;
        Ok(Self { curved, start, is_adam, step: settings.step })
    }

    /// θ = α·θ₀.
    pub fn move_to(&mut self, alpha: &[f64]) {
        let scaled = |(values, &a): (&Vec<f64>, &f64)| values.iter().map(|x| a * x).collect();
        let values: Vectors = self.start.iter().zip(alpha).map(scaled).collect();
        self.curved.set(&values);
    }

    pub fn norm(&mut self) -> Norm {
        let (_, gradient) = self.curved.gradient();
        let value = if self.is_adam {
            gradient.iter().flatten().map(|g| g.abs()).sum::<f64>() / root_count(&gradient)
        } else {
            dot_all(&gradient, &gradient).sqrt()
        };
        Norm { value, gradient }
    }

    /// ∂‖g‖/∂α: H·g/‖g‖, or H·sign(g), along θ₀.
    pub fn slopes_of_norm(&mut self, norm: &Norm) -> Vec<f64> {
        let divisor = if self.is_adam { root_count(&norm.gradient) } else { norm.value };
        let direction = if self.is_adam { signs(&norm.gradient) } else { norm.gradient.clone() };
        let product = self.curved.product(&direction);
        self.along_start(&zip(&product, &product, |x, _| x / divisor))
    }

    /// L(θ − η·A(g))/η on `second`, and its slopes in α; θ is as it was before.
    pub fn after_step(&mut self, norm: &Norm, first: &Rows, second: &Rows) -> (f64, Vec<f64>) {
        let (here, eta) = (self.curved.values(), self.step);
        let length = if norm.value > 0.0 { norm.value } else { 1.0 };
        let direction = if self.is_adam {
            signs(&norm.gradient)
        } else {
            zip(&norm.gradient, &norm.gradient, |g, _| g / length)
        };
        self.curved.set(&zip(&here, &direction, |x, d| x - eta * d));
        self.curved.feed(second.batch());
        let (loss, there) = self.curved.gradient();
        self.curved.set(&here);
        self.curved.feed(first.batch());
        if self.is_adam {
            // sign(g) does not change with α, almost everywhere.
            let slopes = self.along_start(&there);
            return (loss / eta, slopes.into_iter().map(|x| x / eta).collect());
        }
        // With u = ∇L there, the step adds −η·J·u, J = H/‖g‖ − g(Hg)ᵀ/‖g‖³ transposed.
        let along = dot_all(&norm.gradient, &there) / (length * length);
        let w = zip(&there, &norm.gradient, |u, g| (u - along * g) / length);
        let bent = self.curved.product(&w);
        let slopes = self.along_start(&zip(&there, &bent, |u, h| u / eta - h));
        (loss / eta, slopes)
    }

    fn along_start(&self, derivative: &Vectors) -> Vec<f64> {
        derivative.iter().zip(&self.start).map(|(d, x)| dot(d, x)).collect()
    }
}

fn root_count(vectors: &Vectors) -> f64 {
    (vectors.iter().map(Vec::len).sum::<usize>() as f64).sqrt()
}

fn signs(vectors: &Vectors) -> Vectors {
    zip(vectors, vectors, |x, _| if x == 0.0 { 0.0 } else { x.signum() })
}

/// Adam on α with a memory of slopes for the objective and one for the constraint, as published.
struct Adam {
    means: [Vec<f64>; 2],
    squares: Vec<f64>,
    steps: [i32; 2],
}

impl Adam {
    const BETAS: (f64, f64) = (0.9, 0.999);
    const EPSILON: f64 = 1e-8;

    fn new(blocks: usize) -> Self {
        Self {
            means: [vec![0.0; blocks], vec![0.0; blocks]],
            squares: vec![0.0; blocks],
            steps: [0; 2],
        }
    }

    fn step(
        &mut self,
        alpha: &mut [f64],
        slopes: &[f64],
        is_constraint: bool,
        settings: &GradInitSettings,
        least: &[f64],
    ) {
        let kind = usize::from(is_constraint);
        self.steps[kind] += 1;
        let (beta1, beta2) = Self::BETAS;
        let first = 1.0 - beta1.powi(self.steps[kind]);
        let second = 1.0 - beta2.powi(self.steps[0] + self.steps[1]);
        for (block, alpha) in alpha.iter_mut().enumerate() {
            let slope = slopes[block];
            if !slope.is_finite() {
                continue;
            }
            let slope = slope.clamp(-settings.clip, settings.clip);
            let (mean, square) = (&mut self.means[kind][block], &mut self.squares[block]);
            *mean = beta1 * *mean + (1.0 - beta1) * slope;
            *square = beta2 * *square + (1.0 - beta2) * slope * slope;
            let root = (*square / second).sqrt() + Self::EPSILON;
            *alpha = (*alpha - settings.rate * *mean / first / root).max(least[block]);
        }
    }
}
