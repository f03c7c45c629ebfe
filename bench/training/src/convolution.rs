//! One convolution, forward and backward to input, weight and bias, from a given gradient.

use std::path::Path;

use fanin::engine::{Graph, Plan, Type, Workspace, pullback};
use fanin::formats::read_weights;

use crate::Failure;
use crate::job::Job;
use crate::network::convolution;
use crate::steps::tensor;

/// A planned pass, with its weights.
pub struct ConvolutionPass {
    plan: Plan,
    workspace: Workspace<f32>,
    parameters: Vec<Vec<f32>>,
}

impl ConvolutionPass {
    /// The pass of a job of two layers, `image` and `conv`.
    ///
    /// # Errors
    /// If files are missing, or do not fit each other.
    pub fn new(job: &Job) -> Result<Self, Failure> {
        let [image, layer] = &job.layers[..] else {
            return Err("expected an image and one convolution".into());
        };
        let (weights, data) = (read_weights(&job.weights)?, read_weights(Path::new(&job.data))?);
        let sizes = &layer.sizes[..];
        let mut graph = Graph::new();
        let x = graph.input("x", Type::float([&[job.batch], &image.sizes[..]].concat()));
        let weight = graph.parameter("weight", [sizes[1], sizes[0], sizes[2], sizes[2]]);
        let bias = graph.parameter("bias", [sizes[1]]);
        let y = convolution(&mut graph, x, [weight, bias], sizes)?;
        let seed = graph.input("gradient", graph.type_of(y).clone());
        let mut keep = vec![y];
        keep.extend(pullback(&mut graph, &[(y, seed)], &[x, weight, bias])?);
        let plan = Plan::new(&graph, &keep)?;
        let mut workspace = plan.workspace();
        workspace.feed(0).copy_from_slice(&tensor(&data, "features")?);
        workspace.feed(1).copy_from_slice(&tensor(&data, "targets")?);
        let parameters = vec![tensor(&weights, "1.weight")?, tensor(&weights, "1.bias")?];
        Ok(Self { plan, workspace, parameters })
    }

    /// One pass; gives one number of its result.
    pub fn advance(&mut self) -> f64 {
        self.plan.run(&self.parameters, &mut self.workspace);
        f64::from(self.workspace.read(0)[0])
    }

    /// Mean squares of the result and of the gradients to input, weight and bias.
    pub fn mean_squares(&self) -> Vec<f64> {
        let mean_square = |values: &[f32]| {
            let sum: f64 = values.iter().map(|&x| f64::from(x).powi(2)).sum();
            sum / values.len() as f64
        };
        (0..4).map(|kept| mean_square(self.workspace.read(kept))).collect()
    }
}
