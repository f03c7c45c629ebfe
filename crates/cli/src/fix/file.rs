//! What `fanin fix` writes: weights, a copy of the model, source code.

use std::path::PathBuf;

use clap::Args;
use fanin::formats::{Existing, check_target, write_weights};
use fanin::recommend::Repair;
use fanin::spec::{Model, Spec};
use fanin::weights::Weights;
use fanin::{Error, Result};

/// Where the start goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "File")]
pub struct FileArgs {
    /// File for the start, .safetensors or .npz; .onnx for a copy of an .onnx model
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

impl FileArgs {
    /// Refuses files that cannot be written, before any long computation.
    pub fn check(&self) -> Result<()> {
        self.output.iter().try_for_each(|path| check_target(path, self.existing()))
    }

    /// Writes the recommended start, or the one that was there where nothing changes.
    pub fn write(
        &self,
        model: &Model,
        spec: &Spec,
        before: &Weights,
        repair: &Repair,
    ) -> Result<Vec<PathBuf>> {
        let Some(path) = &self.output else { return Ok(Vec::new()) };
        let weights = repair.recommendation.as_ref().map_or(before, |found| &found.weights);
        let is_model = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("onnx"));
        match (is_model, spec.model.file()) {
            (true, Some(source)) => fanin::write_model(source, weights, path, self.existing())?,
            (true, None) => {
                return Err(Error::Setting {
                    place: "--output".to_owned(),
                    found: path.display().to_string(),
                    expected: format!(
                        ".safetensors or .npz: {model} is no .onnx model to be copied"
                    ),
                });
            }
            (false, _) => write_weights(path, weights, self.existing())?,
        }
        Ok(vec![path.clone()])
    }

    fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }
}
