//! Laws of all formats of weights, then what each must get right on its own.

use std::fs;
use std::io::Cursor;

use fanin_engine::Tensor;
use fanin_kernels::random::Stream;

use super::*;

fn weights() -> Weights {
    let named = |name: &str, axes: &[usize], data: &[f32]| {
        (name.to_owned(), Tensor::new(axes, data.to_vec()).unwrap())
    };
    Weights {
        tensors: vec![
            named("z.weight", &[2, 3], &[0.1, -2.5, f32::MIN_POSITIVE, 1e-45, f32::MAX, -0.0]),
            named("a.bias", &[3], &[1.0, f32::INFINITY, f32::NEG_INFINITY]),
            named("scalar", &[], &[7.0]),
            named("a/b \"ü\".weight", &[1, 2, 1, 1], &[3.0, 4.0]),
        ],
    }
}

fn written(format: &dyn WeightFormat, weights: &Weights) -> Vec<u8> {
    written_as(format, weights, Dtype::F32)
}

fn entries(weights: &Weights, dtype: Dtype) -> Vec<Entry> {
    let entry = |(name, tensor): &(String, Tensor)| Entry {
        name: name.clone(),
        shape: tensor.shape().clone(),
        dtype,
    };
    weights.tensors.iter().map(entry).collect()
}

fn written_as(format: &dyn WeightFormat, weights: &Weights, dtype: Dtype) -> Vec<u8> {
    let (mut all, mut bytes) = (Vec::new(), Vec::new());
    for (_, tensor) in &weights.tensors {
        elements::convert(tensor.data(), dtype, &mut bytes).unwrap();
        all.extend_from_slice(&bytes);
    }
    let mut file = Cursor::new(Vec::new());
    let entries = entries(weights, dtype);
    let entries: Vec<&Entry> = entries.iter().collect();
    format.write(&entries, &mut all.as_slice(), &mut file).unwrap();
    file.into_inner()
}

fn read(format: &dyn WeightFormat, bytes: &[u8]) -> Result<Weights> {
    format.read(Path::new("w.file"), &mut Cursor::new(bytes))
}

#[test]
fn weights_come_back_as_they_were_written() {
    for format in WEIGHT_FORMATS {
        for weights in [weights(), Weights::default()] {
            let bytes = written(*format, &weights);
            assert_eq!(read(*format, &bytes).unwrap(), weights, "{format:?}");
            assert_eq!(written(*format, &weights), bytes, "{format:?}: same weights, same bytes");
        }
    }
}

#[test]
fn nan_keeps_its_bits() {
    let bits = 0x7fc0_1234;
    let weights =
        Weights { tensors: vec![("w".to_owned(), Tensor::filled([1], f32::from_bits(bits)))] };
    for format in WEIGHT_FORMATS {
        let back = read(*format, &written(*format, &weights)).unwrap();
        assert!(back.tensors[0].1.data()[0].is_nan(), "{format:?}");
    }
}

#[test]
fn large_tensors_come_back_too() {
    let data: Vec<f32> = (0..100_003).map(|i| i as f32).collect();
    let tensor = Tensor::new([100_003], data).unwrap();
    let weights = Weights { tensors: vec![("w".to_owned(), tensor)] };
    for format in WEIGHT_FORMATS {
        assert!(read(*format, &written(*format, &weights)).unwrap() == weights, "{format:?}");
    }
}

/// A message that names the file and a place in it.
#[track_caller]
fn check_malformed(format: &dyn WeightFormat, bytes: &[u8]) -> String {
    let error = read(format, bytes).unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{format:?}: {error:?}");
    let message = error.to_string();
    assert!(message.starts_with("w.file: ") && message.contains("found"), "{format:?}: {message}");
    message
}

#[test]
fn a_file_cut_at_any_byte_is_malformed() {
    for format in WEIGHT_FORMATS {
        let bytes = written(*format, &weights());
        for length in 0..bytes.len() {
            check_malformed(*format, &bytes[..length]);
        }
    }
}

#[test]
fn random_bytes_are_malformed() {
    for format in WEIGHT_FORMATS {
        for seed in 0..2_000 {
            let stream = Stream::new(seed, "bytes");
            let length = stream.below(300, 0);
            let mut bytes: Vec<u8> = (0..length).map(|i| stream.bits(i) as u8).collect();
            if seed % 2 == 0 && bytes.len() > 8 {
                bytes[..8].copy_from_slice(&(stream.below(length, 1)).to_le_bytes());
            }
            check_malformed(*format, &bytes);
        }
    }
}

/// A damaged byte may lie in a number or a name, where it cannot be noticed; it must not panic.
#[test]
fn a_damaged_byte_never_panics() {
    for format in WEIGHT_FORMATS {
        let whole = written(*format, &weights());
        for position in 0..whole.len() {
            for change in [1, 0x10, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[position] ^= change;
                if let Err(error) = read(*format, &bytes) {
                    assert!(matches!(error, Error::Malformed { .. }), "{format:?}: {error:?}");
                }
            }
        }
    }
}

