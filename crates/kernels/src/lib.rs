//! Numeric kernels of fanin: slices in, slices out.
//!
//! This crate knows shapes only as numbers: no graph, no files, no clock. It is the only home of
//! `unsafe` in the workspace, and every kernel gives the same bits for any number of threads,
//! because work is cut into pieces by its size alone, or where a piece's bits do not depend on the
//! cut, and threads only choose who does which piece.
//!
//! | module | gives |
//! |---|---|
//! | [`scalar`] | numbers that formulas are written over, and what a buffer holds |
//! | [`jet`] | a formula's derivatives up to the fourth, from the formula itself |
//! | [`threads`] | work split the same way whatever the number of threads |
//! | [`matmul`] | matrix products |
//! | [`singular`] | singular values and vectors of a square matrix |
//! | [`tridiagonal`] | eigenvalues of a symmetric tridiagonal matrix |
//! | [`singular_values`] | singular values of a matrix of any shape |
//! | [`lanczos`] | extreme eigenvalues and singular values from products alone |
//! | [`elementwise`] | passes over buffers, element by element |
//! | [`strided`] | passes over buffers whose axes are stretched, reordered or cut |
//! | [`reduce`] | sums and moments in f64 |
//! | [`softmax`] | exponentials over their sum |
//! | [`memory`] | large memory on large pages |
//! | [`scratch`] | memory that a thread keeps between calls |
//! | [`window`] | a window that slides over spatial axes |
//! | [`conv`] | convolution and its two adjoints |
//! | [`pool`] | largest elements and averages over windows |
//! | [`resample`] | one axis mapped to another length by sparse weights |
//! | [`standardize`] | groups brought to mean 0 and variance 1 |
//! | [`random`] | random numbers by address: seed, name, index |
//! | [`orthogonal`] | random orthogonal matrices |
//!
//! One layer of a network, by hand: weights of variance 1/d keep the mean square of their inputs.
//!
//! ```
//! use fanin_kernels::matmul::{Matrix, matmul};
//! use fanin_kernels::random::{Stream, fill_normal};
//! use fanin_kernels::reduce::sum_of_squares;
//!
//! let (rows, d, units) = (64, 400, 300);
//! let mut x = vec![0.0_f32; rows * d];
//! fill_normal(Stream::new(7, "data"), 0, 0.0, 1.0, &mut x);
//! let mut w = vec![0.0_f32; units * d];
//! fill_normal(Stream::new(7, "0.weight"), 0, 0.0, 1.0 / (d as f64).sqrt(), &mut w);
//!
//! let mut z = vec![0.0_f32; rows * units];
//! let weight = Matrix::new(&w, units, d).transposed(true);
//! matmul(Matrix::new(&x, rows, d), weight, &mut z, false);
//! let mean_square = sum_of_squares(&z) / z.len() as f64;
//! assert!((mean_square - 1.0).abs() < 0.05);
//! ```

mod functions;
pub mod scalar;
pub mod jet;
pub mod threads;
mod wide;
mod product;
pub mod matmul;
pub mod singular;
pub mod tridiagonal;
pub mod singular_values;
pub mod elementwise;
pub mod strided;
pub mod reduce;
pub mod softmax;
pub mod lanczos;
pub mod memory;
pub mod scratch;
pub mod window;
pub mod change;
pub mod conv;
pub mod pool;
pub mod resample;
pub mod standardize;
pub mod random;
pub mod orthogonal;

pub use jet::Jet;
pub use scalar::{Float, Scalar};
