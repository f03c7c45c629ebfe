//! Arrays that libraries gave, as the scripts in `tests/reference` tell them.

use serde_json::Value;

/// The parsed text of a file of references.
pub(super) fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The entries of a list in a file of references.
pub(super) fn entries<'a>(reference: &'a Value, list: &str) -> &'a [Value] {
    let entries = reference[list].as_array().unwrap();
    assert!(!entries.is_empty(), "{list} is empty");
    entries
}

/// A list of whole numbers: a shape, axes, the words of a key.
pub(super) fn numbers<T: TryFrom<i64>>(list: &Value) -> Vec<T> {
    let number = |n: &Value| T::try_from(n.as_i64().unwrap()).ok().unwrap();
    list.as_array().unwrap().iter().map(number).collect()
}

/// 64-bit FNV-1a over the little-endian bytes.
fn fnv(values: &[f32]) -> u64 {
    let bytes = values.iter().flat_map(|x| x.to_le_bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// The values are those told, to the bit; or to 2·10⁻⁶ where they are told in full.
#[track_caller]
pub(super) fn check(told: &Value, values: &[f32]) {
    let shape: Vec<usize> = numbers(&told["shape"]);
    assert_eq!(values.len(), shape.iter().product::<usize>(), "{told}");
    if let Some(full) = told["values"].as_array() {
        for (i, (got, expected)) in values.iter().zip(full).enumerate() {
            let expected = expected.as_f64().unwrap();
            let close = (f64::from(*got) - expected).abs() < 2e-6;
            assert!(close, "element {i}: {got} for {expected} in {:.200}", told.to_string());
        }
        return;
    }
    let word = |text: &Value| u32::from_str_radix(text.as_str().unwrap(), 16).unwrap();
    let first: Vec<u32> = told["first"].as_array().unwrap().iter().map(word).collect();
    let got: Vec<u32> = values.iter().take(4).map(|x| x.to_bits()).collect();
    assert_eq!(got, first, "first elements of {told}: {:?}", &values[..got.len()]);
    assert_eq!(values[values.len() - 1].to_bits(), word(&told["last"]), "last of {told}");
    assert_eq!(format!("{:016x}", fnv(values)), told["fnv"].as_str().unwrap(), "hash of {told}");
}
