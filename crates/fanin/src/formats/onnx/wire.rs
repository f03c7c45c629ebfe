//! The wire format of protobuf: tagged numbers and runs of bytes, read where they lie.
//!
//! A message is a sequence of fields; a field is a tag, which holds its number and how it is
//! stored, and a value. Nothing is copied, and no length is believed before the bytes are there.
//! <https://protobuf.dev/programming-guides/encoding>

use std::fmt;
use std::path::Path;

use crate::Error;

/// The result of decoding a message.
pub(super) type Decoded<T> = std::result::Result<T, Fault>;

/// A mistake in the bytes, before it is known which file they come from.
#[derive(Debug)]
pub(super) struct Fault {
    at: usize,
    /// Names of the fields around it, innermost first.
    path: Vec<String>,
    found: String,
    pub(super) expected: String,
}

impl Fault {
    pub(super) fn new(at: usize, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { at, path: Vec::new(), found: found.into(), expected: expected.into() }
    }

    /// The same mistake, seen from the message that holds the field.
    pub(super) fn within(mut self, field: impl Into<String>) -> Self {
        self.path.push(field.into());
        self
    }

    /// As an error of the file at `path`.
    pub(super) fn in_file(mut self, path: &Path) -> Error {
        self.path.reverse();
        let place = match self.path.join(".") {
            fields if fields.is_empty() => format!("byte {}", self.at),
            fields => format!("byte {}, {fields}", self.at),
        };
        Error::malformed(path, place, self.found, self.expected)
    }
}

/// Bytes of the file, with their place in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// The byte of the file at which they begin.
    pub start: usize,
}

impl Span<'_> {
    /// The byte of the file after which they end.
    pub fn end(&self) -> usize {
        self.start + self.bytes.len()
    }
}

impl fmt::Debug for Span<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}..{}", self.start, self.end())
    }
}

/// How deep messages may lie in each other; protobuf's own limit.
const DEPTH: u32 = 100;

/// How much memory messages may take for each byte of the file; real models need less than ten.
const MEMORY_FOR_A_BYTE: usize = 32;

/// Memory that messages of any file may take, however small it is.
const LEAST_MEMORY: usize = 1 << 20;

/// What a file may still ask for while it is decoded.
#[derive(Debug)]
pub(super) struct Limits {
    depth: u32,
    memory: usize,
}

impl Limits {
    /// The limits for a file, or a message by itself, of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        let memory = bytes.saturating_mul(MEMORY_FOR_A_BYTE).saturating_add(LEAST_MEMORY);
        Self { depth: DEPTH, memory }
    }

    /// Goes one level deeper, into a message that is kept as a `T`.
    fn enter<T>(&mut self, at: usize) -> Decoded<()> {
        if self.depth == 0 {
            return Err(Fault::new(
                at,
                "messages nested deeper",
                format!("at most {DEPTH} levels"),
            ));
        }
        self.memory = self.memory.checked_sub(size_of::<T>()).ok_or_else(|| {
            let expected = format!("no more than {MEMORY_FOR_A_BYTE} times the file's size");
            Fault::new(at, "messages that need more memory", expected)
        })?;
        self.depth -= 1;
        Ok(())
    }
}

/// A message that can be read from its bytes.
pub(super) trait Decode<'a>: Sized {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self>;
}

/// How a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Varint,
    Fixed64,
    Bytes,
    Fixed32,
    /// The obsolete form of a message, without a length; skipped as a whole.
    Group,
}

impl Kind {
    fn about(self) -> &'static str {
        match self {
            Self::Varint => "a number of variable length",
            Self::Fixed64 => "a number of 8 bytes",
            Self::Bytes => "bytes with their length",
            Self::Fixed32 => "a number of 4 bytes",
            Self::Group => "a group",
        }
    }
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    /// The byte of the file at which its tag begins.
    pub at: usize,
    /// Its number in the schema.
    pub number: u32,
    pub kind: Kind,
    /// The bytes of its value, without tag and length.
    pub payload: Span<'a>,
    /// Its value, if it is a varint.
    value: u64,
}

impl<'a> Field<'a> {
    /// The byte of the file after which the field ends.
    pub(super) fn end(&self) -> usize {
        self.payload.end()
    }

    fn is(&self, kind: Kind, name: &str) -> Decoded<()> {
        if self.kind == kind { Ok(()) } else { Err(self.unlike(kind.about(), name)) }
    }

