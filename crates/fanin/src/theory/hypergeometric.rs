//! Gauss's hypergeometric function F(a, a; b; c²), which correlations of powers are.
//!
//! Near c² = 1 by what it is in 1 − c², with s = b − 2a (Abramowitz & Stegun 15.3.6):
//!
//! ```text
//! F(a, a; b; x) = Γ(b)Γ(s)/Γ(b − a)²·F(a, a; 1 − s; 1 − x) + (1 − x)^s·Γ(b)Γ(−s)/Γ(a)²·F(b − a, b − a; 1 + s; 1 − x)
//! ```

use libm::tgamma;

/// x up to which the series in x itself is short.
const SHORT: f64 = 0.5;
/// x up to which it is added up where there is no other: 20,000 terms.
const LONGEST: f64 = 0.998;
/// a below which the series in x is short up to x = 1, as its terms fall with a power of n of 2a, and no term is
/// below 0; the other form cancels more digits the larger a is: all of them at −70.
const FALLING: f64 = -5.0;
/// A distance of s from whole numbers below which both terms all but cancel.
const APART: f64 = 1e-3;

/// F(`a`, `a`; `b`; `c`²) for b > 0 and b − a > 0, to about 10⁻¹³; `None` near |c| = 1 where b − 2a is all but
/// whole, as of xᵖ with p = 3/2.
///
/// ```text
/// F(1/2, 1/2; 3/2; c²) = asin(c)/c
/// ```
pub fn hypergeometric(a: f64, b: f64, c: f64) -> Option<f64> {
    let (x, rest) = (c * c, (1.0 - c) * (1.0 + c));
    let ends = a <= 0.0 && a.fract() == 0.0;
    if x <= SHORT || ends || a <= FALLING {
        return Some(series(a, b, x));
    }
    let s = b - 2.0 * a;
    if (s - s.round()).abs() < APART {
        return (x <= LONGEST).then(|| series(a, b, x));
    }
    let regular = tgamma(b) * tgamma(s) / tgamma(b - a).powi(2) * series(a, 1.0 - s, rest);
    let broken = tgamma(b) * tgamma(-s) / tgamma(a).powi(2) * series(b - a, 1.0 + s, rest);
    Some(regular + rest.powf(s) * broken)
}

/// Σ (a)ₙ²/(b)ₙ·xⁿ/n!.
fn series(a: f64, b: f64, x: f64) -> f64 {
    const MOST: usize = 100_000;
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 0..MOST {
        let n = n as f64;
        term *= (a + n) * (a + n) / (b + n) * x / (n + 1.0);
        sum += term;
        // What follows is no more than terms that shrink by x.
        if term.abs() <= 1e-17 * (1.0 - x) * f64::abs(sum) && n > a.abs() {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: f64, b: f64, c: f64, expected: f64) {
        let found = hypergeometric(a, b, c).unwrap();
        assert!((found / expected - 1.0).abs() < 1e-12, "{a} {b} {c}: {found} {expected}");
    }

    #[test]
    fn closed_forms_are_met_on_both_sides_of_the_change() {
        for c in [-0.99999_f64, -0.8, 0.1, 0.7, 0.71, 0.9, 0.999, 1.0 - 1e-9] {
            check(0.5, 1.5, c, c.asin() / c);
            check(-1.0, 0.5, c, 1.0 + 2.0 * c * c);
            let root = ((1.0 - c) * (1.0 + c)).sqrt();
            check(-0.5, 0.5, c, root + c * c.asin());
        }
    }

    /// By mpmath at 40 digits: `hyp2f1(a, a, b, c**2)`.
    #[test]
    fn broken_powers_meet_reference_numbers() {
        let rows = [
            (-0.35, 0.5, 0.3, 1.022_339_050_037_166),
            (-0.35, 0.5, 0.8, 1.175_983_773_723_097),
            (-0.35, 0.5, 0.9, 1.233_487_687_075_613),
            (-0.35, 0.5, 0.999_999, 1.314_951_069_604_937),
            (0.65, 1.5, 0.3, 1.026_672_414_546_23),
            (0.65, 1.5, 0.8, 1.296_599_341_614_149),
            (0.65, 1.5, 0.9, 1.484_089_655_767_966),
            (0.65, 1.5, 0.999_999, 3.092_405_423_579_771),
            (0.15, 0.5, 0.3, 1.004_220_207_653_592),
            (0.15, 0.5, 0.8, 1.043_102_015_528_971),
            (0.15, 0.5, 0.9, 1.067_056_243_158_98),
            (0.15, 0.5, 0.999_999, 1.235_836_875_808_987),
            (-0.4, 0.5, 0.3, 1.029_121_033_238_987),
            (-0.4, 0.5, 0.8, 1.225_714_714_151_002),
            (-0.4, 0.5, 0.9, 1.296_985_409_018_14),
            (-0.4, 0.5, 0.999_999, 1.392_967_828_209_599),
            (-1.15, 0.5, 0.3, 1.238_212_108_567_512),
            (-1.15, 0.5, 0.8, 2.701_530_876_430_142),
            (-1.15, 0.5, 0.9, 3.156_779_966_239_878),
            (-1.15, 0.5, 0.999_999, 3.667_564_147_988_585),
            (-0.75, 0.5, 0.3, 1.101_443_524_314_779),
            (-0.75, 0.5, 0.8, 1.731_317_717_184_673),
            (-0.75, 0.5, 0.9, 1.930_542_427_080_426),
            (-0.25, 1.5, 0.3, 1.003_789_004_946_851),
            (-0.25, 1.5, 0.8, 1.029_093_118_532_969),
            (-0.25, 1.5, 0.9, 1.038_007_167_439_188),
        ];
        for (a, b, c, expected) in rows {
            check(a, b, c, expected);
        }
    }

    /// By mpmath at 60 digits.
    #[test]
    fn high_powers_keep_their_digits() {
        let rows = [
            (-15.5, 0.5, 0.75, 22_697_399.241_767_544),
            (-15.5, 0.5, 0.9, 302_887_536.737_614_6),
            (-15.5, 0.5, 0.999, 1_500_796_802.857_501_7),
            (-50.5, 0.5, 0.75, 2.332_032_246_505_355_6e24),
            (-50.5, 0.5, 0.9, 9.838_842_065_638_077e27),
            (-50.5, 0.5, 0.999, 1.706_104_171_982_103_7e30),
            (-75.5, 0.5, 0.75, 3.307_529_976_345_518e36),
            (-75.5, 0.5, 0.9, 8.520_478_805_460_034e41),
            (-75.5, 0.5, 0.999, 1.872_696_777_759_120_8e45),
        ];
        for (a, b, c, expected) in rows {
            check(a, b, c, expected);
        }
    }

    #[test]
    fn whole_differences_are_known_up_to_near_one() {
        assert!(hypergeometric(-0.75, 0.5, 0.9).is_some());
        assert!(hypergeometric(-0.75, 0.5, 0.9999).is_none());
    }
}
