//! .npz: a ZIP archive of NumPy arrays, one per tensor.
//!
//! Arrays are read by the format of data of the same name; here they become tensors of `f32`.

use std::collections::HashSet;
use std::io::{self, BufRead, Write};
use std::path::Path;

use fanin_engine::Tensor;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::stream::copy;
use super::{Dtype, Entry, Input, Output, WeightFormat};
use crate::error::{Error, Result};
use crate::formats::{Array, Contents, DataFormat, ReadOptions, npz};
use crate::weights::Weights;

/// Named arrays as `numpy.savez` writes them and `numpy.load` reads them.
#[derive(Debug)]
pub struct Npz;

impl WeightFormat for Npz {
    fn extension(&self) -> &'static str {
        "npz"
    }

    fn about(&self) -> &'static str {
        "named arrays that NumPy loads"
    }

    fn read(&self, path: &Path, file: &mut dyn Input) -> Result<Weights> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
        let contents = npz::Npz.read(path, bytes, &ReadOptions::default())?;
        let Contents::Arrays(arrays) = contents else { unreachable!(".npz holds arrays") };
        let mut seen = HashSet::new();
        let mut tensors = Vec::with_capacity(arrays.len());
        for (name, array) in arrays {
            if !seen.insert(name.clone()) {
                let place = format!("array `{name}`");
                return Err(Error::malformed(path, place, "a second one of this name", "one"));
            }
            let numbers = numbers(path, &name, &array)?;
            tensors.push((name, Tensor::new(array.shape, numbers)?));
        }
        Ok(Weights { tensors })
    }

    fn holds(&self, dtype: Dtype) -> bool {
        descr(dtype).is_some()
    }

    fn write(
        &self,
        entries: &[&Entry],
        bytes: &mut dyn BufRead,
        file: &mut dyn Output,
    ) -> io::Result<()> {
        let mut archive = ZipWriter::new(file);
        for entry in entries {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .large_file(entry.bytes() >= u64::from(u32::MAX) / 2);
            archive.start_file(format!("{}.npy", entry.name), options)?;
            let Some(descr) = descr(entry.dtype) else {
                return Err(io::Error::other("NumPy has no such type of elements"));
            };
            archive.write_all(&header(entry.shape.axes(), descr))?;
            copy(bytes, entry.bytes(), &mut archive)?;
        }
        archive.finish()?.flush()
    }
}

/// NumPy's name of a type of elements; it has none for `bf16`.
fn descr(dtype: Dtype) -> Option<&'static str> {
    match dtype {
        Dtype::F16 => Some("<f2"),
        Dtype::F32 => Some("<f4"),
        Dtype::F64 => Some("<f8"),
        Dtype::I64 => Some("<i8"),
        Dtype::Bf16 => None,
    }
}

/// The elements in row-major order, if `f32` can hold them.
fn numbers(path: &Path, name: &str, array: &Array) -> Result<Vec<f32>> {
    let whole = array.element.is_integer();
    let narrow = |(index, wide): (usize, f64)| {
        let number = wide as f32;
        let lost =
            (number.is_infinite() && wide.is_finite()) || (whole && f64::from(number) != wide);
        if lost {
            let place = format!("array `{name}`, element {index}");
            return Err(Error::malformed(
                path,
                place,
                wide.to_string(),
                "a number that f32 can hold",
            ));
        }
        Ok(number)
    };
    array.numbers().enumerate().map(narrow).collect()
}

/// What NumPy expects before the elements (NumPy Enhancement Proposal 1, version 1.0).
fn header(shape: &[usize], descr: &str) -> Vec<u8> {
    const ALIGNMENT: usize = 64;
    const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
    let axes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let axes = if let [one] = axes.as_slice() { format!("{one},") } else { axes.join(", ") };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({axes}), }}");
    let before = MAGIC.len() + size_of::<u16>();
    let length = (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before;
    text.extend(std::iter::repeat_n(' ', length - 1 - text.len()));
    text.push('\n');
    let length = u16::try_from(length).expect("a shape takes far fewer than 2^16 characters");
    [MAGIC, &length.to_le_bytes(), text.as_bytes()].concat()
}
