//! Laws that every activation of the registry keeps.

use super::*;

mod moments;

/// Name, point, value and first four derivatives; made by `tests/digits.py`.
const DIGITS: &str = include_str!("tests/digits.csv");

const NAMES: [&str; 18] = [
    "identity",
    "sigmoid",
    "tanh",
    "erf",
    "softsign",
    "hardtanh",
    "sin",
    "relu",
    "leaky_relu",
    "relu2",
    "elu",
    "selu",
    "softplus",
    "gelu",
    "gelu_tanh",
    "silu",
    "mish",
    "hardswish",
];

fn named(name: &str) -> Box<dyn Activation> {
    find(name).unwrap_or_else(|| panic!("{name} is not registered"))
}

/// `count` points from `low` to `high`, those within 1/64 of a kink left out.
fn away_from_kinks(activation: &dyn Activation, low: f64, high: f64, count: usize) -> Vec<f64> {
    let step = (high - low) / (count - 1) as f64;
    (0..count)
        .map(|i| low + step * i as f64)
        .filter(|x| activation.kinks().iter().all(|kink| (x - kink).abs() > 1.0 / 64.0))
        .collect()
}

fn at_f32(activation: &dyn Activation, order: usize, x: f32) -> f32 {
    let mut out = [0.0];
    activation.apply_f32(order, &[x], &mut out);
    out[0]
}

#[test]
fn registry_holds_each_name_once() {
    assert_eq!(names(), NAMES);
    assert!(ACTIVATIONS.iter().all(|a| !a.about().is_empty()));
}

#[test]
fn label_finds_the_same_function() {
    let with_parameters = ["leaky_relu:0.2", "leaky_relu:-1", "elu:0.5"].map(named);
    for activation in ACTIVATIONS.iter().copied().chain(with_parameters.iter().map(AsRef::as_ref)) {
        let label = activation.label();
        let again = named(&label);
        assert_eq!(again.label(), label);
        assert_eq!(activation.boxed().label(), label);
        for x in [-2.5, -0.3, 0.0, 0.7, 4.0] {
            for order in 0..=4 {
                assert_eq!(again.at(order, x), activation.at(order, x), "{label} {order} {x}");
            }
        }
    }
}

#[test]
fn parameter_changes_the_function() {
    assert_eq!(named("leaky_relu").label(), "leaky_relu:0.01");
    assert_eq!(named("leaky_relu:0.2").at(0, -5.0), -1.0);
    assert_eq!(named("leaky_relu: 0.2").at(1, -5.0), 0.2);
    assert_eq!(named("elu").label(), "elu:1");
    assert_eq!(named("elu:0.5").at(0, -1e30), -0.5);
    assert_eq!(named("elu:0.5").at(1, 0.0), 0.5);
}

#[test]
fn symmetries_are_those_of_the_formulas() {
    let with = |holds: fn(&dyn Activation) -> bool| -> Vec<&str> {
        ACTIVATIONS.iter().filter(|a| holds(**a)).map(|a| a.name()).collect()
    };
    let odd = with(|a| a.is_odd());
    assert_eq!(odd, ["identity", "tanh", "erf", "softsign", "hardtanh", "sin"]);
    assert_eq!(with(|a| a.homogeneity() == Some(1.0)), ["identity", "relu", "leaky_relu"]);
    assert_eq!(with(|a| a.homogeneity() == Some(2.0)), ["relu2"]);
    assert_eq!(with(|a| a.homogeneity().is_some()).len(), 4);
    assert!(named("leaky_relu:1").is_odd() && !named("leaky_relu:-1").is_odd());
}

/// Sign twins keep a gap of exactly 0.0 only if the bits of φ are odd too.
#[test]
fn odd_activations_are_odd_to_the_last_bit() {
    for activation in ACTIVATIONS.iter().filter(|a| a.is_odd()) {
        for x in (0..4000).map(|i| f32::exp2(i as f32 / 100.0 - 30.0)) {
            for (order, sign) in [(0, -1.0), (1, 1.0)] {
                let (left, right) =
                    (at_f32(*activation, order, -x), sign * at_f32(*activation, order, x));
                assert_eq!(left, right, "{} {order} {x}", activation.name());
            }
        }
    }
}

#[test]
fn unknown_name_or_bad_parameter_is_refused() {
    let bad = [
        "",
        ":",
        ":1",
        "rel",
        "RELU",
        "relu ",
        "relu:3",
        "relu:",
        "selu:1",
        "elu:x",
        "elu:",
        "elu:-1",
        "elu:inf",
        "leaky_relu:nan",
        "leaky_relu:1e39",
        "leaky_relu:1:2",
        "leaky_relu:0,2",
    ];
    for text in bad {
        assert!(find(text).is_none(), "{text:?}");
    }
}

