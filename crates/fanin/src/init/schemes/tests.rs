//! Schemes of deep networks against their closed forms, on networks as they are built.

use super::sample_networks::{gpt2, low_rank_pair, lstm, residual_convolutions, translator};
use crate::init::{Component, Parameter, Place, Position, Rules, Source, Values, explain, find};
use crate::spec::Role;

/// The deviation that a scheme declares for the parameter, or for the part `name[component]`.
#[track_caller]
fn deviation(scheme: &str, network: &[Parameter], name: &str) -> f64 {
    let lines = explain(network, &Rules::new(scheme)).unwrap();
    let packed = name.split_once('[').map_or(name, |(whole, _)| whole);
    let line = lines.iter().find(|line| line.name == name || line.name == packed);
    line.unwrap_or_else(|| panic!("{scheme}: no {name}")).deviation
}

#[track_caller]
fn check(scheme: &str, network: &[Parameter], expected: &[(&str, f64)]) {
    for &(name, expected) in expected {
        let found = deviation(scheme, network, name);
        let error = (found - expected).abs();
        assert!(error <= 1e-12 * expected.abs(), "{scheme} {name}: {found}, not {expected}");
    }
}

#[track_caller]
fn check_refused(scheme: &str, network: &[Parameter], part: &str) {
    let message = explain(network, &Rules::new(scheme)).unwrap_err().to_string();
    assert!(message.contains(part), "{scheme}: {message}");
}

fn mlp() -> Vec<Parameter> {
    vec![Parameter::linear("0.weight", 64, 32), Parameter::linear("1.weight", 10, 64)]
}

#[test]
fn gpt2_is_smaller_where_a_layer_adds_to_the_residual_signal() {
    let network = gpt2(6, 64);
    let residual = 0.02 / f64::sqrt(12.0);
    assert!((residual - 0.005_77).abs() < 5e-6, "the digits of transformers 5.23");
    for scheme in ["gpt2", "gpt2-residual:0.02"] {
        check(
            scheme,
            &network,
            &[
                ("wte.weight", 0.02),
                ("wpe.weight", 0.02),
                ("h.3.attn.c_attn.weight", 0.02),
                ("h.3.attn.c_proj.weight", residual),
                ("h.0.mlp.c_fc.weight", 0.02),
                ("h.0.mlp.c_proj.weight", residual),
                ("lm_head.weight", 0.02),
            ],
        );
    }
}

#[test]
fn small_init_and_wang_init_follow_width_and_depth() {
    let network = gpt2(6, 64);
    let small = f64::sqrt(2.0 / 320.0);
    let names = ["wte.weight", "h.1.attn.c_attn.weight", "h.1.mlp.c_fc.weight", "lm_head.weight"];
    for scheme in ["small-init", "wang-init"] {
        check(scheme, &network, &names.map(|name| (name, small)));
    }
    check("small-init", &network, &[("h.1.mlp.c_proj.weight", small)]);
    check("wang-init", &network, &[("h.1.mlp.c_proj.weight", 2.0 / (6.0 * 8.0))]);
    check_refused("small-init", &mlp(), "`0.weight`: found no width of the signal between blocks");
}

#[test]
fn mitchell_fades_with_the_block() {
    // The deviation of a standard normal variable that is cut at 3.
    let cut = 0.986_578_39;
    let network = gpt2(6, 64);
    for (name, variance) in [
        ("wte.weight", 1.0 / 64.0),
        ("h.0.mlp.c_fc.weight", 1.0 / 64.0),
        ("h.0.mlp.c_proj.weight", 1.0 / (2.0 * 256.0)),
        ("h.5.mlp.c_proj.weight", 1.0 / (12.0 * 256.0)),
        ("h.5.attn.c_proj.weight", 1.0 / (12.0 * 64.0)),
    ] {
        let expected = cut * f64::sqrt(variance);
        let found = deviation("mitchell", &network, name);
        assert!((found / expected - 1.0).abs() < 1e-7, "{name}: {found}, not {expected}");
    }
}

#[test]
fn ds_init_falls_with_the_root_of_the_block() {
    let network = gpt2(6, 64);
    let xavier = f64::sqrt(2.0 / 128.0);
    check(
        "ds-init",
        &network,
        &[
            ("wte.weight", 1.0 / 8.0),
            ("h.0.attn.c_proj.weight", xavier),
            ("h.3.attn.c_proj.weight", xavier / 2.0),
            ("h.3.mlp.c_fc.weight", f64::sqrt(2.0 / 320.0) / 2.0),
            ("lm_head.weight", f64::sqrt(2.0 / 164.0)),
        ],
    );
}

