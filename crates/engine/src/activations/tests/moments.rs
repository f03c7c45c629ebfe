//! Gaussian averages of the activations against published digits.

use std::f64::consts::FRAC_PI_2;

use super::named;
use crate::activations::{ACTIVATIONS, Activation};

/// φ; E φ, E φ² and E φ′² for x ~ N(0, 1), to 8 digits.
const EIGHT_DIGITS: [(&str, [f64; 3]); 17] = [
    ("identity", [0.0, 1.0, 1.0]),
    ("relu", [0.398_942_28, 0.5, 0.5]),
    ("leaky_relu:0.01", [0.394_952_86, 0.500_05, 0.500_05]),
    ("leaky_relu:0.2", [0.319_153_82, 0.52, 0.52]),
    ("tanh", [0.0, 0.394_294_49, 0.464_402_90]),
    ("sigmoid", [0.5, 0.293_379_04, 0.044_836_24]),
    ("erf", [0.0, 0.464_559_05, 0.569_410_03]),
    ("softsign", [0.0, 0.183_014_02, 0.227_671_34]),
    ("elu:1", [0.160_520_57, 0.644_945_42, 0.668_102_00]),
    ("selu", [0.0, 1.0, 1.071_574_99]),
    ("gelu", [0.282_094_79, 0.425_221_48, 0.455_850_87]),
    ("gelu_tanh", [0.282_038_59, 0.425_193_71, 0.455_817_85]),
    ("silu", [0.206_620_96, 0.355_775_52, 0.379_482_35]),
    ("softplus", [0.806_059_18, 0.921_245_91, 0.293_379_04]),
    ("mish", [0.240_403_89, 0.452_342_19, 0.479_083_76]),
    ("hardtanh", [0.0, 0.516_058_55, 0.682_689_49]),
    ("sin", [0.0, 0.432_332_36, 0.567_667_64]),
];

/// φ; E φ, E φ², E φ′² and 1 + E[φφ″]/E φ′² for x ~ N(0, 1), to 10 digits, the last to 8.
const TEN_DIGITS: [(&str, [f64; 4]); 17] = [
    ("identity", [0.0, 1.0, 1.0, 1.0]),
    ("tanh", [0.0, 0.394_294_490_4, 0.464_402_902_4, 0.391_465_44]),
    ("erf", [0.0, 0.464_559_054_4, 0.569_410_034_7, 0.333_333_33]),
    ("sigmoid", [0.5, 0.293_379_035_9, 0.044_836_241_35, 0.695_826_44]),
    ("relu", [0.398_942_280_4, 0.5, 0.5, 1.0]),
    ("leaky_relu:0.01", [0.394_952_857_6, 0.500_05, 0.500_05, 1.0]),
    ("leaky_relu:0.2", [0.319_153_824_3, 0.52, 0.52, 1.0]),
    ("elu", [0.160_520_572_3, 0.644_945_417_5, 0.668_102_001_2, 0.860_086_80]),
    ("selu", [0.0, 1.0, 1.071_574_992, 0.730_371_55]),
    ("gelu", [0.282_094_791_8, 0.425_221_482_6, 0.455_850_865_6, 1.067_191_7]),
    ("silu", [0.206_620_964_1, 0.355_775_519_8, 0.379_482_351_6, 1.099_340_3]),
    ("softplus", [0.806_059_183_3, 0.921_245_908_9, 0.293_379_035_9, 1.545_106_9]),
    ("mish", [0.240_403_888_4, 0.452_342_192_4, 0.479_083_758_4, 1.016_259_6]),
    ("sin", [0.0, 0.432_332_358_4, 0.567_667_641_6, 0.238_405_85]),
    ("hardswish", [0.166_216_700_7, 0.331_567_375_1, 0.358_531_517_2, 1.131_872_7]),
    ("relu2", [0.5, 1.5, 2.0, 1.5]),
    ("softsign", [0.0, 0.183_014_021_3, 0.227_671_340_4, 0.383_205_46]),
];

