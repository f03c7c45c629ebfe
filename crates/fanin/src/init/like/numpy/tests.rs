//! Numbers of a running NumPy: `crates/fanin/tests/reference/like_numpy.py` makes them.

use serde_json::Value;

use super::*;

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn seed_sequence_gives_the_words_of_numpy() {
    let words: [u64; 4] = SeedSequence::new(42).state();
    let expected = [
        0x9f1e_2e6d_cd54_0ab7,
        0xd578_73dc_79fb_94b6,
        0x7d28_2a1b_64d4_20b7,
        0x3365_7971_4692_d5ff,
    ];
    assert_eq!(words, expected);
}

#[test]
fn first_numbers_are_those_of_numpy() {
    let mut values = [0.0; 3];
    Generator::new(42).standard_normal(&mut values);
    let normal = [0x3fd3_807c_1104_fc6b, 0xbff0_a3c6_5fca_9a7e, 0x3fe8_03b2_39e7_7350];
    assert_eq!(bits(&values), normal);
    Generator::new(42).random(&mut values[..2]);
    assert_eq!(bits(&values[..2]), [0x3fe8_c43f_79a2_db24, 0x3fdc_1695_9869_e47e]);
    RandomState::new(42).standard_normal(&mut values);
    let polar = [0x3fdf_ca2a_28a9_307c, 0xbfc1_b2a5_05de_052a, 0x3fe4_b9dd_5024_5e68];
    assert_eq!(bits(&values), polar);
    let mut values = [0.0; 3];
    Generator::new(42).standard_normal_f32(&mut values);
    assert_eq!(values.map(f32::to_bits), [0x3e11_501d, 0xbfd5_91ab, 0xbfaa_8284]);
}

const REFERENCE: &str = include_str!("../../../../tests/reference/like_numpy.json");

/// FNV-1a of the little-endian numbers.
fn hash(bytes: impl Iterator<Item = u8>) -> String {
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |state: u64, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn cases(part: &str) -> Vec<Value> {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    reference[part].as_array().unwrap().clone()
}

fn argument(call: &Value, index: usize) -> f64 {
    call["arguments"][index].as_f64().unwrap()
}

#[track_caller]
fn check_calls(case: &Value, mut draw: impl FnMut(&Value, usize) -> String) {
    for call in case["calls"].as_array().unwrap() {
        let count = call["count"].as_u64().unwrap() as usize;
        assert_eq!(draw(call, count), call["hash"], "seed {}: {call}", case["seed"]);
    }
}

fn call_generator(generator: &mut Generator, call: &Value, count: usize) -> String {
    let name = call["call"].as_str().unwrap();
    if let Some(name) = name.strip_suffix("_f32") {
        let mut values = vec![0f32; count];
        match name {
            "random" => generator.random_f32(&mut values),
            "standard_normal" => generator.standard_normal_f32(&mut values),
            other => panic!("{other}"),
        }
        return hash(values.into_iter().flat_map(f32::to_le_bytes));
    }
    let mut values = vec![0f64; count];
    match name {
        "random" => generator.random(&mut values),
        "standard_normal" => generator.standard_normal(&mut values),
        "uniform" => generator.uniform(&mut values, argument(call, 0), argument(call, 1)),
        "normal" => generator.normal(&mut values, argument(call, 0), argument(call, 1)),
        other => panic!("{other}"),
    }
    hash(values.into_iter().flat_map(f64::to_le_bytes))
}

#[test]
fn every_sequence_of_calls_gives_the_bits_of_numpy() {
    for case in cases("generator") {
        let mut generator = Generator::new(case["seed"].as_u64().unwrap());
        check_calls(&case, |call, count| call_generator(&mut generator, call, count));
    }
    for case in cases("sequence") {
        let seed = case["seed"].as_array().unwrap();
        let seed: Vec<u64> = seed.iter().map(|number| number.as_u64().unwrap()).collect();
        let mut generator = Generator::from_sequence(&SeedSequence::of_numbers(&seed));
        check_calls(&case, |call, count| call_generator(&mut generator, call, count));
    }
}

#[test]
fn every_sequence_of_calls_gives_the_bits_of_numpys_older_interface() {
    for case in cases("random_state") {
        let mut generator = RandomState::new(case["seed"].as_u64().unwrap() as u32);
        check_calls(&case, |call, count| {
            let mut values = vec![0f64; count];
            let out = &mut values[..];
            match call["call"].as_str().unwrap() {
                "random_sample" => generator.random(out),
                "standard_normal" => generator.standard_normal(out),
                "uniform" => generator.uniform(out, argument(call, 0), argument(call, 1)),
                "normal" => generator.normal(out, argument(call, 0), argument(call, 1)),
                other => panic!("{other}"),
            }
            hash(values.into_iter().flat_map(f64::to_le_bytes))
        });
    }
}