#[test]
fn fixup_shrinks_all_but_the_last_layer_of_each_branch() {
    let mut network = residual_convolutions(16, 8);
    let he = f64::sqrt(2.0 / 72.0);
    let expected = [
        ("layer1.3.conv1.weight", he / 4.0),
        ("layer1.3.conv2.weight", 0.0),
        ("layer1.3.scale", 0.0),
        ("fc.weight", 0.0),
    ];
    check("fixup", &network, &expected);
    // A layer of 8 units over 72 inputs reaches 18 units: the code's rule doubles the deviation.
    network[0].fan_out = 18;
    check("fixup-fan-out", &network, &[("layer1.0.conv1.weight", f64::sqrt(2.0 / 18.0) / 4.0)]);
    for parameter in network.iter_mut().filter(|parameter| parameter.place.branch.is_some()) {
        parameter.place.branch.as_mut().unwrap().count = 3;
    }
    check("fixup", &network, &[("layer1.3.conv1.weight", he / 2.0)]);
    let scale = explain(&network, &Rules::new("fixup")).unwrap().remove(2);
    assert_eq!((scale.name.as_str(), scale.mean), ("layer1.0.scale", 1.0));
    check_refused("fixup", &mlp(), "no residual blocks");
}

#[test]
fn t_fixup_has_a_rule_for_each_stack() {
    let network = translator(6, 4, 64);
    let xavier = f64::sqrt(2.0 / 128.0);
    let wide = f64::sqrt(2.0 / 320.0);
    let (encoder, decoder) = (0.67 * f64::powf(6.0, -0.25), f64::powf(36.0, -0.25));
    check(
        "t-fixup",
        &network,
        &[
            ("encoder.embed_tokens.weight", f64::powf(54.0, -0.25) / 8.0),
            ("decoder.embed_tokens.weight", decoder / 8.0),
            ("encoder.layers.0.self_attn.q_proj.weight[query]", xavier),
            ("encoder.layers.0.self_attn.v_proj.weight[value]", encoder * xavier),
            ("encoder.layers.5.fc1.weight[up]", encoder * wide),
            ("decoder.layers.3.encoder_attn.v_proj.weight[value]", decoder * xavier),
            ("decoder.layers.3.encoder_attn.k_proj.weight[key]", xavier),
            ("decoder.layers.3.fc2.weight[down]", decoder * wide),
        ],
    );
    check_refused("t-fixup", &gpt2(2, 64), "no rule");
}

#[test]
fn deepnorm_has_a_beta_for_each_stack() {
    let xavier = f64::sqrt(2.0 / 128.0);
    let decoder_only = f64::powf(8.0 * 6.0, -0.25);
    check(
        "deepnorm",
        &gpt2(6, 64),
        &[
            ("h.0.attn.c_attn.weight[query]", xavier),
            ("h.0.attn.c_attn.weight[key]", xavier),
            ("h.0.attn.c_attn.weight[value]", decoder_only * xavier),
            ("h.0.attn.c_proj.weight[attention-output]", decoder_only * xavier),
        ],
    );
    let network = translator(6, 4, 64);
    let sixteenth = f64::powf(1296.0 * 4.0, -1.0 / 16.0);
    let value = "encoder.layers.2.self_attn.v_proj.weight[value]";
    check("deepnorm", &network, &[(value, 0.87 * sixteenth * xavier)]);
    check("deepnorm-torchscale", &network, &[(value, 1.15 * sixteenth * xavier)]);
    let value = "decoder.layers.2.encoder_attn.v_proj.weight[value]";
    check("deepnorm", &network, &[(value, f64::powf(48.0, -0.25) * xavier)]);
}

#[test]
fn sub_ln_grows_branches_but_not_attention_to_the_encoder() {
    let xavier = f64::sqrt(2.0 / 128.0);
    let gamma = f64::sqrt(12.0_f64.ln());
    check("sub-ln", &gpt2(6, 64), &[("h.0.attn.c_proj.weight[attention-output]", gamma * xavier)]);
    let encoder = f64::sqrt(12.0_f64.ln() * 12.0_f64.ln() / 3.0);
    check(
        "sub-ln",
        &translator(6, 4, 64),
        &[
            ("encoder.layers.2.self_attn.v_proj.weight[value]", encoder * xavier),
            ("decoder.layers.2.self_attn.v_proj.weight[value]", gamma * xavier),
            ("decoder.layers.2.self_attn.q_proj.weight[query]", xavier),
            ("decoder.layers.2.encoder_attn.v_proj.weight[value]", xavier),
        ],
    );
}

