//! The bits of JAX: its keys, its draws, its initializers.
//!
//! | module | JAX |
//! |---|---|
//! | [`Key`] | `jax.random.key`, `split`, `fold_in`, `bits` |
//! | [`fill_uniform`], [`fill_normal`], [`fill_truncated_normal`] | `jax.random` |
//! | [`Initializer`] | `jax.nn.initializers` |
//!
//! What is promised: the bits of `float32` arrays that JAX 0.5 and later (where
//! `jax_threefry_partitionable` is on) draws on a processor with fused products when each function
//! is called by itself. Inside a function compiled with `jax.jit` the compiler may fold constants,
//! and an element may then differ by one unit in the last place; accelerators have mathematics
//! libraries of their own. Orthogonal matrices agree to about 10⁻⁶: the order of sums in a library's
//! decomposition is not reproduced.

mod threefry;
mod fused;
mod erf_inv;
mod key;
mod draw;
mod orthonormal;
mod variance_scaling;
mod initializer;

#[cfg(test)]
mod tests;

pub use draw::{CUT, fill_normal, fill_truncated_normal, fill_uniform};
pub use initializer::Initializer;
pub use key::Key;
pub(super) use orthonormal::{drawn_shape, orthogonal};
pub use variance_scaling::{Distribution, Mode, VarianceScaling};
