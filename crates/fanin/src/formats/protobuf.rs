//! Messages of Protocol Buffers as they are written.
//!
//! <https://protobuf.dev/programming-guides/encoding>. A field begins with its number and the way
//! in which the bytes behind it are read.

/// A message while it is written.
#[derive(Debug, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

/// The number at the end of the bytes, in as few of them as it takes.
pub(super) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

impl Message {
    /// Tag and length of a field of bytes.
    pub fn header(number: u32, length: usize) -> Vec<u8> {
        let mut header = Vec::new();
        put_varint(&mut header, u64::from(number) << 3 | 2);
        put_varint(&mut header, length as u64);
        header
    }

    pub fn int(&mut self, number: u32, value: i64) {
        put_varint(&mut self.0, u64::from(number) << 3);
        put_varint(&mut self.0, value as u64);
    }

    pub fn float(&mut self, number: u32, value: f32) {
        put_varint(&mut self.0, u64::from(number) << 3 | 5);
        self.0.extend(value.to_le_bytes());
    }

    pub fn double(&mut self, number: u32, value: f64) {
        put_varint(&mut self.0, u64::from(number) << 3 | 1);
        self.0.extend(value.to_le_bytes());
    }

    pub fn bytes(&mut self, number: u32, bytes: &[u8]) {
        self.0.extend(Self::header(number, bytes.len()));
        self.0.extend(bytes);
    }

    pub fn packed_doubles(&mut self, number: u32, values: &[f64]) {
        let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(number, &packed);
    }
}
