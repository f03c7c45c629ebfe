//! Drawings that a control shows later, packed: a page holds hundreds that differ in a few places.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Gains most of what can be gained, and 100 layers from nine starts take 20 ms.
const LEVEL: u32 = 3;

/// The drawings of each figure as JSON, packed by gzip, in base64; empty where there are none.
pub fn packed(drawings: &[Vec<String>]) -> String {
    if drawings.iter().all(Vec::is_empty) {
        return String::new();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    let text = serde_json::to_string(drawings).expect("texts are plain data");
    encoder.write_all(text.as_bytes()).expect("memory takes what is written");
    base64(&encoder.finish().expect("memory takes what is written"))
}

/// Bytes as text by RFC 4648, with padding.
pub fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut code = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, i| bits << 8 | u32::from(*part.get(i).unwrap_or(&0)));
        for place in 0..4 {
            let sign = SIGNS[(bits >> (18 - 6 * place) & 63) as usize] as char;
            code.push(if place <= part.len() { sign } else { '=' });
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_standard() {
        let coded = ["", "f", "fo", "foo", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(coded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
    }

    #[test]
    fn drawings_come_back_and_alike_ones_take_hardly_any_room() {
        assert_eq!(packed(&[Vec::new(), Vec::new()]), "");
        let one = "<svg>".to_owned() + &"<circle r=\"3\"/>".repeat(1000);
        let drawings = vec![Vec::new(), vec![one.clone(); 40]];
        let text = packed(&drawings);
        assert!(text.len() < one.len(), "{}", text.len());
        let signs: Vec<char> = text.trim_end_matches('=').chars().collect();
        let value = |sign: &char| (0..=255_u8).find(|n| base64(&[*n << 2]).starts_with(*sign));
        let bits = signs.iter().flat_map(|sign| {
            let value = value(sign).unwrap() & 63;
            (0..6).rev().map(move |bit| value >> bit & 1)
        });
        let bits: Vec<u8> = bits.collect();
        let bytes: Vec<u8> =
            bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |n, bit| n << 1 | bit)).collect();
        let mut json = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut json).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Vec<String>>>(&json).unwrap(), drawings);
    }
}
