//! Random orthogonal matrices, uniform over all of them, by blocks of reflections.
//!
//! Q of the QR decomposition of a matrix of normal numbers is uniform if R's diagonal is positive
//! (Mezzadri 2007, arXiv math-ph/0609050). R is never needed: after k reflections the rest of the
//! matrix is still normal and independent, so the k-th reflection can be drawn directly (Stewart
//! 1980, "The efficient generation of random orthogonal matrices"). Here b reflections at a time
//! become one I − V·T·Vᵀ (Schreiber & Van Loan 1989, "A storage-efficient WY representation for
//! products of Householder transformations"), so that nearly all work is products of matrices.
//!
//! Key: n orthonormal rows of length m ≥ n, row j being column j of Q; a block of b reflections
//! begins at row k, and its vectors have length `l` = m − k.

use crate::memory::{prefer_large_pages, zeros};
use crate::product::{MatMut, MatRef, Product, rows_per_thread};
use crate::random::{Stream, fill_normal};
use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

/// Reflections that are applied together to vectors of length `m`: where the matrix is far larger
/// than the caches, more of them mean fewer passes over it (6 % of the time at 4096).
fn block(m: usize) -> usize {
    const LONG: usize = 2048;
    if m < LONG { 64 } else { 128 }
}

/// `gain` times a random matrix of orthonormal rows, each of length `m`, row-major.
///
/// Uniform over all such matrices, and a function of `stream`, the sizes and `gain` alone. Computed
/// in `f32`: for unit `gain`, products of two rows are off by less than 10⁻⁶.
///
/// # Panics
/// If `out` is not made of whole rows, or of more rows than they are long.
///
/// ```
/// use fanin_kernels::orthogonal::fill_orthonormal_rows;
/// use fanin_kernels::random::Stream;
/// let mut q = [0.0; 6];
/// fill_orthonormal_rows(Stream::new(42, "0.weight"), 3, 1.0, &mut q);
/// let product: f32 = (0..3).map(|i| q[i] * q[3 + i]).sum();
/// assert!(product.abs() < 1e-6);
/// ```
pub fn fill_orthonormal_rows(stream: Stream, m: usize, gain: f64, out: &mut [f32]) {
    let n = out.len().checked_div(m).unwrap_or(0);
    assert_eq!(out.len(), n * m, "a matrix is made of whole rows");
    assert!(n <= m, "there are no {n} orthonormal rows of length {m}");
    prefer_large_pages(out);
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|_, piece| piece.fill(0.0));
    let block = block(m);
    for k in (0..n).step_by(block).rev() {
        let reflections = Reflections::draw(stream, m, k, block.min(n - k));
        reflections.apply(m, gain as f32, &mut out[k * m..]);
    }
}

/// The product I − V·T·Vᵀ of b successive reflections.
struct Reflections {
    b: usize,
    l: usize,
    /// Vᵀ: row i is the vector of reflection i, with i zeros in front and a squared norm of about 2.
    vectors: Vec<f32>,
    /// The sign of the first number of each normal vector.
    signs: Vec<f32>,
    /// −Tᵀ.
    minus_factor: Vec<f32>,
}

impl Reflections {
    /// Reflections `k`..`k` + b of the stream; reflection j sends its normal vector x, elements
    /// j·m.. of the stream, to ∓|x|·e₁.
    fn draw(stream: Stream, m: usize, k: usize, b: usize) -> Self {
        let l = m - k;
        let mut vectors: Vec<f32> = zeros(b * l);
        for_each_chunk(&mut vectors, l, &|start, row| {
            let i = start / l;
            let x = &mut row[i..];
            fill_normal(stream, ((k + i) * m) as u64, 0.0, 1.0, x);
            let squared_norm = dot(x, x);
            let first = f64::from(x[0]);
            let moved = first + squared_norm.sqrt().copysign(first);
            let scale = (2.0 / (squared_norm - first * first + moved * moved)).sqrt();
            x[0] = (scale * moved) as f32;
            for x in &mut x[1..] {
                *x = (scale * f64::from(*x)) as f32;
            }
        });
        let signs = (0..b).map(|i| 1.0_f32.copysign(vectors[i * l + i])).collect();
        let minus_factor = minus_factor(&vectors, b, l);
        Self { b, l, vectors, signs, minus_factor }
    }

