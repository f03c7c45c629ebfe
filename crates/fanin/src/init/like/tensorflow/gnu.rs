//! Logarithm, sine and cosine of `f32` as the GNU C library gives them.
//!
//! The library works in `f64` and rounds once, so the steps below give its bits on every platform.
//! Constants are those of its sources (Arm's Optimized Routines, Szabolcs Nagy and Wilco
//! Dijkstra, 2017 and 2018). Only the ranges that draws need are here: logarithms of positive
//! normal numbers, angles from 0 to 2π.

const TABLE_BITS: u32 = 4;

/// (1/c, ln c) for the centers c of 16 intervals of the significand.
const LOGARITHMS: [(u64, u64); 1 << TABLE_BITS] = [
    (0x3FF6_61EC_79F8_F3BE, 0xBFD5_7BF7_808C_AADE),
    (0x3FF5_71ED_4AAF_883D, 0xBFD2_BEF0_A7C0_6DDB),
    (0x3FF4_9539_F0F0_10B0, 0xBFD0_1EAE_7F51_3A67),
    (0x3FF3_C995_B0B8_0385, 0xBFCB_31D8_A682_24E9),
    (0x3FF3_0D19_0C88_64A5, 0xBFC6_574F_0AC0_7758),
    (0x3FF2_5E22_7B0B_8EA0, 0xBFC1_AA2B_C79C_8100),
    (0x3FF1_BB4A_4A1A_343F, 0xBFBA_4E76_CE8C_0E5E),
    (0x3FF1_2358_F08A_E5BA, 0xBFB1_973C_5A61_1CCC),
    (0x3FF0_953F_4199_00A7, 0xBFA2_52F4_38E1_0C1E),
    (0x3FF0_0000_0000_0000, 0x0000_0000_0000_0000),
    (0x3FEE_608C_FD9A_47AC, 0x3FAA_A5AA_5DF2_5984),
    (0x3FEC_A4B3_1F02_6AA0, 0x3FBC_5E53_AA36_2EB4),
    (0x3FEB_2036_576A_FCE6, 0x3FC5_26E5_7720_DB08),
    (0x3FE9_C2D1_63A1_AA2D, 0x3FCB_C286_0D22_4770),
    (0x3FE8_86E6_0378_41ED, 0x3FD1_058B_C8A0_7EE1),
    (0x3FE7_67DC_F553_4862, 0x3FD4_0430_57B6_EE09),
];
const LN_2: u64 = 0x3FE6_2E42_FEFA_39EF;
const LOGARITHM_POLYNOMIAL: [u64; 3] =
    [0xBFD0_0EA3_48B8_8334, 0x3FD5_575B_0BE0_0B6A, 0xBFDF_FFFE_F20A_4123];

/// ln x for a positive normal `x`.
pub(super) fn ln(x: f32) -> f32 {
    const OFFSET: u32 = 0x3F33_0000;
    let distance = x.to_bits().wrapping_sub(OFFSET);
    let entry = (distance >> (23 - TABLE_BITS)) as usize % LOGARITHMS.len();
    let exponent = (distance as i32) >> 23;
    let significand = f32::from_bits(x.to_bits().wrapping_sub(distance & 0xFF80_0000));
    let (inverse, logarithm) = LOGARITHMS[entry];
    let r = f64::from(significand) * f64::from_bits(inverse) - 1.0;
    let base = f64::from_bits(logarithm) + f64::from(exponent) * f64::from_bits(LN_2);
    let squared = r * r;
    let [a, b, c] = LOGARITHM_POLYNOMIAL.map(f64::from_bits);
    let polynomial = a * squared + (b * r + c);
    (polynomial * squared + (base + r)) as f32
}

/// Sine and cosine of an angle from 0 to 2π.
pub(super) fn sine_cosine(angle: f32) -> (f32, f32) {
    /// 2/π·2²⁴ and π/2.
    const QUARTERS: f64 = f64::from_bits(0x4164_5F30_6DC9_C883);
    const QUARTER: f64 = f64::from_bits(0x3FF9_21FB_5444_2D18);
    const EIGHTH: f32 = f32::from_bits(0x3F49_0FDB);
    let x = f64::from(angle);
    if angle < EIGHTH {
        return (odd(x, 1.0), even(x, 1.0));
    }
    let quarter = (((x * QUARTERS) as i32) + 0x0080_0000) >> 24;
    let rest = x - f64::from(quarter) * QUARTER;
    let sign = if quarter & 2 == 0 { 1.0 } else { -1.0 };
    match quarter & 1 {
        0 => (odd(rest, sign), even(rest, sign)),
        _ => (even(rest, sign), -odd(rest, sign)),
    }
}

/// `sign`·sin x for |x| ≤ π/4.
fn odd(x: f64, sign: f64) -> f32 {
    const SINE: [u64; 3] = [0xBFC5_5554_5995_A603, 0x3F81_1076_0523_0BC4, 0xBF29_94EB_3774_CF24];
    let [a, b, c] = SINE.map(f64::from_bits);
    let (x, squared) = (x * sign, x * x);
    let cube = x * squared;
    let tail = b + squared * c;
    let seventh = cube * squared;
    (x + cube * a + seventh * tail) as f32
}

/// `sign`·cos x for |x| ≤ π/4.
fn even(x: f64, sign: f64) -> f32 {
    const COSINE: [u64; 4] = [
        0xBFDF_FFFF_FD0C_621C,
        0x3FA5_5553_E106_8F19,
        0xBF56_C087_E89A_359D,
        0x3EF9_9343_027B_F8C3,
    ];
    let [a, b, c, d] = COSINE.map(|bits| sign * f64::from_bits(bits));
    let squared = x * x;
    let fourth = squared * squared;
    let tail = c + squared * d;
    let head = sign + squared * a;
    let sixth = fourth * squared;
    (head + fourth * b + sixth * tail) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_within_one_unit_in_the_last_place() {
        for k in 1..200_000_u32 {
            let x = k as f32 / 200_000.0;
            let error = f64::from(ln(x)) - libm::log(f64::from(x));
            assert!(error.abs() <= 0.85 * f64::from(ulp(ln(x))), "ln {x}");
            let angle = x * std::f32::consts::TAU;
            let (sine, cosine) = sine_cosine(angle);
            for (got, exact) in
                [(sine, libm::sin(f64::from(angle))), (cosine, libm::cos(f64::from(angle)))]
            {
                let error = f64::from(got) - exact;
                assert!(error.abs() <= 0.85 * f64::from(ulp(got)), "{angle}: {got} {exact}");
            }
        }
    }

    fn ulp(x: f32) -> f32 {
        (x.abs().next_up() - x.abs()).max(f32::MIN_POSITIVE)
    }

    /// Every argument that a draw can have; where std calls the GNU library.
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn functions_are_those_of_the_gnu_library() {
        for word in 0..1 << 23 {
            let u = f32::from_bits(word | 0x3F80_0000) - 1.0;
            let angle = (std::f64::consts::TAU * f64::from(u)) as f32;
            assert_eq!(ln(u.max(1e-7)).to_bits(), u.max(1e-7).ln().to_bits(), "ln {u}");
            let (sine, cosine) = sine_cosine(angle);
            assert_eq!(sine.to_bits(), angle.sin().to_bits(), "sin {angle}");
            assert_eq!(cosine.to_bits(), angle.cos().to_bits(), "cos {angle}");
        }
    }
}
