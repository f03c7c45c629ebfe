//! What expressions mean, where they break, and what is refused.

use fanin_engine::activations::{ACTIVATIONS, Activation, find};

use super::{Expression, activation};
use crate::theory::Gaussian;

#[track_caller]
fn read(text: &str) -> Expression {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// Every activation of the registry as a text.
const TEXTS: &[(&str, &str)] = &[
    ("identity", "x"),
    ("sigmoid", "1/(1+exp(-x))"),
    ("tanh", "tanh(x)"),
    ("erf", "erf(x)"),
    ("softsign", "x/(1+abs(x))"),
    ("hardtanh", "clip(x, -1, 1)"),
    ("sin", "sin(x)"),
    ("relu", "max(0, x)"),
    ("leaky_relu", "max(0.01*x, x)"),
    ("relu2", "relu(x)^2"),
    ("elu", "max(x, 0) + exp(min(x, 0)) - 1"),
    ("selu", "1.0507009873554805*(max(x,0) + 1.6732632423543772*(exp(min(x,0)) - 1))"),
    ("softplus", "log(1+exp(x))"),
    ("gelu", "0.5*x*(1+erf(x/sqrt(2)))"),
    ("gelu_tanh", "0.5*x*(1+tanh(sqrt(2/pi)*(x+0.044715*x^3)))"),
    ("silu", "x/(1+exp(-x))"),
    ("mish", "x*tanh(log(1+exp(x)))"),
    ("hardswish", "x*clip(x+3, 0, 6)/6"),
];

#[test]
fn every_activation_of_the_registry_can_be_written_down() {
    for registered in ACTIVATIONS {
        let name = registered.name();
        let (_, text) = TEXTS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name}"));
        let written = read(text);
        for k in -60..=60 {
            let x = f64::from(k) * 0.1 + 0.013;
            for order in 0..=2 {
                let (got, want) = (written.at(order, x), registered.at(order, x));
                let near = (got - want).abs() < 1e-9 * want.abs().max(1.0);
                assert!(near, "{name}, order {order} at {x}: {got} {want}");
            }
        }
        let [got, want] =
            [&written as &dyn Activation, *registered].map(|a| Gaussian::new(a).moments(2.0));
        assert!((got.second / want.second - 1.0).abs() < 1e-11, "{name}: {got:?} {want:?}");
        assert!((got.second_slope - want.second_slope).abs() < 1e-11, "{name}: {got:?} {want:?}");
    }
}

#[test]
fn kinks_are_found_where_the_pieces_meet() {
    for (text, kinks) in [
        ("abs(x)", &[0.0][..]),
        ("max(0, x)", &[0.0]),
        ("clip(x, -1, 1)", &[-1.0, 1.0]),
        ("x*clip(x+3, 0, 6)/6", &[-3.0, 3.0]),
        ("relu(x - 0.3)", &[0.3]),
        ("abs(abs(x) - 2)", &[-2.0, 0.0, 2.0]),
        ("sign(x^3 - 8)", &[2.0]),
        ("tanh(x)", &[]),
        ("relu(x + 500)", &[-500.0]),
    ] {
        let found = read(text).kinks;
        assert_eq!(found.len(), kinks.len(), "{text}: {found:?}");
        for (got, want) in found.iter().zip(kinks) {
            assert!((got - want).abs() < 1e-12 * want.abs().max(1.0), "{text}: {found:?}");
        }
    }
}