/// (residual scale, deviation of the last layer over that of the base) with and without scales.
#[track_caller]
fn check_scale(scheme: &str, blocks: usize, expected: f64) {
    for has_scale in [Some(true), Some(false), None] {
        let mut network = residual_convolutions(blocks, 8);
        network.iter_mut().for_each(|p| p.place.has_residual_scale = has_scale);
        let lines = explain(&network, &Rules::new(scheme)).unwrap();
        assert_eq!(lines[2].mean, expected, "{scheme}: residual scale");
        let on_last = lines[1].deviation / lines[0].deviation;
        let expected = if has_scale == Some(false) { expected } else { 1.0 };
        assert!((on_last - expected).abs() < 1e-12, "{scheme} {has_scale:?}: {on_last}");
    }
}

#[test]
fn residual_scales_or_in_their_stead_last_layers_start_small() {
    check_scale("rezero", 4, 0.0);
    check_scale("rezero:xavier-uniform", 4, 0.0);
    check_scale("skip-init", 4, 0.0);
    check_scale("skip-init:0.5", 4, 0.5);
    check_scale("skip-init:depth", 16, 0.25);
    for (blocks, scale) in [(18, 0.1), (19, 1e-5), (24, 1e-5), (25, 1e-6)] {
        check_scale("layer-scale", blocks, scale);
    }
    check_scale("layer-scale:0.3", 40, 0.3);
    for mistake in ["rezero:mup:3", "rezero:nothing", "skip-init:-1", "layer-scale:depth"] {
        assert!(find(mistake).is_err(), "{mistake}");
    }
    check_refused("rezero", &mlp(), "no residual blocks");
}

#[test]
fn normformer_starts_its_factors_at_one() {
    check_scale("normformer", 4, 1.0);
    let network = residual_convolutions(4, 8);
    let (base, he) = (f64::sqrt(2.0 / 144.0), f64::sqrt(2.0 / 72.0));
    check("normformer", &network, &[("layer1.1.conv2.weight", base)]);
    check("normformer:he-normal", &network, &[("layer1.1.conv2.weight", he)]);
    check_refused("normformer", &mlp(), "no residual blocks");
}

#[test]
fn admin_grows_shortcuts_or_in_their_stead_shrinks_branches() {
    let mut network = gpt2(6, 64);
    let mut shortcut = Parameter::new("h.2.omega", [64], Role::ShortcutScale);
    shortcut.place.clone_from(&network[3].place);
    network.push(shortcut);
    let omega = f64::sqrt(13.0 / 13.0_f64.ln() - 1.0);
    let (xavier, wide) = (f64::sqrt(2.0 / 128.0), f64::sqrt(2.0 / 320.0));
    let mean = |scheme: &str| explain(&network, &Rules::new(scheme)).unwrap().pop().unwrap().mean;
    assert_eq!(mean("admin"), omega);
    assert_eq!(mean("admin:log"), omega);
    assert_eq!(mean("admin:constant"), f64::sqrt(12.0));
    assert_eq!(mean("deepnorm"), 1.0);
    check("admin", &network, &[("h.2.attn.c_proj.weight", xavier), ("wte.weight", 0.125)]);
    network.iter_mut().for_each(|p| p.place.has_shortcut_scale = Some(false));
    let expected = [
        ("h.2.attn.c_proj.weight", xavier / omega),
        ("h.2.mlp.c_fc.weight", wide),
        ("h.2.mlp.c_proj.weight", wide / omega),
        ("lm_head.weight", f64::sqrt(2.0 / 164.0)),
    ];
    check("admin", &network, &expected);
    check("admin:constant", &network, &[("h.2.mlp.c_proj.weight", wide / f64::sqrt(12.0))]);
    assert!(find("admin:linear").is_err());
    check_refused("admin", &mlp(), "no residual sums");
}

#[test]
fn a_joint_base_is_scaled_too() {
    let mut network = residual_convolutions(2, 4);
    network.iter_mut().for_each(|p| p.place.has_residual_scale = Some(false));
    let scheme = find("rezero:orthogonal:1").unwrap();
    let values = |index: usize| {
        Values::new(&network[index], Source::Scheme(&*scheme), 3).into_all().unwrap()
    };
    let norm: f64 = values(0)[..36].iter().map(|x| f64::from(x * x)).sum();
    assert!((norm - 1.0).abs() < 1e-5 && values(1).iter().all(|&x| x == 0.0), "{norm}");
}

