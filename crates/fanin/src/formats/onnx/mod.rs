//! ONNX: what the bytes of a model say, without knowing any operator.
//!
//! ```text
//! OnnxFile::read ─► file.model() ─► Model { graph: Graph { nodes, initializers, … }, … }
//!                   file.elements(&tensor) ─► Elements ─► Changes ─► file.rewrite(&changes, target)
//! ```
//!
//! A [`Model`] borrows its texts and numbers from the file's bytes. Every mistake names the byte
//! and the field; fields and types that are not known are let be. Field numbers and names are those
//! of <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>.

mod wire;
mod element_type;
mod tensor;
mod external;
mod elements;
mod value_info;
mod attribute;
mod graph;
mod model;
mod order;
mod encode;
mod pack;
mod rewrite;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

pub use attribute::{Attribute, AttributeValue};
pub use element_type::ElementType;
pub use elements::Elements;
pub use external::External;
pub use graph::{Graph, Node};
pub use model::{Function, Metadata, Model, OpsetImport};
pub use rewrite::{Changes, Separated};
pub use tensor::{Data, SparseTensor, Tensor, Typed};
pub use value_info::{Dimension, Type, ValueInfo};
pub use wire::Span;

use wire::{Decode, Fault, Limits};

/// The bytes of an ONNX file, and the folder in which files beside it are looked for.
///
/// ```no_run
/// use fanin::formats::onnx::OnnxFile;
/// let file = OnnxFile::read("model.onnx".as_ref())?;
/// let model = file.model()?;
/// for tensor in &model.graph.initializers {
///     let elements = file.elements(tensor)?;
///     println!("{} {:?}: {} elements", tensor.name, tensor.dims, elements.len());
/// }
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxFile {
    /// Where it lies; the files beside it are in the same folder.
    pub path: PathBuf,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

/// The key of a model's first field, its format version, with which every exporter begins.
const FORMAT_VERSION: u8 = 8;

impl OnnxFile {
    /// Reads the file; files beside it are read only when their elements are asked for.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        Ok(Self { path: path.to_owned(), bytes })
    }

    /// What the bytes say, if they are a model.
    ///
    /// Nothing is copied but shapes and lists of names, so a model takes little memory beside the
    /// file's bytes; whatever the file says, it is at most a hundred times as much.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the byte and the field, if they follow not protobuf's wire format or
    /// not ONNX's schema, if a tensor's elements do not fit its type and shape, if messages lie more
    /// than 100 levels deep, or if there are so many that memory would not be in proportion.
    pub fn model(&self) -> Result<Model<'_>> {
        self.decode(|fault| {
            if self.bytes.first() != Some(&FORMAT_VERSION) {
                fault.expected += " (this file does not begin as ONNX models do)";
            }
        })
    }

    /// What the bytes say, if they are a single tensor, as in the `.pb` files of ONNX's own tests.
    ///
    /// # Errors
    /// As [`model`](Self::model).
    pub fn tensor(&self) -> Result<Tensor<'_>> {
        self.decode(|_| ())
    }

    fn decode<'a, T: Decode<'a>>(&'a self, explain: impl Fn(&mut Fault)) -> Result<T> {
        let whole = Span { bytes: &self.bytes, start: 0 };
        T::decode(whole, &mut Limits::new(self.bytes.len())).map_err(|mut fault| {
            explain(&mut fault);
            fault.in_file(&self.path)
        })
    }

    /// An order in which the nodes of the model's graph can be computed, by their indices.
    ///
    /// It is the file's own order wherever that can be followed. Nodes of a graph inside a node are
    /// looked at as well, and those of functions.
    ///
    /// # Errors
    /// [`Error::Malformed`] that names the node, if a name is used that nothing makes, two nodes,
    /// inputs or initializers have the same one, nodes need each other in a circle, or a function
    /// calls itself.
    pub fn order(&self, model: &Model<'_>) -> Result<Vec<usize>> {
        order::order(&self.path, model)
    }

    /// The folder in which files beside the model are looked for.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// The elements of a tensor of this file, from its bytes or from a file beside it.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there are none though the shape asks for some, if their type is
    /// complex or an 8-bit or 4-bit floating one, or if the file beside the model is too short;
    /// [`Error::Setting`] if that file lies outside the model's folder; [`Error::Io`] if it cannot be
    /// read.
    pub fn elements(&self, tensor: &Tensor<'_>) -> Result<Elements> {
        let (kind, count) = (tensor.element_type, tensor.len());
        let unread = || self.tensor_fault(tensor, format!("elements of type {kind}"), READ);
        match &tensor.data {
            Data::Raw(raw) => elements::dense(kind, count, &mut &*raw.bytes)
                .ok_or_else(unread)?
                .map_err(Error::io("read", &self.path)),
            Data::Typed(typed) => elements::typed(kind, count, typed).ok_or_else(unread),
            Data::Strings(texts) => {
                Ok(Elements::Strings(texts.iter().map(|text| text.to_vec()).collect()))
            }
            Data::External(external) => {
                let (path, mut file) = external.reader(self.folder())?;
                elements::dense(kind, count, &mut file)
                    .ok_or_else(unread)?
                    .map_err(Error::io("read", &path))
            }
            Data::Missing if count == 0 && kind == ElementType::String => {
                Ok(Elements::Strings(Vec::new()))
            }
            Data::Missing if count == 0 => elements::dense(kind, 0, &mut &[][..])
                .ok_or_else(unread)?
                .map_err(Error::io("read", &self.path)),
            Data::Missing => {
                let expected = format!("{count} elements of type {kind}");
                Err(self.tensor_fault(tensor, "no elements".to_owned(), &expected))
            }
        }
    }

    fn tensor_fault(&self, tensor: &Tensor<'_>, found: String, expected: &str) -> Error {
        let place = format!("byte {}, tensor \"{}\"", tensor.at, tensor.name);
        Error::malformed(&self.path, place, found, expected)
    }
}

/// The types of elements that are read.
const READ: &str = "float, double, float16, bfloat16, an integer, bool or string";

#[cfg(test)]
mod tests;
