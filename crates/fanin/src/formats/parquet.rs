//! Parquet: named columns, as data frames and data hubs store them.
//!
//! Read only in builds with the feature `parquet`; any other build says how to get one.

use std::path::Path;

use super::{Contents, DataFormat, ReadOptions, extension};
use crate::Result;

/// Flat Parquet tables of numbers, booleans and words.
pub struct Parquet;

impl DataFormat for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn about(&self) -> &'static str {
        "Parquet tables (.parquet, in builds with the feature parquet)"
    }

    fn claims(&self, file_name: &str) -> bool {
        matches!(extension(file_name), Some("parquet" | "pq"))
    }

    fn read(&self, path: &Path, bytes: Vec<u8>, _: &ReadOptions) -> Result<Contents> {
        reader::read(path, bytes)
    }
}

#[cfg(not(feature = "parquet"))]
mod reader {
    use std::path::Path;

    use crate::formats::Contents;
    use crate::{Error, Result};

    pub(super) fn read(path: &Path, _: Vec<u8>) -> Result<Contents> {
        Err(Error::Setting {
            place: path.display().to_string(),
            found: "a Parquet file, in a build without Parquet".to_owned(),
            expected: "a build with it (cargo build --release --features parquet), or a .csv"
                .to_owned(),
        })
    }
}

#[cfg(feature = "parquet")]
mod reader {
    use std::cell::Cell;
    use std::panic;
    use std::path::Path;
    use std::sync::Once;

    use bytes::Bytes;
    use parquet::errors::ParquetError;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::super::table::ColumnBuilder;
    use super::super::{Contents, RowPlaces, Table};
    use crate::{Error, Result};

    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }

    /// Reads the file; a damaged one on which the parquet crate panics is an error like any other.
    pub(super) fn read(path: &Path, bytes: Vec<u8>) -> Result<Contents> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let previous = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if !QUIET.get() {
                    previous(info);
                }
            }));
        });
        QUIET.set(true);
        let outcome = panic::catch_unwind(|| read_unguarded(path, bytes));
        QUIET.set(false);
        outcome.unwrap_or_else(|_| {
            let found = "contents that contradict each other";
            Err(Error::malformed(path, "the footer or a page", found, UNDAMAGED))
        })
    }

    const UNDAMAGED: &str = "an undamaged Parquet file";

    fn read_unguarded(path: &Path, bytes: Vec<u8>) -> Result<Contents> {
        let length = bytes.len();
        let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(|error| {
            Error::malformed(
                path,
                format!("byte {length}"),
                error.to_string(),
                "the end of a Parquet file",
            )
        })?;
        let fields = reader.metadata().file_metadata().schema().get_fields().to_vec();
        let mut builders = Vec::with_capacity(fields.len());
        for field in &fields {
            if !field.is_primitive() {
                let place = format!("column `{}`", field.name());
                return Err(Error::malformed(
                    path,
                    place,
                    "nested values",
                    "numbers, booleans or words",
                ));
            }
            builders.push(ColumnBuilder::new(field.name().to_owned()));
        }
        let rows = reader.get_row_iter(None).map_err(|e| unreadable(path, 0, &e))?;
        for (count, row) in rows.enumerate() {
            let row = row.map_err(|e| unreadable(path, count, &e))?;
            for (builder, (name, field)) in builders.iter_mut().zip(row.get_column_iter()) {
                push(path, count, builder, name, field)?;
            }
        }
        let columns = builders.into_iter().map(ColumnBuilder::finish).collect();
        Ok(Contents::Table(Table { columns, places: RowPlaces::Numbers }))
    }

    fn push(
        path: &Path,
        row: usize,
        builder: &mut ColumnBuilder,
        name: &str,
        field: &Field,
    ) -> Result<()> {
        match field {
            Field::Null => builder.push_missing(),
            Field::Bool(value) => builder.push_number(f64::from(u8::from(*value))),
            Field::Byte(value) => builder.push_number(f64::from(*value)),
            Field::Short(value) => builder.push_number(f64::from(*value)),
            Field::Int(value) => builder.push_number(f64::from(*value)),
            Field::Long(value) => builder.push_number(*value as f64),
            Field::UByte(value) => builder.push_number(f64::from(*value)),
            Field::UShort(value) => builder.push_number(f64::from(*value)),
            Field::UInt(value) => builder.push_number(f64::from(*value)),
            Field::ULong(value) => builder.push_number(*value as f64),
            Field::Float16(value) => builder.push_number(value.to_f64()),
            Field::Float(value) => builder.push_number(f64::from(*value)),
            Field::Double(value) => builder.push_number(*value),
            Field::Str(value) => builder.push_word(value),
            other => {
                let place = format!("row {}, column `{name}`", row + 1);
                let expected = "numbers, booleans or words";
                return Err(Error::malformed(path, place, format!("`{other}`"), expected));
            }
        }
        Ok(())
    }

    fn unreadable(path: &Path, row: usize, error: &ParquetError) -> Error {
        let found = error.to_string();
        let expected = if found.contains("Disabled feature") {
            "pages without compression, or with snappy or gzip"
        } else {
            UNDAMAGED
        };
        Error::malformed(path, format!("row {}", row + 1), found, expected)
    }
}

