//! Extreme eigenvalues and singular values of a matrix that is known only by its products.
//!
//! Lanczos' method for symmetric matrices and Golub & Kahan's for others, with full
//! reorthogonalization: every new vector is made orthogonal to all before it, twice where little
//! is left of it, so that no eigenvalue appears in copies. The number of threads changes no bit.
//!
//! Key: A the matrix, q the vectors of its Krylov space, T = Qᵀ·A·Q tridiagonal, J any matrix.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use crate::elementwise;
use crate::reduce::{dot, sum_of_squares};
use crate::scalar::Float;
use crate::threads;
use crate::tridiagonal;
use crate::wide::{Loop, wide};

/// Share of the largest product below which what is left of a vector is rounding.
const NOTHING: f64 = 1e-12;

/// What a Krylov space knows of one eigenvalue or singular value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ritz {
    /// The value.
    pub value: f64,
    /// Share of the start vector that belongs to it: the weight of a Gauss quadrature for the
    /// spectral density (Golub & Meurant 1994). All weights add up to 1.
    pub weight: f64,
    /// ‖A·y − value·y‖: some eigenvalue of a symmetric A is at most this far away.
    pub residual: f64,
}

/// Lanczos' method on a symmetric matrix.
///
/// ```
/// use fanin_kernels::lanczos::Lanczos;
/// let mut space = Lanczos::new(vec![1.0, 1.0, 1.0]);
/// while space.step(|x, out| {
///     out.copy_from_slice(&[1.0 * x[0], -2.0 * x[1], 5.0 * x[2]]);
/// }) {}
/// let values: Vec<f64> = space.ritz().iter().map(|r| r.value.round()).collect();
/// assert_eq!(values, [-2.0, 1.0, 5.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Lanczos<T> {
    basis: Vec<Vec<T>>,
    next: Vec<T>,
    diagonal: Vec<f64>,
    beside: Vec<f64>,
}

impl<T: Float> Lanczos<T> {
    /// Begins with a vector of any length but 0; its direction alone counts.
    pub fn new(mut start: Vec<T>) -> Self {
        normalize(&mut start);
        Self { basis: Vec::new(), next: start, diagonal: Vec::new(), beside: Vec::new() }
    }

    /// Products taken so far.
    pub fn steps(&self) -> usize {
        self.diagonal.len()
    }

    /// Takes one product; `apply(x, out)` writes A·x. Says whether there is more to find: not
    /// where the space is full, exact, or no longer finite.
    pub fn step(&mut self, apply: impl FnOnce(&[T], &mut [T])) -> bool {
        let mut product = vec![T::ZERO; self.next.len()];
        apply(&self.next, &mut product);
        self.diagonal.push(dot(&self.next, &product));
        let size = sum_of_squares(&product).sqrt();
        self.basis.push(std::mem::replace(&mut self.next, product));
        let rest = orthogonalize(&mut self.next, &self.basis);
        self.beside.push(rest);
        let more = rest > NOTHING * size && rest.is_finite();
        more && self.basis.len() < self.next.len()
    }

    /// The eigenvalues that the space knows of, smallest first.
    pub fn ritz(&self) -> Vec<Ritz> {
        let Some((&rest, beside)) = self.beside.split_last() else { return Vec::new() };
        let pairs = tridiagonal::eigen(&self.diagonal, beside);
        let ritz = |pair: &tridiagonal::Eigen| Ritz {
            value: pair.value,
            weight: pair.first * pair.first,
            residual: (rest * pair.last).abs(),
        };
        pairs.iter().map(ritz).collect()
    }
}

/// Golub & Kahan's method: the singular values of any matrix J with no more columns than rows; of
/// another, take the transpose.
#[derive(Clone, Debug)]
pub struct GolubKahan<T> {
    right: Vec<Vec<T>>,
    left: Vec<Vec<T>>,
    next: Vec<T>,
    /// Bidiagonal and superdiagonal elements, alternating.
    elements: Vec<f64>,
}

