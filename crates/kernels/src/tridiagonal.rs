//! Eigenvalues of a symmetric tridiagonal matrix, with the ends of its eigenvectors.
//!
//! Implicit QL with Wilkinson's shift (Bowdler, Martin, Reinsch & Wilkinson 1968). Of the
//! eigenvectors only the first and the last component are kept, which is all that Lanczos' method
//! asks for: the first is the root of a quadrature weight, the last gives the residual. Only +, −,
//! ×, ÷ and √ in a fixed order, so the bits are equal on every machine.

/// Rounds per eigenvalue after which the method gives up; two are usual.
const MOST_ROUNDS: usize = 80;

/// An eigenvalue and the ends of its eigenvector of length 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eigen {
    /// The eigenvalue.
    pub value: f64,
    /// The first component of the eigenvector; its sign means nothing.
    pub first: f64,
    /// The last component of the eigenvector.
    pub last: f64,
}

/// The eigenvalues of the matrix with this diagonal and these elements beside it, smallest first.
///
/// The error of an eigenvalue is a few roundings of the largest. All are NaN if an element is
/// not finite.
///
/// ```
/// use fanin_kernels::tridiagonal::eigen;
/// let values: Vec<f64> = eigen(&[2.0, 2.0], &[1.0]).iter().map(|e| e.value).collect();
/// assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - 3.0).abs() < 1e-15);
/// ```
///
/// # Panics
/// If `beside` is not one shorter than `diagonal`.
pub fn eigen(diagonal: &[f64], beside: &[f64]) -> Vec<Eigen> {
    let n = diagonal.len();
    let mut ends: Vec<[f64; 2]> = vec![[0.0; 2]; n];
    if n > 0 {
        ends[0][0] = 1.0;
        ends[n - 1][1] = 1.0;
    }
    let values = iterate(diagonal, beside, &mut ends);
    let pair = |(value, [first, last]): (f64, [f64; 2])| Eigen { value, first, last };
    let mut pairs: Vec<Eigen> = values.into_iter().zip(ends).map(pair).collect();
    pairs.sort_by(|a, b| a.value.total_cmp(&b.value));
    pairs
}

/// The eigenvalues alone, smallest first: the same bits in less time.
///
/// # Panics
/// As [`eigen`].
pub fn eigenvalues(diagonal: &[f64], beside: &[f64]) -> Vec<f64> {
    let mut values = iterate(diagonal, beside, &mut vec![[0.0; 0]; diagonal.len()]);
    values.sort_by(f64::total_cmp);
    values
}

/// The eigenvalues as they are found; turns the N components of every eigenvector along.
fn iterate<const N: usize>(diagonal: &[f64], beside: &[f64], ends: &mut [[f64; N]]) -> Vec<f64> {
    let n = diagonal.len();
    assert_eq!(beside.len() + 1, n.max(1), "a tridiagonal matrix has one element less beside it");
    let scale = diagonal.iter().chain(beside).fold(0.0, |a: f64, x| a.max(x.abs()));
    if diagonal.iter().chain(beside).any(|x| !x.is_finite()) {
        ends.fill([f64::NAN; N]);
        return vec![f64::NAN; n];
    }
    // Scaled to 1, squares neither overflow nor vanish where they count.
    let unit = if scale > 0.0 { scale } else { 1.0 };
    let mut d: Vec<f64> = diagonal.iter().map(|x| x / unit).collect();
    let mut e: Vec<f64> = beside.iter().map(|x| x / unit).chain([0.0]).collect();
    for low in 0..n {
        for _ in 0..MOST_ROUNDS {
            let high = (low..n - 1).find(|&k| e[k].abs() <= f64::EPSILON).unwrap_or(n - 1);
            if high == low {
                break;
            }
            chase(&mut d, &mut e, ends, low, high);
        }
    }
    d.iter_mut().for_each(|value| *value *= unit);
    d
}

/// One QL step with implicit shift on the block from `low` to `high`.
fn chase<const N: usize>(
    d: &mut [f64],
    e: &mut [f64],
    ends: &mut [[f64; N]],
    low: usize,
    high: usize,
) {
    let ratio = (d[low + 1] - d[low]) / (2.0 * e[low]);
    let root = (ratio * ratio + 1.0).sqrt();
    let mut g = d[high] - d[low] + e[low] / (ratio + root.copysign(ratio));
    let (mut sine, mut cosine, mut shift) = (1.0, 1.0, 0.0);
    for i in (low..high).rev() {
        let (f, b) = (sine * e[i], cosine * e[i]);
        let length = (f * f + g * g).sqrt();
        e[i + 1] = length;
        if length == 0.0 {
            d[i + 1] -= shift;
            e[high] = 0.0;
            return;
        }
        (sine, cosine) = (f / length, g / length);
        g = d[i + 1] - shift;
        let turned = (d[i] - g) * sine + 2.0 * cosine * b;
        shift = sine * turned;
        d[i + 1] = g + shift;
        g = cosine * turned - b;
        let (left, right) = (ends[i], ends[i + 1]);
        ends[i + 1] = std::array::from_fn(|end| sine * left[end] + cosine * right[end]);
        ends[i] = std::array::from_fn(|end| cosine * left[end] - sine * right[end]);
    }
    d[low] -= shift;
    e[low] = g;
    e[high] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second difference matrix: eigenvalues 2 − 2·cos(kπ/(n+1)), eigenvectors sines.
    #[test]
    fn second_differences_have_their_known_spectrum() {
        for n in [1_usize, 2, 3, 10, 200] {
            let pairs = eigen(&vec![2.0; n], &vec![-1.0; n - 1]);
            for (k, pair) in pairs.iter().enumerate() {
                let angle = (k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
                let end = (2.0 / (n + 1) as f64).sqrt() * angle.sin();
                assert!((pair.value - (2.0 - 2.0 * angle.cos())).abs() < 1e-13, "{n} {k} {pair:?}");
                assert!((pair.first.abs() - end).abs() < 1e-10, "{n} {k} {pair:?}");
                assert!((pair.last.abs() - end).abs() < 1e-10, "{n} {k} {pair:?}");
            }
        }
    }

    #[test]
    fn values_alone_have_the_same_bits() {
        let diagonal: Vec<f64> = (0..40).map(|i| f64::from(i * i % 17) - 5.0).collect();
        let beside: Vec<f64> = (0..39).map(|i| f64::from(i * 7 % 11)).collect();
        let whole: Vec<f64> = eigen(&diagonal, &beside).iter().map(|pair| pair.value).collect();
        assert_eq!(eigenvalues(&diagonal, &beside), whole);
        assert!(whole[39] > whole[0]);
    }

    #[test]
    fn zeros_blocks_and_huge_numbers_are_no_trouble() {
        let values = |d: &[f64], e: &[f64]| -> Vec<f64> {
            eigen(d, e).iter().map(|pair| pair.value).collect()
        };
        assert_eq!(values(&[], &[]), [0.0; 0]);
        assert_eq!(values(&[0.0; 3], &[0.0; 2]), [0.0; 3]);
        assert_eq!(values(&[3.0, 1.0, 2.0], &[0.0; 2]), [1.0, 2.0, 3.0]);
        let huge = values(&[0.0, 0.0], &[1e300]);
        assert!((huge[1] / 1e300 - 1.0).abs() < 1e-15 && huge[0] == -huge[1]);
        assert!(values(&[1.0, f64::NAN], &[0.0]).iter().all(|x| x.is_nan()));
    }
}
