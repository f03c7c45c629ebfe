//! Text with one row per line: comma-, semicolon- or tab-separated values.

use std::collections::HashMap;
use std::path::Path;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::table::ColumnBuilder;
use super::{Contents, DataFormat, Header, ReadOptions, RowPlaces, Table, extension, gzip};
use crate::{Error, Result};

/// Comma-, semicolon- or tab-separated values, plain or compressed with gzip.
pub struct Csv;

impl DataFormat for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn about(&self) -> &'static str {
        "comma-, semicolon- or tab-separated text (.csv, .tsv, each also with .gz)"
    }

    fn claims(&self, file_name: &str) -> bool {
        matches!(extension(file_name), Some("csv" | "tsv"))
    }

    fn read(&self, path: &Path, bytes: Vec<u8>, options: &ReadOptions) -> Result<Contents> {
        let bytes = if gzip::is_compressed(&bytes) {
            gzip::decompress(path, &bytes, gzip::LARGEST)?
        } else {
            bytes
        };
        if UTF_16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
            let expected = "text in UTF-8; `iconv -f utf-16 -t utf8` converts it";
            return Err(Error::malformed(path, "byte 0", "the mark of text in UTF-16", expected));
        }
        let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
        if text.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::malformed(path, "byte 0", "an empty file", "a header and rows"));
        }
        let delimiter = match options.delimiter {
            Some(delimiter) => u8::try_from(delimiter).map_err(|_| Error::Setting {
                place: "delimiter".to_owned(),
                found: format!("`{delimiter}`"),
                expected: "a character of ASCII, such as , or ;".to_owned(),
            })?,
            None => guess_delimiter(text),
        };
        parse(path, text, delimiter, options.header).map(Contents::Table)
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What text in UTF-16 begins with: the low byte first, or the high one.
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Delimiters that are guessed; of equally frequent ones the first is taken.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The delimiter that is most frequent in the first line, outside quotes.
fn guess_delimiter(text: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for &byte in text.trim_ascii_start() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some(which) = DELIMITERS.iter().position(|&d| d == byte) {
                    counts[which] += 1;
                }
            }
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    let first_most = counts.iter().position(|&count| count == most).unwrap_or(0);
    DELIMITERS[first_most]
}

fn parse(path: &Path, text: &[u8], delimiter: u8, header: Header) -> Result<Table> {
    let mut reader = ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(text);
    let mut builders: Vec<ColumnBuilder> = Vec::new();
    let mut lines = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|e| unreadable(path, &e))? {
        let line = record.position().map_or(0, csv::Position::line);
        let cells = texts(path, line, &record)?;
        if builders.is_empty() {
            builders = column_names(path, line, &cells, header)?
                .into_iter()
                .map(ColumnBuilder::new)
                .collect();
            if header == Header::Present {
                continue;
            }
        }
        for (builder, cell) in builders.iter_mut().zip(&cells) {
            builder.push_text(cell);
        }
        lines.push(line);
    }
    if lines.is_empty() {
        let found = "the end of the file after the header";
        return Err(Error::malformed(path, "line 2", found, "rows"));
    }
    let columns = builders.into_iter().map(ColumnBuilder::finish).collect();
    Ok(Table { columns, places: RowPlaces::Lines(lines) })
}

fn texts<'a>(path: &Path, line: u64, record: &'a ByteRecord) -> Result<Vec<&'a str>> {
    let cell = |(column, bytes): (usize, &'a [u8])| {
        std::str::from_utf8(bytes).map_err(|_| {
            let place = format!("line {line}, column {}", column + 1);
            let found = format!("`{}`", String::from_utf8_lossy(bytes));
            Error::malformed(
                path,
                place,
                found,
                "text in UTF-8; `iconv -f latin1 -t utf8` may convert it",
            )
        })
    };
    record.iter().enumerate().map(cell).collect()
}

fn column_names(path: &Path, line: u64, cells: &[&str], header: Header) -> Result<Vec<String>> {
    let numbered = |column: usize| format!("column {}", column + 1);
    if header == Header::Absent {
        return Ok((0..cells.len()).map(numbered).collect());
    }
    if cells.iter().all(|cell| cell.trim().parse::<f64>().is_ok()) {
        return Err(Error::malformed(
            path,
            format!("line {line}"),
            "numbers only",
            "a header with the names of the columns; say so if the file has none (--no-header)",
        ));
    }
    let mut names = Vec::with_capacity(cells.len());
    let mut seen = HashMap::new();
    for (column, cell) in cells.iter().enumerate() {
        let name = if cell.trim().is_empty() { numbered(column) } else { cell.trim().to_owned() };
        if let Some(earlier) = seen.insert(name.clone(), column) {
            return Err(Error::malformed(
                path,
                format!("line {line}, column {}", column + 1),
                format!("the name `{name}` again, as in column {}", earlier + 1),
                "a different name for each column",
            ));
        }
        names.push(name);
    }
    Ok(names)
}

