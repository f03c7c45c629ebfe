//! What a walk begins with: the inputs of a model, alone or as parts of a network's features.

use std::collections::HashSet;

use fanin_engine::ops::Span;
use fanin_engine::{Kind, Type, Wire};

use super::Walk;
use crate::formats::onnx::{ElementType, Graph, Node};
use crate::import::imported::Port;
use crate::import::inputs;
use crate::import::needs::used;
use crate::import::value::{Content, Value};
use crate::{Error, Result};

impl<'b, 'a> Walk<'b, 'a> {
    pub(super) fn bind_inputs(
        &mut self,
        graph: &'b Graph<'a>,
        needed: &[&Node<'a>],
        outputs: &[&'a str],
        features: Option<(Wire, Option<usize>)>,
    ) -> Result<Vec<Port>> {
        let mut names = outputs.to_vec();
        for node in needed {
            used(node, &mut names);
        }
        let names: HashSet<&str> = names.into_iter().collect();
        let free: Vec<_> = graph.free_inputs().collect();
        if let Some(name) =
            self.lowering.options.inputs.keys().find(|n| free.iter().all(|f| f.name != **n))
        {
            let known: Vec<&str> = free.iter().map(|input| input.name).collect();
            return Err(Error::unknown("input", name, &known));
        }
        let named = inputs::named_axes(&free, self.lowering.options)?;
        let mut ports = Vec::new();
        let mut column = 0;
        for (index, input) in free.into_iter().enumerate() {
            if !names.contains(input.name) {
                continue;
            }
            if let Some(known) = self.lowering.options.known.get(input.name) {
                let element = input.tensor().map_or(ElementType::Undefined, |(kind, _)| kind);
                self.set(input.name, Value::constant(known.clone()).of(element));
                continue;
            }
            let (mut r#type, element) = inputs::type_of(input, &named, self.lowering.options)?;
            let wire = match features {
                None => self.lowering.input(input.name, r#type.clone())?,
                Some((features, None)) => {
                    let width = r#type.shape.elements();
                    column += width;
                    self.part(features, column - width, width, &r#type)?
                }
                Some((features, Some(rows))) => {
                    let mut axes = r#type.shape.axes().to_vec();
                    if axes.is_empty() {
                        axes.push(rows);
                    }
                    let width = axes.iter().skip(1).product();
                    axes[0] = rows;
                    r#type.shape = axes.into();
                    column += width;
                    self.part(features, column - width, width, &r#type)?
                }
            };
            let name = input.name.to_owned();
            ports.push(Port { name, index, wire, r#type: r#type.clone(), element });
            let value = Value { content: Content::Wire(wire), r#type, element };
            self.set(input.name, value);
        }
        Ok(ports)
    }

    /// Some columns of the features as an input of the model.
    fn part(&mut self, features: Wire, start: usize, width: usize, like: &Type) -> Result<Wire> {
        let graph = &mut self.lowering.graph;
        let whole = graph.shape(features).axes().get(1) == Some(&width);
        let columns = if whole {
            features
        } else {
            graph.slice_axis(features, 1, Span::neighbors(start, width))?
        };
        let shaped = graph.reshape(columns, like.shape.clone())?;
        Ok(if like.kind == Kind::Integer { graph.to_integer(shaped)? } else { shaped })
    }
}
