//! What stands around a graph: versions, operator sets, functions, metadata.

use super::attribute::Attribute;
use super::encode::encoded;
use super::graph::{Graph, Node};
use super::value_info::ValueInfo;
use super::wire::{Decode, Decoded, Fault, Fields, Limits, Span};

/// A whole ONNX file; all texts and numbers of tensors stay in its bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model<'a> {
    /// Version of the format itself.
    pub ir_version: i64,
    /// Which program wrote the file: `pytorch`, `tf2onnx`, …
    pub producer_name: &'a str,
    /// Its version.
    pub producer_version: &'a str,
    /// The model's name space, as a reversed domain name.
    pub domain: &'a str,
    /// The model's own version.
    pub model_version: i64,
    /// Free text, of any encoding.
    pub doc_string: &'a [u8],
    /// The computation.
    pub graph: Graph<'a>,
    /// Which version of which set of operators the nodes follow.
    pub opset_imports: Vec<OpsetImport<'a>>,
    /// Named texts of the exporter.
    pub metadata: Metadata<'a>,
    /// Operators that are defined by nodes of their own.
    pub functions: Vec<Function<'a>>,
    /// How many descriptions of a training there are; they are not read.
    pub training_infos: usize,
}

impl<'a> Model<'a> {
    /// A model of ONNX's own operators in the given version, without metadata.
    ///
    /// ```
    /// use fanin::formats::onnx::{Elements, ElementType, Graph, Model, Node, OnnxFile, Tensor, ValueInfo};
    /// let weights = Elements::F32(vec![1.0; 6]).to_bytes(ElementType::F32)?;
    /// let graph = Graph {
    ///     nodes: vec![Node::new("MatMul", &["x", "w"], &["y"])],
    ///     initializers: vec![Tensor::new("w", ElementType::F32, &[3, 2], &weights)],
    ///     inputs: vec![ValueInfo::of("x", ElementType::F32, &[1, 3])],
    ///     outputs: vec![ValueInfo::of("y", ElementType::F32, &[1, 2])],
    ///     ..Graph::default()
    /// };
    /// let file = OnnxFile { path: "small.onnx".into(), bytes: Model::new(graph, 20).to_bytes() };
    /// let model = file.model()?;
    /// assert_eq!(file.elements(&model.graph.initializers[0])?, Elements::F32(vec![1.0; 6]));
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn new(graph: Graph<'a>, opset: i64) -> Self {
        // The first version of the format whose initializers need not be inputs too is 4; 8 is read
        // by every runtime in use.
        const IR_VERSION: i64 = 8;
        Self {
            ir_version: IR_VERSION,
            producer_name: "fanin",
            graph,
            opset_imports: vec![OpsetImport { domain: "", version: opset }],
            ..Self::default()
        }
    }

    /// The model as the bytes of a file: all that is known here but free texts and trainings.
    pub fn to_bytes(&self) -> Vec<u8> {
        encoded(self)
    }

    /// The version of the operator set of `domain` that the nodes follow.
    ///
    /// The default domain is `""`, which files also write as `ai.onnx`.
    pub fn opset(&self, domain: &str) -> Option<i64> {
        let wanted = normal_domain(domain);
        let import = self.opset_imports.iter().find(|i| normal_domain(i.domain) == wanted);
        import.map(|import| import.version)
    }

    /// The model's metadata under `key`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key)
    }

    /// The function that a node calls, by domain, name and overload.
    pub fn function(&self, node: &Node<'_>) -> Option<&Function<'_>> {
        self.functions.iter().find(|f| {
            f.name == node.op_type
                && f.overload == node.overload
                && normal_domain(f.domain) == normal_domain(node.domain)
        })
    }
}

/// The domain's name in its usual form: `""` for `ai.onnx`.
fn normal_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

