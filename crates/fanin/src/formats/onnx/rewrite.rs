//! A copy of a model in which only elements of tensors differ, and nothing else.
//!
//! The copy is the original's bytes with some fields replaced, so what this version does not know
//! stays as it is. Lengths of the messages around a field change only if the field's own does. Files
//! beside the model are copied, and changed in the copy.

mod splice;
mod layout;
mod beside;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write;
use std::path::Path;

use super::element_type::ElementType;
use super::elements::Elements;
use super::encode::Message;
use super::tensor::{Data, Tensor};
use super::wire::{Decoded, Field, Fields, Span};
use super::{OnnxFile, pack};
use crate::formats::disk_space::check_space;
use crate::formats::write_whole::{Pending, take_names};
use crate::formats::{Existing, check_target};
use crate::{Error, Result};

use beside::Beside;
use layout::Layout;
use splice::{Edit, Pieces};

/// What is to differ in a copy of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// New elements by name: of an initializer, of the output of a `Constant` node that holds a
    /// tensor, or of a separated initializer. Floating numbers are rounded to the tensor's type.
    pub elements: BTreeMap<String, Elements>,
    /// Uses of an initializer that get one of their own.
    pub separated: Vec<Separated>,
}

/// One use of an initializer that gets an initializer of its own, with the same elements at first.
///
/// Where the node is an `Identity` that makes the initializer under the very name, the new one takes the
/// node's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separated {
    /// The shared initializer, or one that is separated of it by such a node.
    pub initializer: String,
    /// The index of the node that uses it, in the model's graph.
    pub node: usize,
    /// The index of the node's input.
    pub input: usize,
    /// The name of the new initializer; several uses of one initializer may share it.
    pub name: String,
}

/// The most bytes of a message that readers of protobuf take.
const LARGEST: u64 = i32::MAX as u64;

impl OnnxFile {
    /// Writes a copy of the model with changed elements, and copies of the files beside it.
    ///
    /// All files are written whole or not at all. Without changes, or with elements equal to the last
    /// bit, the copy's bytes are the original's. Files beside the model keep their names, unless the
    /// copy goes into the same folder: there they are named after the copy, for the original must
    /// stay as it is. Only if the copy replaces the original itself, its files are replaced too. A
    /// separated initializer lies in the model's file, wherever the shared one does.
    ///
    /// # Errors
    /// [`Error::Unknown`] if a change names nothing in the model; [`Error::Setting`] if elements do
    /// not fit a tensor's type and shape, a use is not there, a new name is taken, or the copy would
    /// be larger than protobuf allows; as [`elements`](Self::elements) and
    /// [`write_whole`](crate::formats::write_whole) besides.
    pub fn rewrite(&self, changes: &Changes, target: &Path, existing: Existing) -> Result<()> {
        check_target(target, existing)?;
        let layout = Layout::new(self)?;
        let beside = Beside::new(self, &layout, target)?;
        let mut plan = Plan::new(self, &layout, changes)?;
        beside.rename(&layout, &mut plan.edits);
        let pieces = Pieces::new(self, &plan.edits);
        check_space(target, pieces.length + beside.bytes())?;
        if pieces.length > LARGEST && pieces.length > self.bytes.len() as u64 {
            return Err(Error::Setting {
                place: target.display().to_string(),
                found: format!("a model file of {} bytes", pieces.length),
                expected: "at most 2³¹ − 1; keep large weights in files beside the model"
                    .to_owned(),
            });
        }
        let mut files = beside.write(&plan.patches, existing)?;
        files.push(Pending::write(target, existing, |file| {
            pieces.chunks(&self.bytes).try_for_each(|chunk| file.write_all(chunk))
        })?);
        take_names(&files)
    }

    /// The bytes of a copy of the model's own file, with changed elements.
    ///
    /// # Errors
    /// As [`rewrite`](Self::rewrite), and [`Error::Setting`] if elements that change lie in a file
    /// beside the model.
    pub fn rewritten(&self, changes: &Changes) -> Result<Vec<u8>> {
        let layout = Layout::new(self)?;
        let plan = Plan::new(self, &layout, changes)?;
        if let Some(patch) = plan.patches.first() {
            return Err(Error::Setting {
                place: self.path.display().to_string(),
                found: format!("elements that change in {:?}", patch.location),
                expected: "elements in the model's own file; `rewrite` copies others".to_owned(),
            });
        }
        let pieces = Pieces::new(self, &plan.edits);
        Ok(pieces.chunks(&self.bytes).collect::<Vec<_>>().concat())
    }
}

/// New elements for a place in a file beside the model.
struct Patch<'c> {
    location: String,
    offset: u64,
    element_type: ElementType,
    elements: Cow<'c, Elements>,
}

