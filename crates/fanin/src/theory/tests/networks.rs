//! Networks over many layers: C3, C4, C6, C8, C9, C11, C12 and D1 of the reference.

use super::{digits, named};
use crate::theory::{
    Attention, Gaussian, Layer, Network, Point, Signal, Tokens, log_gradient_variance,
    log_second_moment_variance, squared_length_variance,
};

const START: Signal = Signal { second_moment: 1.0, correlation: 0.0 };

// log10 of the gradient factor of 50 layers from q = 1 on, for σ_w² = 1/3, 1 and 2, as printed.
const GRADIENTS: &[(&str, [&str; 3])] = &[
    ("tanh", ["-24.320", "-1.844", "2.024"]),
    ("sigmoid", ["-85.069", "-62.799", "-49.845"]),
    ("relu", ["-38.908", "-15.051", "0"]),
    ("elu", ["-24.303", "-2.472", "2.576"]),
    ("selu", ["-8.973", "1.501", "4.930"]),
    ("gelu", ["-53.574", "-29.464", "-13.251"]),
    ("silu", ["-53.729", "-29.763", "-14.358"]),
    ("mish", ["-45.861", "-21.868", "-5.793"]),
];

#[test]
fn gradients_through_50_layers_have_every_digit_of_the_table() {
    for (name, printed) in GRADIENTS {
        let activation = named(name);
        for (weight_variance, printed) in [1.0 / 3.0, 1.0, 2.0].into_iter().zip(printed) {
            let layer = Layer::new(&*activation, Point::new(weight_variance, 0.0));
            let steps = Network::Dense.course(&layer, START, 50);
            let sum: f64 = steps.iter().map(|step| step.gradient_factor.log10()).sum();
            digits(&format!("{name}, {weight_variance}"), sum, printed);
        }
    }
}

// Name, σ_w² by calculate_gain: χ₁ at q = 1, fixed point, χ₁ there, as printed.
const GAINS: &[(&str, f64, [&str; 3])] = &[
    ("identity", 1.0, ["1", "1", "1"]),
    ("tanh", 25.0 / 9.0, ["1.290008062", "1.178480490", "1.209831320"]),
    ("sigmoid", 1.0, ["0.0448362414", "0.264686875", "0.0557207068"]),
    ("relu", 2.0, ["1", "1", "1"]),
    ("leaky_relu:0.01", 2.0 / 1.0001, ["1", "1", "1"]),
    ("selu", 0.5625, ["0.602760933", "0.02303378", "1.00367"]),
];

#[test]
fn gains_of_torch_lead_where_the_table_says() {
    for (name, weight_variance, printed) in GAINS {
        let activation = named(name);
        let layer = Layer::new(&*activation, Point::new(*weight_variance, 0.0));
        let found = layer.fixed_point(1.0);
        let got = [layer.gradient_factor(1.0), found.second_moment, found.gradient_factor];
        for (got, printed) in got.into_iter().zip(printed) {
            digits(name, got, printed);
        }
    }
    let selu = named("selu");
    let found = Layer::new(&*selu, Point::new(0.5625, 0.0)).fixed_point(1.0);
    let size = Gaussian::new(&*selu).moments(found.second_moment).second.sqrt();
    digits("root mean square after selu", size, "0.20235847");
    let unit = Layer::new(&*selu, Point::new(1.0, 0.0)).fixed_point(1.0);
    digits("selu, gain 1", unit.second_moment, "1");
    digits("selu, gain 1", unit.gradient_factor, "1.071575");
}

