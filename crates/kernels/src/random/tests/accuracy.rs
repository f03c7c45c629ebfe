//! How far draws in `f32` are from what their random bits stand for.

use crate::random::arithmetic::{fraction, ln, normal_quantile};
use crate::random::fill::fill_one_by_one;
use crate::random::lanes::{LANES, Lanes, Plain, sine_cosine, squared_radius};
use crate::random::stream::{Kind, Stream};
use crate::random::{fill_normal, fill_normal_f64, fill_truncated_normal};

/// The bound that the documentation of `fill_normal` states.
const NORMAL_ERROR: f64 = 3e-7;

#[test]
fn normal_draws_are_within_the_stated_error() {
    let (stream, n) = (Stream::new(8, "w"), 1 << 21);
    let (mut single, mut double) = (vec![0.0; n], vec![0.0; n]);
    fill_normal(stream, 0, 0.0, 1.0, &mut single);
    fill_normal_f64(stream, 0, 0.0, 1.0, &mut double);
    let mut worst: f64 = 0.0;
    for (s, d) in single.chunks_exact(2 * LANES).zip(double.chunks_exact(2 * LANES)) {
        for lane in 0..LANES {
            let radius = d[lane].hypot(d[LANES + lane]);
            for i in [lane, LANES + lane] {
                worst = worst.max((f64::from(s[i]) - d[i]).abs() / radius);
            }
        }
    }
    assert!(worst < NORMAL_ERROR, "{worst:e}");
}

/// Words about both ends, where logarithms lose digits if they are taken carelessly.
#[test]
fn radius_keeps_its_precision_at_both_ends() {
    let starts = (0..32).flat_map(|bit| [1_u32 << bit, (1_u32 << bit).wrapping_neg()]);
    let worst = starts.chain([0]).fold(0.0, |worst, first| f64::max(worst, radius_error(first)));
    assert!(worst < 1.5e-7, "{worst:e}");
}

/// All words there are: `cargo test --release -p fanin-kernels --lib every_word -- --ignored`,
/// many minutes.
#[test]
#[ignore = "many minutes: all 2³² words"]
fn radius_and_angle_are_within_the_stated_error_for_every_word() {
    let (mut radius, mut angle) = (0.0, 0.0);
    for first in (0..=u32::MAX).step_by(LANES) {
        radius = f64::max(radius, radius_error(first));
        angle = f64::max(angle, angle_error(first));
    }
    assert!(radius < 1.5e-7 && angle < 1e-7, "radius {radius:e}, angle {angle:e}");
}

/// Largest relative error of the radius over sixteen words.
fn radius_error(first: u32) -> f64 {
    let squares = squared_radius(Plain, Plain.count_from(first));
    (0_u32..).zip(squares).fold(0.0, |worst, (i, square)| {
        let exact = (-2.0 * ln(fraction(first.wrapping_add(i)))).sqrt();
        f64::max(worst, (f64::from(square.sqrt()) / exact - 1.0).abs())
    })
}

/// Largest error of sine and cosine over sixteen words.
fn angle_error(first: u32) -> f64 {
    let (sine, cosine) = sine_cosine(Plain, Plain.count_from(first));
    (0_u32..).zip(sine.into_iter().zip(cosine)).fold(0.0, |worst, (i, (sine, cosine))| {
        let exact = crate::random::arithmetic::sine_cosine(first.wrapping_add(i));
        let errors = (f64::from(sine) - exact.0, f64::from(cosine) - exact.1);
        worst.max(errors.0.abs()).max(errors.1.abs())
    })
}

/// The bound that the documentation of `fill_truncated_normal` states, against Wichura's quantile.
#[test]
fn truncated_draws_are_within_the_stated_error() {
    let infinity = f64::INFINITY;
    for (low, high) in [
        (-2.0, 2.0),
        (-3.0, 3.0),
        (-1e-3, 2e-3),
        (-infinity, infinity),
        (-4.0, infinity),
        (1.5, infinity),
        (-infinity, -5.9),
        (4.0, 7.0),
        (-infinity, -6.5),
        (7.0, 9.0),
    ] {
        let (stream, n) = (Stream::new(9, "t"), 300_000);
        let mut got = vec![0.0_f32; n];
        fill_truncated_normal(stream, 0, (0.0, 1.0), (low, high), &mut got);
        let below = |x: f64| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
        let (sign, a, b) = if low > 0.0 { (-1.0, -high, -low) } else { (1.0, low, high) };
        let (from, to) = (below(a), below(b));
        let mut exact = vec![0.0_f64; n];
        fill_one_by_one(Kind::TruncatedNormal, stream, 0, &mut exact, |words| {
            words.map(|w| sign * normal_quantile(from + (to - from) * fraction(w)))
        });
        let worst = got.iter().zip(&exact).fold(0.0, |worst, (got, exact)| {
            f64::max(worst, (f64::from(*got) - exact).abs() / exact.abs().max(1.0))
        });
        assert!(worst < 5e-7, "{low} {high}: {worst:e}");
    }
}
