//! Critical lines: table D1 and the list C5 of the reference.

use super::{digits, named};
use crate::theory::{Critical, Gaussian};

// Standard deviations of the biases of [`LINES`], after 0.
const BIASES: [f64; 5] = [0.05, 0.1, 0.2, 0.3, 0.5];

type Row = (&'static str, &'static str, [(&'static str, &'static str); 5]);

// Name, σ_w² for σ_b = 0, then q and σ_w² for each of [`BIASES`], as printed.
const LINES: &[Row] = &[
    (
        "tanh",
        "1",
        [
            ("0.153692", "1.260094"),
            ("0.273301", "1.424205"),
            ("0.512079", "1.700796"),
            ("0.763475", "1.947655"),
            ("1.317939", "2.401489"),
        ],
    ),
    (
        "erf",
        "0.785398",
        [
            ("0.145146", "0.987412"),
            ("0.253210", "1.114280"),
            ("0.465763", "1.328937"),
            ("0.688771", "1.521948"),
            ("1.183272", "1.880547"),
        ],
    ),
    (
        "softsign",
        "1",
        [
            ("0.068628", "1.852460"),
            ("0.153958", "2.288770"),
            ("0.358326", "2.991615"),
            ("0.599641", "3.600475"),
            ("1.176933", "4.692540"),
        ],
    ),
    (
        "silu",
        "4",
        [
            ("0.113635", "3.629077"),
            ("0.259713", "3.312588"),
            ("0.689453", "2.820826"),
            ("1.399595", "2.482583"),
            ("4.428077", "2.122696"),
        ],
    ),
    (
        "gelu",
        "4",
        [
            ("0.075173", "3.429544"),
            ("0.183483", "2.982799"),
            ("0.575637", "2.393238"),
            ("1.424875", "2.103864"),
            ("6.434102", "1.959631"),
        ],
    ),
    (
        "mish",
        "2.7777",
        [
            ("0.110865", "2.550943"),
            ("0.263156", "2.374604"),
            ("0.745549", "2.141654"),
            ("1.587758", "2.019546"),
            ("5.314835", "1.941647"),
        ],
    ),
    (
        "elu",
        "1",
        [
            ("0.189174", "1.281129"),
            ("0.437829", "1.383325"),
            ("1.106931", "1.511058"),
            ("2.034538", "1.595441"),
            ("4.886627", "1.705928"),
        ],
    ),
    (
        "selu",
        "0.476771",
        [
            ("0.140655", "0.675705"),
            ("0.308942", "0.760233"),
            ("0.717049", "0.878860"),
            ("1.221967", "0.967649"),
            ("2.555510", "1.101739"),
        ],
    ),
    (
        "hardtanh",
        "1",
        [
            ("0.177052", "1.017785"),
            ("0.259146", "1.052061"),
            ("0.423287", "1.141925"),
            ("0.601567", "1.245780"),
            ("1.013380", "1.471728"),
        ],
    ),
];

#[test]
fn critical_lines_have_every_digit_of_the_table() {
    for (name, without_bias, cells) in LINES {
        let activation = named(name);
        let gaussian = Gaussian::new(&*activation);
        check(&gaussian, 0.0, "0", without_bias);
        for (bias, (q, weight_variance)) in BIASES.into_iter().zip(cells) {
            check(&gaussian, bias * bias, q, weight_variance);
        }
    }
}

