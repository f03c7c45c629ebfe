//! Errors over all `f32`, ends, and equal bits at any width.

use super::*;
use crate::elementwise;

/// Calls a generic check with every function, as itself and not by a pointer, so that loops take it in.
macro_rules! with_every {
    ($check:ident) => {
        $check(exp);
        $check(exp_m1);
        $check(ln);
        $check(ln_1p);
        $check(sin);
        $check(cos);
        $check(tanh);
        $check(erf);
        $check(erfc);
        $check(distribution);
        $check(density);
    };
}

#[inline(always)]
fn distribution(x: f32) -> f32 {
    normal(x)[0]
}

#[inline(always)]
fn density(x: f32) -> f32 {
    normal(x)[1]
}

/// How many units in the last place of the nearest `f32` lie between `found` and `exact`; the
/// unit of subnormal numbers is the least of them.
fn units(found: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if found.is_nan() != nearest.is_nan() {
        return f64::INFINITY;
    }
    if found.is_nan() || found == nearest && found.is_infinite() {
        return 0.0;
    }
    if found == nearest {
        return (f64::from(found) - exact).abs() / unit(nearest);
    }
    if nearest.is_infinite() || found.is_infinite() {
        return f64::INFINITY;
    }
    (f64::from(found) - exact).abs() / unit(nearest)
}

fn unit(x: f32) -> f64 {
    if !x.is_finite() {
        return f64::INFINITY;
    }
    let exponent = i32::from((x.to_bits() >> 23) as u8);
    f64::from(exponent.max(1) - 150).exp2()
}

/// Largest error over every `step`th of all `f32`, by the wide loop that passes use.
fn largest(step: usize, own: impl Fn(f32) -> f32 + Sync, exact: impl Fn(f64) -> f64) -> (f64, f32) {
    const TOGETHER: usize = 1 << 16;
    let mut worst = (0.0, 0.0);
    let [mut xs, mut found] = [vec![0.0; TOGETHER], vec![0.0; TOGETHER]];
    let mut all = (0..=u32::MAX).step_by(step).map(f32::from_bits);
    loop {
        xs.clear();
        xs.extend(all.by_ref().filter(|x| !x.is_nan()).take(TOGETHER));
        if xs.is_empty() {
            return worst;
        }
        found.truncate(xs.len());
        elementwise::map(&xs, &mut found, &own);
        for (&x, &found) in xs.iter().zip(&found) {
            let error = units(found, exact(f64::from(x)));
            if error > worst.0 {
                worst = (error, x);
            }
        }
    }
}

#[track_caller]
fn hold(name: &str, (error, at): (f64, f32), bound: f64) {
    assert!(error <= bound, "{name}({at:e}): {error} units in the last place");
}

fn check(step: usize) {
    hold("exp", largest(step, exp, f64::exp), 2.0);
    hold("tanh", largest(step, tanh, f64::tanh), 2.0);
    hold("exp_m1", largest(step, exp_m1, f64::exp_m1), 2.0);
    hold("ln", largest(step, ln, f64::ln), 1.0);
    hold("ln_1p", largest(step, ln_1p, f64::ln_1p), 2.0);
    hold("sin", largest(step, sin, f64::sin), 2.0);
    hold("cos", largest(step, cos, f64::cos), 2.0);
    hold("erf", largest(step, erf, libm::erf), 2.0);
    hold("erfc", largest(step, erfc, libm::erfc), 6.0);
    hold("distribution", largest(step, distribution, |x| normal_f64(x)[0]), 6.0);
    hold("density", largest(step, density, |x| normal_f64(x)[1]), 3.0);
}

#[test]
fn errors_stay_within_their_bounds_over_the_whole_range() {
    check(4099);
}

#[test]
#[ignore = "every f32: more than half an hour"]
fn errors_stay_within_their_bounds_at_every_number() {
    check(1);
}

#[test]
fn ends_and_special_values_are_exact() {
    let infinity = f32::INFINITY;
    assert_eq!([exp(0.0), exp(-infinity), exp(infinity)], [1.0, 0.0, infinity]);
    assert_eq!(
        [exp(-104.0), exp(88.722_83), exp(88.722_84)],
        [0.0, f32::MAX.min(exp(88.722_83)), infinity]
    );
    assert_eq!([tanh(infinity), tanh(-infinity), tanh(20.0)], [1.0, -1.0, 1.0]);
    assert_eq!([erf(infinity), erf(-infinity), erf(0.0)], [1.0, -1.0, 0.0]);
    assert_eq!([erfc(infinity), erfc(-infinity), erfc(0.0)], [0.0, 2.0, 1.0]);
    assert_eq!([normal(infinity), normal(-infinity)], [[1.0, 0.0], [0.0, 0.0]]);
    assert_eq!(normal(0.0)[0], 0.5);
    assert_eq!([exp_m1(1e-45), exp_m1(-1.7e-38)], [1e-45, -1.7e-38]);
    assert_eq!([exp_m1(infinity), exp_m1(-infinity), exp_m1(89.0)], [infinity, -1.0, infinity]);
    assert_eq!([ln(infinity), ln(0.0), ln(-0.0), ln(1.0)], [infinity, -infinity, -infinity, 0.0]);
    assert_eq!([ln_1p(infinity), ln_1p(-1.0), ln_1p(0.0)], [infinity, -infinity, 0.0]);
    assert_eq!([cos(0.0), cos(-0.0)], [1.0, 1.0]);
    assert!([sin(infinity), cos(-infinity)].iter().all(|x| x.is_nan()));
    assert!([ln(-1e-45), ln(-infinity), ln_1p(-1.000_001)].iter().all(|x| x.is_nan()));
    for function in [tanh, erf, exp_m1, ln_1p, sin] {
        assert_eq!(function(-0.0).to_bits(), (-0.0_f32).to_bits());
    }
}

#[test]
fn nan_stays_nan() {
    fn check(function: impl Fn(f32) -> f32) {
        assert!(function(f32::NAN).is_nan());
    }
    with_every!(check);
}

#[test]
fn wide_loops_give_the_bits_of_single_numbers() {
    fn check(function: impl Fn(f32) -> f32 + Copy + Sync) {
        let xs: Vec<f32> = (0..100_003).map(|i| f32::from_bits(i * 42_943)).collect();
        let mut wide = vec![0.0; xs.len()];
        elementwise::map(&xs, &mut wide, function);
        for (&x, wide) in xs.iter().zip(wide) {
            let single = std::hint::black_box(function)(std::hint::black_box(x));
            assert!(
                single.to_bits() == wide.to_bits() || single.is_nan() && wide.is_nan(),
                "{x:e}"
            );
        }
    }
    with_every!(check);
}
