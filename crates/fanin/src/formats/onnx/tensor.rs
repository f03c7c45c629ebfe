//! Tensors as they lie in the file: shape, type, and where the elements are.

use super::element_type::ElementType;
use super::encode::encoded;
use super::external::External;
use super::model::Metadata;
use super::wire::{Decode, Decoded, Fault, Field, Fields, Kind, Limits, Span, Varints};

/// A tensor: an initializer, an attribute's value, or a file of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor<'a> {
    /// The name under which nodes use it.
    pub name: &'a str,
    /// Lengths of its axes; none for a scalar. Their product is known not to overflow.
    pub dims: Vec<usize>,
    /// Type of its elements.
    pub element_type: ElementType,
    /// Where its elements are.
    pub data: Data<'a>,
    /// Named texts of the exporter.
    pub metadata: Metadata<'a>,
    /// The byte of the file at which its message begins.
    pub at: usize,
}

/// Where a tensor's elements are.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Data<'a> {
    /// Nowhere; right for a tensor without elements only.
    #[default]
    Missing,
    /// In the file, densely, in row-major order, least significant byte first.
    Raw(Span<'a>),
    /// In the file, as numbers of a field of their own.
    Typed(Typed<'a>),
    /// In the file, as texts of any encoding.
    Strings(Vec<&'a [u8]>),
    /// In a file beside the model.
    External(External<'a>),
}

/// Elements as numbers of protobuf, packed or one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed<'a> {
    pub(super) store: Store,
    /// Runs of packed numbers; an unpacked number is a run of one.
    pub(super) runs: Vec<Span<'a>>,
}

/// The field that typed elements lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Float,
    Int32,
    Int64,
    Double,
    Uint64,
}

impl Store {
    /// Number and name in the schema, and how its numbers are stored.
    pub(super) fn field(self) -> (u32, &'static str, Kind) {
        match self {
            Self::Float => (4, "float_data", Kind::Fixed32),
            Self::Int32 => (5, "int32_data", Kind::Varint),
            Self::Int64 => (7, "int64_data", Kind::Varint),
            Self::Double => (10, "double_data", Kind::Fixed64),
            Self::Uint64 => (11, "uint64_data", Kind::Varint),
        }
    }

    /// The field in which elements of a type lie.
    fn of(element_type: ElementType) -> Option<Self> {
        match element_type {
            ElementType::F32 | ElementType::Complex64 => Some(Self::Float),
            ElementType::I64 => Some(Self::Int64),
            ElementType::F64 | ElementType::Complex128 => Some(Self::Double),
            ElementType::U32 | ElementType::U64 => Some(Self::Uint64),
            other => other.bits().map(|_| Self::Int32),
        }
    }

    /// How many numbers hold so many elements.
    fn numbers(element_type: ElementType, elements: usize) -> Option<usize> {
        match element_type {
            ElementType::Complex64 | ElementType::Complex128 => elements.checked_mul(2),
            small if small.bits().is_some_and(|bits| bits < 8) => small.byte_len(elements),
            _ => Some(elements),
        }
    }
}

impl Typed<'_> {
    /// How many numbers there are.
    fn count(&self) -> Decoded<usize> {
        let (_, name, kind) = self.store.field();
        let mut count = 0;
        for run in &self.runs {
            let size = match kind {
                Kind::Fixed32 => 4,
                Kind::Fixed64 => 8,
                _ => {
                    for number in Varints::new(*run) {
                        number.map_err(|fault| fault.within(name))?;
                        count += 1;
                    }
                    continue;
                }
            };
            if !run.bytes.len().is_multiple_of(size) {
                let found = format!("{} bytes", run.bytes.len());
                let expected = format!("a multiple of {size}");
                return Err(Fault::new(run.start, found, expected).within(name));
            }
            count += run.bytes.len() / size;
        }
        Ok(count)
    }
}

