//! What training makes small.

use fanin_engine::{Graph, Shape, Wire};

use super::{LossName, Spec, Task};
use crate::error::{Error, Result};

/// Where Huber's loss turns linear unless the spec says otherwise, as in PyTorch.
const HUBER_DELTA: f64 = 1.0;

/// A loss, averaged over the rows of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Softmax cross-entropy on logits.
    CrossEntropy,
    /// Sigmoid cross-entropy on logits, mean over outputs.
    BinaryCrossEntropy,
    /// ½‖h − y‖², the tutorial's.
    SquaredError,
    /// (h − y)², mean over outputs: PyTorch's `MSELoss`.
    MeanSquaredError,
    /// Quadratic near 0 and linear beyond `delta`, mean over outputs.
    Huber {
        /// Where the quadratic part ends.
        delta: f64,
    },
}

impl Loss {
    /// Numbers of one row's targets, for a row's result with these axes.
    ///
    /// As many as the result has: cross-entropy takes a probability for each class at each position.
    pub fn target_columns(&self, output: &Shape) -> usize {
        output.elements()
    }

    /// Adds the loss of `output` (rows, …) against `targets` (rows, columns) to a graph, as a
    /// scalar.
    ///
    /// Cross-entropy takes classes along axis 1 of (rows, classes) and of images (rows, classes,
    /// height, width, …), along the last of (rows, tokens, vocabulary), and is a mean over rows
    /// and those positions that have a class, as in PyTorch. The other losses are the same for any
    /// axes.
    ///
    /// # Errors
    /// If there are not as many targets as results.
    pub fn build(&self, graph: &mut Graph, output: Wire, targets: Wire) -> Result<Wire> {
        let shape = graph.shape(output).clone();
        let targets = graph.reshape(targets, shape)?;
        Ok(match self {
            Self::CrossEntropy => {
                let (z, t) = (classes_last(graph, output)?, classes_last(graph, targets)?);
                if graph.shape(output).rank() > 2 {
                    graph.softmax_cross_entropy_where_asked(z, t)?
                } else {
                    graph.softmax_cross_entropy(z, t)?
                }
            }
            Self::BinaryCrossEntropy => graph.binary_cross_entropy(output, targets)?,
            Self::SquaredError => graph.half_squared_error(output, targets)?,
            Self::MeanSquaredError => graph.mean_squared_error(output, targets)?,
            Self::Huber { delta } => graph.huber(output, targets, *delta)?,
        })
    }
}

/// x as (rows and positions, classes).
fn classes_last(graph: &mut Graph, x: Wire) -> Result<Wire> {
    let axes = graph.shape(x).axes().to_vec();
    let (last, classes) = match axes[..] {
        [_, _] => return Ok(x),
        [_, _, classes] => (x, classes),
        [_, classes, ..] => {
            let order: Vec<usize> = [0].into_iter().chain(2..axes.len()).chain([1]).collect();
            (graph.transpose(x, &order)?, classes)
        }
        _ => (x, 1),
    };
    let samples = axes.iter().product::<usize>() / classes.max(1);
    Ok(graph.reshape(last, [samples, classes])?)
}

impl LossName {
    /// Whether the loss means something for targets of this task: cross-entropy needs
    /// probabilities, binary cross-entropy numbers from 0 to 1.
    pub fn fits(self, task: Task) -> bool {
        match self {
            Self::CrossEntropy => task == Task::Classification,
            Self::BinaryCrossEntropy => matches!(task, Task::Classification | Task::MultiLabel),
            Self::SquaredError | Self::MeanSquaredError | Self::Huber => true,
        }
    }
}

impl Spec {
    /// Refuses a loss that means nothing for the task.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the losses that fit.
    pub fn check_loss(&self, task: Task) -> Result<()> {
        match self.loss.name {
            Some(name) if !name.fits(task) => {
                let fitting = LossName::ALL.iter().filter(|loss| loss.fits(task));
                let names: Vec<&str> = fitting.map(|loss| loss.name()).collect();
                Err(Error::Setting {
                    place: "loss".to_owned(),
                    found: format!("{name} for {task}"),
                    expected: format!("one of: {}", names.join(", ")),
                })
            }
            _ => Ok(()),
        }
    }

    /// The loss that the spec names, or the usual one for the task.
    pub fn loss_for(&self, task: Task) -> Loss {
        match self.loss.name.unwrap_or(task.default_loss()) {
            LossName::CrossEntropy => Loss::CrossEntropy,
            LossName::BinaryCrossEntropy => Loss::BinaryCrossEntropy,
            LossName::SquaredError => Loss::SquaredError,
            LossName::MeanSquaredError => Loss::MeanSquaredError,
            LossName::Huber => Loss::Huber { delta: self.loss.delta.unwrap_or(HUBER_DELTA) },
        }
    }
}

#[cfg(test)]
mod tests {
    use fanin_engine::{Plan, Type};

    use super::*;

    /// The loss of an output of these axes with logit n + 1 at the n-th element and all the
    /// probability where `targets` is 1.
    fn loss(loss: Loss, axes: &[usize], targets: &[f32]) -> f64 {
        let mut graph = Graph::new();
        let output = graph.input("output", Type::float(axes.to_vec()));
        let columns = targets.len() / axes[0];
        let target_wire = graph.input("targets", Type::float([axes[0], columns]));
        let wire = loss.build(&mut graph, output, target_wire).unwrap();
        let mut workspace = Plan::new(&graph, &[wire]).unwrap().workspace::<f64>();
        workspace.feed(0).iter_mut().enumerate().for_each(|(n, x)| *x = n as f64 + 1.0);
        workspace.feed(1).iter_mut().zip(targets).for_each(|(to, &x)| *to = f64::from(x));
        Plan::new(&graph, &[wire]).unwrap().run(&[], &mut workspace);
        workspace.read(0)[0]
    }

    #[test]
    fn classes_lie_where_the_axes_say() {
        let sure = |logits: [f64; 2], class: usize| {
            let sum: f64 = logits.iter().map(|z| z.exp()).sum();
            sum.ln() - logits[class]
        };
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12);
        near(loss(Loss::CrossEntropy, &[1, 2], &[1.0, 0.0]), sure([1.0, 2.0], 0));
        let tokens = loss(Loss::CrossEntropy, &[1, 2, 2], &[1.0, 0.0, 0.0, 1.0]);
        near(tokens, f64::midpoint(sure([1.0, 2.0], 0), sure([3.0, 4.0], 1)));
        let masked = loss(Loss::CrossEntropy, &[1, 2, 2], &[0.0, 0.0, 0.0, 1.0]);
        near(masked, sure([3.0, 4.0], 1));
        near(loss(Loss::CrossEntropy, &[1, 2, 2], &[0.0; 4]), 0.0);
        let pixels = loss(Loss::CrossEntropy, &[1, 2, 1, 2], &[1.0, 0.0, 0.0, 1.0]);
        near(pixels, f64::midpoint(sure([1.0, 3.0], 0), sure([2.0, 4.0], 1)));
        near(loss(Loss::SquaredError, &[1, 2, 2], &[0.0; 4]), 15.0);
        near(loss(Loss::MeanSquaredError, &[1, 2, 2], &[0.0; 4]), 7.5);
    }
}
