//! What `fanin fix` writes: weights, a copy of the model, source code.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use fanin::formats::{Existing, check_target, weight_format, write_weights, write_whole};
use fanin::recommend::{self, Language, Repair};
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

/// What was written, and what a user should know of it.
#[derive(Debug, Default)]
pub struct Written {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Sentences on the names in them.
    pub notes: Vec<String>,
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

    /// What a user should know of the names in the code, where it is asked for.
    pub fn notes_on_code(&self, model: &Model, repair: &Repair) -> Result<Vec<String>> {
        let (Some(name), Some(found)) = (&self.code, &repair.recommendation) else {
            return Ok(Vec::new());
        };
        recommend::code_notes(model, found, name.parse()?)
    }

    /// Writes the recommended start, or the one that was there where nothing changes.
    pub fn write(&self, model: &Model, before: &Weights, repair: &Repair) -> Result<Written> {
        let mut written = Written::default();
        let Some(path) = &self.output else { return Ok(written) };
        let weights = repair.recommendation.as_ref().map_or(before, |found| &found.weights);
        if is_model_file(path) {
            fanin::write_model(model, weights, path, self.existing())?;
        } else {
            let (weights, renamed) = fanin::import::module_weights(model, weights)?;
            write_weights(path, &weights, self.existing())?;
            written.notes.extend(notes_on_names(model, &weights, renamed)?);
        }
        written.files.push(path.clone());
        Ok(written)
    }

    fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }
}

/// The most tensors that a note names.
const NAMED: usize = 6;

/// What a user should know of the names in a written file: which tensors have others than in the .onnx
/// file, which have names that the module does not know, and which is two of the .onnx file.
fn notes_on_names(model: &Model, weights: &Weights, renamed: usize) -> Result<Vec<String>> {
    let (parameters, of_module) = (model.parameters()?, model.architecture().module_names());
    let mut notes = Vec::new();
    if renamed > 0 {
        let have = match renamed {
            1 => "tensor has its name and layout",
            _ => "tensors have their names and layout",
        };
        notes.push(format!("{renamed} {have} in the module, where the .onnx file has others"));
    }
    for (_, table) in fanin::spec::tied(&parameters) {
        notes.push(format!(
            "{} is the table and the last matrix in one, which the .onnx file has twice: it is written \
             as the last matrix",
            fanin::spec::framework_names(&parameters)[table]
        ));
    }
    let trained = parameters.iter().filter(|own| own.role.is_trained());
    let trained: Vec<&String> = trained.map(|own| &own.name).collect();
    let is_foreign = |name: &&str| {
        let is_known = of_module.is_empty() || of_module.iter().any(|own| own == name);
        !is_known && trained.iter().any(|own| own == name)
    };
    let foreign = weights.tensors.iter().map(|(name, _)| name.as_str()).filter(is_foreign);
    let foreign: Vec<&str> = foreign.collect();
    if !foreign.is_empty() {
        let more = if foreign.len() > NAMED { ", …" } else { "" };
        let first = foreign[..foreign.len().min(NAMED)].join(", ");
        notes.push(format!(
            "not in the module under these names: {first}{more}; a file that torch.onnx.export(…, \
             dynamo=True, optimize=False) writes has the module's parameters as they are"
        ));
    }
    Ok(notes)
}
