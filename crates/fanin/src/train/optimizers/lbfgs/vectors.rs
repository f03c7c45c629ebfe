//! Arithmetic on lists of parameters; products and norms accumulate in f64, in a fixed order.

use fanin_kernels::Float;

/// aᵀb
pub(super) fn dot<T: Float>(a: &[Vec<T>], b: &[Vec<T>]) -> f64 {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a.iter().zip(b));
    pairs.map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}

/// The largest absolute value; NaN if there is one.
pub(super) fn largest<T: Float>(x: &[Vec<T>]) -> f64 {
    x.iter().flatten().fold(0.0, |most: f64, x| Float::maximum(most, x.to_f64().abs()))
}

/// Σ|x|
pub(super) fn sum_of_absolutes<T: Float>(x: &[Vec<T>]) -> f64 {
    x.iter().flatten().map(|x| x.to_f64().abs()).sum()
}

/// out += factor·x
pub(super) fn add_scaled<T: Float>(out: &mut [Vec<T>], x: &[Vec<T>], factor: f64) {
    let factor = T::from_f64(factor);
    for (out, x) in out.iter_mut().flatten().zip(x.iter().flatten()) {
        *out += factor * *x;
    }
}

/// out = a − b
pub(super) fn subtract<T: Float>(out: &mut [Vec<T>], a: &[Vec<T>], b: &[Vec<T>]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = *a - *b;
        }
    }
}

/// parameters = x + t·d
pub(super) fn move_along<T: Float>(parameters: &mut [Vec<T>], x: &[Vec<T>], d: &[Vec<T>], t: f64) {
    let t = T::from_f64(t);
    for ((parameter, x), d) in parameters.iter_mut().zip(x).zip(d) {
        for ((parameter, x), d) in parameter.iter_mut().zip(x).zip(d) {
            *parameter = *x + t * *d;
        }
    }
}

/// out = −x
pub(super) fn negate<T: Float>(out: &mut [Vec<T>], x: &[Vec<T>]) {
    for (out, x) in out.iter_mut().flatten().zip(x.iter().flatten()) {
        *out = -*x;
    }
}
