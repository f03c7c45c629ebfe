//! Event files, which TensorBoard reads: numbers and histograms by step.
//!
//! A file is a row of records: the length in 8 bytes, its check sum, the bytes of one event, their
//! check sum. Numbers are little-endian, the check sum is CRC-32C, masked as TFRecord does. An
//! event is a message of Protocol Buffers (`tensorboard/compat/proto/event.proto` and
//! `summary.proto`); fields that are 0 are left out, as its encoders do.

#[cfg(test)]
mod tests;

use super::protobuf::Message;

/// Parts of a histogram; TensorBoard's own writer makes as many.
const PARTS: usize = 30;

/// An event file in memory.
///
/// ```
/// use fanin::formats::event_file::EventFile;
/// let mut file = EventFile::new(0.0);
/// file.scalar("loss/train", 10, 0.5, 2.3);
/// assert_eq!(&file.bytes()[..8], &15_u64.to_le_bytes(), "the first event names the form");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFile {
    bytes: Vec<u8>,
}

/// How numbers are spread between the least and the largest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The least.
    pub minimum: f64,
    /// The largest.
    pub maximum: f64,
    /// How many there are.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_of_squares: f64,
    /// Upper ends of the parts, ascending.
    pub limits: Vec<f64>,
    /// Numbers in each part.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// The histogram of those of `values` that are finite, in even parts; none if none is.
    ///
    /// ```
    /// use fanin::formats::event_file::Histogram;
    /// let found = Histogram::of(&[0.0, 1.0, f32::NAN]).expect("two are finite");
    /// assert_eq!((found.minimum, found.maximum, found.count), (0.0, 1.0, 2.0));
    /// assert_eq!((found.counts[0], found.counts[29]), (1.0, 1.0));
    /// ```
    pub fn of(values: &[f32]) -> Option<Self> {
        let finite = || values.iter().filter(|x| x.is_finite()).map(|&x| f64::from(x));
        let minimum = finite().reduce(f64::min)?;
        let maximum = finite().reduce(f64::max)?;
        let parts = if minimum < maximum { PARTS } else { 1 };
        let width = (maximum - minimum) / parts as f64;
        let mut counts = vec![0.0; parts];
        for x in finite() {
            let part = if width > 0.0 { ((x - minimum) / width) as usize } else { 0 };
            counts[part.min(parts - 1)] += 1.0;
        }
        let mut limits: Vec<f64> = (1..=parts).map(|part| minimum + width * part as f64).collect();
        limits[parts - 1] = maximum;
        Some(Self {
            minimum,
            maximum,
            count: finite().count() as f64,
            sum: finite().sum(),
            sum_of_squares: finite().map(|x| x * x).sum(),
            limits,
            counts,
        })
    }
}

impl EventFile {
    /// A file without numbers, begun at `wall_time`, in seconds since 1970.
    pub fn new(wall_time: f64) -> Self {
        let mut file = Self { bytes: Vec::new() };
        let mut event = Message::default();
        put_given(&mut event, 1, wall_time);
        event.bytes(3, b"brain.Event:2");
        file.record(&event.0);
        file
    }

    /// Adds one number.
    pub fn scalar(&mut self, tag: &str, step: u64, wall_time: f64, value: f64) {
        let mut entry = Message::default();
        entry.bytes(1, tag.as_bytes());
        entry.float(2, value as f32);
        self.event(step, wall_time, &entry);
    }

    /// Adds one histogram.
    pub fn histogram(&mut self, tag: &str, step: u64, wall_time: f64, histogram: &Histogram) {
        let mut told = Message::default();
        put_given(&mut told, 1, histogram.minimum);
        put_given(&mut told, 2, histogram.maximum);
        put_given(&mut told, 3, histogram.count);
        put_given(&mut told, 4, histogram.sum);
        put_given(&mut told, 5, histogram.sum_of_squares);
        told.packed_doubles(6, &histogram.limits);
        told.packed_doubles(7, &histogram.counts);
        let mut entry = Message::default();
        entry.bytes(1, tag.as_bytes());
        entry.bytes(5, &told.0);
        self.event(step, wall_time, &entry);
    }

    /// What the file holds so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn event(&mut self, step: u64, wall_time: f64, entry: &Message) {
        let (mut summary, mut event) = (Message::default(), Message::default());
        summary.bytes(1, &entry.0);
        put_given(&mut event, 1, wall_time);
        if step != 0 {
            event.int(2, step as i64);
        }
        event.bytes(5, &summary.0);
        self.record(&event.0);
    }

    fn record(&mut self, event: &[u8]) {
        let length = (event.len() as u64).to_le_bytes();
        self.bytes.extend(length);
        self.bytes.extend(masked(crc32c(&length)).to_le_bytes());
        self.bytes.extend(event);
        self.bytes.extend(masked(crc32c(event)).to_le_bytes());
    }
}

/// A number, unless it is 0, as it is where the field is missing.
fn put_given(message: &mut Message, field: u32, number: f64) {
    if number.to_bits() != 0 {
        message.double(field, number);
    }
}

/// CRC-32C (Castagnoli), reflected, as RFC 3720, section 12.1 has it.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut sum, mut bit) = (byte as u32, 0);
            while bit < 8 {
                sum = sum >> 1 ^ if sum & 1 == 1 { POLYNOMIAL } else { 0 };
                bit += 1;
            }
            table[byte] = sum;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |sum, &byte| TABLE[((sum ^ u32::from(byte)) & 0xff) as usize] ^ sum >> 8)
}

/// A check sum that may itself stand among bytes that are summed.
fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}
