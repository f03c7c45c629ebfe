//! Random numbers by address: a value is a function of (seed, name, index) and of nothing else.
//!
//! Nothing is drawn in sequence. Element `index` of the parameter `name` under `seed` is computed
//! from that address alone, so adding a parameter, changing the number of threads, or generating
//! one slice on one machine changes no other value. The bits are equal on every instruction set,
//! because only exactly rounded operations are used (+, −, ×, ÷, √, fused multiplication and
//! addition, and integers) and nothing is left to a platform's mathematics library.
//!
//! The address becomes the 192 bits that Philox4x32-10 turns into 4 words of 32 bits:
//!
//! | bits | hold |
//! |---|---|
//! | key, 64 | the seed |
//! | counter, words 2 and 3 | FNV-1a hash of the name |
//! | counter, word 1, top byte | what is drawn: uniform, normal, … |
//! | counter, the other 56 bits | index of the block of 4 words |
//!
//! Blocks serve elements in groups of 64, so that wide instructions work on sixteen blocks at once
//! (`fill.rs`). Two seeds, two kinds of draw or two indices never share bits, and two names only if their
//! 64-bit hashes collide: a chance of 3·10⁻¹⁴ among a thousand names.

#![expect(
    clippy::inline_always,
    reason = "code for wide instructions is fast only inside the function compiled for them"
)]

mod philox;
mod stream;
mod arithmetic;
mod lanes;
mod fill;
mod uniform;
mod normal;
mod truncated_normal;
mod far_tail;
mod permutation;

pub use arithmetic::normal_quantile;
pub use normal::{LARGEST_NORMAL, fill_normal, fill_normal_f64};
pub use permutation::fill_permutation;
pub use philox::philox4x32;
pub use stream::Stream;
pub use truncated_normal::fill_truncated_normal;
pub use uniform::fill_uniform;

#[cfg(test)]
mod tests;