    fn unlike(&self, expected: &str, name: &str) -> Fault {
        Fault::new(self.at, self.kind.about(), expected).within(name)
    }

    /// A whole number; negative ones are stored as their two's complement of 64 bits.
    pub(super) fn int(&self, name: &str) -> Decoded<i64> {
        self.is(Kind::Varint, name)?;
        Ok(self.value as i64)
    }

    pub(super) fn float(&self, name: &str) -> Decoded<f32> {
        self.is(Kind::Fixed32, name)?;
        Ok(f32::from_le_bytes(self.payload.bytes.try_into().expect("its kind has 4 bytes")))
    }

    pub(super) fn bytes(&self, name: &str) -> Decoded<Span<'a>> {
        self.is(Kind::Bytes, name)?;
        Ok(self.payload)
    }

    pub(super) fn text(&self, name: &str) -> Decoded<&'a str> {
        let bytes = self.bytes(name)?;
        std::str::from_utf8(bytes.bytes).map_err(|error| {
            Fault::new(bytes.start + error.valid_up_to(), "bytes that are no UTF-8", "a text")
                .within(name)
        })
    }

    /// A message of a field that occurs once.
    pub(super) fn message<T: Decode<'a>>(&self, name: &str, limits: &mut Limits) -> Decoded<T> {
        let message = self.bytes(name)?;
        limits.enter::<T>(self.at).map_err(|fault| fault.within(name))?;
        let decoded = T::decode(message, limits).map_err(|fault| fault.within(name));
        limits.depth += 1;
        decoded
    }

    /// A message of a field that occurs any number of times, behind those that came before.
    pub(super) fn push<T: Decode<'a>>(
        &self,
        list: &mut Vec<T>,
        name: &str,
        limits: &mut Limits,
    ) -> Decoded<()> {
        let numbered = |fault: Fault| fault.within(format!("{name}[{}]", list.len()));
        let message = self.bytes("").map_err(|_| numbered(self.unlike_message()))?;
        limits.enter::<T>(self.at).map_err(numbered)?;
        let decoded = T::decode(message, limits).map_err(numbered)?;
        limits.depth += 1;
        list.push(decoded);
        Ok(())
    }

    fn unlike_message(&self) -> Fault {
        Fault::new(self.at, self.kind.about(), "a message")
    }

    /// Numbers of a repeated field, packed or one by one, behind those that came before.
    pub(super) fn ints(&self, list: &mut Vec<i64>, name: &str) -> Decoded<()> {
        let packed = self.numbers(Kind::Varint, name)?;
        for value in Varints::new(packed) {
            list.push(value.map_err(|fault| fault.within(name))? as i64);
        }
        Ok(())
    }

    /// As [`ints`](Self::ints), for `f32`.
    pub(super) fn floats(&self, list: &mut Vec<f32>, name: &str) -> Decoded<()> {
        let packed = self.numbers(Kind::Fixed32, name)?;
        let (floats, rest) = packed.bytes.as_chunks();
        if !rest.is_empty() {
            let found = format!("{} bytes", packed.bytes.len());
            return Err(Fault::new(packed.start, found, "a multiple of 4").within(name));
        }
        list.extend(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        Ok(())
    }

    /// The bytes of a repeated field's numbers: many if they are packed, else one.
    pub(super) fn numbers(&self, kind: Kind, name: &str) -> Decoded<Span<'a>> {
        if self.kind == kind || self.kind == Kind::Bytes {
            return Ok(self.payload);
        }
        Err(self.unlike(&format!("{}, or many packed", kind.about()), name))
    }
}

