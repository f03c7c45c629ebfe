//! Check sums, and bytes equal to those of TensorBoard's own writer.

use super::*;

/// Digits of RFC 3720, appendix B.4, and the usual check value.
#[test]
fn check_sums_are_those_of_the_standard() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Made by `RecordWriter` and `event_pb2` of TensorBoard 2.21.0 from the same numbers.
#[test]
fn bytes_are_those_that_tensorboard_writes_itself() {
    let mut file = EventFile::new(1.5);
    let first = "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c";
    assert_eq!(hex(file.bytes()), first);
    let begin = file.bytes().len();
    file.scalar("loss/train", 7, 1.5, 0.25);
    let event = "09000000000000f83f10072a130a110a0a6c6f73732f747261696e150000803e";
    assert_eq!(hex(&file.bytes()[begin + 12..file.bytes().len() - 4]), event);
    let begin = file.bytes().len();
    let told = Histogram {
        minimum: -1.0,
        maximum: 1.0,
        count: 2.0,
        sum: 0.0,
        sum_of_squares: 2.0,
        limits: vec![0.0, 1.0],
        counts: vec![1.0, 1.0],
    };
    file.histogram("w", 0, 1.5, &told);
    let event = "09000000000000f83f2a4f0a4d0a01772a4809000000000000f0bf11000000000000f03f\
                 19000000000000004029000000000000004032100000000000000000000000000000f03f\
                 3a10000000000000f03f000000000000f03f";
    assert_eq!(hex(&file.bytes()[begin + 12..file.bytes().len() - 4]), event);
}

/// Reads records back and checks every sum.
fn events(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_at(12);
        let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
        assert_eq!(head[8..], masked(crc32c(&head[..8])).to_le_bytes());
        let (event, rest) = rest.split_at(length);
        let (sum, rest) = rest.split_at(4);
        assert_eq!(sum, masked(crc32c(event)).to_le_bytes());
        found.push(event.to_vec());
        bytes = rest;
    }
    found
}

#[test]
fn every_event_is_a_record_with_its_sums() {
    let mut file = EventFile::new(0.0);
    for step in [0, 1, 127, 128, 1 << 40] {
        file.scalar("x", step, 0.0, f64::NAN);
    }
    let events = events(file.bytes());
    assert_eq!(events.len(), 6);
    assert_eq!(events[4][..3], [0x10, 0x80, 0x01], "step 128 takes two bytes");
}

#[test]
fn equal_numbers_make_one_part_and_none_make_no_histogram() {
    let one = Histogram::of(&[2.0; 5]).unwrap();
    assert_eq!((one.limits, one.counts), (vec![2.0], vec![5.0]));
    assert_eq!(Histogram::of(&[f32::INFINITY, f32::NAN]), None);
    let wide = Histogram::of(&[f32::MIN, 0.0, f32::MAX]).unwrap();
    assert_eq!(wide.counts.iter().sum::<f64>(), 3.0);
    assert!(wide.limits.is_sorted() && wide.limits[29] == wide.maximum);
}
