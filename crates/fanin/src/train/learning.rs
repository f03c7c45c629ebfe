//! Steps of an optimizer whose changes are made as gradients come, and what is seen of them meanwhile.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use fanin_engine::tensor::Shape;
use fanin_engine::{Update, Workspace};
use fanin_kernels::change::{Change, MOST};
use fanin_kernels::reduce;

use super::optimizers::Optimizer;
use super::step::TrainingPass;

/// One step of an optimizer.
pub struct Learning<'a> {
    /// The optimizer.
    pub optimizer: &'a mut dyn Optimizer<f32>,
    /// α of this step.
    pub learning_rate: f64,
    /// λ of each trained parameter.
    pub decays: &'a [f64],
    /// Who looks at the gradients; without it a step goes wherever they point.
    pub watch: Option<&'a GradientWatch>,
}

impl std::fmt::Debug for Learning<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learning")
            .field("learning_rate", &self.learning_rate)
            .finish_non_exhaustive()
    }
}

impl Update<f32> for Learning<'_> {
    /// Nothing changes by a loss that is not finite.
    fn begins(&mut self, workspace: &Workspace<f32>) -> bool {
        if self.watch.is_some() && !workspace.read(TrainingPass::LOSS)[0].is_finite() {
            return false;
        }
        self.optimizer.begin_step(self.learning_rate);
        true
    }

    fn change(
        &mut self,
        number: usize,
        parameter: &mut [f32],
        make: &mut dyn FnMut(Change<'_, f32>),
    ) {
        let (decay, watch) = (self.decays[number], self.watch);
        self.optimizer.change(number, parameter, decay, &mut |Change { buffers, rule }| {
            let Some(watch) = watch else { return make(Change { buffers, rule }) };
            let rule = |start: usize, mut buffers: [&mut [f32]; MOST], gradient: &[f32]| {
                if watch.sees(number, start, gradient) {
                    return rule(start, buffers, gradient);
                }
                for (i, gradient) in
                    gradient.chunks(1).enumerate().filter(|(_, g)| g[0].is_finite())
                {
                    let one = buffers
                        .each_mut()
                        .map(|b| if b.is_empty() { &mut [] } else { &mut b[i..=i] });
                    rule(start + i, one, gradient);
                }
            };
            make(Change { buffers, rule: &rule });
        });
    }
}

/// Looks at gradients as they are made: whether they are finite, and how long they are.
#[derive(Debug)]
pub struct GradientWatch {
    parameters: Vec<Place>,
    /// The sum of squares of every row, as bits; a row's parts come in order from one thread, so that
    /// the norm does not depend on who made which rows.
    squares: Vec<AtomicU64>,
    measures: bool,
}

/// Where the rows of a parameter's gradient are counted.
#[derive(Debug)]
struct Place {
    first: usize,
    columns: usize,
    /// Elements that are not finite.
    bad: AtomicUsize,
}

impl GradientWatch {
    /// For gradients of these shapes.
    pub fn new<'a>(shapes: impl Iterator<Item = &'a Shape>) -> Self {
        let mut rows = 0;
        let place = |shape: &Shape| {
            // Only matrices come in pieces.
            let columns = match shape.axes() {
                &[_, columns] => columns,
                _ => shape.elements(),
            };
            let (first, columns) = (rows, columns.max(1));
            rows += shape.elements() / columns;
            Place { first, columns, bad: AtomicUsize::new(0) }
        };
        let parameters = shapes.map(place).collect();
        Self {
            parameters,
            squares: (0..rows).map(|_| AtomicU64::new(0)).collect(),
            measures: false,
        }
    }

    /// Begins with the gradients of another step, and measures their norm if asked to.
    pub fn begin(&mut self, measures: bool) {
        self.measures = measures;
        self.parameters.iter_mut().for_each(|place| *place.bad.get_mut() = 0);
        if measures {
            self.squares.iter_mut().for_each(|squares| *squares.get_mut() = 0);
        }
    }

    /// Looks at a piece; whether all of it is finite.
    fn sees(&self, number: usize, start: usize, gradient: &[f32]) -> bool {
        let place = &self.parameters[number];
        if self.measures {
            let row = place.first + start / place.columns;
            for (squares, part) in self.squares[row..].iter().zip(gradient.chunks(place.columns)) {
                let before = f64::from_bits(squares.load(Ordering::Relaxed));
                let sum = before + reduce::sum_of_squares(part);
                squares.store(sum.to_bits(), Ordering::Relaxed);
            }
        }
        let finite = reduce::all_finite(gradient);
        if !finite {
            place.bad.fetch_add(reduce::count_non_finite(gradient), Ordering::Relaxed);
        }
        finite
    }

    /// The first trained parameter whose gradient is not finite, and in how many elements.
    pub fn first_non_finite(&self) -> Option<(usize, usize)> {
        let bad = self.parameters.iter().map(|place| place.bad.load(Ordering::Relaxed));
        bad.enumerate().find(|(_, bad)| *bad > 0)
    }

    /// The Euclidean norm of all gradients together, if it was measured; NaN if one is not finite.
    pub fn norm(&self) -> Option<f64> {
        if self.first_non_finite().is_some() {
            return Some(f64::NAN);
        }
        let squares = self.squares.iter().map(|bits| f64::from_bits(bits.load(Ordering::Relaxed)));
        self.measures.then(|| squares.sum::<f64>().sqrt())
    }
}