#[test]
fn mup_keeps_first_layer_and_head_and_narrows_hidden_weights() {
    // Base width 16, r = 4; of 256 hidden units 64 remain.
    let network = gpt2(2, 64);
    let wte_at_base = f64::sqrt(2.0 / 100.0);
    check(
        "mup:16",
        &network,
        &[
            ("wte.weight", wte_at_base),
            ("h.0.mlp.c_fc.weight", f64::sqrt(2.0 / 64.0)),
            ("lm_head.weight", f64::sqrt(2.0 / 16.0)),
        ],
    );
    // xavier: ×√((d + e)/(d₀ + e₀)), then ÷√r where both grow.
    check(
        "mup:16,xavier-normal",
        &network,
        &[
            ("h.0.mlp.c_fc.weight", f64::sqrt(2.0 / 80.0) / 2.0),
            ("lm_head.weight", f64::sqrt(2.0 / 116.0)),
        ],
    );
    // normal_: ×1/√r where both grow; kaiming with fan-out: ×√(r_out/r_in) = 1 over the fan-out.
    check("mup:16,normal:0.1", &network, &[("h.0.mlp.c_proj.weight", 0.05)]);
    check("mup:16,normal:0.1", &network, &[("wte.weight", 0.1), ("lm_head.weight", 0.1)]);
    let he = f64::sqrt(2.0 / 256.0);
    check("mup:16,he-fan-out-normal", &network, &[("h.0.mlp.c_fc.weight", he)]);
    assert_eq!(find("mup:16,normal:0.1").unwrap().label(), "mup:16,normal:0.1");
    check_refused("mup:16,constant:1", &network, "found hidden weights of mean 1");
    for mistake in ["mup", "mup:0", "mup:x", "mup:16,mup:16", "mup:16,orthogonal", "mup:16,"] {
        assert!(find(mistake).is_err(), "{mistake}");
    }
}

#[test]
fn mup_reads_the_width_of_a_plain_network_from_its_layers() {
    let mut network = vec![
        Parameter::linear("0.weight", 256, 784),
        Parameter::linear("1.weight", 256, 256),
        Parameter::linear("2.weight", 10, 256),
    ];
    for (index, parameter) in network.iter_mut().enumerate() {
        let layer = Some(Position { index, count: 3 });
        parameter.place = Place { layer, is_head: index == 2, ..Place::default() };
    }
    let xavier = |fans: f64| f64::sqrt(2.0 / fans);
    check(
        "mup:64,xavier-normal",
        &network,
        &[
            ("0.weight", xavier(784.0 + 64.0)),
            ("1.weight", xavier(128.0) / 2.0),
            ("2.weight", xavier(64.0 + 10.0)),
        ],
    );
}

#[test]
fn the_spectral_condition_bounds_the_largest_stretch() {
    let wide = [Parameter::linear("wide", 400, 100), Parameter::linear("narrow", 100, 400)];
    check("spectral", &wide, &[("wide", 0.1), ("narrow", 0.05 * 0.5)]);
    check("unit-scaling", &wide, &[("wide", 1.0), ("narrow", 1.0)]);
}

#[test]
fn low_rank_pairs_start_at_their_network() {
    let pair = low_rank_pair(96, 64, 8);
    check("lora", &pair, &[("q_proj.lora_A.weight[lora-down]", 1.0 / f64::sqrt(192.0))]);
    check("lora", &pair, &[("q_proj.lora_B.weight[lora-up]", 0.0)]);
    let embedding: Vec<Parameter> =
        pair.into_iter().map(|p| Parameter { role: Role::Embedding, ..p }).collect();
    check("lora", &embedding, &[("q_proj.lora_A.weight[lora-down]", 0.0)]);
    check("lora", &embedding, &[("q_proj.lora_B.weight[lora-up]", 1.0)]);
    check_refused("lora", &mlp(), "low-rank pair");
}

#[test]
fn packed_parameters_are_sampled_part_by_part() {
    let [weight, recurrent, ..] = &lstm(5, 3)[..] else { panic!("an LSTM has four parameters") };
    assert_eq!(weight.fan_out_of_all_parts(), 12);
    let forget = recurrent.part(1);
    assert_eq!((forget.shape.axes(), forget.fan_out_of_all_parts()), (&[3, 3][..], 12));
    assert_eq!(forget.place.component, Some(Component::ForgetGate));
    assert!(forget.packing.is_none() && forget.part_of == recurrent.packing);
}
