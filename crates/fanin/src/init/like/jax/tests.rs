//! Keys, draws and initializers equal those of JAX, to the bit.

use std::sync::LazyLock;

use serde_json::Value;

use super::*;
use crate::init::like::tests as reference;

static REFERENCE: LazyLock<Value> =
    LazyLock::new(|| reference::parsed(include_str!("../../../../tests/reference/like_jax.json")));

fn key(entry: &Value) -> Key {
    Key::new(entry["seed"].as_i64().unwrap())
}

#[track_caller]
fn check(fill: impl Fn(Key, &mut [f32]), bits: [u32; 4]) {
    let mut out = [0.0; 4];
    fill(Key::new(42), &mut out);
    assert_eq!(out.map(f32::to_bits), bits, "{out:?}");
}

#[test]
fn the_first_draws_are_those_of_jax() {
    let key = Key::new(42);
    let bits = [0, 1, 2, 3].map(|i| key.bits(i));
    assert_eq!(bits, [0x7d1c_13a2, 0xae07_30d9, 0x9dc3_f9f9, 0x8f9e_c1d7]);
    let halves = [Key([1_832_780_943, 270_669_613]), Key([64_467_757, 2_916_123_636])];
    assert_eq!(key.split(2), halves);
    let uniform = |key, out: &mut [f32]| fill_uniform(key, 0, 0.0, 1.0, out);
    check(uniform, [0x3efa_3824, 0x3f2e_0730, 0x3f1d_c3f8, 0x3f0f_9ec0]);
    let normal = |key, out: &mut [f32]| fill_normal(key, 0, out);
    check(normal, [0xbce7_df15, 0x3eef_2be8, 0x3e97_6661, 0x3e1d_3b24]);
    let truncated = |key, out: &mut [f32]| fill_truncated_normal(key, 0, out);
    check(truncated, [0xbcdd_51b4, 0x3ee3_85e2, 0x3e90_5231, 0x3e16_0635]);
    let he_normal = |key, out: &mut [f32]| {
        out.copy_from_slice(&Initializer::he_normal().values(key, &[4, 3]).unwrap()[..4]);
    };
    check(he_normal, [0xbcb1_e990, 0x3eb6_e641, 0x3e68_080b, 0x3df1_3360]);
}

#[test]
fn keys_are_those_of_jax() {
    for entry in reference::entries(&REFERENCE, "keys") {
        let key = key(entry);
        assert_eq!(key.0.to_vec(), reference::numbers::<u32>(&entry["key"]));
        assert_eq!(
            key.fold_in(0xDEAD_BEEF).0.to_vec(),
            reference::numbers::<u32>(&entry["fold_in"])
        );
        let split = entry["split"].as_array().unwrap();
        let split: Vec<Vec<u32>> = split.iter().map(reference::numbers).collect();
        assert_eq!(key.split(5).iter().map(|key| key.0.to_vec()).collect::<Vec<_>>(), split);
        let bits: Vec<u32> = (0..15).map(|i| key.bits(i)).collect();
        assert_eq!(bits, reference::numbers::<u32>(&entry["bits"]));
    }
}

#[test]
fn draws_are_those_of_jax() {
    for entry in reference::entries(&REFERENCE, "draws") {
        let mut out = vec![0.0; entry["shape"][0].as_u64().unwrap() as usize];
        let bound = |name: &str| entry[name].as_f64().unwrap() as f32;
        match entry["kind"].as_str().unwrap() {
            "uniform" => fill_uniform(key(entry), 0, bound("low"), bound("high"), &mut out),
            "normal" => fill_normal(key(entry), 0, &mut out),
            _ => fill_truncated_normal(key(entry), 0, &mut out),
        }
        reference::check(entry, &out);
    }
}

#[test]
fn a_part_holds_the_values_of_the_whole() {
    let mut whole = vec![0.0; 100_000];
    let mut part = vec![0.0; 70_001];
    let key = Key::new(3);
    fill_normal(key, 0, &mut whole);
    fill_normal(key, 20_000, &mut part);
    assert_eq!(whole[20_000..90_001], part);
}

