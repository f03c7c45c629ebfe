//! The bits of Keras 3: initializers under a seed, and whole models after
//! `keras.utils.set_random_seed`.
//!
//! The same seed gives other values on each backend, because each draws with its own library; so
//! every call names the [`Backend`]. What is exact and what is not is said at the modules named for
//! them; orthogonal matrices agree to about 10⁻⁶.
//!
//! ```
//! use fanin::init::like::keras::{Backend, Initializer, Seed};
//! let seed = Seed::new(42);
//! let weights = Initializer::GlorotUniform.values(Backend::TensorFlow, seed, &[4, 3])?;
//! assert_eq!(weights.len(), 12);
//! # Ok::<(), fanin::Error>(())
//! ```

mod backend;
mod seed;
mod initializer;
mod layer;
mod parts;
mod model;

#[cfg(test)]
mod tests;

pub use backend::Backend;
pub use initializer::{Distribution, Initializer, Mode};
pub use layer::{Kind, Layer};
pub use model::{Order, model};
pub use seed::{Seed, SeedGenerator};
