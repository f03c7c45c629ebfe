//! Laws of all draws: same bits wherever and however they are drawn, and the right distribution.
//!
//! The statistical tests run at fixed seeds, so they either always pass or always fail. Each
//! would have failed for about one seed in 10⁶ (`KOLMOGOROV`, and 5 standard errors for means).

mod accuracy;
mod instruction_sets;
mod tails;

use super::*;
use crate::threads::pool;

type Fill = fn(Stream, u64, &mut [f32]);

const FILLS: [(&str, Fill); 3] = [
    ("uniform", |stream, start, out| fill_uniform(stream, start, -2.0, 3.0, out)),
    ("normal", |stream, start, out| fill_normal(stream, start, 1.0, 2.0, out)),
    ("truncated normal", |stream, start, out| {
        fill_truncated_normal(stream, start, (0.0, 1.0), (-2.0, 2.0), out);
    }),
];

/// √(ln(2·10⁶) / 2): a Kolmogorov distance above this / √n has probability 10⁻⁶.
const KOLMOGOROV: f64 = 2.693_4;

fn drawn(fill: Fill, stream: Stream, count: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; count];
    fill(stream, 0, &mut out);
    out
}

fn uniform(seed: u64, name: &str, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    fill_uniform(Stream::new(seed, name), 0, 0.0, 1.0, &mut out);
    out
}

fn standard_normal(seed: u64, name: &str, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    fill_normal(Stream::new(seed, name), 0, 0.0, 1.0, &mut out);
    out
}

/// Largest distance between the sample's distribution function and `below`.
fn kolmogorov_distance(sample: &[f32], below: impl Fn(f64) -> f64) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f32::total_cmp);
    let n = sorted.len() as f64;
    sorted.iter().enumerate().fold(0.0, |worst, (i, &x)| {
        let p = below(f64::from(x));
        f64::max(worst, f64::max(p - i as f64 / n, (i + 1) as f64 / n - p))
    })
}

fn normal_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Correlation of two samples of equal length, in standard errors.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (crate::reduce::mean(a), crate::reduce::mean(b));
    let products =
        a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - mean_a) * (f64::from(b) - mean_b));
    let covariance: f64 = products.sum::<f64>() / n;
    covariance / (crate::reduce::variance(a) * crate::reduce::variance(b)).sqrt() * n.sqrt()
}