#[test]
fn initializers_are_those_of_jax() {
    for entry in reference::entries(&REFERENCE, "plain") {
        let shape: Vec<usize> = reference::numbers(&entry["shape"]);
        let argument = entry["argument"].as_f64().unwrap_or_default();
        let initializer = match entry["name"].as_str().unwrap() {
            "he_normal" => Initializer::he_normal(),
            "he_uniform" => Initializer::he_uniform(),
            "lecun_normal" => Initializer::lecun_normal(),
            "lecun_uniform" => Initializer::lecun_uniform(),
            "glorot_normal" => Initializer::glorot_normal(),
            "glorot_uniform" => Initializer::glorot_uniform(),
            "uniform" => Initializer::Uniform { scale: argument },
            "normal" => Initializer::Normal { stddev: argument },
            "truncated_normal" => Initializer::TruncatedNormal { stddev: argument },
            "constant" => Initializer::Constant(argument),
            name => panic!("{name}"),
        };
        reference::check(entry, &initializer.values(key(entry), &shape).unwrap());
    }
}

#[test]
fn scaled_initializers_are_those_of_jax_on_any_axes() {
    for entry in reference::entries(&REFERENCE, "scaled") {
        let shape: Vec<usize> = reference::numbers(&entry["shape"]);
        let mode = match entry["mode"].as_str().unwrap() {
            "fan_in" => Mode::FanIn,
            "fan_out" => Mode::FanOut,
            "fan_avg" => Mode::FanAverage,
            _ => Mode::FanGeometric,
        };
        let distribution = match entry["distribution"].as_str().unwrap() {
            "truncated_normal" => Distribution::TruncatedNormal,
            "normal" => Distribution::Normal,
            _ => Distribution::Uniform,
        };
        let mut scaling =
            VarianceScaling::new(entry["scale"].as_f64().unwrap(), mode, distribution);
        let axes = [
            ("in_axis", &mut scaling.in_axes),
            ("out_axis", &mut scaling.out_axes),
            ("batch_axis", &mut scaling.batch_axes),
        ];
        for (name, axes) in axes {
            if !entry["axes"][name].is_null() {
                *axes = reference::numbers(&entry["axes"][name]);
            }
        }
        let values = Initializer::VarianceScaling(scaling).values(key(entry), &shape).unwrap();
        reference::check(entry, &values);
    }
}

#[test]
fn orthogonal_matrices_are_those_of_jax_up_to_rounding() {
    for entry in reference::entries(&REFERENCE, "orthogonal") {
        let shape: Vec<usize> = reference::numbers(&entry["shape"]);
        let scale = entry["scale"].as_f64().unwrap();
        let initializer = match entry["column_axis"].as_i64() {
            Some(axis) => Initializer::Orthogonal { scale, column_axis: axis as isize },
            None => Initializer::DeltaOrthogonal { scale },
        };
        reference::check(entry, &initializer.values(key(entry), &shape).unwrap());
    }
}

#[track_caller]
fn check_refused(initializer: &Initializer, shape: &[usize], part: &str) {
    let message = initializer.values(Key::new(0), shape).unwrap_err().to_string();
    assert!(message.contains(part), "{message}");
}

#[test]
fn senseless_requests_are_refused() {
    check_refused(&Initializer::Zeros, &[3, 0], "0 elements");
    check_refused(&Initializer::Zeros, &[1 << 40, 1 << 40], "limit");
    check_refused(&Initializer::he_normal(), &[3], "axis -2");
    check_refused(&Initializer::he_normal(), &[0, 3], "0 elements");
    check_refused(&Initializer::Normal { stddev: f64::NAN }, &[3], "NaN");
    check_refused(&Initializer::Normal { stddev: -1.0 }, &[3], "0 or more");
    check_refused(&Initializer::Orthogonal { scale: 1.0, column_axis: -1 }, &[3], "two axes");
    check_refused(&Initializer::Orthogonal { scale: 1.0, column_axis: 2 }, &[3, 3], "axis 2");
    check_refused(&Initializer::DeltaOrthogonal { scale: 1.0 }, &[3, 3], "3 to 5 axes");
    check_refused(&Initializer::DeltaOrthogonal { scale: 1.0 }, &[3, 3, 2], "outputs");
}
