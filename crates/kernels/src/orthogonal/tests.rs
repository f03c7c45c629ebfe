//! Rows are orthonormal, equal those of one reflection at a time, and are uniformly distributed.

use super::*;
use crate::matmul::{Matrix, matmul};
use crate::threads::pool;

/// n orthonormal rows of length m.
fn drawn(seed: u64, n: usize, m: usize) -> Vec<f32> {
    let mut q = vec![f32::NAN; m * n];
    fill_orthonormal_rows(Stream::new(seed, "w"), m, 1.0, &mut q);
    q
}

/// The same rows, one reflection after the other in `f64`.
fn drawn_one_by_one(seed: u64, n: usize, m: usize) -> Vec<f64> {
    let mut q = vec![0.0; n * m];
    for k in (0..n).rev() {
        let mut x = vec![0.0_f32; m - k];
        fill_normal(Stream::new(seed, "w"), (k * m) as u64, 0.0, 1.0, &mut x);
        let mut v: Vec<f64> = x.into_iter().map(f64::from).collect();
        let square = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>();
        let sign = 1.0_f64.copysign(v[0]);
        v[0] += sign * square(&v).sqrt();
        let scale = 2.0 / square(&v);
        q[k * m + k] = -sign;
        for row in q[k * m..].chunks_exact_mut(m) {
            let product: f64 = row[k..].iter().zip(&v).map(|(q, v)| q * v).sum();
            row[k..].iter_mut().zip(&v).for_each(|(q, v)| *q -= scale * product * v);
        }
    }
    q
}

/// The largest element of |Q·Qᵀ − 1|.
fn largest_error(q: &[f32], n: usize, m: usize) -> f64 {
    let q: Vec<f64> = q.iter().map(|q| f64::from(*q)).collect();
    let (q, mut products) = (Matrix::new(&q, n, m), vec![0.0; n * n]);
    matmul(q, q.transposed(true), &mut products, false);
    products.iter().enumerate().fold(0.0, |worst, (i, p)| {
        let expected = if i % (n + 1) == 0 { 1.0 } else { 0.0 };
        f64::max(worst, (p - expected).abs())
    })
}

#[test]
fn rows_are_orthonormal() {
    for (n, m) in
        [(1, 1), (2, 2), (3, 7), (63, 64), (64, 64), (65, 80), (200, 300), (513, 513), (100, 2048)]
    {
        let error = largest_error(&drawn(1, n, m), n, m);
        assert!(error < 1e-6, "{n}×{m}: {error}");
    }
}

#[test]
fn no_rows_are_left_alone() {
    for m in [0, 3] {
        fill_orthonormal_rows(Stream::new(1, "w"), m, 1.0, &mut []);
    }
}

#[test]
fn blocks_equal_one_reflection_at_a_time() {
    for (n, m) in
        [(1, 1), (1, 5), (5, 5), (64, 64), (65, 65), (130, 150), (200, 201), (300, 700), (97, 2048)]
    {
        let worst = drawn(2, n, m)
            .iter()
            .zip(drawn_one_by_one(2, n, m))
            .fold(0.0, |worst, (q, exact)| f64::max(worst, (f64::from(*q) - exact).abs()));
        assert!(worst < 1e-6, "{n}×{m}: {worst}");
    }
}

#[test]
fn gain_scales_every_element() {
    let (n, m) = (70, 90);
    let mut scaled = vec![0.0; n * m];
    fill_orthonormal_rows(Stream::new(3, "w"), m, 4.0, &mut scaled);
    assert_eq!(scaled, drawn(3, n, m).iter().map(|q| 4.0 * q).collect::<Vec<_>>());
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let run = |threads: usize| pool(threads).unwrap().install(|| drawn(4, 500, 700));
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
}

/// Row 0 is x/|x| for the first normal vector x only with the right signs.
#[test]
fn first_row_is_its_normal_vector_normalized() {
    let (n, m) = (5, 12);
    for seed in 0..10 {
        let q = drawn(seed, n, m);
        let mut x = vec![0.0; m];
        fill_normal(Stream::new(seed, "w"), 0, 0.0, 1.0, &mut x);
        let norm = dot(&x, &x).sqrt();
        for (q, x) in q.iter().zip(&x) {
            let expected = f64::from(*x) / norm;
            assert!((f64::from(*q) - expected).abs() < 1e-6, "seed {seed}: {q} {expected}");
        }
    }
}