#[cfg(test)]
mod tests {
    use super::super::data_format;
    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<Contents> {
        let path = Path::new(name);
        data_format(path)?.read(path, bytes.to_vec(), &ReadOptions::default())
    }

    #[cfg(not(feature = "parquet"))]
    #[test]
    fn build_without_parquet_says_how_to_get_it() {
        let error = read("a.parquet", b"PAR1").unwrap_err().to_string();
        assert!(error.contains("--features parquet"), "{error}");
    }

    #[cfg(feature = "parquet")]
    mod with_feature {
        use super::super::super::Cell;
        use super::*;

        #[test]
        fn numbers_booleans_words_and_missing_values_are_read() {
            for (name, bytes) in [
                ("small.parquet", &include_bytes!("../../tests/data/small.parquet")[..]),
                ("plain.parquet", &include_bytes!("../../tests/data/plain.parquet")[..]),
            ] {
                let Contents::Table(table) = read(name, bytes).unwrap() else {
                    unreachable!("Parquet holds a table")
                };
                assert_eq!(table.names(), ["size", "count", "large", "half", "color", "label"]);
                let cells = |column: usize| table.columns[column].cells.as_slice();
                let numbers = |n: [f64; 4]| n.map(Cell::Number);
                let size = [Cell::Number(1.5), Cell::Missing, Cell::Number(-2.), Cell::Number(4.)];
                assert_eq!(cells(0), size);
                assert_eq!(cells(1), numbers([1., 2., 3., 4.]));
                assert_eq!(cells(2), numbers([10., 20., 30., 40.]));
                assert_eq!(cells(3), numbers([1., 0., 1., 0.]));
                assert_eq!(cells(4), [Cell::Word(0), Cell::Word(1), Cell::Missing, Cell::Word(0)]);
                assert_eq!(table.columns[5].words, ["yes", "no"]);
            }
        }

        #[test]
        fn columns_that_are_no_features_are_told() {
            let dates = include_bytes!("../../tests/data/date.parquet");
            let error = read("date.parquet", dates).unwrap_err().to_string();
            assert!(error.starts_with("date.parquet: row 1, column `when`: found `"), "{error}");
            let nested = include_bytes!("../../tests/data/nested.parquet");
            let error = read("nested.parquet", nested).unwrap_err().to_string();
            let expected = "nested.parquet: column `list`: found nested values, \
                            expected numbers, booleans or words";
            assert_eq!(error, expected);
        }

        #[cfg(not(feature = "parquet-zstd"))]
        #[test]
        fn compression_that_is_not_built_in_names_those_that_are() {
            let bytes = include_bytes!("../../tests/data/zstd.parquet");
            let error = read("zstd.parquet", bytes).unwrap_err().to_string();
            assert!(error.contains("snappy or gzip"), "{error}");
        }

        #[cfg(feature = "parquet-zstd")]
        #[test]
        fn zstandard_is_read_in_builds_with_it() {
            assert!(read("a.parquet", include_bytes!("../../tests/data/zstd.parquet")).is_ok());
        }
    }
}
