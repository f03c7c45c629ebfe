//! The bits of Flax: starting values of whole models, under Flax's names.
//!
//! A model is a list of its layers with their paths: [`linen`] for `flax.linen`, whose values
//! depend on seed and path, [`nnx`] for `flax.nnx`, whose values depend on seed and order. Both
//! keep the promise of [`jax`](super::jax): exact, but for the recurrent kernels, which are
//! orthogonal.
//!
//! ```
//! use fanin::init::like::flax::{Layer, linen};
//! use fanin::init::like::jax::Key;
//!
//! let layers = [
//!     ("Dense_0", Layer::Dense { inputs: 784, outputs: 256, bias: true }),
//!     ("Dense_1", Layer::Dense { inputs: 256, outputs: 10, bias: true }),
//! ];
//! let weights = linen(Key::new(42), &layers)?;
//! assert_eq!(weights.tensors[0].0, "params/Dense_0/kernel");
//! # Ok::<(), fanin::Error>(())
//! ```

mod layer;
mod linen;
mod nnx;

#[cfg(test)]
mod tests;

pub use layer::Layer;
pub use linen::{linen, linen_key};
pub use nnx::nnx;
