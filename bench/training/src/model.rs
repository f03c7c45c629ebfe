//! Passes forward and backward through a model that was read from an ONNX file.

use std::path::{Path, PathBuf};
use std::time::Instant;

use fanin::import::{Arrays, BatchNorm, Loss, Options, Pass, Run, import_model};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// A model with one batch of inputs and targets.
#[derive(Debug, Deserialize)]
pub struct ModelJob {
    /// The ONNX file.
    pub model: PathBuf,
    /// `input_0`, … and `target`.
    pub data: PathBuf,
    /// Threads to work with.
    pub threads: usize,
}

/// What is told before anything is timed.
#[derive(Debug, Serialize)]
pub struct Said {
    /// Seconds from the file to a graph with its weights in memory.
    pub import: f64,
    /// Seconds to differentiate it and to plan the pass.
    pub plan: f64,
    /// The loss of the first pass.
    pub loss: f64,
    /// The norm of every parameter's gradient, in the order of the model.
    pub norms: Vec<(String, f64)>,
}

/// A model, its weights, and a pass that is planned.
#[derive(Debug)]
pub struct ModelPass {
    pass: Pass,
    parameters: Vec<Vec<f32>>,
}

impl ModelPass {
    /// Reads the job's model, runs it once, and tells how long reading took.
    ///
    /// # Errors
    /// If files are missing, or do not fit each other.
    pub fn new(job: &ModelJob) -> Result<(Self, Said), Failure> {
        let arrays = Arrays::read(&job.data)?;
        let started = Instant::now();
        let mut model = read(&job.model, &arrays)?;
        let import = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let target = arrays.require("target")?.clone();
        let run = Run { loss: Some((Loss::CrossEntropy, target)), gradients: true };
        let mut pass = Pass::new(&model, &run)?;
        let plan = started.elapsed().as_secs_f64();
        pass.feed(&arrays.feeds(&model))?;
        let parameters = model.take_parameters();
        let mut made = Self { pass, parameters };
        let loss = made.advance();
        let norms = (0..).map_while(|index| made.pass.result(index));
        let norms = norms.filter_map(|(name, values)| {
            let name = name.strip_prefix("grad/")?.to_owned();
            Some((name, values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()))
        });
        let said = Said { import, plan, loss, norms: norms.collect() };
        Ok((made, said))
    }

    /// One pass; gives its loss.
    pub fn advance(&mut self) -> f64 {
        self.pass.run(&self.parameters);
        f64::from(self.pass.loss().unwrap_or(f32::NAN))
    }
}

fn read(path: &Path, arrays: &Arrays) -> fanin::Result<fanin::import::Imported> {
    let file = fanin::formats::onnx::OnnxFile::read(path)?;
    let model = file.model()?;
    let inputs = arrays.shapes(&model, &Options::default())?;
    let limit = 1 << 30;
    let options = Options { inputs, limit, batch_norm: BatchNorm::Batch, ..Options::default() };
    import_model(&file, &model, &options)
}
