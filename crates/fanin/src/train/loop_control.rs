//! What a training loop tells and hears while it runs: progress, interruption, divergence.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fanin_kernels::{Float, reduce};
use serde::{Deserialize, Serialize};

use super::metrics::Metrics;
use super::watch::Check;

/// A wish to stop after the present step, shared between a signal handler and the loop.
///
/// ```
/// use fanin::train::Interrupt;
/// let interrupt = Interrupt::default();
/// let handler = interrupt.clone();
/// assert!(!interrupt.requested());
/// handler.request();
/// assert!(interrupt.requested());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks to stop; safe to call from a signal handler's thread. True if it was asked before,
    /// so that a second Ctrl-C can end the program at once.
    pub fn request(&self) -> bool {
        self.0.swap(true, Ordering::Relaxed)
    }

    /// Whether somebody asked to stop.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sees how training goes, without a say in it.
pub trait Observer {
    /// After each step: steps done, steps in all, loss of the step's batch.
    fn on_step(&mut self, _step: u64, _total: u64, _loss: f64) {}

    /// After each check of a watched run, with the one before it.
    fn on_check(&mut self, _now: &Check, _before: Option<&Check>) {}

    /// After each epoch.
    fn on_epoch(&mut self, _metrics: &Metrics) {}

    /// Once, at the end.
    fn on_finish(&mut self, _finish: &Finish) {}
}

/// An observer that looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Why training ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// All epochs are done, or the optimizer met its tolerance.
    Completed,
    /// The watched measure stopped getting better.
    StoppedEarly {
        /// The step of the best measure.
        best_step: u64,
    },
    /// Somebody asked to stop.
    Interrupted,
    /// A number became NaN or infinite.
    Diverged(Divergence),
}

/// The first place where a number became NaN or infinite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// The step, counted from 1.
    pub step: u64,
    /// The layer or parameter, as named in the model; `loss` for the loss itself.
    pub layer: String,
    /// What is not finite there: `gradient: 3 of 10 values are NaN or infinite`.
    pub what: String,
}

impl Divergence {
    /// The first of the named tensors with a NaN or infinite element; `quantity` says what they
    /// hold: `activation`, `gradient`, `weight`.
    ///
    /// ```
    /// use fanin::train::Divergence;
    /// let tensors = [("0.weight", &[1.0_f32, 2.0][..]), ("2.weight", &[f32::NAN, 1.0])];
    /// let found = Divergence::find(17, "gradient", tensors).unwrap();
    /// assert_eq!(
    ///     found.to_string(),
    ///     "diverged at step 17 in 2.weight: gradient: 1 of 2 values is NaN or infinite"
    /// );
    /// ```
    pub fn find<'a, T: Float>(
        step: u64,
        quantity: &str,
        tensors: impl IntoIterator<Item = (&'a str, &'a [T])>,
    ) -> Option<Self> {
        tensors.into_iter().find_map(|(layer, values)| {
            let bad = reduce::count_non_finite(values);
            (bad > 0).then(|| Self::counted(step, quantity, layer, (bad, values.len())))
        })
    }

    /// So many of so many elements of a tensor that are NaN or infinite.
    pub(crate) fn counted(
        step: u64,
        quantity: &str,
        layer: &str,
        (bad, of): (usize, usize),
    ) -> Self {
        let are = if bad == 1 { "is" } else { "are" };
        let what = format!("{quantity}: {bad} of {of} values {are} NaN or infinite");
        Self { step, layer: layer.to_owned(), what }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "diverged at step {} in {}: {}", self.step, self.layer, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_layer_that_is_not_finite_is_named() {
        let tensors = [
            ("0.weight", &[1.0_f64][..]),
            ("2.weight", &[f64::INFINITY, 0.0, f64::NAN]),
            ("4.weight", &[f64::NAN]),
        ];
        let found = Divergence::find(3, "weight", tensors).unwrap();
        assert_eq!((found.step, found.layer.as_str()), (3, "2.weight"));
        assert_eq!(found.what, "weight: 2 of 3 values are NaN or infinite");
        assert_eq!(Divergence::find(3, "weight", tensors.into_iter().take(1)), None);
    }

    #[test]
    fn a_second_request_is_told_apart_from_the_first() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.request());
        assert!(interrupt.request());
    }
}