#[test]
fn values_and_derivatives_have_the_exact_digits() {
    let mut rows = 0;
    for line in DIGITS.lines().skip(1) {
        let (name, numbers) = line.split_once(',').unwrap();
        let numbers: Vec<f64> = numbers.split(',').map(|text| text.parse().unwrap()).collect();
        for (order, &want) in numbers[1..].iter().enumerate() {
            let got = named(name).at(order, numbers[0]);
            // A rounding of x is multiplied by up to x² = 900 in the tail of a Gaussian.
            let tolerance = 2e-12 * want.abs();
            assert!((got - want).abs() <= tolerance, "{name} {order} {}: {got} {want}", numbers[0]);
        }
        rows += 1;
    }
    assert_eq!(rows, 6 * NAMES.len());
}

#[test]
fn slope_is_the_derivative_of_the_formula() {
    /// The formula alone: the slope is left to its jet.
    #[derive(Clone, Debug)]
    struct Bare<F>(F);

    impl<F: Formula> Formula for Bare<F> {
        const NAME: &'static str = F::NAME;
        const ABOUT: &'static str = F::ABOUT;

        fn value<S: fanin_kernels::Scalar>(&self, x: S) -> S {
            self.0.value(x)
        }
    }

    #[track_caller]
    fn check<F: Formula>(formula: &F) {
        let kinks = formula.kinks();
        let bare = Bare(formula.clone());
        let points = away_from_kinks(formula, -45.0, 45.0, 9001);
        for &x in points.iter().chain(kinks) {
            let (closed, jet) = (Activation::at(formula, 1, x), Activation::at(&bare, 1, x));
            let close = (closed - jet).abs() <= 1e-12 * (jet.abs() + 1e-300);
            // Near a zero of the slope its two terms, below 0.3 each, cancel.
            let cancels = x.abs() < 3.0 && (closed - jet).abs() <= 1e-15;
            assert!(close || cancels, "{} {x}: {closed} {jet}", F::NAME);
        }
    }

    check(&identity::Identity);
    check(&sigmoid::Sigmoid);
    check(&tanh::Tanh);
    check(&erf::Erf);
    check(&softsign::Softsign);
    check(&hardtanh::Hardtanh);
    check(&sin::Sin);
    check(&relu::Relu);
    check(&leaky_relu::LeakyRelu { negative_slope: 0.2 });
    check(&relu2::Relu2);
    check(&elu::Elu { alpha: 0.7 });
    check(&selu::Selu);
    check(&softplus::Softplus);
    check(&gelu::Gelu);
    check(&gelu_tanh::GeluTanh);
    check(&silu::Silu);
    check(&mish::Mish);
    check(&hardswish::Hardswish);
}

#[test]
fn each_derivative_is_the_slope_of_the_one_before() {
    let step = 1e-4;
    for &activation in ACTIVATIONS {
        for x in away_from_kinks(activation, -8.0, 8.0, 1201) {
            for order in 1..=4 {
                let rise = activation.at(order - 1, x + step) - activation.at(order - 1, x - step);
                let (got, want) = (activation.at(order, x), rise / (2.0 * step));
                // step²/6 · φ⁽ᵒʳᵈᵉʳ⁺²⁾, a derivative below 130 for all of them, is below 3e-7.
                let tolerance = 3e-7 * (1.0 + want.abs());
                let name = activation.name();
                assert!((got - want).abs() <= tolerance, "{name} {order} {x}: {got} {want}");
            }
        }
    }
}

#[test]
fn f32_agrees_with_f64() {
    for &activation in ACTIVATIONS {
        for i in -1000..=1000_i16 {
            let x = f32::from(i) / 64.0;
            for order in 0..=1 {
                let want = activation.at(order, f64::from(x));
                let got = f64::from(at_f32(activation, order, x));
                // The rounding of the argument of exp(−x²/2) is multiplied by x²; where a slope
                // crosses 0, its two terms, below 0.3 each, cancel.
                let size =
                    if order == 1 && x.abs() < 3.0 { want.abs().max(0.3) } else { want.abs() };
                let amplified = 4.0 + 2.0 * f64::from(x).powi(2);
                let tolerance = f64::from(f32::EPSILON) * amplified * size + 1e-37;
                let name = activation.name();
                assert!((got - want).abs() <= tolerance, "{name} {order} {x}: {got} {want}");
            }
        }
    }
}

