//! `torch.nn.init.orthogonal_`, to a tolerance.
//!
//! The normal numbers are PyTorch's own, to the bit. Their QR decomposition is not: LAPACK adds in
//! an order that depends on its build. It is computed here in `f64`, so the result differs from
//! PyTorch's by LAPACK's own rounding, and signs are equal: R's diagonal is made positive. Over
//! 40 seeds the largest difference of an element was 3e-7 where one side is twice the other, and
//! 4e-6 for square matrices, whose last columns depend on small differences.
//!
//! Key: A is m × n, m ≥ n, kept column by column; v is the vector of a Householder reflection.

use super::element::sealed::Arithmetic;
use super::named::{check_size, wrong_shape};
use super::{Element, Generator};
use crate::error::Result;

/// Fills a tensor as `orthogonal_`; axes after the first are taken as one.
///
/// # Errors
/// If the tensor has fewer than two axes.
pub fn orthogonal<E: Element>(
    generator: &mut Generator,
    shape: &[usize],
    out: &mut [E],
    gain: f64,
) -> Result<()> {
    if shape.len() < 2 {
        return Err(wrong_shape("orthogonal_ of torch", shape, "at least two axes"));
    }
    check_size(shape, out.len())?;
    if out.is_empty() {
        return Ok(());
    }
    generator.normal(out, 0.0, 1.0)?;
    let rows = shape[0];
    let columns = out.len() / rows;
    let (m, n) = (rows.max(columns), rows.min(columns));
    let place = |element: usize, column: usize| {
        if rows < columns { column * columns + element } else { element * columns + column }
    };
    let mut a = vec![0.0; m * n];
    for (column, values) in a.chunks_exact_mut(m).enumerate() {
        for (element, value) in values.iter_mut().enumerate() {
            *value = out[place(element, column)].to_wide().to_f64();
        }
    }
    let q = orthonormal(a, m);
    for (column, values) in q.chunks_exact(m).enumerate() {
        for (element, value) in values.iter().enumerate() {
            let unscaled = E::rounded(*value).to_wide();
            let factor = E::Wide::from_f64(gain);
            out[place(element, column)] = E::from_wide(unscaled.times(factor));
        }
    }
    Ok(())
}

/// The Q of A = QR whose R has a positive diagonal.
fn orthonormal(mut a: Vec<f64>, m: usize) -> Vec<f64> {
    let n = a.len() / m;
    let mut scales = vec![0.0; n];
    let mut signs = vec![1.0; n];
    for k in 0..n {
        let (left, right) = a.split_at_mut((k + 1) * m);
        let v = &mut left[k * m + k..];
        let norm = dot(v, v).sqrt();
        signs[k] = if v[0] < 0.0 { 1.0 } else { -1.0 };
        v[0] -= signs[k] * norm;
        let square = dot(v, v);
        scales[k] = if square > 0.0 { 2.0 / square } else { 0.0 };
        right.chunks_exact_mut(m).for_each(|column| reflect(&mut column[k..], v, scales[k]));
    }
    let mut q = vec![0.0; m * n];
    for k in (0..n).rev() {
        q[k * m + k] = signs[k];
        let v = &a[k * m + k..(k + 1) * m];
        q[k * m..].chunks_exact_mut(m).for_each(|column| reflect(&mut column[k..], v, scales[k]));
    }
    q
}

fn reflect(column: &mut [f64], v: &[f64], scale: f64) {
    let factor = scale * dot(column, v);
    for (element, v) in column.iter_mut().zip(v) {
        *element -= factor * v;
    }
}

/// Eight running sums: fast, and in a fixed order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}
