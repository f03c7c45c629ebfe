//! Averages of activations given as text that grow fast, change fast or are steep.

use crate::theory::{
    Chosen, Critical, Gaussian, Layer, Network, Point, Question, activation, describe,
};

#[track_caller]
fn near(what: &str, got: f64, want: f64, share: f64) {
    assert!((got / want - 1.0).abs() < share, "{what}: {got:e}, expected {want:e}");
}

#[test]
fn what_grows_fast_is_averaged_to_where_its_weight_lies() {
    let exponential = activation("exp(5*x)").unwrap();
    let found = Gaussian::new(&*exponential).moments(1.0);
    near("mean", found.mean, 12.5_f64.exp(), 1e-10);
    near("second", found.second, 50_f64.exp(), 1e-10);
    near("fourth", found.fourth, 200_f64.exp(), 1e-10);
    near("slope", found.slope_second, 25.0 * 50_f64.exp(), 1e-10);
    near("second alone", Gaussian::new(&*exponential).second(1.0), 50_f64.exp(), 1e-10);
    // E x²⁰ = 19!! and E x⁴⁰ = 39!!.
    let power = activation("x^10").unwrap();
    let found = Gaussian::new(&*power).moments(1.0);
    near("second", found.second, 654_729_075.0, 1e-10);
    near("slope", found.slope_second, 3_445_942_500.0, 1e-10);
    near("fourth", found.fourth, 3.198_309_867_728_777_5e23, 1e-10);
}

#[test]
fn averages_without_an_end_are_infinite() {
    let bell = activation("exp(0.2*x^2)").unwrap();
    let bell = Gaussian::new(&*bell);
    near("second", bell.moments(1.0).second, 5_f64.sqrt(), 1e-10);
    assert_eq!(bell.moments(1.0).fourth, f64::INFINITY);
    assert_eq!(bell.moments(2.0).second, f64::INFINITY);
    assert_eq!(bell.second(2.0), f64::INFINITY);
    assert!(bell.pair(2.0, 0.5).product.is_nan());
}

#[test]
fn what_changes_fast_is_averaged_in_more_pieces() {
    for (text, frequency) in [("sin(100*x)", 100.0_f64), ("sin(300*x)", 300.0)] {
        let wave = activation(text).unwrap();
        let wave = Gaussian::new(&*wave);
        for q in [0.01, 1.0, 40.0] {
            let found = wave.moments(q);
            let decay = (-2.0 * frequency * frequency * q).exp();
            near(text, found.second, 0.5 * (1.0 - decay), 1e-7);
            near(text, found.slope_second, 0.5 * frequency * frequency * (1.0 + decay), 1e-7);
            assert!(wave.doubt(q) < 1e-6, "{text} at {q}: {}", wave.doubt(q));
        }
    }
}

#[test]
fn steep_kinks_are_averaged_up_to_what_they_leave_uncertain() {
    let root = activation("abs(x)^0.7").unwrap();
    let root = Gaussian::new(&*root);
    let of_power = |power: f64| {
        f64::exp2(0.5 * power) * libm::tgamma(0.5 * (power + 1.0)) / std::f64::consts::PI.sqrt()
    };
    let found = root.moments(1.0);
    near("second", found.second, of_power(1.4), 1e-9);
    near("slope", found.slope_second, 0.49 * of_power(-0.6), 1e-6);
    assert_eq!(found.slope_fourth, f64::INFINITY);
    assert!(root.doubt(1.0) < 1e-6, "{}", root.doubt(1.0));
    // A kink elsewhere: mpmath's `quad` over t at 25 digits, |x − 0.1| = t²⁰ on both sides.
    let moved = activation("abs(x-0.1)^0.7").unwrap();
    let moved = Gaussian::new(&*moved);
    let found = moved.moments(1.0);
    near("second", found.second, 0.847_415_740_875_318_1, 1e-9);
    near("slope", found.slope_second, 1.027_785_860_053_405, 3e-6);
    assert!(moved.doubt(1.0) < 2e-6, "{}", moved.doubt(1.0));
    let steeper = activation("abs(x-0.1)^0.6").unwrap();
    assert!(Gaussian::new(&*steeper).doubt(1.0) > 1e-6);
}

