//! How large the singular values of a random matrix plus a multiple of the identity are.

/// Mean of the largest `share` of the singular values of α·Z + β·I, Z a large square matrix of
/// N(0, 1/n).
///
/// The values with both signs are distributed as the free sum of ±β and a semicircle of variance
/// s = α², whose Cauchy transform G solves G = w/(w² − β²) at w = z − s·G; the density is
/// −Im G / π. Written out, s²G³ − 2szG² + (z² − β² + s)G − z = 0, by Cardano.
pub(super) fn mean_of_largest(share: f64, alpha: f64, beta: f64) -> f64 {
    const STEPS: usize = 4000;
    let s = alpha * alpha;
    let end = beta.abs() + 2.0 * alpha.abs();
    if s == 0.0 {
        return end;
    }
    let step = end / STEPS as f64;
    let (mut mass, mut sum) = (0.0, 0.0);
    for index in (0..STEPS).rev() {
        let z = (index as f64 + 0.5) * step;
        let (a, b, c) = (-2.0 * z / s, (z * z - beta * beta + s) / (s * s), -z / (s * s));
        let p = b - a * a / 3.0;
        let q = 2.0 * a * a * a / 27.0 - a * b / 3.0 + c;
        let discriminant = q * q / 4.0 + p * p * p / 27.0;
        if discriminant <= 0.0 {
            continue;
        }
        let root = discriminant.sqrt();
        let imaginary = 3.0_f64.sqrt() / 2.0 * ((root - q / 2.0).cbrt() + (root + q / 2.0).cbrt());
        let of_step = 2.0 * imaginary / std::f64::consts::PI * step;
        let taken = of_step.min(share - mass);
        mass += taken;
        sum += taken * z;
        if mass >= share {
            break;
        }
    }
    sum / mass
}

#[cfg(test)]
mod tests {
    use fanin_kernels::random::{Stream, fill_normal_f64};
    use fanin_kernels::singular::decompose;

    use super::*;

    /// α·Z + β·I, column by column.
    fn matrix(n: usize, alpha: f64, beta: f64) -> Vec<f64> {
        let mut a = vec![0.0; n * n];
        fill_normal_f64(Stream::new(1, "z"), 0, 0.0, alpha / (n as f64).sqrt(), &mut a);
        (0..n).for_each(|i| a[i * n + i] += beta);
        a
    }

    /// For β = 0 the mean is that of the quarter circle, 8α/(3π).
    #[test]
    fn means_of_singular_values_are_those_of_free_sums() {
        let quarter_circle = 8.0 / (3.0 * std::f64::consts::PI);
        assert!((mean_of_largest(1.0, 0.5, 0.0) - 0.5 * quarter_circle).abs() < 1e-4);
        assert_eq!(mean_of_largest(0.3, 0.0, -2.0), 2.0);
        let n = 150;
        for (alpha, beta) in [(0.7, 0.7), (0.4, -0.4), (0.2, 1.0)] {
            let sigma = decompose(&mut matrix(n, alpha, beta), n);
            for count in [n, n / 3] {
                let mean = sigma[..count].iter().sum::<f64>() / count as f64;
                let expected = mean_of_largest(count as f64 / n as f64, alpha, beta);
                assert!((mean / expected - 1.0).abs() < 0.02, "{alpha} {beta}: {mean} {expected}");
            }
        }
    }
}
