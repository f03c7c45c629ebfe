//! Sixteen uniform numbers in [0, 1) become sixteen normal ones, as PyTorch's kernels do it.
//!
//! Box and Muller 1958: lane j and lane j + 8 give radius √(−2·ln(1 − u)) and angle 2π·v.
//! The fused form is that of PyTorch's AVX2 kernel: logarithm, sine and cosine are the single
//! precision polynomials of Moshier's Cephes library, and a compiler has joined certain products
//! and sums; which ones decides the last bit.

const TWO_PI: f64 = 2.0 * std::f64::consts::PI;

/// a·b + c, rounded once.
///
/// The product of two `f32` is exact in `f64`. The sum is rounded to odd there (Boldo and
/// Melquiond 2008, "Emulation of FMA and correctly rounded sums"), so that rounding it again to
/// the far shorter `f32` equals rounding once. This vectorizes where a machine without the
/// instruction would call a function.
#[inline]
pub(super) fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_feature = "fma") {
        return a.mul_add(b, c);
    }
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    let part = sum - product;
    let error = (product - (sum - part)) + (c - part);
    let bits = sum.to_bits();
    let to_odd = if (error > 0.0) == (sum > 0.0) { 1 } else { u64::MAX };
    let is_inexact_and_even = error.abs() > 0.0 && bits & 1 == 0;
    let odd = bits.wrapping_add(if is_inexact_and_even { to_odd } else { 0 });
    f64::from_bits(odd) as f32
}

/// The block of builds with AVX2 or AVX-512.
pub(super) fn fused_block(block: &mut [f32; 16], mean: f32, deviation: f32) {
    let (left, right) = block.split_at_mut(8);
    let mut radius = [0.0; 8];
    for (radius, u) in radius.iter_mut().zip(&*left) {
        *radius = (-2.0 * logarithm(1.0 - u)).sqrt();
    }
    for ((left, right), radius) in left.iter_mut().zip(right).zip(radius) {
        let (sine, cosine) = sine_and_cosine(TWO_PI as f32 * *right);
        *left = fused(radius * cosine, deviation, mean);
        *right = fused(radius * sine, deviation, mean);
    }
}

/// The block of all other builds, by the platform's functions.
pub(super) fn plain_block(block: &mut [f32; 16], mean: f32, deviation: f32) {
    let (left, right) = block.split_at_mut(8);
    for (left, right) in left.iter_mut().zip(right) {
        let radius = (-2.0 * (1.0 - *left).ln()).sqrt();
        let angle = (TWO_PI * f64::from(*right)) as f32;
        *left = fused(radius * angle.cos(), deviation, mean);
        *right = fused(radius * angle.sin(), deviation, mean);
    }
}

/// The block of `float64` tensors, equal in all builds.
pub(super) fn double_block(block: &mut [f64; 16], mean: f64, deviation: f64) {
    let (left, right) = block.split_at_mut(8);
    for (left, right) in left.iter_mut().zip(right) {
        let radius = (-2.0 * (1.0 - *left).ln()).sqrt();
        let angle = TWO_PI * *right;
        *left = (radius * angle.cos()).mul_add(deviation, mean);
        *right = (radius * angle.sin()).mul_add(deviation, mean);
    }
}

/// Cephes' `logf` for 2⁻²⁴ ≤ x ≤ 1.
#[inline]
fn logarithm(x: f32) -> f32 {
    const COEFFICIENTS: [f32; 9] = [
        7.037_683_6e-2,
        -1.151_461e-1,
        1.167_699_84e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_4e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ];
    let bits = x.to_bits();
    let exponent = (bits >> 23) as i32 - 126;
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f00_0000);
    let is_low = mantissa < std::f32::consts::FRAC_1_SQRT_2;
    let e = (if is_low { exponent - 1 } else { exponent }) as f32;
    let m = (mantissa - 1.0) + if is_low { mantissa } else { 0.0 };
    let z = m * m;
    let mut y = COEFFICIENTS[0];
    for coefficient in &COEFFICIENTS[1..] {
        y = fused(y, m, *coefficient);
    }
    y = fused(y * m, z, e * -2.121_944_4e-4);
    y = fused(-z, 0.5, y);
    fused(e, 0.693_359_4, m + y)
}

/// Cephes' `sinf` and `cosf` for 0 ≤ x ≤ 2π.
#[inline]
fn sine_and_cosine(x: f32) -> (f32, f32) {
    let octant = ((x * 1.273_239_5) as i32 + 1) & !1;
    let f = octant as f32;
    let mut x = fused(f, -0.785_156_25, x);
    x = fused(f, -2.418_756_5e-4, x);
    x = fused(f, -3.774_895e-8, x);
    let z = x * x;

    let mut c = fused(2.443_315_7e-5, z, -1.388_731_6e-3);
    c = fused(c, z, 4.166_664_6e-2) * z;
    c = fused(c, z, -(z * 0.5)) + 1.0;

    let mut s = fused(-1.951_529_6e-4, z, 8.332_161e-3);
    s = fused(s, z, -1.666_665_5e-1) * z;
    s = fused(s, x, x);

    let is_swapped = octant & 2 != 0;
    let (sine, cosine) = if is_swapped { (c, s) } else { (s, c) };
    let sine_sign = ((octant & 4) as u32) << 29;
    let cosine_sign = ((!(octant - 2) & 4) as u32) << 29;
    (f32::from_bits(sine.to_bits() ^ sine_sign), f32::from_bits(cosine.to_bits() ^ cosine_sign))
}

#[cfg(test)]
mod tests {
    use super::fused;

    #[test]
    fn emulated_fused_product_and_sum_rounds_once() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 32
        };
        let mut checked = 0;
        while checked < 300_000 {
            let a = f32::from_bits(next() as u32);
            let b = f32::from_bits(next() as u32);
            // Half of the sums nearly cancel, or differ by about the length of a mantissa.
            let c = match next() % 4 {
                0 => f32::from_bits(next() as u32),
                1 => -(a * b) * (1.0 + next() as f32 * 2f32.powi(-54)),
                2 => a * b * 2f32.powi(next() as i32 % 60 - 30),
                _ => -(a * b) * 2f32.powi(next() as i32 % 60 - 30),
            };
            if (a * b).is_finite() && c.is_finite() {
                let (found, expected) = (fused(a, b, c), a.mul_add(b, c));
                assert_eq!(found.to_bits(), expected.to_bits(), "{a:e} {b:e} {c:e}");
                checked += 1;
            }
        }
    }
}