impl<'a> Decode<'a> for Model<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut graph = None;
        let mut model = Self::default();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => model.ir_version = field.int("ir_version")?,
                2 => model.producer_name = field.text("producer_name")?,
                3 => model.producer_version = field.text("producer_version")?,
                4 => model.domain = field.text("domain")?,
                5 => model.model_version = field.int("model_version")?,
                6 => model.doc_string = field.bytes("doc_string")?.bytes,
                7 if graph.is_some() => {
                    return Err(Fault::new(field.at, "a second graph", "one").within("graph"));
                }
                7 => graph = Some(field.message("graph", limits)?),
                8 => field.push(&mut model.opset_imports, "opset_import", limits)?,
                14 => field.push(&mut model.metadata.0, "metadata_props", limits)?,
                20 => model.training_infos += 1,
                25 => field.push(&mut model.functions, "functions", limits)?,
                _ => {}
            }
        }
        let missing = |what| Fault::new(message.end(), format!("no {what}"), "an ONNX model");
        model.graph = graph.ok_or_else(|| missing("graph"))?;
        if model.opset_imports.is_empty() {
            return Err(missing("opset_import"));
        }
        Ok(model)
    }
}

/// A set of operators and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpsetImport<'a> {
    /// `""` for ONNX's own operators.
    pub domain: &'a str,
    /// Its version: 9 to 23 and more for ONNX's own.
    pub version: i64,
}

impl<'a> Decode<'a> for OpsetImport<'a> {
    fn decode(message: Span<'a>, _: &mut Limits) -> Decoded<Self> {
        let mut import = Self { domain: "", version: 0 };
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => import.domain = field.text("domain")?,
                2 => import.version = field.int("version")?,
                _ => {}
            }
        }
        Ok(import)
    }
}

/// Named texts, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata<'a>(pub(super) Vec<(&'a str, &'a str)>);

impl<'a> Metadata<'a> {
    /// The text under `key`.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// All keys with their texts.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }
}

impl<'a> Decode<'a> for (&'a str, &'a str) {
    fn decode(message: Span<'a>, _: &mut Limits) -> Decoded<Self> {
        let mut entry = ("", "");
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => entry.0 = field.text("key")?,
                2 => entry.1 = field.text("value")?,
                _ => {}
            }
        }
        Ok(entry)
    }
}

/// An operator that is defined by nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function<'a> {
    /// The `op_type` of nodes that call it.
    pub name: &'a str,
    /// The domain of nodes that call it.
    pub domain: &'a str,
    /// Which of several functions of the name it is.
    pub overload: &'a str,
    /// Names of its inputs, inside it.
    pub inputs: Vec<&'a str>,
    /// Names of its outputs, inside it.
    pub outputs: Vec<&'a str>,
    /// Attributes that a call must give.
    pub required_attributes: Vec<&'a str>,
    /// Attributes that a call may leave out, with what they are then.
    pub default_attributes: Vec<Attribute<'a>>,
    /// What it computes.
    pub nodes: Vec<Node<'a>>,
    /// Types of values inside it.
    pub value_infos: Vec<ValueInfo<'a>>,
    /// Which operator sets its nodes follow.
    pub opset_imports: Vec<OpsetImport<'a>>,
    /// Named texts of the exporter.
    pub metadata: Metadata<'a>,
}

impl<'a> Decode<'a> for Function<'a> {
    fn decode(message: Span<'a>, limits: &mut Limits) -> Decoded<Self> {
        let mut function = Self::default();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => function.name = field.text("name")?,
                4 => function.inputs.push(field.text("input")?),
                5 => function.outputs.push(field.text("output")?),
                6 => function.required_attributes.push(field.text("attribute")?),
                7 => field.push(&mut function.nodes, "node", limits)?,
                9 => field.push(&mut function.opset_imports, "opset_import", limits)?,
                10 => function.domain = field.text("domain")?,
                11 => field.push(&mut function.default_attributes, "attribute_proto", limits)?,
                12 => field.push(&mut function.value_infos, "value_info", limits)?,
                13 => function.overload = field.text("overload")?,
                14 => field.push(&mut function.metadata.0, "metadata_props", limits)?,
                _ => {}
            }
        }
        Ok(function)
    }
}
