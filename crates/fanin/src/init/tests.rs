//! Laws of all schemes, then the rules that choose among them.

use std::collections::HashSet;

use fanin_engine::activations;
use fanin_kernels::reduce;
use fanin_kernels::threads::pool;

use super::fans::Axes;
use super::*;

fn weight(name: &str, shape: &[usize], fan_in: usize, fan_out: usize) -> Parameter {
    let axes = Axes::convolution(1);
    Parameter { axes, fan_in, fan_out, ..Parameter::new(name, shape, Role::Weight) }
        .followed_by("relu")
}

fn bias(name: &str, units: usize, fan_in: usize) -> Parameter {
    Parameter { role: Role::Bias, ..weight(name, &[units], fan_in, units) }
}

fn schemes() -> Vec<Box<dyn Scheme>> {
    SCHEMES.iter().map(|s| find(s.facts().example).unwrap()).collect()
}

fn filled(scheme: &dyn Scheme, seed: u64, parameter: &Parameter) -> Vec<f32> {
    Values::new(parameter, Source::Scheme(scheme), seed).into_all().unwrap()
}

/// A parameter, or the parts of a packed one.
fn parts(parameter: &Parameter) -> Vec<Parameter> {
    let count = parameter.packing.as_ref().map_or(0, |packing| packing.parts.len());
    let parts: Vec<Parameter> = (0..count).map(|index| parameter.part(index)).collect();
    if parts.is_empty() { vec![parameter.clone()] } else { parts }
}

fn is_joint(distribution: Distribution) -> bool {
    matches!(distribution, Distribution::Joint { .. })
}

/// One seed in 10⁶ would fail: 5 standard errors for moments, 2.6934/√n for Kolmogorov's distance.
#[test]
fn values_have_the_declared_distribution() {
    for scheme in schemes() {
        for parameter in scheme.samples().iter().flat_map(parts) {
            let label = scheme.label();
            let declared = scheme.distribution(&parameter).unwrap();
            let mut x = filled(&*scheme, 42, &parameter);
            let n = x.len() as f64;
            // Elements that are drawn together are worth fewer independent ones.
            let longest = *parameter.shape.axes().iter().max().unwrap() as f64;
            let worth = if is_joint(declared) { longest } else { n };
            let (mean, deviation) = (declared.mean(), declared.deviation());
            assert!(x.iter().all(|x| x.is_finite()), "{label}");
            // Values are rounded to f32, so a constant is met to half a unit in the last place.
            let rounding = 6e-8 * mean.abs();
            let error = (reduce::mean(&x) - mean).abs();
            let tolerance = 5.0 * deviation / worth.sqrt() + rounding;
            assert!(error <= tolerance, "{label}: mean is off by {error}");
            // The relative standard error of a deviation is at most 1/√(2n), that of a normal.
            let error = (reduce::variance(&x).sqrt() - deviation).abs();
            let tolerance = 5.0 * deviation / (2.0 * worth).sqrt() + rounding;
            assert!(error <= tolerance, "{label}: deviation is off by {error}");
            if is_joint(declared) || deviation == 0.0 {
                continue;
            }
            x.sort_by(f32::total_cmp);
            let distance = x.iter().enumerate().fold(0.0, |worst, (i, &x)| {
                let p = declared.probability_below(f64::from(x)).unwrap();
                f64::max(worst, f64::max(p - i as f64 / n, (i + 1) as f64 / n - p))
            });
            assert!(distance < 2.693_4 / n.sqrt(), "{label}: Kolmogorov distance {distance}");
        }
    }
}

