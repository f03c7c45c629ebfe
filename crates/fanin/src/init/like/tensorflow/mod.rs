//! The bits of TensorFlow's stateless draws: `tf.random.stateless_uniform` and its kin.
//!
//! What is promised: the bits of `float32` tensors on processors, with the GNU library's logarithm,
//! sine and cosine (2.28 and later), which are computed here by the same steps in `f64` and so are
//! the same on every platform. Draws with a state (`tf.random.normal` after
//! `tf.random.set_seed`) depend on the order of operations in a graph and are not reproduced.
//!
//! ```
//! use fanin::init::like::tensorflow::{Seed, fill_uniform};
//! let mut out = [0.0; 4];
//! fill_uniform(Seed([42, 0]), 0.0, 1.0, &mut out);
//! assert_eq!(out[0].to_bits(), 0x3e90_9b14);
//! ```

mod gnu;
mod stream;
mod draw;

#[cfg(test)]
mod tests;

pub use draw::{fill_normal, fill_truncated_normal, fill_uniform};
pub use stream::Seed;