#[test]
fn any_slice_equals_the_whole() {
    for (name, fill) in FILLS {
        let stream = Stream::new(5, "w");
        let whole = drawn(fill, stream, 400);
        for start in (0..=20).chain(60..70).chain([127, 128, 129]) {
            for length in [0, 1, 2, 7, 16, 50, 63, 64, 65, 128, 200] {
                let mut part = vec![f32::NAN; length];
                fill(stream, start as u64, &mut part);
                assert_eq!(part, whole[start..start + length], "{name} {start} {length}");
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for (name, fill) in FILLS {
        let count = 3 * crate::threads::ELEMENTWISE_CHUNK + 1234;
        let run = |threads: usize| {
            let mut out = vec![f32::NAN; count];
            pool(threads).unwrap().install(|| fill(Stream::new(6, "w"), 3, &mut out));
            out
        };
        let one = run(1);
        assert_eq!(one, run(2), "{name}");
        assert_eq!(one, run(7), "{name}");
    }
}

/// Elements 60 to 67, across the border of two groups.
#[test]
fn bits_are_those_of_every_earlier_version() {
    let of = |fill: Fill| {
        let mut out = [f32::NAN; 8];
        fill(Stream::new(42, "0.weight"), 60, &mut out);
        out
    };
    assert_eq!(of(FILLS[0].1).map(f32::to_bits), GOLDEN_UNIFORM);
    assert_eq!(of(FILLS[1].1).map(f32::to_bits), GOLDEN_NORMAL);
    assert_eq!(of(FILLS[2].1).map(f32::to_bits), GOLDEN_TRUNCATED);
    for (fill, exact) in [(FILLS[1].1, EXACT_NORMAL), (FILLS[2].1, EXACT_TRUNCATED)] {
        for (got, exact) in of(fill).into_iter().zip(exact) {
            assert!((f64::from(got) - exact).abs() < 5e-7 * exact.abs().max(1.0), "{got} {exact}");
        }
    }
    let mut order = [0; 8];
    fill_permutation(Stream::new(42, "order").numbered(3), &mut order);
    assert_eq!(order, GOLDEN_ORDER);
}

/// Uniform bits, exact values and the order are from an independent implementation in Python with
/// its own logarithm, sine, cosine and a quantile by bisection: `bench/random_golden.py`.
const GOLDEN_UNIFORM: [u32; 8] = [
    0x3f4a_41ce,
    0xbf8b_6079,
    0x3f50_599c,
    0x3fc0_21b8,
    0xbf81_6486,
    0x4015_3662,
    0xbffc_7324,
    0x3f8a_9a32,
];
const GOLDEN_NORMAL: [u32; 8] = [
    0xbd90_6c40,
    0x4018_337c,
    0x3edd_c0b0,
    0x3f1f_010c,
    0xbeaf_cffc,
    0xc026_da14,
    0xbf90_faec,
    0xc00c_bef9,
];
const GOLDEN_TRUNCATED: [u32; 8] = [
    0xbead_31ca,
    0xbfc5_caf7,
    0x3f92_cc9e,
    0x3eb8_0cff,
    0x3f9a_4d0d,
    0x3f9f_b601,
    0xbf9b_9000,
    0xbeb5_4361,
];
const EXACT_NORMAL: [f64; 8] = [
    -0.070_519_011_751,
    2.378_142_219_492,
    0.433_110_771_335,
    0.621_109_766_140,
    -0.343_383_693_791,
    -2.607_059_962_199,
    -1.132_657_526_682,
    -2.199_156_031_605,
];
const EXACT_TRUNCATED: [f64; 8] = [
    -0.338_270_473_332,
    -1.545_256_441_976,
    1.146_869_461_814,
    0.359_474_143_356,
    1.205_476_294_499,
    1.247_741_844_333,
    -1.215_332_062_833,
    -0.354_029_671_945,
];
const GOLDEN_ORDER: [usize; 8] = [5, 0, 6, 4, 3, 7, 1, 2];

#[test]
fn uniform_draws_are_uniform_and_half_open() {
    let n = 400_000;
    let x = uniform(1, "u", n);
    assert!(x.iter().all(|&x| (0.0..1.0).contains(&x)));
    assert!(x.iter().all(|&x| (x * 16_777_216.0).fract() == 0.0));
    assert!(kolmogorov_distance(&x, |x| x) < KOLMOGOROV / (n as f64).sqrt());
    let (mean, variance) = (crate::reduce::mean(&x), crate::reduce::variance(&x));
    assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / n as f64).sqrt(), "{mean}");
    assert!((variance - 1.0 / 12.0).abs() < 5.0 * (1.0 / 180.0 / n as f64).sqrt(), "{variance}");
}

#[test]
fn uniform_bounds_hold_where_rounding_would_reach_them() {
    let just_above = 1.0_f32.next_up();
    for (low, high) in [(1.0, just_above), (-1e-45, 0.0), (f32::MIN, f32::MAX), (-0.123, 0.123)] {
        let mut x = vec![f32::NAN; 10_000];
        fill_uniform(Stream::new(1, "u"), 0, low, high, &mut x);
        assert!(x.iter().all(|x| (low..high).contains(x)), "{low} {high}");
    }
    let mut x = [0.0; 9];
    fill_uniform(Stream::new(1, "u"), 0, 0.5, 0.5, &mut x);
    assert_eq!(x, [0.5; 9]);
}

#[test]
fn normal_draws_are_normal() {
    let n = 400_000;
    let x = standard_normal(2, "z", n);
    let moment = |power: i32| x.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / n as f64;
    // Standard errors of the k-th moment of a standard normal: √((E x²ᵏ − (E xᵏ)²) / n).
    for (power, expected, variance) in
        [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
    {
        let error = (moment(power) - expected) / (variance / n as f64).sqrt();
        assert!(error.abs() < 5.0, "moment {power} is off by {error} standard errors");
    }
    assert!(kolmogorov_distance(&x, normal_below) < KOLMOGOROV / (n as f64).sqrt());
    assert!(x.iter().all(|&x| f64::from(x).abs() <= LARGEST_NORMAL * (1.0 + 1e-6)));
}

#[test]
fn truncated_draws_follow_the_cut_distribution() {
    let n = 200_000;
    let infinity = f64::INFINITY;
    let one_sided = [(1.5, infinity), (5.9, infinity), (-infinity, -6.0), (-infinity, 1.0)];
    let near_and_far = [(-2.0, 2.0), (-1.0, 3.0), (-0.01, 0.02), (5.0, 5.5), (7.0, 7.2)];
    for (low, high) in near_and_far.into_iter().chain(one_sided) {
        let mut x = vec![0.0; n];
        fill_truncated_normal(Stream::new(3, "t"), 0, (0.0, 1.0), (low, high), &mut x);
        assert!(x.iter().all(|&x| (low as f32..=high as f32).contains(&x)), "{low} {high}");
        // Tails are compared through their mirror image, where erfc keeps its precision.
        let (a, b) = if low > 0.0 { (-high, -low) } else { (low, high) };
        let sign = if low > 0.0 { -1.0_f32 } else { 1.0 };
        let mirrored: Vec<f32> = x.iter().map(|x| sign * x).collect();
        let (from, to) = (normal_below(a), normal_below(b));
        let distance = kolmogorov_distance(&mirrored, |x| (normal_below(x) - from) / (to - from));
        assert!(distance < KOLMOGOROV / (n as f64).sqrt(), "{low} {high}: {distance}");
    }
    let mut x = vec![0.0; n];
    fill_truncated_normal(Stream::new(4, "t"), 0, (0.0, 1.0), (-2.0, 2.0), &mut x);
    // √(1 − 4φ(2)/(2Φ(2) − 1)) = 0.87962566; relative standard error of a deviation ≤ 1/√(2n).
    let deviation = crate::reduce::variance(&x).sqrt();
    assert!((deviation - 0.879_625_66).abs() < 5.0 * 0.88 / (2.0 * n as f64).sqrt(), "{deviation}");
}

#[test]
fn neighbors_and_addresses_that_differ_in_one_bit_are_uncorrelated() {
    let n = 200_000;
    for make in [uniform, standard_normal] {
        let x = make(7, "layers.0.weight", n);
        // Lags 16, 32 and 48 join words of one block; 16 and 48 also the two numbers of a pair.
        for lag in (1..=8).chain([16, 32, 48, 64]) {
            let r = correlation(&x[lag..], &x[..n - lag]);
            assert!(r.abs() < 5.0, "lag {lag}: {r} standard errors");
        }
        let squares: Vec<f32> = x.iter().map(|x| x * x).collect();
        for lag in (1..=4).chain([16, 32, 48]) {
            let r = correlation(&squares[lag..], &squares[..n - lag]);
            assert!(r.abs() < 5.0, "squares at lag {lag}: {r} standard errors");
        }
        for bit in 0..64 {
            let other = make(7 ^ (1 << bit), "layers.0.weight", n / 10);
            let r = correlation(&x[..n / 10], &other);
            assert!(r.abs() < 5.5, "seeds that differ in bit {bit}: {r} standard errors");
        }
        for name in ["layers.1.weight", "layers.0.weighu", "mayers.0.weight", "layers.0.weight "] {
            let r = correlation(&x, &make(7, name, n));
            assert!(r.abs() < 5.0, "{name}: {r} standard errors");
        }
    }
}

#[test]
fn first_elements_of_many_names_are_uniform_too() {
    let n = 50_000_u32;
    let first: Vec<f32> = (0..n).map(|i| uniform(9, &format!("layers.{i}.weight"), 1)[0]).collect();
    assert!(kolmogorov_distance(&first, |x| x) < KOLMOGOROV / f64::from(n).sqrt());
    let r = correlation(&first[1..], &first[..first.len() - 1]);
    assert!(r.abs() < 5.0, "{r} standard errors");
}

#[test]
fn different_kinds_of_draw_share_no_bits() {
    let stream = Stream::new(11, "w");
    let samples: Vec<Vec<f32>> =
        FILLS.iter().map(|(_, fill)| drawn(*fill, stream, 100_000)).collect();
    for (i, a) in samples.iter().enumerate() {
        for b in &samples[i + 1..] {
            assert!(correlation(a, b).abs() < 5.0);
        }
    }
}