#[test]
fn bits_depend_on_seed_name_and_index_alone() {
    for scheme in schemes() {
        for parameter in scheme.samples() {
            let label = scheme.label();
            let whole = filled(&*scheme, 7, &parameter);
            for threads in [1, 2, 5] {
                let pool = pool(threads).unwrap();
                let other = pool.install(|| filled(&*scheme, 7, &parameter));
                assert_eq!(whole, other, "{label} on {threads} threads");
            }
            let mut values = Values::new(&parameter, Source::Scheme(&*scheme), 7);
            for (start, length) in [(0, 10), (1, 1), (1234, 777), (whole.len() - 3, 3)] {
                let mut part = vec![f32::NAN; length];
                values.read(start, &mut part).unwrap();
                assert_eq!(part, whole[start..start + length], "{label} from {start}");
            }
            let place = Place { module: "other".to_owned(), ..parameter.place.clone() };
            let name = format!("other.{}", parameter.name);
            let renamed = Parameter { name, place, ..parameter.clone() };
            let random = parts(&parameter).iter().any(|part| {
                scheme.is_random(part) && scheme.distribution(part).unwrap().deviation() > 0.0
            });
            assert_eq!(filled(&*scheme, 8, &parameter) != whole, random, "{label}: seed");
            assert_eq!(filled(&*scheme, 7, &renamed) != whole, random, "{label}: name");
        }
    }
}

#[test]
fn a_fan_of_0_is_refused_by_every_scheme_that_divides_by_it() {
    for scheme in schemes() {
        let declared =
            |fan_in, fan_out| scheme.distribution(&weight("w", &[9, 5], fan_in, fan_out));
        let Ok(usual) = declared(5, 9) else {
            assert_ne!(scheme.facts().needs, "", "{}", scheme.label());
            continue;
        };
        let uses_fans = usual != declared(50, 90).unwrap();
        assert_eq!(declared(0, 0).is_err(), uses_fans, "{}", scheme.label());
        if uses_fans {
            let message = declared(0, 0).unwrap_err().to_string();
            assert!(message.starts_with("parameter `w`: found fan-"), "{message}");
        }
    }
}

#[test]
fn every_scheme_tells_all_about_itself() {
    let mut known = HashSet::new();
    for scheme in schemes() {
        let facts = scheme.facts();
        for name in facts.aliases.iter().chain([&facts.name]) {
            assert!(known.insert(*name), "{name} is taken twice");
            assert_eq!(
                find(&facts.example.replace(facts.name, name)).unwrap().label(),
                scheme.label()
            );
        }
        for text in [facts.formula, facts.source, facts.when, facts.avoid] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text}", facts.name);
        }
        let label = scheme.label();
        assert_eq!(find(&label).unwrap().label(), label);
        if facts.argument.is_empty() {
            assert!(find(&format!("{}:2", facts.name)).is_err(), "{}", facts.name);
        } else {
            assert!(facts.example.contains(':') || facts.argument.starts_with('['), "{facts:?}");
        }
        assert!(!scheme.samples().is_empty(), "{}", facts.name);
    }
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(find(text).unwrap_err().to_string(), expected);
}

#[test]
fn mistakes_in_a_scheme_say_what_was_expected() {
    let message = find("he-normel").unwrap_err().to_string();
    let near = "unknown scheme `he-normel`; did you mean `he-normal`? `fanin schemes` lists all";
    assert_eq!(message, near);
    for (name, near) in [
        ("kaiming", "kaiming-uniform"),
        ("kaming", "kaiming-uniform"),
        ("glorot", "glorot-uniform"),
        ("pytorch", "pytorch-default"),
    ] {
        let message = find(name).unwrap_err().to_string();
        assert!(message.contains(&format!("did you mean `{near}`?")), "{message}");
    }
    let message = find("nothing-like-it").unwrap_err().to_string();
    assert!(message.starts_with("unknown scheme `nothing-like-it`; known: zeros, ones, "));
    check_error(
        "normal:-0.1",
        "cannot read the scheme: expected a standard deviation of 0 or more, or a mean and one, \
         as in `normal:0.01`\n  \
         normal:-0.1\n         ^^^^",
    );
    check_error(
        "normal",
        "cannot read the scheme: expected a standard deviation of 0 or more, or a mean and one, \
         as in `normal:0.01`\n  \
         normal\n        ^",
    );
    for text in [
        "normal:",
        "normal:nan",
        "normal:inf",
        "normal:1e39",
        "constant",
        "constant:x",
        "uniform:0",
        "uniform:1,1",
        "uniform:2,1",
        "uniform:1,2,3",
        "zeros:1",
        "torch-default:2",
        "he-normal:0",
        "he-normal:-1",
        "he-normal:",
        "orthogonal:best",
        "truncated-normal:0.02",
        "normal:1,-1",
        "normal:1,2,3",
        "torch-truncated-normal:0",
        "he-normal:a=",
        "variance-scaling",
        "variance-scaling:scale=2,mode=fan-in",
        "variance-scaling:scale=0,distribution=normal",
        "variance-scaling:mode=fan,distribution=normal",
        "variance-scaling:distribution=gamma",
        ":",
        "",
    ] {
        assert!(find(text).is_err(), "`{text}`");
    }
}