impl<T: Float> GolubKahan<T> {
    /// Begins with a vector on the side that J is multiplied with.
    pub fn new(mut start: Vec<T>) -> Self {
        normalize(&mut start);
        Self { right: Vec::new(), left: Vec::new(), next: start, elements: Vec::new() }
    }

    /// Takes one product with J and one with Jᵀ, for `outputs` rows of J. Says whether there is
    /// more to find.
    ///
    /// # Panics
    /// If J has more columns than rows.
    pub fn step(
        &mut self,
        outputs: usize,
        forward: impl FnOnce(&[T], &mut [T]),
        backward: impl FnOnce(&[T], &mut [T]),
    ) -> bool {
        assert!(self.next.len() <= outputs, "the start lies on the shorter side");
        let mut image = vec![T::ZERO; outputs];
        forward(&self.next, &mut image);
        let size = sum_of_squares(&image).sqrt();
        let alpha = orthogonalize(&mut image, &self.left);
        self.elements.push(alpha);
        let mut product = vec![T::ZERO; self.next.len()];
        if alpha > NOTHING * size {
            backward(&image, &mut product);
        }
        let scale = sum_of_squares(&product).sqrt();
        self.right.push(std::mem::replace(&mut self.next, product));
        self.left.push(image);
        let beta = orthogonalize(&mut self.next, &self.right);
        self.elements.push(beta);
        let more = beta > NOTHING * scale && beta.is_finite();
        more && self.right.len() < self.next.len()
    }

    /// The singular values that the space knows of, smallest first, with the weights of the
    /// spectral density of Jᵀ·J; residuals as for the symmetric matrix of J and Jᵀ.
    pub fn ritz(&self) -> Vec<Ritz> {
        let Some((&rest, beside)) = self.elements.split_last() else { return Vec::new() };
        let pairs = tridiagonal::eigen(&vec![0.0; 2 * self.right.len()], beside);
        let ritz = |pair: &tridiagonal::Eigen| Ritz {
            value: if pair.value < 0.0 { 0.0 } else { pair.value },
            weight: 2.0 * pair.first * pair.first,
            residual: (rest * pair.last).abs(),
        };
        pairs[self.right.len()..].iter().map(ritz).collect()
    }
}

/// Share of a vector's length that must be left once what lies along a basis is taken out of it:
/// then rounding grew by its inverse at most, and once is enough (Daniel, Gragg, Kaufman & Stewart
/// 1976).
const MUCH: f64 = 0.5;

/// Takes out of x what lies along the basis, a second time where less than [`MUCH`] is left (twice
/// is enough: Giraud et al. 2005), scales the rest to length 1 and gives the length that it had.
fn orthogonalize<T: Float>(x: &mut [T], basis: &[Vec<T>]) -> f64 {
    for _ in 0..2 {
        let before = sum_of_squares(x);
        let along = threads::map(basis, |q| dot(q, x));
        threads::for_each_chunk(x, threads::ELEMENTWISE_CHUNK, &|start, piece| {
            for (q, along) in basis.iter().zip(&along) {
                let q = &q[start..start + piece.len()];
                wide(TakeOut { x: piece, q, along: T::from_f64(*along) });
            }
        });
        if sum_of_squares(x) >= MUCH * MUCH * before {
            break;
        }
    }
    normalize(x)
}

/// `x[i] -= along · q[i]`.
struct TakeOut<'a, T> {
    x: &'a mut [T],
    q: &'a [T],
    along: T,
}

impl<T: Float> Loop for TakeOut<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { x, q, along } = self;
        x.iter_mut().zip(q).for_each(|(x, &q)| *x -= along * q);
    }
}

