//! What `fanin fix` writes: weights, a copy of the model, source code.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use fanin::formats::{Existing, check_target, weight_format, write_weights, write_whole};
use fanin::recommend::{self, Language, Names, Repair};
use fanin::spec::{Model, Spec, is_model_file};
use fanin::weights::Weights;
use fanin::{Error, Result};

/// Where the start goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "File")]
pub struct FileArgs {
    /// File for the start, .safetensors or .npz; .onnx for a copy of an .onnx model
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Source code that draws this start for any seed by the calls of a framework
    #[arg(long, value_name = "FRAMEWORK", value_parser = PossibleValuesParser::new(Language::NAMES))]
    code: Option<String>,
    /// File for the code [default: after the report]
    #[arg(long, value_name = "FILE", requires = "code")]
    code_output: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

impl FileArgs {
    /// Refuses files that cannot be written, before any long computation.
    pub fn check(&self, spec: &Spec) -> Result<()> {
        if let Some(path) = &self.output {
            if is_model_file(path) {
                fanin::model_file(spec)?;
            } else {
                weight_format(path)?;
            }
        }
        if self.output.is_some() && self.output == self.code_output {
            return Err(Error::Setting {
                place: "--code-output".to_owned(),
                found: "the file of --output".to_owned(),
                expected: "a file of its own".to_owned(),
            });
        }
        let files = self.output.iter().chain(&self.code_output);
        files.into_iter().try_for_each(|path| check_target(path, self.existing()))
    }

    /// The code that is asked for, where something changes.
    pub fn code(&self, model: &Model, repair: &Repair) -> Result<Option<String>> {
        let (Some(name), Some(found)) = (&self.code, &repair.recommendation) else {
            return Ok(None);
        };
        recommend::code(model, found, name.parse()?).map(Some)
    }

    /// Writes the code where a file is named for it; else gives it back to be shown.
    pub fn write_code<'c>(
        &self,
        code: Option<&'c str>,
        files: &mut Vec<PathBuf>,
    ) -> Result<Option<&'c str>> {
        let (Some(code), Some(path)) = (code, &self.code_output) else { return Ok(code) };
        write_whole(path, self.existing(), |file| file.write_all(code.as_bytes()))?;
        files.push(path.clone());
        Ok(None)
    }

    /// What a user should know of the names in weights that are written and code that is asked for.
    pub fn notes(&self, model: &Model, repair: &Repair) -> Result<Vec<String>> {
        let is_named = |path: &&PathBuf| !is_model_file(path);
        let weights = self.output.as_ref().filter(is_named).map(|_| Names::Weights);
        let code = self.code.as_ref().filter(|_| repair.recommendation.is_some());
        let code = code.map(|name| name.parse().map(Names::Code)).transpose()?;
        let places: Vec<Names> = weights.into_iter().chain(code).collect();
        recommend::notes_on_names(model, &places)
    }

    /// Writes the recommended start, or the one that was there where nothing changes; gives the files.
    pub fn write(&self, model: &Model, before: &Weights, repair: &Repair) -> Result<Vec<PathBuf>> {
        let Some(path) = &self.output else { return Ok(Vec::new()) };
        let weights = repair.recommendation.as_ref().map_or(before, |found| &found.weights);
        if is_model_file(path) {
            fanin::write_model(model, weights, path, self.existing())?;
        } else {
            let weights = fanin::import::module_weights(model, weights)?;
            write_weights(path, &weights, self.existing())?;
        }
        Ok(vec![path.clone()])
    }

    fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }
}