/// Products and slopes over pairs, by Mehler's series of exact coefficients (mpmath 1.3), which for one kink at
/// κ follow each other as √((k+1)(k+2))·aₖ₊₂ = κ√(k+1)·aₖ₊₁ − (k − p)·aₖ.
#[test]
fn pairs_beside_steep_kinks_have_their_digits() {
    let moved = activation("abs(x-0.1)^0.7").unwrap();
    let moved = Gaussian::new(&*moved);
    for (c, product, slopes) in [
        (0.5, 0.686_301_691_017_517_5, 0.171_128_030_698_892_9),
        (0.9, 0.795_334_652_669_985_2, 0.418_833_314_321_474_1),
        (0.99, 0.840_335_643_027_479_2, 0.644_103_750_587_080_8),
        (0.999, 0.846_589_769_929_170_9, 0.785_619_508_574_286),
        (0.9999, 0.847_325_696_824_466_5, 0.874_973_011_358_195_4),
        (0.99999, 0.847_406_266_522_693_2, 0.931_365_326_722_000_8),
    ] {
        let found = moved.pair(1.0, c);
        near("product", found.product, product, 1e-7);
        near("slopes", found.slopes, slopes, 1e-5);
    }
}

/// A power without a bend elsewhere is known in closed form: E φ′² = p²·M₂ₚ₋₂·q^(p−1).
#[test]
fn powers_are_known_in_closed_form() {
    for (text, p) in
        [("abs(x)^0.7", 0.7), ("sign(x)*abs(x)^0.8", 0.8), ("x*abs(x)", 2.0), ("3*x^3", 3.0)]
    {
        let written = activation(text).unwrap();
        // A trifle that is no power, so that quadrature is asked.
        let other = activation(&format!("{text} + 1e-13*cos(x)")).unwrap();
        let [known, integrated] = [&*written, &*other].map(Gaussian::new);
        for q in [0.3, 1.0, 7.0] {
            let (a, b) = (known.moments(q), integrated.moments(q));
            near(text, a.second, b.second, 1e-9);
            near(text, a.slope_second, b.slope_second, 3e-6);
            near(text, a.second_slope, b.second_slope, 1e-6);
            near(text, a.second_slope, p * a.second / q, 1e-12);
            for c in [-0.6, 0.2, 0.8] {
                let (a, b) = (known.pair(q, c), integrated.pair(q, c));
                near(text, a.product, b.product, 1e-6);
                near(text, a.slopes, b.slopes, 1e-5);
            }
            let (one, pair) = (known.moments(q), known.pair(q, 1.0));
            near(text, pair.product, one.second, 1e-12);
            near(text, pair.slopes, one.slope_second, 1e-12);
        }
    }
}

/// χ₁ = 1 takes `σ_b²` = q·(1 − (2p − 1)/p²) > 0 for every power p but 1, so without biases no point has it: at
/// q = 0 the slope has no bound (p < 1) or is 0 (p > 1).
#[test]
fn no_power_but_one_has_a_critical_point_without_biases() {
    for (text, p) in [("abs(x)^0.7", 0.7_f64), ("relu(x)^2", 2.0), ("relu(x)^0.8", 0.8)] {
        let power = activation(text).unwrap();
        let power = Gaussian::new(&*power);
        assert_eq!(power.critical(0.0), Critical::Nowhere, "{text}");
        let Critical::At { second_moment, .. } = power.critical(0.01) else { panic!("{text}") };
        near(text, second_moment, 0.01 / (1.0 - (2.0 * p - 1.0) / (p * p)), 1e-9);
    }
    let moved = activation("abs(x)^0.7 + 0.1*x").unwrap();
    assert_eq!(Gaussian::new(&*moved).critical(0.0), Critical::Nowhere);
}

/// tanh(kx) is all but sign(x): E φφ̃ = 2/π·asin c, E φ′² = k·4/(3√(2πq)).
#[test]
fn a_step_at_zero_is_averaged_as_the_sign_that_it_is() {
    for (text, k) in [("tanh(1e6*x)", 1e6), ("tanh(1e3*x)", 1e3_f64)] {
        let step = activation(text).unwrap();
        let step = Gaussian::new(&*step);
        let moments = step.moments(1.0);
        near(text, moments.second, 1.0, 2.0 / k);
        near(text, moments.slope_second, k * 4.0 / (3.0 * std::f64::consts::TAU.sqrt()), 1e-5);
        assert!(step.doubt(1.0) < 1e-6, "{text}: {}", step.doubt(1.0));
        for c in [-0.5, 0.1, 0.5, 0.8_f64] {
            let product = step.product(1.0, c);
            near(text, product, std::f64::consts::FRAC_2_PI * c.asin(), 3.0 / k);
        }
    }
    let step = activation("tanh(1e6*x)").unwrap();
    let layer = Layer::new(&*step, Point::new(1.0, 0.0));
    let found = layer.fixed_point(1.0);
    assert!(found.correlation.abs() < 1e-9, "{found:?}");
    near("slope at 0", found.correlation_slope, std::f64::consts::FRAC_2_PI, 1e-5);
}