    /// Sets the first b rows of `out`, which are zero, to `gain` times signed unit vectors, and
    /// applies the reflections to all of its rows, which are of length `m`.
    fn apply(&self, m: usize, gain: f32, out: &mut [f32]) {
        let (b, l) = (self.b, self.l);
        let k = m - l;
        let rows = rows_per_chunk(out.len() / m);
        for_each_chunk(out, rows * m, &|start, piece| {
            let (first, count) = (start / m, piece.len() / m);
            // Rows of Qᵀ·V: of this block's rows directly, of later rows by a product over the
            // columns that are not zero in them.
            let mut products = vec![0.0; count * b];
            let own = count.min(b.saturating_sub(first));
            for (i, product) in products.chunks_exact_mut(b).take(own).enumerate() {
                let unit = -gain * self.signs[first + i];
                piece[i * m + k + first + i] = unit;
                for (p, vector) in product.iter_mut().zip(self.vectors.chunks_exact(l)) {
                    *p = unit * vector[first + i];
                }
            }
            if own < count && b < l {
                let (rows, inner) = (count - own, l - b);
                let later = MatRef::new(&piece[own * m + k + b..], rows, inner, m, 1);
                let vectors = MatRef::new(&self.vectors[b..], inner, b, 1, l);
                let products = MatMut::from_row_major(&mut products[own * b..], rows, b);
                f32::multiply(later, vectors, 0.0, products);
            }
            let mut factors = vec![0.0; count * b];
            f32::multiply(
                MatRef::from_row_major(&products, count, b),
                MatRef::from_row_major(&self.minus_factor, b, b),
                0.0,
                MatMut::from_row_major(&mut factors, count, b),
            );
            f32::multiply(
                MatRef::from_row_major(&factors, count, b),
                MatRef::from_row_major(&self.vectors, b, l),
                1.0,
                MatMut::new(&mut piece[k..], count, l, m),
            );
        });
    }
}

/// Rows of a chunk: few enough chunks to pay for packing the vectors, and enough of them for
/// several threads.
fn rows_per_chunk(rows: usize) -> usize {
    const CHUNKS: usize = 8;
    rows_per_thread(rows, rows.div_ceil(CHUNKS).next_multiple_of(48))
}

/// −Tᵀ for the rows of Vᵀ, where T⁻¹ is upper triangular: the products of the vectors, and half of
/// their squares on the diagonal. With the vectors as they were rounded, so that I − V·T·Vᵀ is
/// orthogonal up to the rounding of T.
fn minus_factor(vectors: &[f32], b: usize, l: usize) -> Vec<f32> {
    let products = upper_products(vectors, b, l);
    let mut result = vec![0.0; b * b];
    let mut sums = vec![0.0; b];
    for i in 0..b {
        // Row i of T, left to right: T·T⁻¹ = 1.
        sums.fill(0.0);
        sums[i] = -1.0;
        for j in i..b {
            let t = -sums[j] / (0.5 * products[j * b + j]);
            result[j * b + i] = -t as f32;
            let row = &products[j * b + j + 1..(j + 1) * b];
            for (sum, p) in sums[j + 1..].iter_mut().zip(row) {
                *sum += t * p;
            }
        }
    }
    result
}

/// Products of the rows of Vᵀ with each other, on and above the diagonal.
fn upper_products(vectors: &[f32], b: usize, l: usize) -> Vec<f64> {
    const GROUP: usize = 32;
    let mut exact: Vec<f64> = zeros(b * l);
    for_each_chunk(&mut exact, ELEMENTWISE_CHUNK, &|start, piece| {
        for (e, v) in piece.iter_mut().zip(&vectors[start..]) {
            *e = f64::from(*v);
        }
    });
    let mut products = vec![0.0_f64; b * b];
    for_each_chunk(&mut products, GROUP * b, &|start, piece| {
        let (first, count) = (start / b, piece.len() / b);
        let own = MatRef::new(&exact[first * l..], count, l, l, 1);
        let later = MatRef::new(&exact[first * l..], l, b - first, 1, l);
        f64::multiply(own, later, 0.0, MatMut::new(&mut piece[first..], count, b - first, b));
    });
    products
}

/// Sixteen running sums in a fixed order: fast, and the same on every machine.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0; 16];
    let (a_blocks, a_rest) = a.as_chunks::<16>();
    let (b_blocks, b_rest) = b.as_chunks::<16>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += f64::from(*a) * f64::from(*b);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests;