/// The fields of a message, in the order of the file; ends after the first mistake.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    message: Span<'a>,
    position: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: Span<'a>) -> Self {
        Self { message, position: 0 }
    }

    fn at(&self) -> usize {
        self.message.start + self.position
    }

    fn rest(&self) -> Span<'a> {
        Span { bytes: &self.message.bytes[self.position..], start: self.at() }
    }

    fn varint(&mut self) -> Decoded<u64> {
        let (value, length) = varint(self.rest())?;
        self.position += length;
        Ok(value)
    }

    fn take(&mut self, length: u64) -> Decoded<Span<'a>> {
        let rest = self.rest();
        let taken = usize::try_from(length).ok().and_then(|length| rest.bytes.get(..length));
        let Some(bytes) = taken else {
            let found = format!("a length of {length} bytes");
            let expected = format!("at most the {} that follow", rest.bytes.len());
            return Err(Fault::new(rest.start, found, expected));
        };
        self.position += bytes.len();
        Ok(Span { bytes, start: rest.start })
    }

    /// Number and way of storing of the next field.
    fn tag(&mut self) -> Decoded<(u32, u64)> {
        let at = self.at();
        let tag = self.varint()?;
        match u32::try_from(tag >> 3) {
            Ok(number @ 1..0x2000_0000) => Ok((number, tag & 7)),
            _ => Err(Fault::new(at, format!("field number {}", tag >> 3), "1 to 536870911")),
        }
    }

    fn field(&mut self) -> Decoded<Field<'a>> {
        const START_GROUP: u64 = 3;
        let at = self.at();
        let (number, wire_type) = self.tag()?;
        let start = self.at();
        let mut value = 0;
        let (kind, payload) = match wire_type {
            START_GROUP => (Kind::Group, self.skip_group(number)?),
            other => {
                let kind = kind(other, at)?;
                value = self.skip(kind)?;
                let start = if kind == Kind::Bytes { self.at() - value as usize } else { start };
                let from = start - self.message.start;
                (kind, Span { bytes: &self.message.bytes[from..self.position], start })
            }
        };
        Ok(Field { at, number, kind, payload, value })
    }

    /// Goes behind a value; gives the number, or the length of bytes.
    fn skip(&mut self, kind: Kind) -> Decoded<u64> {
        match kind {
            Kind::Varint => self.varint(),
            Kind::Fixed64 => self.take(8).map(|_| 0),
            Kind::Fixed32 => self.take(4).map(|_| 0),
            Kind::Bytes => {
                let length = self.varint()?;
                self.take(length).map(|_| length)
            }
            Kind::Group => unreachable!("groups have a function of their own"),
        }
    }

    /// Goes behind a group, which ends by a tag with its own number; groups may lie in it.
    fn skip_group(&mut self, number: u32) -> Decoded<Span<'a>> {
        const START_GROUP: u64 = 3;
        const END_GROUP: u64 = 4;
        let (start, mut open) = (self.position, vec![number]);
        while let Some(&innermost) = open.last() {
            let at = self.at();
            match self.tag()? {
                (number, END_GROUP) if number == innermost => drop(open.pop()),
                (_, START_GROUP) if open.len() >= DEPTH as usize => {
                    let expected = format!("at most {DEPTH} levels");
                    return Err(Fault::new(at, "groups nested deeper", expected));
                }
                (number, START_GROUP) => open.push(number),
                (_, other) => drop(self.skip(kind(other, at)?)?),
            }
        }
        let bytes = &self.message.bytes[start..self.position];
        Ok(Span { bytes, start: self.message.start + start })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Decoded<Field<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position == self.message.bytes.len() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.position = self.message.bytes.len();
        }
        Some(field)
    }
}

fn kind(wire_type: u64, at: usize) -> Decoded<Kind> {
    match wire_type {
        0 => Ok(Kind::Varint),
        1 => Ok(Kind::Fixed64),
        2 => Ok(Kind::Bytes),
        5 => Ok(Kind::Fixed32),
        _ => Err(Fault::new(at, format!("wire type {wire_type}"), "0, 1, 2, 3 or 5")),
    }
}

/// The number at the beginning of `span`, and how many bytes it takes.
fn varint(span: Span<'_>) -> Decoded<(u64, usize)> {
    const LONGEST: usize = 10;
    let mut value = 0;
    for (index, &byte) in span.bytes.iter().take(LONGEST).enumerate() {
        // The tenth byte has room for one bit; protobuf drops the others.
        value |= u64::from(byte & 0x7F) << (7 * index);
        if byte < 0x80 {
            return Ok((value, index + 1));
        }
    }
    let found = if span.bytes.len() < LONGEST { "the end" } else { "more than 10 bytes" };
    Err(Fault::new(span.start, found, "a number of variable length"))
}

/// Packed numbers of variable length, one after the other; ends after the first mistake.
pub(super) struct Varints<'a>(Span<'a>);

impl<'a> Varints<'a> {
    pub(super) fn new(packed: Span<'a>) -> Self {
        Self(packed)
    }
}

impl Iterator for Varints<'_> {
    type Item = Decoded<u64>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.bytes.is_empty() {
            return None;
        }
        let decoded = varint(self.0);
        let taken = decoded.as_ref().map_or(self.0.bytes.len(), |(_, length)| *length);
        self.0 = Span { bytes: &self.0.bytes[taken..], start: self.0.start + taken };
        Some(decoded.map(|(value, _)| value))
    }
}