/// Everything that differs, by place.
#[derive(Default)]
struct Plan<'c> {
    edits: Vec<Edit>,
    patches: Vec<Patch<'c>>,
}

impl<'c> Plan<'c> {
    fn new(file: &OnnxFile, layout: &Layout<'_>, changes: &'c Changes) -> Result<Self> {
        let mut plan = Self::default();
        let new_names: BTreeSet<&str> =
            changes.separated.iter().map(|separated| &*separated.name).collect();
        let makes = |separated: &&Separated| layout.makes(separated.node, &separated.name);
        let made: BTreeSet<&str> =
            changes.separated.iter().filter(makes).map(|separated| &*separated.name).collect();
        check_new_names(layout, &(&new_names - &made))?;
        for (name, elements) in &changes.elements {
            if new_names.contains(&**name) {
                continue;
            }
            let span = layout.tensor(name)?;
            plan.replace(file, layout, span, elements)?;
        }
        let mut done = BTreeSet::new();
        for separated in &changes.separated {
            plan.reroute(layout, separated)?;
            if done.insert(&*separated.name) {
                plan.add(file, layout, separated, changes)?;
            } else if changes.separated.iter().any(|other| {
                other.name == separated.name && other.initializer != separated.initializer
            }) {
                let expected = "one name for uses of one initializer";
                return Err(setting(separated, "uses of two initializers".to_owned(), expected));
            }
        }
        Ok(plan)
    }

    /// Puts new elements into a tensor, if they differ from those that it has.
    fn replace(
        &mut self,
        file: &OnnxFile,
        layout: &Layout<'_>,
        span: Span<'_>,
        elements: &'c Elements,
    ) -> Result<()> {
        let tensor = layout.decoded(span)?;
        let Some(elements) = changed(file, &tensor, elements)? else { return Ok(()) };
        if let Data::External(external) = tensor.data {
            layout.check_alone(&tensor)?;
            self.patches.push(Patch {
                location: external.location.to_owned(),
                offset: external.offset,
                element_type: tensor.element_type,
                elements,
            });
            return Ok(());
        }
        let mut new = Some(data_field(&tensor, &elements));
        let mut fields = fields(span).filter(|field| holds_data(field.number)).peekable();
        if fields.peek().is_none() {
            // A tensor whose shape asks for no elements, or that had none.
            let range = span.end()..span.end();
            let bytes = new.take().unwrap_or_default();
            self.edits.push(Edit { container: span.start, range, bytes });
        }
        for field in fields {
            let bytes = new.take().unwrap_or_default();
            self.edits.push(Edit { container: span.start, range: field.at..field.end(), bytes });
        }
        Ok(())
    }

    /// Lets a node's input use the new name; a node that makes it is left out.
    fn reroute(&mut self, layout: &Layout<'_>, separated: &Separated) -> Result<()> {
        let node = layout.nodes.get(separated.node).ok_or_else(|| {
            let found = format!("node {}", separated.node);
            setting(separated, found, &format!("an index below {}", layout.nodes.len()))
        })?;
        let mut inputs = fields(node.payload).filter(|field| field.number == 1);
        let field = inputs.nth(separated.input);
        let Some(field) = field.filter(|f| f.payload.bytes == separated.initializer.as_bytes())
        else {
            let found = format!("input {} of node {}", separated.input, separated.node);
            return Err(setting(separated, found, "an input that uses the initializer"));
        };
        if layout.makes(separated.node, &separated.name) {
            let range = node.at..node.end();
            self.edits.push(Edit { container: layout.graph.start, range, bytes: Vec::new() });
            return Ok(());
        }
        let mut message = Message::default();
        message.text(1, &separated.name);
        let range = field.at..field.end();
        self.edits.push(Edit { container: node.payload.start, range, bytes: message.0 });
        Ok(())
    }

    /// Adds the new initializer behind the shared one, and as an input where that is one.
    fn add(
        &mut self,
        file: &OnnxFile,
        layout: &Layout<'_>,
        separated: &Separated,
        changes: &Changes,
    ) -> Result<()> {
        let maker = changes.separated.iter().find(|other| {
            other.name == separated.initializer && layout.makes(other.node, &other.name)
        });
        let initializer = &maker.unwrap_or(separated).initializer;
        let shared = layout.initializer(initializer)?;
        let tensor = layout.decoded(shared.payload)?;
        let new = match changes.elements.get(&separated.name) {
            Some(elements) => changed(file, &tensor, elements)?,
            None => None,
        };
        let elements = match (new, &tensor.data) {
            (Some(elements), _) => Some(elements),
            (None, Data::External(_)) => Some(Cow::Owned(file.elements(&tensor)?)),
            (None, _) => None,
        };
        let mut clone = renamed(shared.payload, 8, &separated.name, elements.is_none());
        if let Some(elements) = &elements {
            clone.extend(data_field(&Tensor { data: inline(&tensor), ..tensor.clone() }, elements));
        }
        self.insert(layout, shared, 5, &clone);
        if let Some(input) = layout.input(initializer) {
            self.insert(layout, input, 11, &renamed(input.payload, 1, &separated.name, true));
        }
        Ok(())
    }

