//! Every operation that a set could do otherwise than the plain loop does.

use super::functions::{NEAR, fraction};
use super::plain::fused_by_rounding_to_odd;
use super::{LANES, Plain};
use crate::random::stream::Stream;

/// Numbers of all magnitudes and both signs, specials included.
fn awkward(count: u64) -> Vec<f32> {
    let stream = Stream::new(1, "awkward");
    let special =
        [0.0, -0.0, 1.0, f32::MIN_POSITIVE, 1e-45, f32::MAX, f32::INFINITY, -f32::INFINITY];
    let random = (0..count).map(|i| f32::from_bits(stream.bits(i))).filter(|x| !x.is_nan());
    special.into_iter().chain(random).collect()
}

/// `libm::fmaf` is correct on every platform, and shares no line with the function under test.
#[test]
fn fused_multiplication_and_addition_rounds_once() {
    let check = |a: f32, b: f32, c: f32| {
        let (got, want) = (fused_by_rounding_to_odd(a, b, c), libm::fmaf(a, b, c));
        let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
        assert!(same, "{a:e}·{b:e} + {c:e}: {got:e} {want:e}");
    };
    let numbers = awkward(300_000);
    for (i, &a) in numbers.iter().enumerate() {
        let (b, c) = (numbers[(7 * i + 3) % numbers.len()], numbers[(11 * i + 5) % numbers.len()]);
        check(a, b, c);
        // Sums near −a·b, and ties between two results, are where two roundings go wrong.
        let product = (f64::from(a) * f64::from(b)) as f32;
        check(a, b, -product);
        check(a, b, product * 16_777_216.0);
        check(a, b, -product.next_up());
        check(1.0 + f32::EPSILON, 1.0 + f32::EPSILON, c);
        let half_step = (c.next_up() - c) * 0.5;
        check(half_step, 1.0, c);
        check(half_step, 1.0 + f32::EPSILON, c);
        check(half_step, 1.0 - f32::EPSILON, c);
        check(-half_step, 1.0 + f32::EPSILON, c);
        // Half a step times 1 − k²·2⁻⁴⁶, where the f64 before a tie is at k = 512.
        for k in [1.0, 511.0, 512.0, 513.0] {
            let x = k * f32::EPSILON;
            check(half_step * (1.0 + x), 1.0 - x, c);
            check(half_step * (1.0 + x), x - 1.0, c);
        }
    }
}

#[test]
fn near_one_begins_where_the_complement_is_below() {
    let below = |w: u32| fraction(Plain, [!w; LANES])[0] < 1.0 - std::f32::consts::FRAC_1_SQRT_2;
    assert!(below(NEAR) && !below(NEAR - 1));
}