#[test]
fn small_print_of_the_tables_holds() {
    let sigmoid = named("sigmoid");
    let found = Layer::new(&*sigmoid, Point::new(1.0, 0.0)).fixed_point(1.0);
    digits("sigmoid", found.second_moment, "0.26468688");
    digits("sigmoid", found.gradient_factor, "0.05572071");
    let lecun: crate::theory::Expression = "1.7159*tanh(2*x/3)".parse().unwrap();
    let moments = Gaussian::new(&lecun).moments(1.0);
    digits("LeCun's tanh", moments.second, "0.750430276");
    digits("LeCun's tanh", moments.slope_second, "0.803989113");
    // q after 50 layers of σ_w² = 2 from 1 on.
    let after = [
        ("gelu", "3.0e-14"),
        ("silu", "3.3e-15"),
        ("hardswish", "1.9e-15"),
        ("mish", "7.9e-7"),
        ("elu", "34.1"),
        ("selu", "2.9e3"),
    ];
    for (name, printed) in after {
        let activation = named(name);
        let layer = Layer::new(&*activation, Point::new(2.0, 0.0));
        let steps = Network::Dense.course(&layer, START, 50);
        digits(name, steps[49].signal.second_moment, printed);
    }
}

#[test]
fn default_weights_of_torch_lose_five_sixths_per_relu_layer() {
    let (relu, tanh) = (named("relu"), named("tanh"));
    let layer = Layer::new(&*relu, Point::new(1.0 / 3.0, 1.0 / (3.0 * 64.0)));
    assert!((layer.gradient_factor(1.0) - 1.0 / 6.0).abs() < 1e-15);
    let found = layer.fixed_point(1.0);
    digits("width 64", found.second_moment, "0.00625");
    digits("width 64", found.correlation_depth, "0.558");
    let small = Layer::new(&*tanh, Point::new(1.0 / 3.0, 0.0));
    assert!((small.gradient_factor(1e-9) - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(small.settled_second_moment(1.0), 0.0);
}

#[test]
fn tanh_without_bias_fades_as_one_over_twice_the_depth() {
    let tanh = named("tanh");
    let layer = Layer::new(&*tanh, Point::new(1.0, 0.0));
    let steps = Network::Dense.course(&layer, START, 100);
    for (depth, printed) in [
        (1, "0.39429449"),
        (2, "0.23645041"),
        (5, "0.10344061"),
        (10, "0.05220008"),
        (50, "0.01021933"),
        (100, "0.00506902"),
    ] {
        digits(&format!("layer {depth}"), steps[depth - 1].signal.second_moment, printed);
    }
}

#[test]
fn correlations_of_relu_after_he_have_every_digit() {
    let relu = named("relu");
    let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    let steps = Network::Dense.course(&layer, START, 100_000);
    for (depth, printed) in [
        (1, "0.3183098862"),
        (2, "0.4937310902"),
        (3, "0.6048257201"),
        (5, "0.7359463506"),
        (10, "0.8715355160"),
        (20, "0.9484284792"),
        (50, "0.9878619449"),
        (100, "0.9964231467"),
        (1000, "0.9999568703"),
    ] {
        digits(&format!("layer {depth}"), steps[depth - 1].signal.correlation, printed);
    }
    let last = (1.0 - steps[99_999].signal.correlation) * 1e10;
    let limit = 4.5 * std::f64::consts::PI.powi(2);
    assert!((last / limit - 1.0).abs() < 1e-2, "{last} {limit}");
}

#[test]
fn closed_forms_of_pairs_have_every_digit() {
    let relu = named("relu");
    let pair = |c| Gaussian::new(&*relu).pair(1.0, c);
    for (c, printed) in [
        (0.0, "0.3183098862"),
        (-0.5, "0.108997781044"),
        (0.5, "0.608997781044"),
        (0.9, "0.909538398845"),
    ] {
        digits("arc-cosine kernel", 2.0 * pair(c).product, printed);
    }
    digits("slopes at 0.5", 2.0 * pair(0.5).slopes, "0.666666666667");
    digits("slopes at 0.9", 2.0 * pair(0.9).slopes, "0.856433706871");
    for (a, printed) in [
        (0.2, ["0.195883007", "0.764108685", "0.971449584"]),
        (0.5, ["0.063661977", "0.432248699", "0.849439239"]),
    ] {
        let leaky = named(&format!("leaky_relu:{a}"));
        let layer = Layer::new(&*leaky, Point::new(2.0 / (1.0 + a * a), 0.0));
        let steps = Network::Dense.course(&layer, START, 50);
        for (depth, printed) in [1, 10, 50].into_iter().zip(printed) {
            digits(&format!("leaky {a}"), steps[depth - 1].signal.correlation, printed);
        }
    }
    let gelu = named("gelu");
    for (q, printed) in [(0.25, "0.083506723793"), (1.0, "0.425221482570"), (4.0, "1.929865015864")]
    {
        digits("gelu", Gaussian::new(&*gelu).moments(q).second, printed);
    }
}

// Quadrature against closed form: the same function as a text has none.
#[test]
fn quadrature_meets_every_closed_form() {
    for (name, text) in [
        ("relu", "relu(x)"),
        ("leaky_relu:0.2", "max(x, 0.2*x)"),
        ("erf", "erf(x)"),
        ("sin", "sin(x)"),
        ("gelu", "x*(1+erf(x/sqrt(2)))/2"),
    ] {
        let (closed, written) = (named(name), crate::theory::activation(text).unwrap());
        let (closed, written) = (Gaussian::new(&*closed), Gaussian::new(&*written));
        for q in [1e-6, 0.3, 1.0, 9.0] {
            let (a, b) = (closed.moments(q), written.moments(q));
            let pairs = [
                (a.mean, b.mean),
                (a.second, b.second),
                (a.fourth, b.fourth),
                (a.slope_second, b.slope_second),
                (a.slope_fourth, b.slope_fourth),
                (a.second_slope, b.second_slope),
            ];
            for (want, got) in pairs {
                assert!((got - want).abs() < 1e-12 * want.abs().max(q), "{name} {q}: {a:?} {b:?}");
            }
            for c in [-1.0, -0.999, -0.6, 0.0, 0.3, 0.9, 0.999_999, 1.0] {
                let (a, b) = (closed.pair(q, c), written.pair(q, c));
                let product = written.product(q, c);
                let near = |got: f64, want: f64, size: f64| (got - want).abs() < 1e-11 * size;
                assert!(
                    near(b.product, a.product, q.max(a.product)),
                    "{name} {q} {c}: {a:?} {b:?}"
                );
                assert!(near(product, a.product, q.max(a.product)), "{name} {q} {c}: {product}");
                assert!(near(b.slopes, a.slopes, 1.0), "{name} {q} {c}: {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn residual_networks_grow_as_their_branches_say() {
    let relu = named("relu");
    let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    let full = Network::Residual { branch: 1.0 }.course(&layer, START, 50);
    digits("α = 1", full[49].signal.second_moment, "1125899906842624");
    for (depth, printed) in [(10, "2.593742460"), (50, "2.691588029"), (100, "2.704813829")] {
        let branch = (1.0 / f64::from(depth)).sqrt();
        let steps = Network::Residual { branch }.course(&layer, START, depth as usize);
        digits("α² = 1/L", steps[depth as usize - 1].signal.second_moment, printed);
        let gradient: f64 = steps.iter().map(|step| step.gradient_factor).product();
        digits("α² = 1/L, gradient", gradient, printed);
    }
    let closed = Network::Residual { branch: 0.0 }.course(&layer, START, 9);
    assert!(closed.iter().all(|step| step.signal == START && step.gradient_factor == 1.0));
    let pre_norm = Network::PreNorm { branch: 1.0 }.course(&layer, START, 1000);
    digits("pre-norm", pre_norm[999].signal.second_moment, "1001");
    let gradient: f64 = pre_norm.iter().map(|step| step.gradient_factor).product();
    assert!((gradient / 1001.0 - 1.0).abs() < 1e-12, "{gradient}");
}

#[test]
fn normalized_networks_have_the_factors_of_the_table_whatever_the_scale() {
    let factor = |name: &str, network: Network, weight_variance: f64| {
        let activation = named(name);
        let layer = Layer::new(&*activation, Point::new(weight_variance, 0.0));
        network.step(&layer, START).gradient_factor
    };
    for scale in [1e-6, 2.0, 1e3] {
        digits("relu", factor("relu", Network::BatchNorm, scale), "1.466942207");
        digits("tanh", factor("tanh", Network::BatchNorm, scale), "1.177807232");
        digits("identity", factor("identity", Network::BatchNorm, scale), "1.00");
        digits("relu", factor("relu", Network::LayerNorm, scale), "1");
        digits("tanh", factor("tanh", Network::LayerNorm, scale), "1.177807232");
    }
    digits("50 layers", factor("relu", Network::BatchNorm, 1.0).powi(50), "2.1e8");
}

#[test]
fn attention_with_skips_aligns_tokens_as_the_closed_form_says() {
    for (tokens, branch, printed) in [
        (8, 1.0, "0.998050207"),
        (8, f64::sqrt(1.0 / 12.0), "0.167796668"),
        (64, 1.0, "0.984611686"),
        (64, f64::sqrt(1.0 / 12.0), "0.024584068"),
        (512, 1.0, "0.888864771"),
        (512, f64::sqrt(1.0 / 12.0), "0.003140565"),
        (16, f64::sqrt(1.0 / 12.0), "0.0916"),
    ] {
        let attention =
            Attention { tokens, branch, has_skip: true, value_variance: 1.0, logit_variance: 0.0 };
        let start = Tokens { second_moment: 1.0, cosine: 0.0 };
        let course = attention.course(start, 12).unwrap();
        digits(&format!("{tokens} tokens, α = {branch}"), course[11].cosine, printed);
    }
}

#[test]
fn attention_without_skips_collapses_cubically() {
    let attention = Attention {
        tokens: 64,
        branch: 1.0,
        has_skip: false,
        value_variance: 1.0,
        logit_variance: 1.0,
    };
    let start = Tokens { second_moment: 1.0, cosine: 0.9 };
    let course = attention.course(start, 2).unwrap();
    let gaps = [0.1, 1.0 - course[0].cosine, 1.0 - course[1].cosine];
    let power = (gaps[2] / gaps[1]).ln() / (gaps[1] / gaps[0]).ln();
    assert!((power - 3.0).abs() < 0.1, "{gaps:?}");
    let uniform = Attention { logit_variance: 0.0, ..attention };
    assert_eq!(uniform.course(start, 1).unwrap()[0].cosine, 1.0);
    assert!(Attention { tokens: 0, ..uniform }.course(start, 1).is_err());
    assert!(Attention { branch: f64::NAN, ..uniform }.course(start, 1).is_err());
}

#[test]
fn finite_networks_vary_as_the_tables_say() {
    for (width, depth, printed) in [
        (100, 10, "0.628895"),
        (100, 50, "10.4674"),
        (256, 50, "1.630432"),
        (512, 100, "1.642763"),
        (1000, 100, "0.646668"),
    ] {
        digits("relu", squared_length_variance(6.0, &vec![width; depth]), printed);
    }
    let lengths = [(100, 50, "11.467400"), (256, 20, "1.472349"), (512, 100, "2.642763")];
    for (width, depth, printed) in lengths {
        digits("relu", 1.0 + squared_length_variance(6.0, &vec![width; depth]), printed);
    }
    let logarithm = f64::ln(1.0 + squared_length_variance(6.0, &[100; 50]));
    digits("deviation of ln r", logarithm.sqrt(), "1.5619");
    let linear = squared_length_variance(3.0, &[100; 50]);
    assert!((1.0 + linear - f64::powi(1.02, 50)).abs() < 1e-12);
    let relu = named("relu");
    let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    assert!((log_gradient_variance(&layer, 1.0, 10, 100) - 0.5).abs() < 1e-12);
    assert!((log_second_moment_variance(&layer, 1.0, 11, 100) - 0.52).abs() < 1e-12);
}
