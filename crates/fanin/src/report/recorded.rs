//! The report of a run from what its folder records.

use super::{Material, Report, report};
use crate::error::Result;
use crate::spec::Spec;
use crate::train::{Check, Finish, RunFolder};

/// The report of a run by its folder alone, without rows; `finish` says how it ended, where known.
///
/// # Errors
/// If files of the run cannot be read.
pub fn of_run(folder: &RunFolder, finish: Option<&Finish>, command: &str) -> Result<Report> {
    let spec = Spec::from_toml(&folder.spec()?, &folder.path().join("spec.toml"))?;
    let (epochs, checks) = (folder.metrics()?, Check::recorded(folder)?);
    let name = folder.path().file_name().unwrap_or_default().to_string_lossy();
    Ok(report(&Material {
        title: format!("Run {name}"),
        subtitle: format!(
            "{}, starting from {}, on {}",
            spec.model, spec.init.scheme, spec.data.source
        ),
        command: command.to_owned(),
        spec: Some(&spec),
        task: spec.task.map_or_else(|| folder.task(), |task| Ok(Some(task)))?,
        epochs: Some(&epochs),
        finish,
        checks: &checks,
        ..Material::default()
    }))
}