/// For the uniform distribution over n × n orthogonal matrices, the trace has mean 0, mean
/// square 1 and mean fourth power 3 (n ≥ 4), and half of the determinants are 1. Without the
/// sign rule the trace's mean is far from 0. 5 standard errors fail for one seed in 10⁶.
#[test]
fn matrices_are_uniform_over_the_orthogonal_group() {
    const DRAWS: u64 = 20_000;
    let n = 4;
    let (mut sums, mut positive) = ([0.0; 3], 0.0);
    for seed in 0..DRAWS {
        let q: Vec<f64> = drawn(seed, n, n).into_iter().map(f64::from).collect();
        let trace: f64 = (0..n).map(|i| q[i * n + i]).sum();
        for (sum, power) in sums.iter_mut().zip([1, 2, 4]) {
            *sum += trace.powi(power);
        }
        positive += if determinant(q, n) > 0.0 { 1.0 } else { 0.0 };
    }
    let draws = DRAWS as f64;
    // Variances of t, t² and t⁴ for a normal trace bound those of the bounded one here.
    for ((sum, mean), variance) in sums.iter().zip([0.0, 1.0, 3.0]).zip([1.0, 2.0, 96.0_f64]) {
        let error = (sum / draws - mean) / (variance / draws).sqrt();
        assert!(error.abs() < 5.0, "{sums:?}: off by {error} standard errors");
    }
    assert!((positive / draws - 0.5).abs() < 5.0 * 0.5 / draws.sqrt(), "{positive}");
}

/// The trace of Qᵏ is the sum of cos kθ over the angles θ of the eigenvalues. If they are those of
/// a uniform matrix, it has mean 1 for even k and 0 for odd k, and variance k (Diaconis &
/// Shahshahani 1994, "On the eigenvalues of random matrices"; n ≥ 2k). More than one [`block`], so that
/// several blocks take part.
#[test]
fn angles_of_eigenvalues_are_those_of_uniform_matrices() {
    const DRAWS: u64 = 400;
    const POWERS: usize = 6;
    let n = block(0) + 16;
    let mut sums = [[0.0; 2]; POWERS];
    for seed in 0..DRAWS {
        let q: Vec<f64> = drawn(seed, n, n).into_iter().map(f64::from).collect();
        let mut power = q.clone();
        for (k, sum) in (1..).zip(&mut sums) {
            let trace: f64 = power.iter().step_by(n + 1).sum();
            let centered = trace - f64::from(1 - k % 2);
            *sum = [sum[0] + centered, sum[1] + centered * centered];
            let mut next = vec![0.0; n * n];
            matmul(Matrix::new(&power, n, n), Matrix::new(&q, n, n), &mut next, false);
            power = next;
        }
    }
    let draws = DRAWS as f64;
    // The traces are normal but for an exponentially small part: deviations √k of the sum's terms
    // and k·√2 of their squares. 12 comparisons at 5 standard errors fail for 7 seeds in 10⁶.
    for (k, [sum, square]) in (1..).map(f64::from).zip(sums) {
        let error = sum / (draws * k).sqrt();
        assert!(error.abs() < 5.0, "power {k}: mean off by {error} standard errors");
        let error = (square - draws * k) / (k * (2.0 * draws).sqrt());
        assert!(error.abs() < 5.0, "power {k}: variance off by {error} standard errors");
    }
}

/// Each element of a uniform m-vector of norm 1 has mean square 1/m and mean fourth power
/// 3/(m(m + 2)); the corners of the matrix are seen apart from all others.
#[test]
fn elements_have_the_moments_of_unit_vectors() {
    const DRAWS: u64 = 2_000;
    let (n, m) = (block(0) + 3, block(0) + 6);
    let mut sums = vec![[0.0; 3]; 4];
    for seed in 0..DRAWS {
        let q = drawn(seed, n, m);
        let corners = [0, m - 1, (n - 1) * m, n * m - 1];
        for (sum, corner) in sums.iter_mut().zip(corners) {
            for (s, power) in sum.iter_mut().zip([1, 2, 4]) {
                *s += (f64::from(q[corner]) * (m as f64).sqrt()).powi(power);
            }
        }
    }
    let draws = DRAWS as f64;
    let fourth = 3.0 * m as f64 / (m + 2) as f64;
    for sum in sums {
        // Normal variances 1, 2 and 96 bound those of the moments; 12 comparisons, 5 errors each.
        for ((s, mean), variance) in sum.iter().zip([0.0, 1.0, fourth]).zip([1.0, 2.0, 96.0_f64]) {
            let error = (s / draws - mean) / (variance / draws).sqrt();
            assert!(error.abs() < 5.0, "{sum:?}: off by {error} standard errors");
        }
    }
}

fn determinant(mut a: Vec<f64>, n: usize) -> f64 {
    let mut product = 1.0;
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[k * n + i].abs().total_cmp(&a[k * n + j].abs()));
        let pivot = pivot.unwrap();
        if pivot != k {
            product = -product;
            for column in a.chunks_exact_mut(n) {
                column.swap(k, pivot);
            }
        }
        product *= a[k * n + k];
        let first: Vec<f64> = a[k * n..(k + 1) * n].to_vec();
        for column in a[k * n..].chunks_exact_mut(n).skip(1) {
            let factor = column[k] / first[k];
            for (x, f) in column.iter_mut().zip(&first).skip(k) {
                *x -= factor * f;
            }
        }
    }
    product
}
