//! Messages with some of their fields replaced.

use std::ops::Range;

use super::super::OnnxFile;
use super::super::encode::Message;
use super::super::wire::{Kind, Span};
use super::fields;

/// Fields of a message that give way to other bytes; none of them, for a field that is added.
#[derive(Debug)]
pub(super) struct Edit {
    /// The byte at which the message begins that holds the fields themselves.
    pub container: usize,
    /// Their bytes in the file, tags included.
    pub range: Range<usize>,
    /// The bytes in their place.
    pub bytes: Vec<u8>,
}

/// The edited file, as runs of the original and new bytes between them.
#[derive(Debug, Default)]
pub(super) struct Pieces<'e> {
    pieces: Vec<Piece<'e>>,
    /// Bytes of the edited file.
    pub length: u64,
}

#[derive(Debug)]
enum Piece<'e> {
    Old(Range<usize>),
    New(&'e [u8]),
    Header(Vec<u8>),
}

impl<'e> Pieces<'e> {
    pub(super) fn new(file: &OnnxFile, edits: &'e [Edit]) -> Self {
        // Sorting keeps the order of fields that are added at the same place.
        let mut sorted: Vec<&Edit> = edits.iter().collect();
        sorted.sort_by_key(|edit| edit.range.start);
        let mut pieces = Self::default();
        pieces.splice(Span { bytes: &file.bytes, start: 0 }, &sorted);
        pieces
    }

    /// The bytes, in order.
    pub(super) fn chunks<'p>(&'p self, original: &'p [u8]) -> impl Iterator<Item = &'p [u8]> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Old(range) => &original[range.clone()],
            Piece::New(bytes) => bytes,
            Piece::Header(bytes) => bytes,
        })
    }

    fn push(&mut self, piece: Piece<'e>) {
        self.length += match &piece {
            Piece::Old(range) => range.len() as u64,
            Piece::New(bytes) => bytes.len() as u64,
            Piece::Header(bytes) => bytes.len() as u64,
        };
        self.pieces.push(piece);
    }

    fn splice(&mut self, message: Span<'_>, edits: &[&'e Edit]) {
        let mut copied = message.start;
        for field in fields(message) {
            // An edit at a field's end adds another behind it, so it belongs to this field.
            let first = edits.partition_point(|edit| edit.range.start < field.at);
            let last = edits.partition_point(|edit| edit.range.start <= field.end());
            let payload = field.payload.start..=field.payload.end();
            let (own, inner): (Vec<&Edit>, Vec<&Edit>) =
                edits[first..last].iter().partition(|edit| edit.container == message.start);
            let inner: Vec<&Edit> =
                inner.into_iter().filter(|edit| payload.contains(&edit.container)).collect();
            if let Some(edit) = own.iter().find(|edit| edit.range == (field.at..field.end())) {
                self.push(Piece::Old(copied..field.at));
                self.push(Piece::New(&edit.bytes));
                copied = field.end();
            } else if field.kind == Kind::Bytes && !inner.is_empty() {
                let mut nested = Self::default();
                nested.splice(field.payload, &inner);
                if nested.length == field.payload.bytes.len() as u64 {
                    self.push(Piece::Old(copied..field.payload.start));
                } else {
                    self.push(Piece::Old(copied..field.at));
                    let header = Message::header(field.number, nested.length as usize);
                    self.push(Piece::Header(header));
                }
                self.length += nested.length;
                self.pieces.extend(nested.pieces);
                copied = field.end();
            }
            for edit in own.iter().filter(|edit| edit.range == (field.end()..field.end())) {
                self.push(Piece::Old(copied..field.end()));
                self.push(Piece::New(&edit.bytes));
                copied = field.end();
            }
        }
        if message.bytes.is_empty() {
            edits.iter().for_each(|edit| self.push(Piece::New(&edit.bytes)));
        }
        self.push(Piece::Old(copied..message.end()));
    }
}