#[track_caller]
fn check_deviation(text: &str, parameter: &Parameter, expected: f64) {
    let deviation = find(text).unwrap().distribution(parameter).unwrap().deviation();
    assert!((deviation / expected - 1.0).abs() < 1e-12, "{text}: {deviation}, not {expected}");
}

#[test]
fn deviations_follow_the_published_formulas() {
    let w = weight("w", &[300, 200], 200, 300);
    check_deviation("fan-in-uniform", &w, f64::sqrt(1.0 / 600.0));
    check_deviation("torch-default", &w, f64::sqrt(1.0 / 600.0));
    check_deviation("fan-in-normal", &w, f64::sqrt(1.0 / 200.0));
    check_deviation("lecun-uniform", &w, f64::sqrt(1.0 / 200.0));
    check_deviation("lecun-normal", &w, f64::sqrt(1.0 / 200.0));
    check_deviation("xavier-uniform", &w, f64::sqrt(2.0 / 500.0));
    check_deviation("xavier-normal:2", &w, 2.0 * f64::sqrt(2.0 / 500.0));
    check_deviation("he-uniform", &w, f64::sqrt(2.0 / 200.0));
    check_deviation("he-normal", &w, f64::sqrt(2.0 / 200.0));
    check_deviation("he-fan-out-normal", &w, f64::sqrt(2.0 / 300.0));
    check_deviation("orthogonal", &w, f64::sqrt(2.0 / 300.0));
    check_deviation("orthogonal:1", &w, f64::sqrt(1.0 / 300.0));
    check_deviation("uniform:0,12", &w, f64::sqrt(12.0));
    check_deviation("truncated-normal:std=0.02,cut=2sigma,corrected", &w, 0.02);
    check_deviation("normal:3,0.5", &w, 0.5);
    check_deviation("lecun-truncated-normal", &w, f64::sqrt(1.0 / 200.0));
    check_deviation("keras_glorot_normal", &w, f64::sqrt(2.0 / 500.0));
    check_deviation("keras-he-normal", &w, f64::sqrt(2.0 / 200.0));
    check_deviation("he-fan-out-uniform", &w, f64::sqrt(2.0 / 300.0));
    check_deviation("he-uniform:a=0.2", &w, f64::sqrt(2.0 / 1.04 / 200.0));
    check_deviation("geometric-mean-normal", &w, f64::sqrt(2.0 / f64::sqrt(60_000.0)));
    check_deviation("geometric-mean-uniform", &w, f64::sqrt(2.0 / f64::sqrt(60_000.0)));
    let given = |settings| format!("variance-scaling:{settings}");
    let uniform = given("scale=3,mode=fan_avg,distribution=uniform");
    check_deviation(&uniform, &w, f64::sqrt(3.0 / 250.0));
    let truncated = given("mode=fan_out,distribution=truncated_normal");
    check_deviation(&truncated, &w, f64::sqrt(1.0 / 300.0));
    let tanh = Parameter { activation: Some("tanh".to_owned()), ..w.clone() };
    check_deviation("he-normal:torch", &tanh, 5.0 / 3.0 / f64::sqrt(200.0));
    check_deviation("he-normal:exact", &tanh, gain::exact("tanh").unwrap() / f64::sqrt(200.0));
    let last = Parameter { activation: None, ..w };
    check_deviation("exact-gain-normal", &last, 1.0 / f64::sqrt(200.0));
}