fn density(x: f64) -> f64 {
    fanin_kernels::Scalar::normal(x)[1]
}

/// E f(x) for x ~ N(0, 1), f smooth between `kinks`.
///
/// The trapezoid rule on each piece after x = middle + half·tanh(π/2·sinh t), whose derivatives
/// all vanish at the ends, so that the rule converges exponentially (Takahasi & Mori 1974).
fn expectation(kinks: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let ends: Vec<f64> = [-12.0].into_iter().chain(kinks.iter().copied()).chain([12.0]).collect();
    let step = 1.0 / 128.0;
    let piece = |ends: &[f64]| {
        let (middle, half) = (0.5 * (ends[0] + ends[1]), 0.5 * (ends[1] - ends[0]));
        let nodes = (-400..=400).map(|i| {
            let t = f64::from(i) * step;
            let s = FRAC_PI_2 * t.sinh();
            let weight = half * FRAC_PI_2 * t.cosh() / s.cosh().powi(2);
            let x = middle + half * s.tanh();
            weight * density(x) * f(x)
        });
        step * nodes.sum::<f64>()
    };
    ends.windows(2).map(piece).sum()
}

fn moments(activation: &dyn Activation) -> [f64; 3] {
    let mean = |f: &dyn Fn(f64) -> f64| expectation(activation.kinks(), f);
    [
        mean(&|x| activation.at(0, x)),
        mean(&|x| activation.at(0, x).powi(2)),
        mean(&|x| activation.at(1, x).powi(2)),
    ]
}

/// What a jump of φ′ at a kink adds to E[φφ″]: φ · (right slope − left slope) · density.
fn jumps(activation: &dyn Activation) -> f64 {
    let slope_jump = |x: f64| activation.at(1, x + 1e-12) - activation.at(1, x - 1e-12);
    activation.kinks().iter().map(|&x| activation.at(0, x) * slope_jump(x) * density(x)).sum()
}

#[test]
fn quadrature_is_exact_on_the_density_and_its_variance() {
    for kinks in [&[][..], &[0.0], &[-3.0, 3.0]] {
        assert!((expectation(kinks, |_| 1.0) - 1.0).abs() < 1e-14);
        assert!((expectation(kinks, |x| x * x) - 1.0).abs() < 1e-14);
    }
}

#[test]
fn gaussian_moments_have_the_published_digits() {
    for (label, expected) in EIGHT_DIGITS {
        for (got, want) in moments(&*named(label)).into_iter().zip(expected) {
            assert!((got - want).abs() < 1e-8, "{label}: {got} {want}");
        }
    }
    for (label, expected) in TEN_DIGITS {
        for (got, want) in moments(&*named(label)).into_iter().zip(expected) {
            assert!((got - want).abs() < 6e-10 * want.max(0.1), "{label}: {got} {want}");
        }
    }
}

#[test]
fn second_derivatives_have_the_published_averages() {
    for (label, [.., slope_square, expected]) in TEN_DIGITS {
        let activation = named(label);
        let smooth = expectation(activation.kinks(), |x| activation.at(0, x) * activation.at(2, x));
        let got = 1.0 + (smooth + jumps(&*activation)) / slope_square;
        assert!((got - expected).abs() < 6e-8, "{label}: {got} {expected}");
    }
}

#[test]
fn derivatives_satisfy_stein_identity() {
    // E[x φ⁽ᵏ⁾] = E φ⁽ᵏ⁺¹⁾ holds for smooth φ: one law over all four derivatives.
    for activation in ACTIVATIONS.iter().filter(|a| a.kinks().is_empty()) {
        for order in 0..4 {
            let left = expectation(&[], |x| x * activation.at(order, x));
            let right = expectation(&[], |x| activation.at(order + 1, x));
            assert!((left - right).abs() < 1e-13, "{} {order}: {left} {right}", activation.name());
        }
    }
}