#[test]
fn a_step_between_the_places_of_the_quadrature_is_in_doubt() {
    for text in ["tanh(1e6*(x-0.3))", "relu(x) + tanh(1e7*(x+0.7))"] {
        let step = activation(text).unwrap();
        let doubt = Gaussian::new(&*step).doubt(1.0);
        assert!(doubt > 1e-3, "{text}: {doubt}");
    }
}

#[test]
fn narrow_functions_are_averaged_right_or_are_in_doubt() {
    // E 1/(x² + a²)², of which nearly all lies within a few a: π/2·a⁻³/√(2π).
    for a in [0.1, 0.01, 1e-3, 1e-4_f64] {
        let peak = activation(&format!("1/(x^2+{})", a * a)).unwrap();
        let peak = Gaussian::new(&*peak);
        let wanted = 0.5 * std::f64::consts::PI * a.powi(-3) / std::f64::consts::TAU.sqrt();
        let off = (peak.moments(1.0).second / wanted - 1.0).abs();
        assert!(off < 3.0 * a * a + 1e-3 || peak.doubt(1.0) > 1e-6, "{a}: {off}");
    }
}

#[test]
fn registered_activations_are_never_in_doubt() {
    let tanh = fanin_engine::activations::find("tanh").unwrap();
    assert_eq!(Gaussian::new(&*tanh).doubt(1.0), 0.0);
    let written = activation("x*tanh(log(1+exp(x)))").unwrap();
    assert!(Gaussian::new(&*written).doubt(1.0) < 1e-10);
}

#[test]
fn descriptions_warn_of_averages_that_are_off_and_of_no_others() {
    let asked = |text: &str| {
        let activation = activation(text).unwrap();
        describe(&Question {
            activation: &*activation,
            network: Network::Dense,
            depth: 3,
            width: 64,
            weight_variance: None,
            bias_variance: 0.0,
            image: None,
        })
    };
    let found = asked("abs(x-0.1)^0.6").unwrap();
    assert!(
        found.averages.error > 1e-6 && found.averages.warning.is_some(),
        "{:?}",
        found.averages
    );
    let found = asked("x/(1+abs(x))").unwrap();
    assert!(
        found.averages.error < 1e-6 && found.averages.warning.is_none(),
        "{:?}",
        found.averages
    );
    let refused = asked("exp(0.3*x^2)").unwrap_err().to_string();
    assert!(refused.contains("E φ(x)² is infinite"), "{refused}");
}

/// mpmath's `quad` at 30 digits.
#[test]
fn tanhexp_has_its_digits() {
    let written = activation("x*tanh(exp(x))").unwrap();
    let written = Gaussian::new(&*written);
    assert!(written.doubt(1.0) < 1e-9, "{}", written.doubt(1.0));
    let found = written.moments(1.0);
    near("second", found.second, 0.529_093_703_575_734_1, 1e-10);
    near("slope", found.slope_second, 0.561_171_383_557_904_8, 1e-10);
}

/// Near 0 E φ² of elish is q/4 − 0.2·q^1.5, so that q = 0 attracts there; from q = 1 signals grow for ever.
#[test]
fn a_critical_point_that_signals_do_not_come_to_is_not_chosen() {
    let elish = activation("(max(x, 0) + exp(min(x, 0)) - 1)*sigmoid(x)").unwrap();
    let found = describe(&Question {
        activation: &*elish,
        network: Network::Dense,
        depth: 3,
        width: 64,
        weight_variance: None,
        bias_variance: 0.0,
        image: None,
    })
    .unwrap();
    assert_eq!(found.chosen, Chosen::ExactGain);
    assert!(found.critical_repels);
}

/// Far out x + sin²x turns faster than any number of pieces follows; at q = 1 it has its digits.
#[test]
fn a_doubt_about_schemes_alone_is_told_as_such() {
    let snake = activation("x + sin(x)^2").unwrap();
    let found = describe(&Question {
        activation: &*snake,
        network: Network::Dense,
        depth: 20,
        width: 256,
        weight_variance: None,
        bias_variance: 0.0,
        image: None,
    })
    .unwrap();
    let warning = found.averages.warning.unwrap();
    assert!(warning.contains("a scheme of the table"), "{warning}");
    // E (x + sin²x)² = 1 + 3/8 − e⁻²/2 + e⁻⁸/8, E (1 + sin 2x)² = 3/2 − e⁻⁸/2.
    let [two, eight] = [-2.0, -8.0].map(f64::exp);
    near("second", found.gains.second, 1.375 - 0.5 * two + 0.125 * eight, 1e-12);
    near("slope", found.gains.slope_second, 1.5 - 0.5 * eight, 1e-12);
}
