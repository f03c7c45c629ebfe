//! One forward and backward pass of an imported model on given inputs.

use std::collections::BTreeMap;

use fanin_engine::{Array, Graph, Kind, Plan, Shape, Tensor, Type, Wire, gradients};

use crate::weights::Weights;
use crate::{Error, Result};

use super::imported::Imported;

/// What a run compares the first output with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// ½ Σ (output − target)², over all elements.
    HalfSquared,
    /// −ln softmax(output) at the target, the mean over rows; classes lie on the last axis, and
    /// targets are either whole numbers or shares of all classes.
    CrossEntropy,
}

/// Values for inputs by name.
pub type Feeds = BTreeMap<String, Array>;

/// What to compute besides the outputs.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What the first output is compared with, and how.
    pub loss: Option<(Loss, Array)>,
    /// Whether the loss is differentiated with respect to every parameter.
    pub gradients: bool,
}

/// Outputs (`output/0`, …), `loss`, and `grad/NAME` for every parameter.
///
/// # Errors
/// If an input is missing or has another shape, or an operator on the way has no derivative.
pub fn run(model: &Imported, feeds: &Feeds, run: &Run) -> Result<Weights> {
    let mut graph = model.graph.clone();
    let mut names: Vec<String> = (0..model.outputs.len()).map(|i| format!("output/{i}")).collect();
    let mut keep: Vec<Wire> = model.outputs.iter().map(|output| output.wire).collect();
    let mut target = None;
    if let Some((loss, values)) = &run.loss {
        let wire = graph.input("target", values.r#type());
        let first = keep.first().copied().ok_or_else(|| mistake("loss", "no output", "one"))?;
        let loss = loss_of(&mut graph, *loss, first, wire)?;
        names.push("loss".to_owned());
        keep.push(loss);
        target = Some(values);
        if run.gradients {
            let parameters: Vec<Wire> = model.parameters.iter().map(|p| p.wire).collect();
            keep.extend(gradients(&mut graph, loss, &parameters)?);
            names.extend(model.parameters.iter().map(|p| format!("grad/{}", p.name)));
        }
    }
    let plan = Plan::new(&graph, &keep)?;
    let mut workspace = plan.workspace::<f32>();
    for (index, port) in model.inputs.iter().enumerate() {
        let values = feeds
            .get(&port.name)
            .ok_or_else(|| mistake(&port.name, "no values", &format!("{}", port.r#type)))?;
        if values.shape() != &port.r#type.shape {
            let expected = format!("{}", port.r#type.shape);
            return Err(mistake(&port.name, &format!("shape {}", values.shape()), &expected));
        }
        match port.r#type.kind {
            Kind::Float => {
                let floats = floats(values);
                let feed = workspace.feed(index);
                feed.iter_mut().zip(floats).for_each(|(to, from)| *to = from as f32);
            }
            Kind::Integer => {
                let integers = values
                    .integers()
                    .ok_or_else(|| mistake(&port.name, "floating numbers", "whole numbers"))?;
                workspace.feed_integers(index).copy_from_slice(integers);
            }
        }
    }
    if let Some(values) = target {
        let index = model.inputs.len();
        if let Some(integers) = values.integers() {
            workspace.feed_integers(index).copy_from_slice(integers);
        } else {
            let feed = workspace.feed(index);
            feed.iter_mut().zip(floats(values)).for_each(|(to, from)| *to = from as f32);
        }
    }
    let parameters: Vec<Vec<f32>> =
        model.parameters.iter().map(|p| p.value.data().to_vec()).collect();
    plan.run(&parameters, &mut workspace);
    let mut tensors = Vec::with_capacity(names.len());
    for (index, (name, wire)) in names.into_iter().zip(keep).enumerate() {
        let Type { kind, shape } = graph.type_of(wire).clone();
        let data = match kind {
            Kind::Float => workspace.read(index).to_vec(),
            Kind::Integer => workspace.read_integers(index).iter().map(|n| *n as f32).collect(),
        };
        tensors.push((name, Tensor::new(shape, data)?));
    }
    Ok(Weights { tensors })
}

fn floats(values: &Array) -> Vec<f64> {
    match (values.floats(), values.integers()) {
        (Some(floats), _) => floats.to_vec(),
        (_, integers) => integers.unwrap_or_default().iter().map(|n| *n as f64).collect(),
    }
}

fn loss_of(graph: &mut Graph, loss: Loss, output: Wire, target: Wire) -> Result<Wire> {
    let shape = graph.shape(output).clone();
    match loss {
        Loss::HalfSquared => {
            let target = graph.to_float(target)?;
            if graph.shape(target) != &shape {
                let found = format!("shape {}", graph.shape(target));
                return Err(mistake("target", &found, &format!("shape {shape} of the output")));
            }
            let error = graph.subtract(output, target)?;
            let square = graph.multiply(error, error)?;
            let sum = graph.sum_to(square, Shape::default())?;
            Ok(graph.affine(sum, 0.5, 0.0)?)
        }
        Loss::CrossEntropy => {
            let classes = shape.axes().last().copied().unwrap_or(0);
            let rows = shape.elements().checked_div(classes).unwrap_or(0);
            let logits = graph.reshape(output, [rows, classes])?;
            let shares = if graph.type_of(target).kind == Kind::Integer {
                let labels = graph.reshape(target, [rows, 1])?;
                let places = graph.counting(classes)?;
                let hit = graph.compare(fanin_engine::ops::Relation::Equal, labels, places)?;
                graph.to_float(hit)?
            } else {
                graph.reshape(target, [rows, classes])?
            };
            Ok(graph.softmax_cross_entropy(logits, shares)?)
        }
    }
}

fn mistake(place: &str, found: &str, expected: &str) -> Error {
    Error::Setting {
        place: place.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}