/// Scales x to length 1 and gives the length that it had; leaves 0 as it is.
fn normalize<T: Float>(x: &mut [T]) -> f64 {
    let length = sum_of_squares(x).sqrt();
    if length > 0.0 {
        elementwise::map_in_place(x, |x| T::from_f64(x.to_f64() / length));
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matmul::{Matrix, matmul};
    use crate::random::{Stream, fill_normal_f64};
    use crate::singular_values::singular_values;

    fn normal(count: usize, name: &str) -> Vec<f64> {
        let mut x = vec![0.0; count];
        fill_normal_f64(Stream::new(1, name), 0, 0.0, 1.0, &mut x);
        x
    }

    /// A diagonal matrix with eigenvalues 1 to n: its top is found long before the space is full,
    /// and every eigenvalue lies within the residual of what is said of it.
    #[test]
    fn residuals_bound_the_errors() {
        let n = 400;
        let mut space = Lanczos::new(normal(n, "start"));
        for _ in 0..60 {
            space.step(|x, out| {
                for (i, (x, out)) in x.iter().zip(out).enumerate() {
                    *out = (i + 1) as f64 * x;
                }
            });
        }
        let ritz = space.ritz();
        let weights: f64 = ritz.iter().map(|r| r.weight).sum();
        assert!((weights - 1.0).abs() < 1e-12, "{weights}");
        let top = ritz[59];
        assert!((top.value - 400.0).abs() < 0.05, "{top:?}");
        for r in &ritz {
            let nearest = r.value.round().clamp(1.0, 400.0);
            assert!((r.value - nearest).abs() <= r.residual + 1e-9, "{r:?}");
        }
    }

    #[test]
    fn a_full_space_has_all_singular_values() {
        for (rows, columns) in [(20, 12), (30, 1), (9, 9)] {
            let j = normal(rows * columns, "j");
            let matrix = |transposed| Matrix::new(&j, rows, columns).transposed(transposed);
            let mut space = GolubKahan::new(normal(columns, "start"));
            while space.step(
                rows,
                |x, out| matmul(matrix(false), Matrix::new(x, columns, 1), out, false),
                |y, out| matmul(matrix(true), Matrix::new(y, rows, 1), out, false),
            ) {}
            let expected = singular_values(&j, rows, columns);
            for (found, expected) in space.ritz().iter().rev().zip(&expected) {
                assert!((found.value - expected).abs() < 1e-11, "{found:?} {expected}");
            }
            let squares: f64 = space.ritz().iter().map(|r| r.weight * r.value * r.value).sum();
            let mut image = vec![0.0; rows];
            let start = normal(columns, "start");
            matmul(matrix(false), Matrix::new(&start, columns, 1), &mut image, false);
            let hutchinson = sum_of_squares(&image) / sum_of_squares(&start);
            assert!((squares / hutchinson - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn an_exact_space_is_the_end() {
        let mut space = Lanczos::new(vec![3.0_f32, 4.0]);
        assert!(!space.step(|x, out| out.copy_from_slice(x)));
        assert!((space.ritz()[0].value - 1.0).abs() < 1e-6);
        let mut zero = Lanczos::new(vec![1.0_f64; 5]);
        assert!(!zero.step(|_, out| out.fill(0.0)));
        assert_eq!(zero.ritz()[0].value, 0.0);
        let mut broken = Lanczos::new(vec![1.0_f64; 5]);
        assert!(!broken.step(|_, out| out.fill(f64::NAN)));
        assert!(broken.ritz()[0].value.is_nan());
        let mut flat = GolubKahan::new(vec![1.0_f64; 5]);
        assert!(!flat.step(6, |_, out| out.fill(0.0), |_, _| unreachable!()));
        assert_eq!(flat.ritz()[0].value, 0.0);
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        let n = 3 * threads::ELEMENTWISE_CHUNK + 7;
        let run = |count: usize| {
            threads::pool(count).unwrap().install(|| {
                let mut space = Lanczos::new(normal(n, "start"));
                for _ in 0..6 {
                    space.step(|x, out| elementwise::map(x, out, |x| x * x.abs().min(1.0)));
                }
                space.ritz()
            })
        };
        assert_eq!(run(1), run(3));
    }
}
