//! Laws that every format of data keeps.

use std::path::PathBuf;

use super::*;

/// A small good file of each format, under a name that its format claims.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let idx = [&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2][..], &[1, 2, 3, 4]].concat();
    let compress = |bytes: &[u8]| {
        let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::best());
        let mut compressed = Vec::new();
        std::io::Read::read_to_end(&mut encoder, &mut compressed).unwrap();
        compressed
    };
    let npy = npy::tests::file("'<f4'", "True", "(2, 2)", &[0; 16]);
    let deflated = npz::tests::archive(zip::CompressionMethod::Deflated, &[("x.npy", &npy)]);
    let stored = npz::tests::archive(zip::CompressionMethod::Stored, &[("x.npy", &npy)]);
    vec![
        ("a.csv", b"a,\"b\"\n1,x\n2,\"y\"\n".to_vec()),
        ("a.csv.gz", compress(b"a,b\n1,x\n2,y\n")),
        ("a.idx.gz", compress(&idx)),
        ("a.idx", idx),
        ("a.npy", npy),
        ("deflated.npz", deflated),
        ("stored.npz", stored),
        #[cfg(feature = "parquet")]
        ("a.parquet", include_bytes!("../../tests/data/small.parquet").to_vec()),
    ]
}

fn read(name: &str, bytes: Vec<u8>) -> Result<Contents> {
    let path = PathBuf::from(name);
    data_format(&path).unwrap().read(&path, bytes, &ReadOptions::default())
}

/// An error of a format always names the file and a place in it.
#[track_caller]
fn check_names_place(name: &str, error: &Error) {
    match error {
        Error::Malformed { path, place, found, expected } => {
            assert_eq!(path, &PathBuf::from(name));
            assert!(!place.is_empty() && !found.is_empty() && !expected.is_empty(), "{error}");
        }
        other => panic!("{name}: {other}"),
    }
}

#[test]
fn every_format_reads_its_sample() {
    for (name, bytes) in samples() {
        if let Err(error) = read(name, bytes) {
            panic!("{error}");
        }
    }
    let tried: Vec<&str> =
        samples().iter().map(|(name, _)| data_format(Path::new(name)).unwrap().name()).collect();
    for format in DATA_FORMATS {
        let optional = format.name() == "parquet" && cfg!(not(feature = "parquet"));
        assert!(optional || tried.contains(&format.name()), "no sample of {}", format.name());
    }
}

#[test]
fn file_truncated_at_any_byte_is_an_error_that_names_the_place() {
    for (name, bytes) in samples() {
        for length in 0..bytes.len() {
            match read(name, bytes[..length].to_vec()) {
                Err(error) => check_names_place(name, &error),
                // A text that ends early is still a text.
                Ok(_) => assert_eq!(name, "a.csv", "{name} cut after {length} bytes was read"),
            }
        }
    }
}

#[test]
fn file_with_any_byte_changed_is_read_or_refused_without_panic() {
    for (name, bytes) in samples() {
        for at in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                if let Err(error) = read(name, changed) {
                    check_names_place(name, &error);
                }
            }
        }
    }
}

#[test]
fn random_bytes_are_refused_without_panic() {
    let mut state = 7_u64;
    let mut noise = |count: usize| -> Vec<u8> {
        let mut byte = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..count).map(|_| byte()).collect()
    };
    for (name, good) in samples() {
        for length in 0..200 {
            let whole = noise(length);
            let mut tail = good[..good.len().min(length % 16)].to_vec();
            tail.extend(noise(length));
            for bytes in [whole, tail] {
                if let Err(error) = read(name, bytes) {
                    check_names_place(name, &error);
                }
            }
        }
    }
}

#[test]
fn unknown_ending_lists_the_formats() {
    let error = data_format(Path::new("a.xlsx")).err().unwrap().to_string();
    assert!(error.starts_with("a.xlsx: found a file name whose ending tells no format"), "{error}");
    assert!(error.contains(".csv") && error.contains(".npz"), "{error}");
}