fn unreadable(path: &Path, error: &csv::Error) -> Error {
    if let ErrorKind::UnequalLengths { pos, expected_len, len } = error.kind() {
        let place = pos.as_ref().map_or(0, csv::Position::line);
        let expected = format!("{expected_len}, as in the first line");
        let found = if *len == 1 { "1 cell".to_owned() } else { format!("{len} cells") };
        return Error::malformed(path, format!("line {place}"), found, expected);
    }
    let place = error.position().map_or(0, csv::Position::byte);
    Error::malformed(path, format!("byte {place}"), error.to_string(), "delimited text")
}

#[cfg(test)]
mod tests {
    use super::super::Cell;
    use super::*;

    fn read(text: &str) -> Result<Table> {
        let options = ReadOptions::default();
        match Csv.read(Path::new("a.csv"), text.as_bytes().to_vec(), &options)? {
            Contents::Table(table) => Ok(table),
            Contents::Arrays(_) => unreachable!("CSV holds a table"),
        }
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        assert_eq!(read(text).unwrap_err().to_string(), expected);
    }

    #[test]
    fn delimiter_is_guessed_and_byte_order_mark_skipped() {
        for text in ["a,b\n1,2\n", "\u{feff}a;b\r\n1;2\r\n", "a\tb\n1\t2", "\"a\";b\n1;2"] {
            let table = read(text).unwrap();
            assert_eq!(table.names(), ["a", "b"], "{text:?}");
            assert_eq!(table.columns[1].cells, [Cell::Number(2.0)], "{text:?}");
        }
        let table = read("\"last, first\";b\n\"Doe, Jane\";2\n").unwrap();
        assert_eq!(table.names(), ["last, first", "b"]);
    }

    #[test]
    fn quoted_cells_may_hold_delimiters_quotes_and_line_ends() {
        let table = read("a,b\n\"x, \"\"y\"\"\nz\",1\nw,2\n").unwrap();
        assert_eq!(table.columns[0].words, ["x, \"y\"\nz", "w"]);
        assert_eq!(table.place(1), "row 2 (line 4)");
    }

    #[test]
    fn markers_of_missing_values_and_infinity_are_kept_apart() {
        let table = read("a,b\n,1\nNA,1\nnan,1\n?,1\nNULL,1\n-inf,1\n 7 ,1\n").unwrap();
        let mut expected = vec![Cell::Missing; 5];
        expected.extend([Cell::Infinite(f64::NEG_INFINITY), Cell::Number(7.0)]);
        assert_eq!(table.columns[0].cells, expected);
    }

    #[test]
    fn bad_files_are_told_with_their_place() {
        check_error("", "a.csv: byte 0: found an empty file, expected a header and rows");
        check_error(
            "a,b\n",
            "a.csv: line 2: found the end of the file after the header, expected rows",
        );
        check_error(
            "a,b\n1,2\n1,2,3\n",
            "a.csv: line 3: found 3 cells, expected 2, as in the first line",
        );
        check_error("a,b\n1\n", "a.csv: line 2: found 1 cell, expected 2, as in the first line");
        check_error(
            "a,b,a\n1,2,3\n",
            "a.csv: line 1, column 3: found the name `a` again, as in column 1, \
             expected a different name for each column",
        );
        check_error(
            "1,2\n3,4\n",
            "a.csv: line 1: found numbers only, \
             expected a header with the names of the columns; say so if the file has none (--no-header)",
        );
    }

    #[test]
    fn text_in_utf_16_is_told_with_its_remedy() {
        for bytes in [b"\xff\xfea\0,\0b\0\n\0", b"\xfe\xff\0a\0,\0b\0\n"] {
            let read = Csv.read(Path::new("a.csv"), bytes.to_vec(), &ReadOptions::default());
            let message = read.unwrap_err().to_string();
            assert!(message.contains("found the mark of text in UTF-16"), "{message}");
            assert!(message.contains("`iconv -f utf-16 -t utf8`"), "{message}");
        }
    }

    #[test]
    fn file_without_header_gets_numbered_columns() {
        let options = ReadOptions { header: Header::Absent, ..ReadOptions::default() };
        let contents = Csv.read(Path::new("a.csv"), b"1,2\n3,4\n".to_vec(), &options).unwrap();
        let Contents::Table(table) = contents else { unreachable!("CSV holds a table") };
        assert_eq!(table.names(), ["column 1", "column 2"]);
        assert_eq!(table.rows(), 2);
    }
}