    /// Adds a message to the graph, behind one that is there.
    fn insert(&mut self, layout: &Layout<'_>, behind: Field<'_>, number: u32, bytes: &[u8]) {
        let mut message = Message::default();
        message.bytes(number, bytes);
        let range = behind.end()..behind.end();
        self.edits.push(Edit { container: layout.graph.start, range, bytes: message.0 });
    }
}

/// The new elements as the tensor holds them; none if it holds just these.
fn changed<'c>(
    file: &OnnxFile,
    tensor: &Tensor<'_>,
    elements: &'c Elements,
) -> Result<Option<Cow<'c, Elements>>> {
    let refuse = |found: String, expected: String| {
        Err(Error::Setting {
            place: format!("elements of \"{}\" of {}", tensor.name, file.path.display()),
            found,
            expected,
        })
    };
    if elements.len() != tensor.len() {
        let expected = format!("{} for {}{:?}", tensor.len(), tensor.element_type, tensor.dims);
        return refuse(format!("{} elements", elements.len()), expected);
    }
    let new = match pack::fit(tensor.element_type, elements) {
        Ok(new) => new,
        Err(found) => return refuse(found, format!("numbers of type {}", tensor.element_type)),
    };
    let unchanged = tensor.data != Data::Missing && pack::same_bits(&new, &file.elements(tensor)?);
    Ok((!unchanged).then_some(new))
}

/// Where elements of a tensor come to lie in the model's file: as typed numbers if they did so.
fn inline<'a>(tensor: &Tensor<'a>) -> Data<'a> {
    match &tensor.data {
        Data::External(_) => Data::Missing,
        inside => inside.clone(),
    }
}

/// The field of a tensor that holds these elements, with its tag.
fn data_field(tensor: &Tensor<'_>, elements: &Elements) -> Vec<u8> {
    let mut message = Message::default();
    match (&tensor.data, elements) {
        (_, Elements::Strings(texts)) => texts.iter().for_each(|text| message.bytes(6, text)),
        (Data::Typed(typed), elements) => {
            let packed = pack::typed(tensor.element_type, elements);
            message.bytes(typed.store.field().0, &packed);
        }
        _ => message.bytes(9, &pack::dense(tensor.element_type, elements)),
    }
    message.0
}

/// Fields of a tensor that hold elements.
fn holds_data(number: u32) -> bool {
    matches!(number, 4..=7 | 9..=11)
}

/// Fields of a tensor that say in which file beside the model its elements are.
fn tells_file(number: u32) -> bool {
    matches!(number, 13 | 14)
}

/// A message's fields under a new name, with or without those that hold elements of a tensor.
fn renamed(message: Span<'_>, name_number: u32, name: &str, keep_data: bool) -> Vec<u8> {
    let mut copy = Message::default();
    copy.text(name_number, name);
    for field in fields(message) {
        let data = holds_data(field.number) || tells_file(field.number);
        if field.number != name_number && (keep_data || !data) {
            let from = field.at - message.start;
            copy.0.extend(&message.bytes[from..field.end() - message.start]);
        }
    }
    copy.0
}

/// The fields of a message that has been decoded before.
fn fields(message: Span<'_>) -> impl Iterator<Item = Field<'_>> {
    Fields::new(message).map_while(Decoded::ok)
}

fn check_new_names(layout: &Layout<'_>, new: &BTreeSet<&str>) -> Result<()> {
    let taken: HashSet<&str> = layout.names().collect();
    match new.iter().find(|name| taken.contains(**name) || name.is_empty()) {
        None => Ok(()),
        Some(name) => Err(Error::Setting {
            place: "name of a separated initializer".to_owned(),
            found: format!("\"{name}\", which the graph has"),
            expected: "a new name".to_owned(),
        }),
    }
}

fn setting(separated: &Separated, found: String, expected: &str) -> Error {
    let place = format!("use of \"{}\" as \"{}\"", separated.initializer, separated.name);
    Error::Setting { place, found, expected: expected.to_owned() }
}

#[cfg(test)]
mod tests;