impl<'a> Tensor<'a> {
    /// A tensor whose elements lie densely in `bytes`, as [`Elements::to_bytes`] makes them.
    ///
    /// [`Elements::to_bytes`]: super::Elements::to_bytes
    pub fn new(name: &'a str, element_type: ElementType, dims: &[usize], bytes: &'a [u8]) -> Self {
        let data = Data::Raw(Span { bytes, start: 0 });
        Self { name, dims: dims.to_vec(), element_type, data, ..Self::default() }
    }

    /// The tensor as the bytes of a file of its own, as [`OnnxFile::tensor`] reads it.
    ///
    /// [`OnnxFile::tensor`]: super::OnnxFile::tensor
    pub fn to_bytes(&self) -> Vec<u8> {
        encoded(self)
    }

    /// How many elements it has by its shape.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.dims.contains(&0)
    }

    /// How many bytes its elements take when they lie densely; none for texts and unknown types.
    pub fn byte_len(&self) -> Option<usize> {
        self.element_type.byte_len(self.len())
    }
}

/// Fields of a tensor while they are collected.
#[derive(Default)]
struct Parts<'a> {
    dims: Vec<i64>,
    runs: Vec<(Store, Span<'a>)>,
    strings: Vec<&'a [u8]>,
    raw: Option<Span<'a>>,
    external: Vec<(&'a str, &'a str)>,
    location: i64,
    segment: bool,
}

impl<'a> Decode<'a> for Tensor<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut tensor = Self { at: message.start, ..Self::default() };
        let mut parts = Parts::default();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => field.ints(&mut parts.dims, "dims")?,
                2 => tensor.element_type = ElementType::from_number(field.int("data_type")?),
                3 => parts.segment = true,
                4 => parts.run(Store::Float, &field)?,
                5 => parts.run(Store::Int32, &field)?,
                6 => parts.strings.push(field.bytes("string_data")?.bytes),
                7 => parts.run(Store::Int64, &field)?,
                8 => tensor.name = field.text("name")?,
                9 => parts.raw = Some(field.bytes("raw_data")?),
                10 => parts.run(Store::Double, &field)?,
                11 => parts.run(Store::Uint64, &field)?,
                13 => field.push(&mut parts.external, "external_data", limits)?,
                14 => parts.location = field.int("data_location")?,
                16 => field.push(&mut tensor.metadata.0, "metadata_props", limits)?,
                _ => {}
            }
        }
        tensor.dims = axes(&parts.dims, message.start)?;
        tensor.data = parts.data(&tensor)?;
        Ok(tensor)
    }
}

/// Lengths of axes whose product, empty axes left out, fits a `usize`.
fn axes(dims: &[i64], at: usize) -> Decoded<Vec<usize>> {
    let mut product = 1_usize;
    let mut axes = Vec::with_capacity(dims.len());
    for (index, &dim) in dims.iter().enumerate() {
        let fault = |expected: &str| {
            Err(Fault::new(at, dim.to_string(), expected).within(format!("dims[{index}]")))
        };
        let Ok(axis) = usize::try_from(dim) else { return fault("a length of 0 or more") };
        match product.checked_mul(axis.max(1)) {
            Some(larger) if isize::try_from(larger).is_ok() => product = larger,
            _ => return fault("axes whose product is below 2⁶³"),
        }
        axes.push(axis);
    }
    Ok(axes)
}

impl<'a> Parts<'a> {
    fn run(&mut self, store: Store, field: &Field<'a>) -> Decoded<()> {
        let (_, name, kind) = store.field();
        self.runs.push((store, field.numbers(kind, name)?));
        Ok(())
    }