#[track_caller]
fn check(gaussian: &Gaussian<'_>, bias_variance: f64, q: &str, weight_variance: &str) {
    let what = format!("{}, bias variance {bias_variance}", gaussian.activation().label());
    match gaussian.critical(bias_variance) {
        Critical::At { point, second_moment } => {
            digits(&what, point.weight_variance, weight_variance);
            digits(&what, second_moment, q);
            assert_eq!(point.bias_variance, bias_variance);
        }
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn published_points_of_tanh_lie_on_its_line() {
    let tanh = named("tanh");
    let gaussian = Gaussian::new(&*tanh);
    // σ_b², σ_w², q*.
    let points = [
        ("0.001", "1.1891895852", "0.1072923561"),
        ("0.01", "1.4242052905", "0.2733009135"),
        ("0.05", "1.7609546396", "0.5700478816"),
        ("0.1", "1.9860726411", "0.8057991819"),
        ("0.3", "2.5051271897", "1.4611694469"),
        ("1.0", "3.4432109123", "3.0363963946"),
    ];
    for (bias_variance, weight_variance, q) in points {
        check(&gaussian, bias_variance.parse().unwrap(), q, weight_variance);
    }
    let Critical::At { point, second_moment } = gaussian.critical(2.010_521e-5) else { panic!() };
    digits("Pennington 2017", point.weight_variance, "1.05");
    digits("Pennington 2017", second_moment, "0.02592095");
    // q*, σ_w², σ_b².
    let points = [
        (0.0625, "1.1153806244", "2.3687675e-4"),
        (0.5, "1.6879751206", "0.0380412011"),
        (1.0, "2.1533026489", "0.1509646294"),
    ];
    for (q, weight_variance, bias_variance) in points {
        digits("by q", gaussian.critical_point(q).weight_variance, weight_variance);
        digits("by q", gaussian.critical_point(q).bias_variance, bias_variance);
    }
}

#[test]
fn published_points_that_miss_the_line_are_told_apart_from_it() {
    for (name, copied, exact) in [("silu", 2.952, "2.820826"), ("tanh", 1.722, "1.700796")] {
        let activation = named(name);
        let Critical::At { point, .. } = Gaussian::new(&*activation).critical(0.04) else {
            panic!("{name} has a line")
        };
        digits(name, point.weight_variance, exact);
        assert!((point.weight_variance - copied).abs() > 0.02, "{name}");
    }
}

#[test]
fn lines_in_closed_form_are_met() {
    let (erf, sin) = (named("erf"), named("sin"));
    let (erf, sin) = (Gaussian::new(&*erf), Gaussian::new(&*sin));
    let point = erf.critical_point(1.0);
    digits("erf at q = 1", point.weight_variance, "1.756203682760");
    digits("erf at q = 1", point.bias_variance, "0.184139677807");
    check(&erf, 0.05, "0.517176838", "1.375839007");
    let Critical::At { point, second_moment } = sin.critical(0.05) else { panic!() };
    digits("sin", point.weight_variance, "1.502070103");
    assert!((second_moment - (point.weight_variance - 1.0 + 0.05)).abs() < 1e-12);
}

#[test]
fn rectifiers_are_critical_at_one_weight_variance_alone() {
    for (name, slope) in [("relu", 0.0), ("leaky_relu:0.2", 0.2), ("identity", 1.0)] {
        let activation = named(name);
        let gaussian = Gaussian::new(&*activation);
        let Critical::Everywhere { point } = gaussian.critical(0.0) else { panic!("{name}") };
        assert!((point.weight_variance - 2.0 / (1.0 + slope * slope)).abs() < 1e-15, "{name}");
        assert_eq!(gaussian.critical(0.05), Critical::Nowhere, "{name}");
    }
}

#[test]
fn softplus_has_no_edge_of_chaos_and_sigmoid_one_out_of_reach() {
    let (softplus, sigmoid) = (named("softplus"), named("sigmoid"));
    for bias_variance in [0.0, 0.05, 1.0] {
        assert_eq!(Gaussian::new(&*softplus).critical(bias_variance), Critical::Nowhere);
    }
    check(&Gaussian::new(&*sigmoid), 0.0, "45.624278", "103.007554");
}

#[test]
fn critical_points_of_gelu_and_its_kin_repel_and_those_of_tanh_do_not() {
    let repels = |name: &str, bias_variance: f64| {
        let activation = named(name);
        let layer = crate::theory::Layer::new(&*activation, crate::theory::Point::new(1.0, 0.0));
        layer.repels(&layer.gaussian.critical(bias_variance))
    };
    for name in ["gelu", "silu", "mish", "hardswish"] {
        assert!(repels(name, 0.0) && repels(name, 0.05), "{name}");
    }
    for name in ["tanh", "erf", "softsign", "relu"] {
        assert!(!repels(name, 0.0) && !repels(name, 0.05), "{name}");
    }
}

/// Which activations rest without biases, and which need them: the whole registry.
#[test]
fn every_activation_has_its_footing() {
    use crate::theory::Footing::{Anywhere, AtZero, Nowhere, Repelled, WithBiases};
    let told = [
        (Anywhere, &["identity", "relu", "leaky_relu"][..]),
        (AtZero, &["tanh", "erf", "softsign", "hardtanh", "sin", "elu", "selu"]),
        (WithBiases, &["gelu", "gelu_tanh", "silu", "mish", "hardswish"]),
        (Repelled, &["relu2"]),
        (Nowhere, &["sigmoid", "softplus"]),
    ];
    for name in fanin_engine::activations::names() {
        let found = Gaussian::coarse(&*named(name)).footing();
        let expected = told.iter().find(|(_, names)| names.contains(&name));
        assert_eq!(Some(found), expected.map(|(footing, _)| *footing), "{name}");
    }
}
