//! Constructed numbers on both sides of every limit.

use super::*;
use crate::check::instruments::tests::Sample;

/// Limits as IEEE 754 has them, recomputed from the number of bits.
#[test]
fn formats_have_the_limits_of_their_bits() {
    for (format, exponent_bits, fraction_bits) in [(FP16, 5, 10), (BF16, 8, 7), (F32, 8, 23)] {
        let bias = (1 << (exponent_bits - 1)) - 1;
        assert_eq!(format.normal, 1 - bias);
        assert_eq!(format.smallest, 1 - bias - fraction_bits);
        let largest_power = f64::powi(2.0, bias);
        // Half a unit beyond the largest number rounds up to infinity.
        let overflow = largest_power * (2.0 - f64::powi(2.0, -fraction_bits - 1));
        assert!((format.overflow / overflow - 1.0).abs() < 1e-15, "{format:?} {overflow:e}");
    }
    assert_eq!(
        (f64::powi(2.0, -24), f64::powi(2.0, -14)),
        (5.960_464_477_539_063e-8, 6.103_515_625e-5)
    );
}

#[test]
fn numbers_fall_on_the_right_side_of_every_limit() {
    let half = f64::powi(2.0, -25);
    let numbers = [0.0, half, half * 1.001, -6.0e-5, 6.2e-5, 1.0, 65_504.0, -65_520.0];
    let losses = Magnitudes::of(&numbers).losses(FP16);
    let expected = Losses { flushed: 1.0 / 7.0, subnormal: 2.0 / 7.0, overflowing: 1.0 / 7.0 };
    assert_eq!(losses, expected, "a tie with 0 goes to the even number, which is 0");
    let wide = Magnitudes::of(&numbers);
    assert_eq!([BF16, F32].map(|f| wide.losses(f)), [Losses::default(); 2]);
    let odd = [f64::NAN, f64::INFINITY, 5e-324, 1e-41];
    assert_eq!(Magnitudes::of(&odd).losses(F32).flushed, 0.25);
    assert_eq!(Magnitudes::of(&odd).losses(F32).overflowing, 0.5);
    assert_eq!(Magnitudes::of(&odd).losses(BF16).flushed, 0.5);
    assert_eq!(Magnitudes::of(&[]).losses(F32), Losses::default());
}

#[test]
fn exponents_are_those_of_the_next_power_of_two() {
    for (size, exponent) in [
        (1.0, 0),
        (1.5, 1),
        (2.0, 1),
        (0.75, 0),
        (5e-324, -1074),
        (1.5e-323, -1072),
        (f64::MAX, 1024),
        (f64::INFINITY, 1024),
    ] {
        assert_eq!(ceiling_exponent(size), exponent, "{size:e}");
    }
}

#[test]
fn a_loss_scale_moves_gradients_into_the_range_of_fp16() {
    // 0.75 · 2^e for e from −30 to −10: with a scale of 2^6 the smallest is no longer flushed.
    let numbers: Vec<f64> = (-30..=-10).map(|e| 1.5 * f64::powi(2.0, e - 1)).collect();
    let scale = loss_scale(&Magnitudes::of(&numbers), FP16).unwrap();
    assert_eq!(scale, LossScale { least: 6, most: 26 });
    let rounded = |k: i32| numbers.iter().filter(|x| scaled(**x, k) <= f64::powi(2.0, -25)).count();
    assert_eq!((rounded(5), rounded(6)), (1, 0));
    assert!(scaled(numbers[20], 26) < 65_520.0 && scaled(numbers[20], 27) >= 65_520.0);
    assert_eq!(loss_scale(&Magnitudes::of(&[1e-20, 1.0]), FP16), None, "too wide");
    assert_eq!(loss_scale(&Magnitudes::of(&[1e6]), FP16), None, "only a scale below 1 would do");
    assert_eq!(loss_scale(&Magnitudes::of(&[0.0]), FP16), None);
}

/// A chain that shrinks gradients by 2^−20 and more: fp16 flushes the first layers, and says by
/// which scale they are saved.
#[test]
fn gradients_of_a_shrinking_network_are_flushed() {
    let sample = Sample::new("8 -> 6x8 -> 3", "normal:0.02", 16).with_classes();
    let found =
        measure(&sample.model, &Loss::CrossEntropy, &sample.weights, sample.batch()).unwrap();
    assert_eq!(found.gradients.len(), 14);
    assert_eq!((found.deltas.len(), found.activations.len()), (7, 7));
    assert_eq!(found.gradients[0].name, "0.weight");
    assert!(found.gradients[0].fp16.flushed > 0.9, "{:?}", found.gradients[0]);
    assert_eq!(found.gradients[0].bf16.flushed, 0.0);
    assert_eq!(found.gradients[13].fp16.flushed, 0.0, "the output's bias sees all");
    let scale = found.fp16_loss_scale.unwrap();
    assert!(scale.least > 0 && scale.least <= scale.most, "{scale:?}");
    assert!(found.backward.nonzero > 0 && found.rows == 16);
}

#[test]
fn numbers_of_f32_are_counted_as_those_of_f64() {
    let numbers = [0.0_f32, -1.0, 1.5, 2.0, 3e-8, 2.9e-8, 2.0_f32.powi(-25), 1e-30, -65_519.0];
    for more in [&[][..], &[65_520.0, f32::INFINITY]] {
        let numbers = [&numbers[..], more].concat();
        let mut narrow = Magnitudes::of(&[]);
        narrow.add_f32(&numbers);
        let wide: Vec<f64> = numbers.iter().map(|&x| f64::from(x)).collect();
        assert_eq!(narrow, Magnitudes::of(&wide));
    }
}

#[test]
fn f32_tells_what_it_lost_where_it_lost_much() {
    let of = |tensors: &[(&[f32], bool)]| Backward::of_f32(tensors.iter().copied());
    let told = of(&[(&[1.0, 1e-9], true), (&[0.0, 1.0], true)]).unwrap();
    assert_eq!(told.fp16.flushed, 1.0 / 3.0, "exact zeros are no numbers that were lost");
    assert!(of(&[(&[0.0, 1.0], false)]).is_none(), "a slope that is 0 nowhere was rounded to 0");
    assert!(of(&[(&[0.0, 0.0], false)]).is_some(), "nothing comes back at all");
    assert!(of(&[(&[1e-31, 1.0], true)]).is_none(), "what lies before it may be lost");
}
