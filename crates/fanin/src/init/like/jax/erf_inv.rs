//! The inverse of the error function, with the operations of XLA's code for processors.
//!
//! Key: w = ln(1 − x²), below 0; p is the polynomial of Giles, "Approximating the erfinv
//! function" (GPU Computing Gems, 2010), in t, and x·p the result. The logarithms are Cephes' rational function
//! near 0 and its polynomial elsewhere (`logf`). Which operations are fused into one rounding is
//! what XLA's compiler chose; it decides the last bit.

use super::fused::{fused, horner};

const CENTER: [f32; 9] = [
    2.810_226_4e-8,
    3.432_739_4e-7,
    -3.523_387_7e-6,
    -4.391_506_5e-6,
    2.185_808_7e-4,
    -1.253_725e-3,
    -4.177_681_6e-3,
    2.466_407_3e-1,
    1.501_409_4,
];

const TAIL: [f32; 9] = [
    -2.002_142_6e-4,
    1.009_505_6e-4,
    1.349_343_2e-3,
    -3.673_428_4e-3,
    5.739_507_7e-3,
    -7.622_461_3e-3,
    9.438_870_5e-3,
    1.001_674,
    2.832_976_8,
];

/// erf⁻¹(x) for −1 < x < 1.
pub(super) fn erf_inv(x: f32) -> f32 {
    let w = ln_1p(x * -x);
    let (t, [first, rest @ ..]) =
        if w > -5.0 { (-2.5 - w, CENTER) } else { ((-w).sqrt() - 3.0, TAIL) };
    horner(t, first, rest) * x
}

/// ln(1 + x) for −1 < x ≤ 0.
fn ln_1p(x: f32) -> f32 {
    const NEAR: f32 = f32::from_bits(0x3ED4_13CD);
    const NUMERATOR: [u32; 6] =
        [0x3EFF_40C5, 0x40D2_84FA, 0x41EF_4B9C, 0x4273_CC76, 0x4264_73AD, 0x41A0_5101];
    const DENOMINATOR: [u32; 6] =
        [0x4171_01AD, 0x42A6_185B, 0x435D_C32D, 0x439A_8CA3, 0x4358_6D8A, 0x4270_7982];
    if x.abs() >= NEAR {
        return ln(1.0 + x);
    }
    let z = x * x;
    let denominator = horner(x, 1.0, DENOMINATOR.map(f32::from_bits));
    let numerator = horner(x, 4.527e-5, NUMERATOR.map(f32::from_bits));
    let t = (x * z) * (numerator / denominator);
    x + fused(z, -0.5, t)
}

/// ln x for a positive normal number x = m·2^e.
fn ln(x: f32) -> f32 {
    const SQRT_HALF: f32 = f32::from_bits(0x3F35_04F3);
    /// ln 2 in two parts, the first of few bits.
    const LN_2: f32 = f32::from_bits(0x3F31_8000);
    const LN_2_REST: f32 = f32::from_bits(0xB95E_8083);
    /// The coefficients of three polynomials of degree 2, which alternate in the whole one.
    const PARTS: [[u32; 3]; 3] = [
        [0x3D90_21BB, 0xBDEB_D1B8, 0x3DEF_251A],
        [0xBDFE_5D4F, 0x3E11_E9BF, 0xBE2A_AE50],
        [0x3E4C_CEAC, 0xBE7F_FFFC, 0x3EAA_AAAA],
    ];
    let mut e = (x.to_bits() >> 23) as f32 - 126.0;
    let half_to_one = f32::from_bits(x.to_bits() & 0x007F_FFFF | 0x3F00_0000);
    let mut m = half_to_one - 1.0;
    if half_to_one < SQRT_HALF {
        e -= 1.0;
        m += half_to_one;
    }
    let z = m * m;
    let cube = z * m;
    let [a, b, c] = PARTS.map(|part| {
        let [first, rest @ ..] = part.map(f32::from_bits);
        horner(m, first, rest)
    });
    let y = horner(cube, a, [b, c, e * LN_2_REST]);
    fused(e, LN_2, fused(-z, 0.5, m) + y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_is_right_to_the_last_bits() {
        for k in 1..100_000 {
            let x = -(k as f32) / 100_000.0;
            let exact = f64::from(x).ln_1p();
            assert!((f64::from(ln_1p(x)) - exact).abs() <= 2e-7 * exact.abs(), "{x}");
        }
    }

    #[test]
    fn the_error_function_is_inverted() {
        for k in -9_999..10_000 {
            let x = k as f32 / 10_000.0;
            let back = libm::erf(f64::from(erf_inv(x)));
            assert!((back - f64::from(x)).abs() < 4e-7, "{x}: {back}");
        }
    }
}
