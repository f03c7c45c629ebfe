//! Draws equal those of TensorFlow, to the bit.

use super::*;
use crate::init::like::tests as reference;

const REFERENCE: &str = include_str!("../../../../tests/reference/like_keras.json");

#[track_caller]
fn check(fill: impl Fn(Seed, &mut [f32]), bits: [u32; 4]) {
    let mut out = [0.0; 4];
    fill(Seed([42, 0]), &mut out);
    assert_eq!(out.map(f32::to_bits), bits, "{out:?}");
}

#[test]
fn the_first_draws_are_those_of_tensorflow() {
    let normal = [0x3c81_92d0, 0xbfcb_87f8, 0x3dd4_2955, 0x3f4f_ce95];
    check(
        |seed, out| fill_uniform(seed, 0.0, 1.0, out),
        [0x3e90_9b14, 0x3eff_3080, 0x3f37_284a, 0x3ca5_7ec0],
    );
    check(|seed, out| fill_normal(seed, 0.0, 1.0, out), normal);
    check(|seed, out| fill_truncated_normal(seed, 0.0, 1.0, out), normal);
}

#[test]
fn draws_are_those_of_tensorflow() {
    let reference = reference::parsed(REFERENCE);
    for entry in reference::entries(&reference, "draws") {
        let mut out = vec![0.0; entry["shape"][0].as_u64().unwrap() as usize];
        let seed: Vec<i64> = reference::numbers(&entry["seed"]);
        let seed = Seed([seed[0], seed[1]]);
        let [a, b] = [0, 1].map(|i| entry["arguments"][i].as_f64().unwrap() as f32);
        match entry["kind"].as_str().unwrap() {
            "uniform" => fill_uniform(seed, a, b, &mut out),
            "normal" => fill_normal(seed, a, b, &mut out),
            _ => fill_truncated_normal(seed, a, b, &mut out),
        }
        reference::check(entry, &out);
    }
}
