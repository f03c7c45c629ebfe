//! `fanin run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fanin::Result;
use fanin::formats::Existing;
use fanin::formats::onnx::OnnxFile;
use fanin::import::{self, Arrays, Imported, Run as Pass};
use fanin::report::{self, Json, terminal};

use crate::args::{Common, ModelArgs};
use crate::output::{self, Exit};

/// Run a model once, forward and backward, and write what it computes
///
/// The file gets `output/0`, …, `loss`, and `grad/NAME` for every parameter, so that anyone can
/// hold fanin against the framework that exported the model; docs/guide/onnx.md has a script.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin run model.onnx --data input.npz --output out.safetensors
  fanin run model.onnx --data input.npz --target target_0 --gradients --output out.safetensors
  fanin run model.onnx --data input.npz --target y --loss cross-entropy --batch-norm batch
  fanin run model.onnx --data input.npz --input x=4x3x224x224 --output-name features")]
pub struct Run {
    /// ONNX file
    model: PathBuf,
    /// Arrays of the inputs, .npz or .npy: by the inputs' names, as `input_0`, `input_1`, …, or the
    /// only one
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Array that the first output is compared with
    #[arg(long, value_name = "ARRAY")]
    target: Option<String>,
    /// How it is compared
    #[arg(long, value_name = "LOSS", default_value = "half-squared", requires = "target")]
    loss: Loss,
    /// Differentiate the loss with respect to every parameter
    #[arg(long, requires = "target")]
    gradients: bool,
    #[command(flatten)]
    reading: ModelArgs,
    /// File to write, .safetensors or .npz
    #[arg(long, short, value_name = "FILE", default_value = "out.safetensors")]
    output: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Loss {
    /// ½ Σ (output − target)², over all elements
    HalfSquared,
    /// −ln softmax(output) at the target, mean over rows
    CrossEntropy,
}

impl Run {
    /// Runs the model and writes the results.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        fanin::formats::check_target(&self.output, existing)?;
        let arrays = Arrays::read(&self.data)?;
        let model = self.import(&arrays)?;
        let target = self.target.as_ref().map(|name| arrays.require(name)).transpose()?;
        let loss = match self.loss {
            Loss::HalfSquared => import::Loss::HalfSquared,
            Loss::CrossEntropy => import::Loss::CrossEntropy,
        };
        let pass =
            Pass { loss: target.map(|target| (loss, target.clone())), gradients: self.gradients };
        let results = import::run(&model, &arrays.require_feeds(&model)?, &pass)?;
        fanin::formats::write_weights(&self.output, &results, existing)?;
        let ran = report::Ran::new(&results, &self.output);
        if common.json {
            output::json(&Json::new("run", &ran));
        } else {
            output::text(&terminal::ran(&ran));
        }
        Ok(Exit::Done)
    }

    /// The model, for inputs of the shapes that the arrays have unless others are asked for.
    fn import(&self, arrays: &Arrays) -> Result<Imported> {
        let file = OnnxFile::read(&self.model)?;
        let model = file.model()?;
        let mut options = self.reading.options();
        options.inputs = arrays.shapes(&model, &options)?;
        import::import_model(&file, &model, &options)
    }
}