#[test]
fn huge_inputs_give_the_limits() {
    // Value at −∞ and +∞, slope at −∞ and +∞; sin has none.
    let limits = [
        ("identity", -f64::INFINITY, f64::INFINITY, 1.0, 1.0),
        ("sigmoid", 0.0, 1.0, 0.0, 0.0),
        ("tanh", -1.0, 1.0, 0.0, 0.0),
        ("erf", -1.0, 1.0, 0.0, 0.0),
        ("softsign", -1.0, 1.0, 0.0, 0.0),
        ("hardtanh", -1.0, 1.0, 0.0, 0.0),
        ("relu", 0.0, f64::INFINITY, 0.0, 1.0),
        ("leaky_relu", -f64::INFINITY, f64::INFINITY, 0.01, 1.0),
        ("relu2", 0.0, f64::INFINITY, 0.0, f64::INFINITY),
        ("elu", -1.0, f64::INFINITY, 0.0, 1.0),
        ("selu", -selu::LAMBDA * selu::ALPHA, f64::INFINITY, 0.0, selu::LAMBDA),
        ("softplus", 0.0, f64::INFINITY, 0.0, 1.0),
        ("gelu", 0.0, f64::INFINITY, 0.0, 1.0),
        ("gelu_tanh", 0.0, f64::INFINITY, 0.0, 1.0),
        ("silu", 0.0, f64::INFINITY, 0.0, 1.0),
        ("mish", 0.0, f64::INFINITY, 0.0, 1.0),
        ("hardswish", 0.0, f64::INFINITY, 0.0, 1.0),
    ];
    assert_eq!(limits.len(), NAMES.len() - 1);
    for (name, low, high, slope_low, slope_high) in limits {
        let activation = named(name);
        for (x, value, slope) in
            [(f64::NEG_INFINITY, low, slope_low), (f64::INFINITY, high, slope_high)]
        {
            for (order, want) in [(0, value), (1, slope)] {
                assert_eq!(activation.at(order, x), want, "{name} {order} {x}");
                assert_eq!(
                    at_f32(&*activation, order, x as f32),
                    want as f32,
                    "{name} {order} {x}"
                );
            }
        }
    }
    for name in ["gelu", "gelu_tanh", "silu", "mish", "hardswish"] {
        let far = named(name).at(0, -1e30);
        assert!(far == 0.0 && far.is_sign_negative(), "{name}");
    }
}

#[test]
fn huge_inputs_stay_finite() {
    for &activation in ACTIVATIONS {
        let name = activation.name();
        for size in [1e2, 1e3, 1e4, 1e8, 1e15, 1e30] {
            for x in [-size, size] {
                for order in 0..=4 {
                    let wide = activation.at(order, x);
                    assert!(wide.is_finite(), "{name} {order} {x}: {wide}");
                    let narrow = at_f32(activation, order, x as f32);
                    let overflows = name == "relu2" && size > 1e19;
                    assert!(narrow.is_finite() || overflows, "{name} {order} {x}: {narrow}");
                    assert!(!narrow.is_nan(), "{name} {order} {x}");
                }
            }
        }
    }
}

#[test]
fn nan_gives_nan() {
    for &activation in ACTIVATIONS {
        assert!(activation.at(0, f64::NAN).is_nan(), "{}", activation.name());
        assert!(at_f32(activation, 0, f32::NAN).is_nan(), "{}", activation.name());
    }
}

#[test]
fn gates_are_cut_only_where_they_underflow() {
    for name in ["gelu", "gelu_tanh", "silu", "mish"] {
        let activation = named(name);
        for order in 0..=1 {
            let tail =
                (0..64 * 800).map(|i| activation.at(order, -15.0 - f64::from(i) / 64.0).abs());
            let smallest = tail.filter(|&y| y > 0.0).fold(f64::INFINITY, f64::min);
            assert!(smallest < 1e-300, "{name} {order}: {smallest}");
        }
    }
}

#[test]
fn slope_at_a_kink_follows_the_convention() {
    let at_kinks = [
        ("relu", 0.0, 0.0),
        ("leaky_relu:0.3", 0.0, 0.3),
        ("relu2", 0.0, 0.0),
        ("elu:0.6", 0.0, 0.6),
        ("selu", 0.0, selu::LAMBDA * selu::ALPHA),
        ("softsign", 0.0, 1.0),
        ("hardtanh", -1.0, 0.0),
        ("hardtanh", 1.0, 0.0),
        ("hardswish", -3.0, 0.0),
        ("hardswish", 3.0, 1.0),
    ];
    for (label, x, slope) in at_kinks {
        assert!(named(label).kinks().contains(&x), "{label}");
        assert_eq!(named(label).at(1, x), slope, "{label}");
    }
}

