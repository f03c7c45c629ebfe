//! How often draws fall far from the mean, at a count where it can be seen.

use crate::random::{Stream, fill_normal, fill_truncated_normal};

const DRAWS: u64 = 1_000_000_000;

/// `cargo test --release -p fanin-kernels --lib tails -- --ignored`, some seconds.
///
/// A count is binomial; one that is off by more than 5 standard errors fails for one seed in 10⁶.
#[test]
#[ignore = "seconds in release, minutes else: 10⁹ draws"]
fn counts_beyond_three_four_and_five_deviations_are_as_expected() {
    check_counts("normal", |start, out| fill_normal(Stream::new(1, "tails"), start, 0.0, 1.0, out));
    check_counts("inverted", |start, out| {
        let everything = (f64::NEG_INFINITY, f64::INFINITY);
        fill_truncated_normal(Stream::new(1, "tails"), start, (0.0, 1.0), everything, out);
    });
}

#[track_caller]
fn check_counts(what: &str, fill: impl Fn(u64, &mut [f32])) {
    const AT_ONCE: u64 = 1 << 20;
    let mut out = vec![0.0_f32; AT_ONCE as usize];
    let mut counts = [[0_u64; 2]; 3];
    let mut start = 0;
    while start < DRAWS {
        fill(start, &mut out);
        for (count, bound) in counts.iter_mut().zip([3.0, 4.0, 5.0]) {
            count[0] += out.iter().filter(|x| **x < -bound).count() as u64;
            count[1] += out.iter().filter(|x| **x > bound).count() as u64;
        }
        start += AT_ONCE;
    }
    for (count, bound) in counts.iter().zip([3.0_f64, 4.0, 5.0]) {
        let expected = start as f64 * 0.5 * libm::erfc(bound * std::f64::consts::FRAC_1_SQRT_2);
        for count in count {
            let error = (*count as f64 - expected) / expected.sqrt();
            assert!(error.abs() < 5.0, "{what} beyond {bound}: {count}, expected {expected}");
        }
    }
}
