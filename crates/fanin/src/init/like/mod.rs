//! Starting values with the bits of other libraries.
//!
//! Given a seed and the same calls in the same order, the functions below give the numbers that
//! the library of their module gives, to the last bit where the table says so. PyTorch and NumPy
//! draw in sequence: there a value depends on all that was drawn before it, unlike everywhere else
//! in fanin.
//!
//! | library, on a CPU | exact | depends on |
//! |---|---|---|
//! | [`torch`]: uniform, Xavier and Kaiming uniform, permutation | yes | [`Build`](torch::Build): with or without fused multiply-add |
//! | [`torch`]: normal, at least 16 numbers, f32, bf16, f16, [`Build::Fused`](torch::Build) | yes | nothing: no function of the platform is used |
//! | [`torch`]: the same, [`Build::Plain`](torch::Build); f64; fewer than 16 numbers | yes, on glibc | `log`, `log1p`, `sin`, `cos` of the platform |
//! | [`torch`]: truncated normal (2.12 and later), sparse | as normal | `log` when the range is narrow |
//! | [`torch`]: truncated normal before 2.12 | no, not offered | an inverse error function whose source is closed |
//! | [`torch`]: orthogonal | to 4e-7, square matrices to 4e-6; same signs | the order of sums inside LAPACK |
//! | [`torch`]: modules (linear, convolution, embedding, recurrent, attention, norms) | as their distributions | |
//! | [`torch`] on CUDA | not offered | values there depend on the model of the device |
//! | [`numpy`]: `random`, `uniform` | yes | nothing |
//! | [`numpy`]: `standard_normal`, `normal`, and those of `RandomState` | yes, on glibc | `exp`, `log`, `log1p` of the platform |
//! | [`jax`]: keys, uniform, normal, truncated normal, all but orthogonal initializers | yes, called without `jit` | nothing |
//! | [`flax`]: whole models, linen and nnx | as their initializers | |
//! | [`tensorflow`]: stateless uniform, normal, truncated normal | yes | nothing: glibc's functions are computed here |
//! | [`keras`]: initializers and whole models on four backends | as the backend's draws | |
//! | [`jax`], [`flax`], [`keras`]: orthogonal | to 2e-6 | the order of sums in the decomposition |

mod elements;
mod mersenne_twister;
#[cfg(test)]
mod tests;

pub mod numpy;
pub mod torch;
pub mod jax;
pub mod flax;
pub mod tensorflow;
pub mod keras;
mod library;

pub use library::{Facts, LIBRARIES, Library, find, names};