#[test]
fn kinks_are_all_the_jumps() {
    for &activation in ACTIVATIONS {
        let kinks = activation.kinks();
        assert!(kinks.is_sorted(), "{}", activation.name());
        for i in -32..=32 {
            let x = f64::from(i) / 4.0;
            let jumps = (0..=4).any(|order| {
                let (left, right) =
                    (activation.at(order, x - 1e-9), activation.at(order, x + 1e-9));
                (left - right).abs() > 1e-6
            });
            assert_eq!(jumps, kinks.contains(&x), "{} {x}", activation.name());
        }
    }
}

#[test]
fn passes_over_buffers_match_single_points() {
    let x: Vec<f64> = (-40..40).map(|i| f64::from(i) / 8.0).collect();
    let factor: Vec<f64> = x.iter().map(|x| 1.0 - x * x).collect();
    let narrow = |wide: &[f64]| wide.iter().map(|&x| x as f32).collect::<Vec<_>>();
    let (x_narrow, factor_narrow) = (narrow(&x), narrow(&factor));
    let (mut plain, mut scaled) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let (mut plain_narrow, mut scaled_narrow) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    for &activation in ACTIVATIONS {
        for order in 0..=4 {
            activation.apply_f64(order, &x, &mut plain);
            activation.scale_f64(order, &x, &factor, &mut scaled);
            activation.apply_f32(order, &x_narrow, &mut plain_narrow);
            activation.scale_f32(order, &x_narrow, &factor_narrow, &mut scaled_narrow);
            for i in 0..x.len() {
                assert_eq!(plain[i], activation.at(order, x[i]));
                assert_eq!(scaled[i], factor[i] * plain[i]);
                assert_eq!(plain_narrow[i], at_f32(activation, order, x_narrow[i]));
                assert_eq!(scaled_narrow[i], factor_narrow[i] * plain_narrow[i]);
            }
        }
    }
}

#[test]
fn constants_follow_from_their_definitions() {
    #[track_caller]
    fn close(got: f64, want: f64) {
        assert!((got / want - 1.0).abs() < 2e-15, "{got} {want}");
    }
    use std::f64::consts::{E, FRAC_1_SQRT_2, PI, SQRT_2};
    close(fanin_kernels::Scalar::normal(0.0)[1], 1.0 / (2.0 * PI).sqrt());
    close(gelu_tanh::TWICE_SLOPE, 2.0 * (2.0 / PI).sqrt());
    let (erfc, exp) = (fanin_kernels::Scalar::erfc, f64::exp);
    let low = E.sqrt() * erfc(FRAC_1_SQRT_2);
    close(selu::ALPHA, (2.0 / PI).sqrt() / (1.0 - low));
    // E φ² = λ²(α² E[(eᶻ − 1)²; z < 0] + ½) = 1.
    let below = 0.5 * exp(2.0) * erfc(SQRT_2) - low + 0.5;
    close(selu::LAMBDA, 1.0 / (selu::ALPHA.powi(2) * below + 0.5).sqrt());
}

#[test]
fn slopes_follow_from_values_where_an_activation_says_so() {
    let factor = [3.0];
    let mut known = Vec::new();
    for &activation in ACTIVATIONS {
        let Some(of_value) = activation.of_value() else { continue };
        known.push(activation.name());
        for x in (-320..=320).map(|i| f64::from(i) / 32.0) {
            let mut out = [0.0];
            of_value.scale_f64(&[activation.at(0, x)], &factor, &mut out);
            let want = 3.0 * activation.at(1, x);
            assert!((out[0] - want).abs() < 1e-15, "{} at {x}: {out:?}", activation.name());
        }
    }
    assert_eq!(known, ["sigmoid", "tanh", "hardtanh", "relu", "leaky_relu"]);
    assert!(named("leaky_relu:0").of_value().is_none());
}

#[test]
fn values_in_place_have_the_bits_of_values_elsewhere() {
    let x: Vec<f32> = (-40..40).map(|i| i as f32 / 8.0).collect();
    let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    for &activation in ACTIVATIONS {
        for order in 0..=2 {
            let (mut changed, mut apart) = (x.clone(), vec![0.0; x.len()]);
            activation.change_f32(order, &mut changed);
            activation.apply_f32(order, &x, &mut apart);
            assert_eq!(changed, apart, "{}", activation.name());
            let (mut changed, mut apart) = (wide.clone(), vec![0.0; x.len()]);
            activation.change_f64(order, &mut changed);
            activation.apply_f64(order, &wide, &mut apart);
            assert_eq!(changed, apart, "{}", activation.name());
            let mut factor = wide.clone();
            factor.reverse();
            activation.scale_f64(order, &wide, &factor, &mut apart);
            activation.rescale_f64(order, &wide, &mut factor);
            assert_eq!(factor, apart, "{}", activation.name());
        }
    }
}
