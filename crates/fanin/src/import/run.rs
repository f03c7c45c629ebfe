//! Forward and backward passes of an imported model on given inputs.

use std::collections::BTreeMap;

use fanin_engine::ops::Relation;
use fanin_engine::{Array, Graph, Kind, Plan, Shape, Tensor, Type, Wire, Workspace, gradients};

use crate::weights::Weights;
use crate::{Error, Result};

use super::imported::{Imported, Port};

/// What a run compares the first output with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// ½ Σ (output − target)², over all elements.
    HalfSquared,
    /// −ln softmax(output) at the target, the mean over rows; classes lie on the last axis, and
    /// targets are either whole numbers or shares of all classes. A negative class asks for nothing
    /// and does not count, as in PyTorch.
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

/// A planned pass of an imported model, to be run as often as one likes.
///
/// ```no_run
/// use fanin::import::{Arrays, Options, Pass, Run, import};
/// let mut model = import("model.onnx".as_ref(), &Options::default())?;
/// let mut pass = Pass::new(&model, &Run::default())?;
/// pass.feed(&Arrays::read("input.npz".as_ref())?.feeds(&model))?;
/// let parameters = model.take_parameters();
/// pass.run(&parameters);
/// println!("{}", pass.results()?.tensors.len());
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Debug)]
pub struct Pass {
    inputs: Vec<Port>,
    kept: Vec<(String, Type)>,
    loss: Option<usize>,
    plan: Plan,
    workspace: Workspace<f32>,
}

impl Pass {
    /// Plans `run`, with its target in place; inputs are still to feed.
    ///
    /// # Errors
    /// If the target has another shape, or an operator on the way has no derivative.
    pub fn new(model: &Imported, run: &Run) -> Result<Self> {
        let mut graph = model.graph.clone();
        let mut names: Vec<String> =
            (0..model.outputs.len()).map(|i| format!("output/{i}")).collect();
        let mut keep: Vec<Wire> = model.outputs.iter().map(|output| output.wire).collect();
        let mut lost = None;
        if let Some((loss, values)) = &run.loss {
            let wire = graph.input("target", values.r#type());
            let first = keep.first().copied().ok_or_else(|| mistake("loss", "no output", "one"))?;
            let loss = loss_of(&mut graph, *loss, first, wire)?;
            lost = Some(names.len());
            names.push("loss".to_owned());
            keep.push(loss);
            if run.gradients {
                let parameters: Vec<Wire> = model.parameters.iter().map(|p| p.wire).collect();
                keep.extend(gradients(&mut graph, loss, &parameters)?);
                names.extend(model.parameters.iter().map(|p| format!("grad/{}", p.name)));
            }
        }
        let plan = Plan::new(&graph, &keep)?;
        let mut workspace = plan.try_workspace::<f32>()?;
        if let Some((_, values)) = &run.loss {
            fill(&mut workspace, model.inputs.len(), values);
        }
        let types = keep.into_iter().map(|wire| graph.type_of(wire).clone());
        let kept = names.into_iter().zip(types).collect();
        Ok(Self { inputs: model.inputs.clone(), kept, loss: lost, plan, workspace })
    }

    /// Puts values into every input.
    ///
    /// # Errors
    /// If an input is missing, or has another shape or kind.
    pub fn feed(&mut self, feeds: &Feeds) -> Result<()> {
        for (index, port) in self.inputs.iter().enumerate() {
            let values = feeds
                .get(&port.name)
                .ok_or_else(|| mistake(&port.name, "no values", &port.r#type.to_string()))?;
            if values.shape() != &port.r#type.shape {
                let expected = port.r#type.shape.to_string();
                return Err(mistake(&port.name, &format!("shape {}", values.shape()), &expected));
            }
            if port.r#type.kind == Kind::Integer && values.integers().is_none() {
                return Err(mistake(&port.name, "floating numbers", "whole numbers"));
            }
            if port.r#type.is_float() {
                fill_floats(&mut self.workspace, index, values);
            } else {
                fill(&mut self.workspace, index, values);
            }
        }
        Ok(())
    }

    /// Computes everything, with parameters in the model's order; allocates nothing.
    ///
    /// # Panics
    /// If their number or sizes are not the model's.
    pub fn run(&mut self, parameters: &[Vec<f32>]) {
        self.plan.run(parameters, &mut self.workspace);
    }

    /// The loss of the last run, if one was asked for.
    pub fn loss(&self) -> Option<f32> {
        self.loss.map(|index| self.workspace.read(index)[0])
    }

    /// The n-th result's name, such as `output/0`, and elements, if it holds floating numbers.
    pub fn result(&self, index: usize) -> Option<(&str, &[f32])> {
        let (name, r#type) = self.kept.get(index)?;
        (r#type.kind == Kind::Float).then(|| (&**name, self.workspace.read(index)))
    }

    /// Everything that the last run computed.
    ///
    /// # Errors
    /// None: results have the shapes that were planned.
    pub fn results(&self) -> Result<Weights> {
        let tensor = |(index, (name, r#type)): (usize, &(String, Type))| {
            let data = match r#type.kind {
                Kind::Float => self.workspace.read(index).to_vec(),
                Kind::Integer => {
                    self.workspace.read_integers(index).iter().map(|n| *n as f32).collect()
                }
                Kind::Position => {
                    self.workspace.read_positions(index).iter().map(|n| *n as f32).collect()
                }
            };
            Ok((name.clone(), Tensor::new(r#type.shape.clone(), data)?))
        };
        let tensors = self.kept.iter().enumerate().map(tensor);
        Ok(Weights { tensors: tensors.collect::<Result<_>>()? })
    }
}

/// Outputs (`output/0`, …), `loss`, and `grad/NAME` for every parameter.
///
/// # Errors
/// As [`Pass::new`] and [`Pass::feed`].
pub fn run(model: &Imported, feeds: &Feeds, run: &Run) -> Result<Weights> {
    let mut pass = Pass::new(model, run)?;
    pass.feed(feeds)?;
    let parameters: Vec<Vec<f32>> =
        model.parameters.iter().map(|p| p.value.data().to_vec()).collect();
    pass.run(&parameters);
    pass.results()
}

fn fill(workspace: &mut Workspace<f32>, input: usize, values: &Array) {
    if let Some(integers) = values.integers() {
        workspace.feed_integers(input).copy_from_slice(integers);
    } else {
        fill_floats(workspace, input, values);
    }
}

fn fill_floats(workspace: &mut Workspace<f32>, input: usize, values: &Array) {
    let feed = workspace.feed(input);
    feed.iter_mut().zip(floats(values)).for_each(|(to, from)| *to = from as f32);
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
            if graph.type_of(target).kind == Kind::Integer {
                let labels = graph.reshape(target, [rows])?;
                let losses = graph.label_cross_entropy(logits, labels)?;
                let none = graph.integer(-1)?;
                let asked = graph.compare(Relation::Greater, labels, none)?;
                let asked = graph.to_float(asked)?;
                let asked = graph.sum_to(asked, Shape::default())?;
                let one = graph.constant(Shape::default(), 1.0)?;
                let asked = graph.larger(asked, one)?;
                let all = graph.sum_to(losses, Shape::default())?;
                return Ok(graph.divide(all, asked)?);
            }
            let shares = graph.reshape(target, [rows, classes])?;
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