fn safetensors_file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn lying_headers_of_safetensors_are_told_with_their_place() {
    let check = |bytes: &[u8], expected: &str| {
        let message = check_malformed(&safetensors::SafeTensors, bytes);
        assert!(message.contains(expected), "{message}");
    };
    check(&(1_u64 << 60).to_le_bytes(), "byte 0: found a header of 1152921504606846976 bytes");
    check(&u64::MAX.to_le_bytes(), "byte 0: found a header of 18446744073709551615 bytes");
    check(&[1, 2, 3], "byte 0: found 3 bytes in all, expected at least 8");
    let huge = r#"{"w":{"dtype":"F32","shape":[72057594037927936],"data_offsets":[0,288230376151711744]}}"#;
    check(&safetensors_file(huge, &[0; 4]), "found 4 bytes, expected 288230376151711744 bytes");
    let overflow = r#"{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#;
    check(&safetensors_file(overflow, &[]), "header, byte");
    let overlap = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    check(&safetensors_file(overlap, &[0; 4]), "header, byte");
    check(&safetensors_file("{]", &[]), "header, byte 9");
    let long = r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    check(&safetensors_file(long, &[0; 9]), "found 9 bytes, expected 4 bytes of tensors");
    let complex = r#"{"w":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}"#;
    check(&safetensors_file(complex, &[0; 8]), "tensor `w`: found elements of type C64");
    let wide = r#"{"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#;
    check(&safetensors_file(wide, &1e300_f64.to_le_bytes()), "tensor `w`, element 0: found 1");
    let count = r#"{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#;
    check(&safetensors_file(count, &(1_i64 << 40 | 1).to_le_bytes()), "a number that f32 can hold");
}

#[test]
fn other_types_of_safetensors_become_f32() {
    let check = |dtype: &str, bytes: &[u8], expected: f32| {
        let end = bytes.len();
        let header =
            format!(r#"{{"w":{{"dtype":"{dtype}","shape":[1],"data_offsets":[0,{end}]}}}}"#);
        let weights = read(&safetensors::SafeTensors, &safetensors_file(&header, bytes)).unwrap();
        assert_eq!(weights.get("w").unwrap().data(), [expected], "{dtype}");
    };
    check("F16", &[0x00, 0xc1], -2.5);
    check("BF16", &[0x20, 0xc0], -2.5);
    check("F32", &(-2.5_f32).to_le_bytes(), -2.5);
    check("F64", &0.1_f64.to_le_bytes(), 0.1);
    check("I64", &(-3_i64).to_le_bytes(), -3.0);
}

/// The layout that `safetensors.torch.load_file` expects, byte for byte.
#[test]
fn safetensors_begin_with_an_aligned_header_in_the_order_of_the_weights() {
    let bytes = written(&safetensors::SafeTensors, &weights());
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    assert_eq!(length % 8, 0);
    let header = std::str::from_utf8(&bytes[8..8 + length]).unwrap();
    let expected = concat!(
        r#"{"__metadata__":{"format":"pt"},"#,
        r#""z.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#,
        r#""a.bias":{"dtype":"F32","shape":[3],"data_offsets":[24,36]},"#,
        r#""scalar":{"dtype":"F32","shape":[],"data_offsets":[36,40]},"#,
        r#""a/b \"ü\".weight":{"dtype":"F32","shape":[1,2,1,1],"data_offsets":[40,48]}}"#,
    );
    assert_eq!(header.trim_end(), expected);
    assert_eq!(bytes[8 + length..8 + length + 4], 0.1_f32.to_le_bytes());
    assert_eq!(bytes.len(), 8 + length + 48);
}

#[test]
fn npz_headers_are_those_of_numpy() {
    let bytes = written(&npz::Npz, &weights());
    let text = String::from_utf8_lossy(&bytes);
    for shape in ["(2, 3)", "(3,)", "()", "(1, 2, 1, 1)"] {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        assert!(text.contains(&header), "{header}");
    }
}

#[test]
fn files_are_found_by_their_ending() {
    let folder = std::env::temp_dir().join(format!("fanin-weights-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for format in WEIGHT_FORMATS {
        let path = folder.join(format!("W.{}", format.extension().to_uppercase()));
        write_weights(&path, &weights(), Existing::Keep).unwrap();
        assert_eq!(read_weights(&path).unwrap(), weights());
        let again = write_weights(&path, &weights(), Existing::Keep).unwrap_err();
        assert!(matches!(again, Error::Exists { .. }));
    }
    let message = read_weights(&folder.join("w.pt")).unwrap_err().to_string();
    assert!(message.contains(".safetensors (") && message.contains(".npz ("), "{message}");
    let message = read_weights(&folder.join("none.npz")).unwrap_err().to_string();
    assert!(message.starts_with("cannot read ") && message.ends_with("none.npz"), "{message}");
    fs::remove_dir_all(&folder).unwrap();
}
