//! Numbers of a running PyTorch: `crates/fanin/tests/reference/like_torch.py` makes them.

use half::{bf16, f16};
use serde_json::Value;

use super::*;

const REFERENCE: &str = include_str!("../../../../tests/reference/like_torch.json");

const BUILDS: [(&str, Build); 2] = [("fused", Build::Fused), ("plain", Build::Plain)];

/// Does `$body` with `$element` standing for the number type that a case names.
macro_rules! for_type_of {
    ($case:expr, $element:ident => $body:expr) => {
        match $case["dtype"].as_str().unwrap() {
            "f32" => {
                type $element = f32;
                $body
            }
            "f64" => {
                type $element = f64;
                $body
            }
            "bf16" => {
                type $element = bf16;
                $body
            }
            "f16" => {
                type $element = f16;
                $body
            }
            other => panic!("{other}"),
        }
    };
}

trait Bytes {
    fn bytes(self) -> impl Iterator<Item = u8>;
}

macro_rules! bytes {
    ($($type:ty),*) => {
        $(impl Bytes for $type {
            fn bytes(self) -> impl Iterator<Item = u8> {
                self.to_le_bytes().into_iter()
            }
        })*
    };
}

bytes!(f32, f64, bf16, f16, u32);

/// FNV-1a of the little-endian numbers.
fn hash<N: Bytes + Copy>(values: &[N]) -> String {
    let bytes = values.iter().flat_map(|value| value.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |state: u64, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn reference(build: &str, part: &str) -> Vec<Value> {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    reference[build][part].as_array().unwrap().clone()
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap_or_else(|| panic!("{case} has no number {key}"))
}

fn shape(case: &Value) -> Vec<usize> {
    case["shape"].as_array().unwrap().iter().map(|axis| axis.as_u64().unwrap() as usize).collect()
}

fn draw<E: Element + Bytes>(generator: &mut Generator, case: &Value) -> crate::Result<String> {
    let name = case["call"].as_str().unwrap();
    if name == "permutation" {
        return Ok(hash(&generator.permutation(number(case, "count") as u32)?));
    }
    let shape =
        if case["shape"].is_array() { shape(case) } else { vec![number(case, "count") as usize] };
    let mut values = vec![E::rounded(0.0); shape.iter().product()];
    let out = &mut values[..];
    let mode = if case["mode"] == "fan_out" { Mode::FanOut } else { Mode::FanIn };
    let gain = || leaky_relu_gain(number(case, "slope"));
    let of = |key| number(case, key);
    match name {
        "uniform" => generator.uniform(out, of("low"), of("high")),
        "normal" => generator.normal(out, of("mean"), of("deviation")),
        "truncated" => {
            generator.truncated_normal(out, of("mean"), of("deviation"), of("low"), of("high"))
        }
        "sparse" => sparse(generator, &shape, out, of("sparsity"), of("deviation")),
        "xavier_uniform" => xavier_uniform(generator, &shape, out, of("gain")),
        "xavier_normal" => xavier_normal(generator, &shape, out, of("gain")),
        "kaiming_uniform" => kaiming_uniform(generator, &shape, out, gain(), mode),
        "kaiming_normal" => kaiming_normal(generator, &shape, out, gain(), mode),
        other => panic!("{other}"),
    }?;
    Ok(hash(&values))
}

#[test]
fn every_sequence_of_calls_gives_the_bits_of_torch() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (name, build) in BUILDS {
        for sequence in reference(name, "sequences") {
            let mut generator = Generator::new(sequence["seed"].as_u64().unwrap(), build);
            for case in sequence["calls"].as_array().unwrap() {
                let found = for_type_of!(sequence, E => draw::<E>(&mut generator, case)).unwrap();
                if found != case["hash"] {
                    wrong.push(format!("{name} {} {} {case}", sequence["seed"], sequence["dtype"]));
                }
                checked += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 1000, "{checked}");
}

fn module(case: &Value) -> Module {
    match case["kind"].as_str().unwrap() {
        "linear" => Module::Linear,
        "bilinear" => Module::Bilinear,
        "convolution" => Module::Convolution,
        "embedding" => {
            Module::Embedding { padding: case["padding"].as_u64().map(|row| row as usize) }
        }
        "recurrent" => Module::Recurrent,
        "attention" => Module::Attention,
        "norm" => Module::Norm,
        "slope" => Module::LearnedSlope,
        other => panic!("{other}"),
    }
}

/// Calls `check` with the declared parameters of a case and the hashes of their values.
fn with_declared<R>(case: &Value, check: impl FnOnce(&[Declared<'_>], &[&str]) -> R) -> R {
    let parameters = case["parameters"].as_array().unwrap();
    let shapes: Vec<Vec<usize>> = parameters.iter().map(shape).collect();
    let declared: Vec<Declared<'_>> = parameters
        .iter()
        .zip(&shapes)
        .map(|(parameter, shape)| Declared { name: parameter["name"].as_str().unwrap(), shape })
        .collect();
    let hashes: Vec<&str> = parameters.iter().map(|p| p["hash"].as_str().unwrap()).collect();
    check(&declared, &hashes)
}

fn module_hashes<E: Element + Bytes>(
    build: Build,
    module: &Module,
    parameters: &[Declared<'_>],
) -> Vec<String> {
    let mut generator = Generator::new(42, build);
    let values = default_values::<E>(&mut generator, module, parameters).unwrap();
    values.iter().map(|values| hash(values)).collect()
}

#[test]
fn every_module_starts_with_the_bits_of_torch_in_whatever_order_it_is_listed() {
    for (name, build) in BUILDS {
        for case in reference(name, "modules") {
            with_declared(&case, |declared, expected| {
                let module = module(&case);
                let found = for_type_of!(case, E => module_hashes::<E>(build, &module, declared));
                assert_eq!(found, expected, "{name} {case}");
                let backwards: Vec<Declared<'_>> = declared.iter().copied().rev().collect();
                let mut found =
                    for_type_of!(case, E => module_hashes::<E>(build, &module, &backwards));
                found.reverse();
                assert_eq!(found, expected, "backwards, {name} {case}");
            });
        }
    }
}

/// What no name or shape tells of the reference models.
fn told(model: &str, planned: &Planned) -> Module {
    if let Some(rest) = planned.prefix.strip_prefix("layers.")
        && let Some((layer, inner)) = rest.split_once('.')
        && layer != "0"
    {
        return Module::CopyOf(format!("layers.0.{inner}"));
    }
    match (model, planned.prefix.as_str()) {
        ("network", "0") => Module::Embedding { padding: Some(3) },
        ("network", "3") => Module::LearnedSlope,
        ("network", "7") => Module::Embedding { padding: None },
        _ => planned.module.clone(),
    }
}

#[test]
fn whole_models_start_with_the_bits_of_torch() {
    for (build_name, build) in BUILDS {
        for case in reference(build_name, "models") {
            let name = case["name"].as_str().unwrap();
            with_declared(&case, |declared, expected| {
                let plan = modules(declared, |planned| told(name, planned));
                let mut found = vec![String::new(); declared.len()];
                let mut generator = Generator::new(3, build);
                initialize::<f32>(&mut generator, declared, &plan, |index, values| {
                    found[index] = hash(&values);
                    Ok(())
                })
                .unwrap();
                assert_eq!(found, expected, "{build_name} {name}");
            });
        }
    }
}

/// The difference is LAPACK's own rounding in `f32`, which grows as a matrix comes near to a
/// singular one, as square ones do: see the head of `orthogonal.rs`.
#[test]
fn orthogonal_matrices_are_those_of_torch_to_a_tolerance() {
    for (name, build) in BUILDS {
        for case in reference(name, "orthogonal") {
            let shape = shape(&case);
            let mut found = vec![0f32; shape.iter().product()];
            let gain = number(&case, "gain");
            orthogonal(&mut Generator::new(5, build), &shape, &mut found, gain).unwrap();
            for (found, expected) in found.iter().zip(case["values"].as_array().unwrap()) {
                let error = (f64::from(*found) - expected.as_f64().unwrap()).abs() / gain;
                let tolerance = if shape[0] == shape[1] { 4e-6 } else { 4e-7 };
                assert!(error < tolerance, "{name} {shape:?}: {error:e}");
            }
        }
    }
}

#[track_caller]
fn check_refused(result: crate::Result<impl std::fmt::Debug>, part: &str) {
    let message = result.unwrap_err().to_string();
    assert!(message.contains(part), "{message}");
}

#[test]
fn mistakes_are_told() {
    let generator = &mut Generator::new(0, Build::Fused);
    let out = &mut [0f32; 6];
    check_refused(generator.uniform(out, 1.0, 0.0), "bounds 1 and 0");
    check_refused(generator.uniform(&mut [f16::ZERO; 2], 0.0, 1e5), "bounds 0 and 100000");
    check_refused(generator.normal(out, 0.0, -1.0), "deviation -1");
    check_refused(generator.truncated_normal(out, 0.0, 0.0, -1.0, 1.0), "deviation 0");
    check_refused(generator.truncated_normal(out, 0.0, 1.0, 50.0, 1e6), "do not fit");
    check_refused(generator.permutation(u32::MAX), "randperm");
    check_refused(xavier_uniform(generator, &[6], out, 1.0), "[6]");
    check_refused(xavier_uniform(generator, &[2, 2], out, 1.0), "[2, 2]");
    check_refused(xavier_uniform(generator, &[usize::MAX, 9], out, 1.0), "a shape of 6 elements");
    check_refused(sparse(generator, &[2, 3], out, 1.5, 1.0), "sparsity 1.5");
    check_refused(orthogonal(generator, &[6], out, 1.0), "two axes");
    let huge = [Declared { name: "weight", shape: &[1 << 40, 1 << 20] }];
    check_refused(
        default_values::<f32>(generator, &Module::Linear, &huge),
        "this machine can hold",
    );
    let odd = [Declared { name: "kernel", shape: &[2, 3] }];
    check_refused(default_values::<f32>(generator, &Module::Linear, &odd), "kernel");
    let weight = [Declared { name: "weight", shape: &[2, 3] }];
    let padded = Module::Embedding { padding: Some(2) };
    check_refused(default_values::<f32>(generator, &padded, &weight), "row 2");
    let plan = modules(&weight, |_| Module::CopyOf("layers.0".to_owned()));
    let result = initialize::<f32>(generator, &weight, &plan, |_, _| Ok(()));
    check_refused(result, "layers.0");
}

/// Bits that were printed by `torch.manual_seed(42)` and one call, for both builds.
#[test]
fn first_numbers_of_seed_42_are_those_of_torch() {
    #[track_caller]
    fn check(
        build: Build,
        count: usize,
        from: usize,
        draw: fn(&mut Generator, &mut [f32]) -> crate::Result<()>,
        expected: [u32; 4],
    ) {
        let mut values = vec![0.0_f32; count];
        draw(&mut Generator::new(42, build), &mut values).unwrap();
        let found: Vec<u32> = values[from..from + 4].iter().map(|x| x.to_bits()).collect();
        assert_eq!(found, expected, "{build:?} {count}: {found:x?}");
    }
    let (rand, randn) = (
        |generator: &mut Generator, out: &mut [f32]| generator.uniform(out, 0.0, 1.0),
        |generator: &mut Generator, out: &mut [f32]| generator.normal(out, 0.0, 1.0),
    );
    let narrow = |generator: &mut Generator, out: &mut [f32]| generator.uniform(out, -0.1, 0.1);
    let (fused, plain) = (Build::Fused, Build::Plain);
    check(fused, 4, 0, rand, [0x3f61_dc66, 0x3f6a_3db3, 0x3ec4_06b8, 0x3f75_950e]);
    check(fused, 4, 0, randn, [0x3eac_62ae, 0x3e03_e69d, 0x3e70_16e7, 0x3e6b_dc6c]);
    check(fused, 16, 0, randn, [0x3ff6_a529, 0x3fbe_5f53, 0x3f66_9567, 0xc006_c0db]);
    check(plain, 16, 0, randn, [0x3ff6_a527, 0x3fbe_5f54, 0x3f66_9567, 0xc006_c0dd]);
    check(fused, 16, 8, randn, [0xbf40_8bf0, 0x3fd3_095b, 0xbec8_f2f6, 0xbfb3_a966]);
    check(fused, 20, 16, randn, [0xbe9e_9482, 0xbeca_9a91, 0x3f4d_ac3c, 0xbf1f_20e0]);
    check(fused, 4, 0, narrow, [0x3d9c_93d7, 0x3da9_fc52, 0xbcbf_ea80, 0x3dbc_21b0]);
    check(plain, 4, 0, narrow, [0x3d9c_93d7, 0x3da9_fc51, 0xbcbf_ea80, 0x3dbc_21b1]);
    let order = Generator::new(42, fused).permutation(8).unwrap();
    assert_eq!(order, [6, 3, 0, 7, 2, 1, 4, 5]);
}
