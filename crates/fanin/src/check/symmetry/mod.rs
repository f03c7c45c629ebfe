//! Which units backpropagation can ever tell apart.
//!
//! Units of one layer stay equal for ever under gradient descent if they belong to one class of
//! an equitable partition: equal biases, equal sums of incoming weights from every class of the
//! layer before, equal sums of outgoing weights to every class of the layer after. Where an
//! activation is odd, two units may also be each other's mirror image. The coarsest such partition
//! is found by refining from one class per layer until nothing splits; inputs and outputs are told
//! apart by the data. The number of classes is the *effective width*.
//! Proof, and which optimizers it holds for: `docs/theory/symmetry.md`.

mod wiring;
mod refine;
mod exact;
pub mod units;
pub mod features;
pub mod near_duplicates;
pub mod confirm;
mod observed;
pub mod summary;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::spec::Model;
use crate::weights::Weights;
use wiring::Wiring;

pub use confirm::{Confirmation, confirm};
pub use observed::observed;
pub use summary::{LayerSymmetry, Symmetry};
pub use units::{Exactness, Units};

/// Sums or entries closer than this fraction of the weights' root mean square count as equal:
/// far above the rounding of f64 sums, far below what random draws of f32 differ by.
pub const TOLERANCE: f64 = 1e-9;

/// What must be equal for units to be in one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// Sums of weights over classes: what every step keeps that is linear in the weights, or a
    /// function of each coordinate's past gradients.
    #[default]
    BlockSums,
    /// The weights themselves, as a multiset over each class: what is left where a step is any
    /// function of each coordinate's weight and gradients, as in Adam with weight decay inside
    /// the gradient.
    Entries,
}

/// How classes are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Options {
    /// What must be equal.
    pub partition: Partition,
    /// The largest difference that counts as equal, relative to the root mean square of the
    /// tensor: [`TOLERANCE`] for starting weights, about 10⁻⁶ for weights that were trained in f32.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { partition: Partition::default(), tolerance: TOLERANCE }
    }
}

/// The classes of every hidden set of units of a network, in order, by block sums.
///
/// The units at the end of a residual branch are tied to those of the stream they are added to.
///
/// # Panics
/// If `weights` lack a tensor of the model.
pub fn effective_units(model: &Model, weights: &Weights) -> Vec<Units> {
    units(model, weights, Options::default())
}

/// The classes of every hidden set of units of a network, in order; none for a graph, of whose
/// units weights alone do not tell.
///
/// ```
/// use fanin::check::symmetry::{Options, units};
/// use fanin::init::{Rules, for_model};
///
/// let model: fanin::spec::Model = "2 -> 8 tanh -> 1".parse()?;
/// let weights = for_model(&model, &Rules::new("constant:0.5"), 0)?;
/// let layers = units(&model, &weights, Options::default());
/// assert_eq!((layers[0].width(), layers[0].effective_width()), (8, 1));
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Panics
/// If `weights` lack a tensor of the model.
pub fn units(model: &Model, weights: &Weights, options: Options) -> Vec<Units> {
    let Some(layers) = model.layers() else { return Vec::new() };
    let wiring = Wiring::new(layers, weights);
    let quiet = refine::refine(&wiring, options, refine::Dropout::Off);
    let drops = wiring.sets.iter().any(|set| set.dropout) && wiring.ties(&quiet);
    let noisy = drops.then(|| refine::refine(&wiring, options, refine::Dropout::On));
    wiring.hidden().map(|set| units::of(&wiring, set, &quiet, noisy.as_deref())).collect()
}