#[test]
fn truncation_at_two_deviations_leaves_the_known_share() {
    let after = |cut: f64| distribution::deviation_after_cuts(-cut, cut);
    assert!((after(2.0) - schemes::truncated_normal::DEVIATION_AFTER_CUT).abs() < 1e-15);
    assert!((after(1.0) - 0.539_560_09).abs() < 1e-8);
    assert!((after(3.0) - 0.986_578_39).abs() < 1e-8);
}

/// He et al. 2015, section 2.2, give these for VGG's 3×3 layers.
#[test]
fn he_deviations_of_vgg_layers_are_those_of_the_paper() {
    for (channels, expected) in [(64, 0.0589), (128, 0.0417), (256, 0.0295), (512, 0.0208)] {
        let shape = [channels, channels, 3, 3];
        let fans = fans::convolution("w", &shape, 1).unwrap();
        let w = weight("w", &shape, fans.fan_in, fans.fan_out);
        let deviation = find("he-normal").unwrap().distribution(&w).unwrap().deviation();
        assert!((deviation - expected).abs() < 5e-5, "{channels}: {deviation}");
    }
}

#[test]
fn exact_gain_is_he_for_relu() {
    let w = weight("w", &[300, 200], 200, 300);
    let (exact, he) = (find("exact-gain-normal").unwrap(), find("he-normal").unwrap());
    let exact = exact.distribution(&w).unwrap().deviation();
    assert!((exact / he.distribution(&w).unwrap().deviation() - 1.0).abs() < 1e-7);
    for name in activations::names() {
        let w = Parameter { activation: Some(name.to_owned()), ..w.clone() };
        assert!(find("exact-gain-normal").unwrap().distribution(&w).is_ok(), "{name}");
    }
}

#[test]
fn rows_or_columns_of_an_orthogonal_weight_are_orthogonal() {
    let scheme = find("orthogonal:1.5").unwrap();
    for shape in [[30, 70].as_slice(), &[70, 30], &[40, 40], &[8, 3, 3, 3], &[64, 2, 3, 3], &[1, 9]]
    {
        let (rows, columns) = (shape[0], shape[1..].iter().product::<usize>());
        let w = filled(&*scheme, 3, &weight("w", shape, columns, rows));
        let short = rows.min(columns);
        let at = |i: usize, k: usize| {
            f64::from(if rows < columns { w[i * columns + k] } else { w[k * columns + i] })
        };
        for i in 0..short {
            for j in 0..=i {
                let product: f64 = (0..rows.max(columns)).map(|k| at(i, k) * at(j, k)).sum();
                let expected = if i == j { 2.25 } else { 0.0 };
                assert!((product - expected).abs() < 2e-6, "{shape:?} {i} {j}: {product}");
            }
        }
    }
}

fn network() -> Vec<Parameter> {
    vec![
        weight("0.weight", &[8, 4], 4, 8),
        bias("0.bias", 8, 4),
        Parameter { role: Role::NormScale, ..weight("1.weight", &[8], 8, 8) },
        Parameter { role: Role::NormShift, ..weight("1.bias", &[8], 8, 8) },
        Parameter { role: Role::RunningMean, ..weight("1.running_mean", &[8], 8, 8) },
        Parameter { role: Role::RunningVariance, ..weight("1.running_var", &[8], 8, 8) },
        Parameter { role: Role::Slope, ..weight("2.weight", &[1], 8, 8) },
    ]
}

fn all_equal(weights: &crate::weights::Weights, name: &str, value: f32) -> bool {
    weights.get(name).unwrap().data().iter().all(|&x| x == value)
}

/// The network's scheme decides for the roles that it serves, and only for these.
#[test]
fn a_scheme_leaves_the_roles_that_it_does_not_serve_at_their_start() {
    for scheme in schemes() {
        let (text, needs) = (scheme.label(), scheme.facts().needs);
        let weights = initialize(&network(), &Rules::new(&text), 1);
        assert_eq!(weights.is_ok(), needs.is_empty(), "{text} needs `{needs}`");
        let Ok(weights) = weights else { continue };
        for parameter in network() {
            let served = scheme.serves(parameter.role);
            let Some(start) = parameter.role.start().filter(|_| !served) else { continue };
            assert!(all_equal(&weights, &parameter.name, start as f32), "{text} {parameter:?}");
        }
    }
    for text in ["normal:0.01", "uniform:0.1", "torch-default"] {
        let explained = explain(&network(), &Rules::new(text)).unwrap();
        assert!(explained[1].deviation > 0.0, "{text} serves biases");
    }
}

