//! A network of one row, written out once for each of many rows.
//!
//! Where the inputs of a file have no rows in common, such as the nodes and edges of a graph, or
//! its shapes hold for one number of rows alone, one row of data is all that the file takes. For
//! n rows its nodes then stand n times in the graph, with the same parameters.

use std::collections::{HashMap, HashSet};

use fanin_engine::graph::Node;
use fanin_engine::ops::Span;
use fanin_engine::{Graph, Wire};

use crate::error::Result;
use crate::spec::{Bend, Body, Ground, LayerWires, RunningStatistic};

/// What a wire of one row is in the graph of many.
#[derive(Clone, Debug)]
enum Place {
    /// The same for all rows: a parameter, or what is computed of parameters alone.
    Shared(Wire),
    /// One wire for each row.
    Each(Vec<Wire>),
}

/// `one`, whose graph takes the features of one row, in the graph that `ground` has begun.
///
/// Wires of layers and the output get a first axis that counts the rows. Recurrent cells are not
/// told of: their steps lie along that axis already.
///
/// # Errors
/// If a tensor is larger than any machine holds.
pub(super) fn written_out(one: Body, ground: Ground) -> Result<Body> {
    let of_layers = one.layers.iter().flat_map(|layer| {
        let bend = layer.bend.as_ref().map(|bend| bend.input);
        [layer.input, layer.pre_activation, layer.activation].into_iter().chain(bend)
    });
    let running = one.running.iter().map(|statistic| statistic.batch);
    let stacked: HashSet<Wire> = of_layers.chain(running).chain([one.output]).collect();
    let mut copies = Copies {
        one: &one.graph,
        rows: ground.rows,
        graph: ground.graph,
        places: HashMap::new(),
        stacked: HashMap::new(),
    };
    copies.begin(ground.features)?;
    for node in one.graph.nodes() {
        copies.node(node)?;
        for &output in node.outputs.iter().filter(|output| stacked.contains(output)) {
            copies.stack(output)?;
        }
    }
    let running = one.running.iter().map(|own| copies.mean(own)).collect::<Result<Vec<_>>>()?;
    let Copies { graph, stacked, .. } = copies;
    let at = |wire: Wire| stacked[&wire];
    let layer = |layer: &LayerWires| LayerWires {
        input: at(layer.input),
        pre_activation: at(layer.pre_activation),
        activation: at(layer.activation),
        bend: layer.bend.as_ref().map(|bend| Bend { input: at(bend.input), ..bend.clone() }),
        ..layer.clone()
    };
    let layers = one.layers.iter().map(layer).collect();
    let output = at(one.output);
    let (names, trained, cells) = (one.names, one.trained, Vec::new());
    Ok(Body { graph, output, names, trained, layers, cells, running })
}

struct Copies<'o> {
    one: &'o Graph,
    rows: usize,
    graph: Graph,
    places: HashMap<Wire, Place>,
    /// Wires that hold all rows, one after another.
    stacked: HashMap<Wire, Wire>,
}

impl Copies<'_> {
    /// Inputs and parameters; the first input is the features, any other the same for all rows.
    fn begin(&mut self, features: Wire) -> Result<()> {
        let one = self.one;
        for (index, &wire) in one.inputs().iter().enumerate() {
            let place = if index == 0 {
                let row = |row| self.graph.slice_axis(features, 0, Span::neighbors(row, 1));
                Place::Each((0..self.rows).map(row).collect::<fanin_engine::Result<_>>()?)
            } else {
                let r#type = one.type_of(wire).clone();
                Place::Shared(self.graph.input(&one.name(wire), r#type))
            };
            self.places.insert(wire, place);
        }
        for &wire in one.parameters() {
            let own = self.graph.parameter(&one.name(wire), one.shape(wire).clone());
            self.places.insert(wire, Place::Shared(own));
        }
        Ok(())
    }

    /// A node once for all rows, if nothing that it takes or draws differs between them, or once for
    /// each.
    fn node(&mut self, node: &Node) -> Result<()> {
        let draws = node.operator.for_row(0).is_some();
        let is_shared =
            !draws && node.inputs.iter().all(|wire| matches!(self.places[wire], Place::Shared(_)));
        let copies = if is_shared { 1 } else { self.rows };
        let mut made: Vec<Vec<Wire>> = vec![Vec::new(); node.outputs.len()];
        for row in 0..copies {
            let at = |wire: &Wire| match &self.places[wire] {
                Place::Shared(wire) => *wire,
                Place::Each(rows) => rows[row],
            };
            let inputs: Vec<Wire> = node.inputs.iter().map(at).collect();
            let operator = node.operator.for_row(row).unwrap_or_else(|| node.operator.clone());
            let outputs = self.graph.apply_shared(operator, &inputs)?;
            made.iter_mut().zip(outputs).for_each(|(made, output)| made.push(output));
        }
        for (&output, made) in node.outputs.iter().zip(made) {
            let place = if is_shared { Place::Shared(made[0]) } else { Place::Each(made) };
            self.places.insert(output, place);
        }
        Ok(())
    }

    /// Puts the rows of a wire one after another, on the way to all that takes them.
    fn stack(&mut self, wire: Wire) -> Result<()> {
        let axes = self.one.shape(wire).axes().to_vec();
        let each = match &self.places[&wire] {
            Place::Shared(wire) => vec![*wire; self.rows],
            Place::Each(rows) => rows.clone(),
        };
        let graph = &mut self.graph;
        let one = [&[1], &axes[..]].concat();
        let rows = each.into_iter().map(|row| graph.reshape(row, one.clone()));
        let rows = rows.collect::<fanin_engine::Result<Vec<Wire>>>()?;
        let all = if let [only] = rows[..] { only } else { graph.concat(&rows, 0)? };
        let mut back = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let own = match rows.len() {
                1 => all,
                _ => graph.slice_axis(all, 0, Span::neighbors(row, 1))?,
            };
            back.push(graph.reshape(own, axes.clone())?);
        }
        self.stacked.insert(wire, all);
        self.places.insert(wire, Place::Each(back));
        Ok(())
    }

    /// A statistic of a batch, as the mean over those of all rows.
    fn mean(&mut self, own: &RunningStatistic) -> Result<RunningStatistic> {
        let axes = self.one.shape(own.batch).axes().to_vec();
        let all = self.stacked[&own.batch];
        let mean = self.graph.mean_to(all, [&[1], &axes[..]].concat())?;
        Ok(RunningStatistic { batch: self.graph.reshape(mean, axes)?, ..*own })
    }
}