#[test]
fn slopes_without_a_mean_square_are_refused() {
    for text in [
        "1/(x-1.23456)",
        "log(abs(x-1.23456))",
        "abs(x)^0.5",
        "sqrt(relu(x))",
        "sign(x)*sqrt(abs(x))",
        "sin(x)/cos(x)",
        "1/x",
    ] {
        let refused = activation(text).unwrap_err().to_string();
        let told = refused.contains("its slope grows without bound") || text == "1/x";
        assert!(told, "{text}: {refused}");
    }
    for text in [
        "abs(x)^0.7",
        "sign(x)*abs(x)^0.6",
        "sqrt(x^2+1)",
        "pow(abs(x), 1.5)",
        "relu(x)^2",
        "sin(100*x)",
        "exp(5*x)",
    ] {
        activation(text).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn what_is_no_number_is_told_with_its_place_and_a_remedy() {
    for (text, parts) in [
        ("x^400", &["grows too steeply", "from x = 6 on", "clip(x, -10, 10)"][..]),
        ("exp(exp(x))", &["grows too steeply", "lower power or exponent"]),
        ("log(x)", &["no number at x = -40", "abs(x) or relu(x)"]),
        ("x^0.5", &["no number at x = -40", "abs(x)"]),
        ("1/x", &["infinite at x = 0", "1/(1+x^2)"]),
    ] {
        let message = text.parse::<Expression>().unwrap_err().to_string();
        for part in parts.iter().chain(&["expected numbers at every x from -40 to 40"]) {
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}

#[test]
fn whole_powers_of_any_size_are_even_or_odd() {
    for (text, power) in [("x^33", 33), ("x^100", 100), ("x^127", 127)] {
        for x in [-1.5_f64, -0.3, 0.7, 2.0] {
            let (got, want) = (read(text).at(0, x), x.powi(power));
            assert!((got / want - 1.0).abs() < 1e-13, "{text} at {x}: {got} {want}");
            let slope = f64::from(power) * x.powi(power - 1);
            assert!((read(text).at(1, x) / slope - 1.0).abs() < 1e-13, "{text} at {x}");
        }
    }
}

#[test]
fn arithmetic_binds_as_on_paper() {
    for (text, value) in [
        ("2+3*x", 8.0),
        ("-x^2", -4.0),
        ("2^-x", 0.25),
        ("x^2^3", 256.0),
        ("2**3*x", 16.0),
        ("(1 - x) - 1", -2.0),
        ("1 - x - 1", -2.0),
        ("8/(x^2+4)/2", 0.5),
        ("min(x, 1) + max(x, 5)", 6.0),
        (" X · 1.5e1 ", 30.0),
        ("pow(abs(x), 1.5)", 2.0_f64.powf(1.5)),
        ("step(x) + sign(-x)", 0.0),
    ] {
        let got = read(text).at(0, 2.0);
        assert!((got - value).abs() < 1e-14 * value.abs().max(1.0), "{text}: {got}");
    }
}

#[test]
fn values_keep_their_digits_where_the_plain_form_overflows() {
    assert_eq!(read("log(1+exp(x))").at(0, 1000.0), 1000.0);
    assert_eq!(read("x/(1+exp(-x))").at(1, -1000.0), 0.0);
    assert_eq!(read("exp(min(x,0)) - 1").at(0, -1e-20), -1e-20);
}

#[test]
fn mistakes_are_shown_with_a_caret_under_the_place() {
    for (text, caret, expected) in [
        ("x*tahn(x)", "    ^^^^", "one of exp"),
        ("x*(1+x", "        ^", "`)`"),
        ("x + ", "      ^", "a number, `x`"),
        ("2 x", "    ^", "an operator"),
        ("max(x)", "  ^^^", "2 arguments instead of 1"),
        ("tanh x", "       ^", "`(`"),
        ("x $ 2", "    ^", "an operator"),
        ("1.2.3*x", "  ^^^^^", "a number"),
        ("log(x)", "  ^^^^^^", "expected numbers at every x"),
        ("exp(exp(x))", "  ^^^^^^^^^^^", "expected numbers at every x"),
        ("1/x", "  ^^^", "expected numbers at every x"),
        ("max(x, 0.25x)", "             ^", "an operator between, as in 0.25*x"),
        ("x if x", "    ^^", "pieces are put together by max, min, clip or step"),
        ("x/(1+|x|)", "       ^", "|x| is abs(x)"),
        ("np.tanh(x)", "  ^^^^^^^", "without the name of a module"),
        ("leaky_relu(x)", "  ^^^^^^^^^^", "leaky_relu is an activation by its name alone"),
        ("0.5*swish(x)", "      ^^^^^", "swish is silu"),
        ("sin(x)/x", "  ^^^^^^^^", "sin(x+1e-6)/(x+1e-6)"),
    ] {
        let message = text.parse::<Expression>().unwrap_err().to_string();
        let lines: Vec<&str> = message.lines().collect();
        assert!(lines[0].contains(expected), "{message}");
        assert_eq!(lines[2], caret, "{message}");
    }
}

#[test]
fn hostile_expressions_are_refused_and_do_not_crash() {
    let deep = format!("{}x{}", "(".repeat(900), ")".repeat(900));
    let signs = format!("{}x", "-".repeat(1500));
    let tower = "x^".repeat(900) + "x";
    let calls = format!("{}x{}", "abs(".repeat(400), ")".repeat(400));
    let sum = "x+".repeat(900) + "x";
    let long = "x+".repeat(1_000_000) + "x";
    for text in [&deep, &signs, &tower, &calls, &sum, &long] {
        let message = text.parse::<Expression>().unwrap_err().to_string();
        assert!(message.contains("at most"), "{}", &message[..200.min(message.len())]);
        assert!(message.len() < 10_000);
    }
    for text in ["", " ", "1e999*x", "é", "x^", "((", "x,", "max(,x)", "→", "x*\n"] {
        assert!(text.parse::<Expression>().is_err(), "{text:?}");
    }
}

#[test]
fn a_word_is_looked_up_and_an_expression_read() {
    assert_eq!(activation("leaky_relu:0.2").unwrap().label(), "leaky_relu:0.2");
    assert_eq!(activation("x").unwrap().label(), "x");
    assert_eq!(activation("x-1").unwrap().at(0, 3.0), 2.0);
    let message = activation("tahn").unwrap_err().to_string();
    assert!(message.contains("did you mean `tanh`"), "{message}");
    assert!(find("expression").is_none());
}

#[test]
fn jumps_and_too_many_kinks_are_refused_by_name() {
    let mistake = |text: &str| activation(text).unwrap_err().to_string();
    assert!(mistake("sign(x)").contains("jumps at x = 0"), "{}", mistake("sign(x)"));
    assert!(mistake("relu(x) + step(x - 2)").contains("jumps at x = 2"));
    let many = mistake("relu(sin(50*x))");
    assert!(many.contains("kinks, expected at most 512"), "{many}");
    for text in ["max(min(x, 1), -1)", "relu(x)^2", "abs(x)", "relu(x) - relu(x-3)"] {
        assert!(activation(text).is_ok(), "{text}");
    }
}