#[test]
fn rules_choose_by_pattern_then_role_then_default() {
    let rules = Rules {
        default: "he-normal".to_owned(),
        bias: Some("constant:0.1".to_owned()),
        patterns: vec![("1.w*".to_owned(), "zeros".to_owned())],
        fans: None,
    };
    let weights = initialize(&network(), &rules, 1).unwrap();
    assert!(all_equal(&weights, "0.bias", 0.1) && all_equal(&weights, "1.weight", 0.0));
    assert!(all_equal(&weights, "1.bias", 0.0), "a shift is no bias");
    let explained = explain(&network(), &rules).unwrap();
    let line = |i: usize| {
        let e: &Explanation = &explained[i];
        format!("{} {} {} {}", e.name, e.scheme.as_deref().unwrap_or("-"), e.distribution, e.reason)
    };
    assert_eq!(line(0), "0.weight he-normal N(0, 0.7071²) scheme of the network");
    assert_eq!(line(1), "0.bias constant:0.1 0.1 scheme of the biases");
    assert_eq!(line(2), "1.weight zeros 0 rule `1.w*`");
    assert_eq!(line(3), "1.bias - 0 shifts of a normalization start at 0");
    assert!((explained[0].gain.unwrap() - std::f64::consts::SQRT_2).abs() < 1e-15);
    assert_eq!((explained[0].fan_in, explained[0].fan_out), (4, 8));
}

#[test]
fn a_parameter_keeps_its_values_when_others_come_and_go() {
    let rules = Rules::new("torch-default");
    let all = initialize(&network(), &rules, 5).unwrap();
    let alone = initialize(&network()[1..2], &rules, 5).unwrap();
    assert_eq!(all.get("0.bias"), alone.get("0.bias"));
}

#[track_caller]
fn check_refused(parameters: &[Parameter], rules: &Rules, expected: &str) {
    let message = initialize(parameters, rules, 1).unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
}

#[test]
fn what_cannot_be_initialized_is_refused_by_name() {
    let he = Rules::new("he-normal");
    let with = |pattern: &str, scheme: &str| Rules {
        patterns: vec![(pattern.to_owned(), scheme.to_owned())],
        ..he.clone()
    };
    check_refused(&network(), &with("9.*", "zeros"), "unknown parameter `9.*`");
    check_refused(&network(), &with("0.*", "zeroes"), "did you mean `zeros`");
    check_refused(&network(), &with("*.bias", "orthogonal"), "parameter `0.bias`: found shape (8)");
    let twice = [bias("b", 2, 2), bias("b", 3, 2)];
    check_refused(&twice, &he, "two parameters of this name");
    check_refused(&[weight("w", &[0, 5], 5, 0)], &he, "shape (0, 5) of 0 elements");
    check_refused(&[weight("w", &[1 << 50, 5], 5, 1 << 50)], &he, "limit");
    check_refused(&[weight("w", &[400, 50], 5, 5)], &Rules::new("normal:3e38"), "range of f32");
    let misspelt = Parameter { activation: Some("rellu".to_owned()), ..weight("w", &[2, 2], 2, 2) };
    check_refused(&[misspelt], &Rules::new("exact-gain-normal"), "did you mean `relu`");
}

/// Query, key and value in one tensor, along the first axis and along the last.
fn packed(axis: usize) -> Parameter {
    let parts = vec![(Component::Query, 8), (Component::Key, 4), (Component::Value, 4)];
    let (shape, axes) =
        if axis == 0 { ([16, 6], Axes::linear()) } else { ([6, 16], Axes::keras(2)) };
    let parameter = Parameter::weight("qkv.weight", shape, axes).unwrap();
    Parameter { packing: Some(Packing { axis, parts }), ..parameter }
}