    /// The elements' place, held against the tensor's shape and type.
    fn data(self, tensor: &Tensor<'a>) -> Decoded<Data<'a>> {
        const EXTERNAL: i64 = 1;
        let fault = |found: String, expected: String| Fault::new(tensor.at, found, expected);
        if self.segment {
            return Err(fault("a part of a tensor".to_owned(), "a whole one".to_owned()));
        }
        if self.location == EXTERNAL {
            return External::new(&self.external, tensor).map(Data::External);
        }
        // Writers may leave an empty field beside the one that counts.
        let runs: Vec<_> = self.runs.into_iter().filter(|(_, run)| !run.bytes.is_empty()).collect();
        let others = !runs.is_empty() || !self.strings.is_empty();
        let raw = self.raw.filter(|raw| !(raw.bytes.is_empty() && others));
        if (raw.is_some() && others) || !(runs.is_empty() || self.strings.is_empty()) {
            return Err(fault("elements in several fields".to_owned(), "in one".to_owned()));
        }
        if let Some(raw) = raw {
            return raw_data(tensor, raw);
        }
        if !self.strings.is_empty() {
            return string_data(tensor, self.strings);
        }
        if runs.is_empty() { Ok(Data::Missing) } else { typed_data(tensor, runs) }
    }
}

fn raw_data<'a>(tensor: &Tensor<'a>, raw: Span<'a>) -> Decoded<Data<'a>> {
    match tensor.byte_len() {
        Some(wanted) if wanted != raw.bytes.len() => {
            let found = format!("{} bytes", raw.bytes.len());
            Err(Fault::new(raw.start, found, expected_bytes(tensor, wanted)).within("raw_data"))
        }
        _ if tensor.element_type == ElementType::String => {
            Err(Fault::new(raw.start, "texts", "them in string_data").within("raw_data"))
        }
        _ => Ok(Data::Raw(raw)),
    }
}

/// What the shape asks for: `24 bytes for float[2, 3]`.
pub(super) fn expected_bytes(tensor: &Tensor<'_>, bytes: usize) -> String {
    format!("{bytes} bytes for {}{:?}", tensor.element_type, tensor.dims)
}

fn string_data<'a>(tensor: &Tensor<'a>, strings: Vec<&'a [u8]>) -> Decoded<Data<'a>> {
    if tensor.element_type == ElementType::String && strings.len() == tensor.len() {
        return Ok(Data::Strings(strings));
    }
    let expected = format!("{} elements of type {}", tensor.len(), tensor.element_type);
    let fault = Fault::new(tensor.at, format!("{} texts", strings.len()), expected);
    Err(fault.within("string_data"))
}

fn typed_data<'a>(tensor: &Tensor<'a>, runs: Vec<(Store, Span<'a>)>) -> Decoded<Data<'a>> {
    let (store, at) = (runs[0].0, runs[0].1.start);
    let name = store.field().1;
    let fault = |found: String, expected: String| Fault::new(at, found, expected).within(name);
    if let Some((other, _)) = runs.iter().find(|(other, _)| *other != store) {
        return Err(fault(format!("elements in {} too", other.field().1), "one field".to_owned()));
    }
    let typed = Typed { store, runs: runs.into_iter().map(|(_, run)| run).collect() };
    match Store::of(tensor.element_type) {
        Some(right) if right != store => {
            let found = format!("elements of type {}", tensor.element_type);
            Err(fault(found, format!("them in {}", right.field().1)))
        }
        Some(_) => {
            let (count, wanted) =
                (typed.count()?, Store::numbers(tensor.element_type, tensor.len()));
            if Some(count) == wanted {
                return Ok(Data::Typed(typed));
            }
            let expected = format!("as many as {}{:?} takes", tensor.element_type, tensor.dims);
            Err(fault(format!("{count} numbers"), expected))
        }
        None => Ok(Data::Typed(typed)),
    }
}

/// A tensor that is mostly zero: some values and where they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SparseTensor<'a> {
    /// The elements that are not zero; their name is the sparse tensor's.
    pub values: Tensor<'a>,
    /// Their places: flat, or one row for each of them.
    pub indices: Tensor<'a>,
    /// Lengths of the axes of the whole.
    pub dims: Vec<usize>,
}

impl<'a> Decode<'a> for SparseTensor<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut tensor = Self::default();
        let mut dims = Vec::new();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => tensor.values = field.message("values", limits)?,
                2 => tensor.indices = field.message("indices", limits)?,
                3 => field.ints(&mut dims, "dims")?,
                _ => {}
            }
        }
        tensor.dims = axes(&dims, message.start)?;
        Ok(tensor)
    }
}
