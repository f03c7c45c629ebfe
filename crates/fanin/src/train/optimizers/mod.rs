//! The registry of optimizers: how gradients become changes of the parameters, one file each.
//!
//! Key to the formulas: W a parameter, g its gradient (mean over the batch), α the learning rate,
//! λ the weight decay, t the step counted from 1.
//!
//! To add one: a new file with a [`Method`], `mod x;` and `&x::METHOD,` in [`OPTIMIZERS`].
//!
//! ```
//! use fanin::train::hyperparameters::Settings;
//! use fanin::train::optimizers;
//!
//! let layout = [("0.weight".to_owned(), [2].into())];
//! let settings = Settings::from([("momentum".to_owned(), 0.9)]);
//! let mut sgd = optimizers::find("sgd")?.build_f32(&settings, &layout)?;
//! let mut parameters = [vec![1.0, -1.0]];
//! sgd.step(0.1, &mut parameters, &|_| &[0.5, 0.0], &[0.0]);
//! assert_eq!(parameters, [[0.95, -1.0]]);
//! # Ok::<(), fanin::Error>(())
//! ```

mod method;
mod rule;
mod state;

mod gradient_descent;
mod sgd;
mod adam;
mod adamw;
mod rmsprop;
mod adagrad;
pub mod lbfgs;

#[cfg(test)]
mod tests;

use fanin_engine::tensor::Shape;
use fanin_kernels::Float;
use fanin_kernels::change::Change;

use crate::error::{Error, Result};

pub use method::{Feed, Method, Work};
pub use state::OptimizerState;

/// Every optimizer.
pub static OPTIMIZERS: &[&Method] = &[
    &gradient_descent::METHOD,
    &sgd::METHOD,
    &adam::METHOD,
    &adamw::METHOD,
    &rmsprop::METHOD,
    &adagrad::METHOD,
    &lbfgs::METHOD,
];

/// Names and shapes of the parameters, in the model's order.
pub type Layout = [(String, Shape)];

/// Changes parameters by their gradients and remembers what it needs between steps.
///
/// All memory is taken when the optimizer is built: a step allocates nothing. The bits do not
/// depend on the number of threads.
pub trait Optimizer<T: Float>: Send {
    /// The name in the registry.
    fn name(&self) -> &'static str;

    /// The number of steps begun so far.
    fn steps(&self) -> u64;

    /// Begins the next step, in which every parameter is updated once.
    fn begin_step(&mut self, learning_rate: f64);

    /// Calls `make` once with how parameter `index` changes by its gradient, of which the rule may be
    /// given pieces; `decay` is the weight decay λ of this parameter.
    ///
    /// # Panics
    /// If the optimizer was built without such a parameter, or for another length.
    fn change(
        &mut self,
        index: usize,
        parameter: &mut [T],
        decay: f64,
        make: &mut dyn FnMut(Change<'_, T>),
    );

    /// Changes parameter `index` by its gradient; `decay` is the weight decay λ of this parameter.
    ///
    /// # Panics
    /// As [`change`](Self::change).
    fn update(&mut self, index: usize, parameter: &mut [T], gradient: &[T], decay: f64) {
        self.change(index, parameter, decay, &mut |change| change.by(gradient));
    }

    /// One whole step: [`begin_step`](Self::begin_step), then every parameter in order.
    ///
    /// # Panics
    /// If the number or lengths of the parameters, gradients or decays differ from the layout.
    fn step<'a>(
        &mut self,
        learning_rate: f64,
        parameters: &mut [Vec<T>],
        gradient: &dyn Fn(usize) -> &'a [T],
        decays: &[f64],
    ) {
        assert_eq!(parameters.len(), decays.len(), "each parameter has one weight decay");
        self.begin_step(learning_rate);
        for (index, (parameter, decay)) in parameters.iter_mut().zip(decays).enumerate() {
            self.update(index, parameter, gradient(index), *decay);
        }
    }

    /// All that must be kept to go on later as if never stopped.
    fn state(&self) -> OptimizerState<T>;

    /// Goes on from a state that [`state`](Self::state) gave; on error nothing is changed.
    ///
    /// # Errors
    /// [`Error::Setting`] if the state is that of another optimizer or of other parameters.
    fn restore(&mut self, state: &OptimizerState<T>) -> Result<()>;
}

/// The optimizer called `name`.
///
/// # Errors
/// [`Error::Unknown`] if there is none, with the nearest name.
pub fn find(name: &str) -> Result<&'static Method> {
    let found = OPTIMIZERS.iter().find(|method| method.name == name);
    found.copied().ok_or_else(|| Error::unknown("optimizer", name, &names()))
}

/// The names of all optimizers, in the registry's order.
pub fn names() -> Vec<&'static str> {
    OPTIMIZERS.iter().map(|method| method.name).collect()
}