#[test]
fn any_slice_of_a_packed_parameter_equals_the_whole() {
    for text in ["normal:1", "orthogonal:1", "he-uniform"] {
        for parameter in [packed(0), packed(1)] {
            let parameters = [parameter];
            let chosen = Chosen::new(&parameters, &Rules::new(text)).unwrap();
            let whole = chosen.values(0, 9).into_all().unwrap();
            for start in 0..whole.len() {
                for length in [1, 5, 17].map(|length| length.min(whole.len() - start)) {
                    let mut slice = vec![f32::NAN; length];
                    chosen.values(0, 9).read(start, &mut slice).unwrap();
                    assert_eq!(slice, whole[start..start + length], "{text} {start}");
                }
            }
        }
    }
}

#[test]
fn each_part_of_a_packed_parameter_is_orthogonal_by_itself() {
    for parameter in [packed(0), packed(1)] {
        let scheme = find("orthogonal:1").unwrap();
        let values = Values::new(&parameter, Source::Scheme(&*scheme), 1).into_all().unwrap();
        let entry = |i: usize, j: usize| match parameter.packing.as_ref().unwrap().axis {
            0 => f64::from(values[i * 6 + j]),
            _ => f64::from(values[j * 16 + i]),
        };
        for (rows, columns_are_fewer) in [(0..8, true), (8..12, false), (12..16, false)] {
            let gram = |a: usize, b: usize| -> f64 {
                if columns_are_fewer {
                    rows.clone().map(|i| entry(i, a) * entry(i, b)).sum()
                } else {
                    (0..6).map(|j| entry(rows.start + a, j) * entry(rows.start + b, j)).sum()
                }
            };
            let side = if columns_are_fewer { 6 } else { 4 };
            for (a, b) in (0..side).flat_map(|a| (0..side).map(move |b| (a, b))) {
                let expected = if a == b { 1.0 } else { 0.0 };
                assert!((gram(a, b) - expected).abs() < 1e-6, "{rows:?} {a} {b}");
            }
        }
    }
}

#[test]
fn rules_choose_by_role() {
    let mut parameters = network();
    parameters[0].place.is_head = true;
    let rules = Rules {
        patterns: vec![
            ("role:head".to_owned(), "zeros".to_owned()),
            ("role:norm-scale".to_owned(), "constant:2".to_owned()),
        ],
        ..Rules::new("he-normal")
    };
    let weights = initialize(&parameters, &rules, 1).unwrap();
    assert!(all_equal(&weights, "0.weight", 0.0) && all_equal(&weights, "1.weight", 2.0));
    let unknown = Rules { patterns: vec![("role:heat".to_owned(), "zeros".to_owned())], ..rules };
    let message = initialize(&parameters, &unknown, 1).unwrap_err().to_string();
    assert!(message.contains("did you mean `head`"), "{message}");
}

#[test]
fn a_buffer_of_unknown_meaning_is_refused() {
    let buffer = Parameter::new("inv_freq", [4], Role::Buffer);
    check_refused(&[buffer], &Rules::new("he-normal"), "whose values only their module knows");
}

#[test]
fn each_gate_of_each_direction_is_an_orthogonal_matrix_of_its_own() {
    let parts = vec![(Component::InputGate, 4), (Component::ForgetGate, 4)];
    let axes = Axes { batch: vec![0], ..Axes::new(2, 1) };
    let mut gates = Parameter::weight("r", [2, 8, 4], axes).unwrap();
    gates.packing = Some(Packing { axis: 1, parts });
    let weights = &initialize(&[gates], &Rules::new("orthogonal:1"), 0).unwrap().tensors[0].1;
    let matrices: Vec<&[f32]> = weights.data().chunks_exact(16).collect();
    for (index, &matrix) in matrices.iter().enumerate() {
        assert!(!matrices[..index].contains(&matrix), "{index}");
        for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
            let product: f32 = (0..4).map(|k| matrix[4 * i + k] * matrix[4 * j + k]).sum();
            let off = product - f32::from(u8::from(i == j));
            assert!(off.abs() < 1e-5, "{index}: {i} {j}: {product}");
        }
    }
}
