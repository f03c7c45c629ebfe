//! Which scheme made the weights in a file, and what is wrong with them before any network runs.
//!
//! ```text
//! file ──► statistics, structure ──► best-fitting scheme per tensor, with its confidence
//!                                └─► findings: twins, constants, flushed or missing values
//! ```

mod statistics;
mod structure;
mod fit;
mod exact;
mod fixed;
mod sparse;
mod constants;
mod findings;
mod partly;

#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Serialize;

use crate::check::{Finding, Severity};
use crate::error::Result;
use crate::formats::{StoredTensor, visit_tensors};
use crate::init::{Parameter, Role, fans::Axes};

pub use exact::Seed;
pub use fit::{Candidate, Fit};
pub use partly::partly;
pub use statistics::Statistics;
pub use structure::Structure;

/// What a file of weights holds.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// Its tensors, in the file's order.
    pub tensors: Vec<Tensor>,
    /// What is wrong with them.
    pub findings: Vec<Finding>,
}

/// What is known of one tensor.
#[derive(Clone, Debug, Serialize)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Type of its elements in the file: `bf16`.
    pub dtype: &'static str,
    /// What its module does with it, as far as that is known.
    pub role: Role,
    /// Moments, extremes, and what cannot be right.
    pub statistics: Statistics,
    /// What its rows and parts have in common.
    pub structure: Structure,
    /// The scheme that fits best.
    pub fit: Fit,
}

impl Verification {
    /// The worst severity of its findings.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// Judges the weights in a file; one tensor at a time is in memory.
///
/// `parameters` tell roles, fans and places of the tensors of the same name; tensors that are
/// not among them are judged by their shape alone. `seed` is tried first where fanin itself may
/// have drawn a tensor, then the seeds from 0 to 15.
///
/// # Errors
/// If the file cannot be read, or is not what its format promises.
///
/// ```
/// use fanin::formats::{Existing, write_weights};
/// use fanin::init::{Rules, for_model, parameters};
///
/// let model = "64 -> 256 relu -> 10".parse()?;
/// let weights = for_model(&model, &Rules::new("he-normal"), 7)?;
/// let path = std::env::temp_dir().join(format!("fanin-doc-v-{}.safetensors", std::process::id()));
/// write_weights(&path, &weights, Existing::Replace)?;
/// let verification = fanin::verify::file(&path, &parameters(&model)?, None)?;
/// assert_eq!(verification.tensors[0].fit.scheme.as_deref(), Some("he-normal"));
/// assert_eq!(verification.tensors[0].fit.seed.map(|seed| seed.0), Some(7));
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn file(path: &Path, parameters: &[Parameter], seed: Option<u64>) -> Result<Verification> {
    let mut tensors = Vec::new();
    visit_tensors(path, &mut |stored| {
        let known = parameters.iter().find(|p| p.name == stored.name);
        let fits = |p: &&Parameter| p.shape.axes() == stored.shape;
        let guessed = guessed(&stored);
        tensors.push(judge(&stored, known.filter(fits).unwrap_or(&guessed), seed));
        Ok(())
    })?;
    agree(&mut tensors);
    let findings = findings::all(&tensors, parameters);
    Ok(Verification { tensors, findings })
}

/// One scheme has usually made a whole file: of those that draw the same for a tensor, the one that
/// fits most tensors is named first.
fn agree(tensors: &mut [Tensor]) {
    let mut counts = std::collections::HashMap::<String, usize>::new();
    for fit in tensors.iter().map(|tensor| &tensor.fit) {
        for label in fit.scheme.iter().chain(&fit.same) {
            *counts.entry(label.clone()).or_default() += 1;
        }
    }
    for tensor in tensors.iter_mut().filter(|tensor| tensor.fit.seed.is_none()) {
        tensor.fit.prefer(|label| counts.get(label).copied().unwrap_or(0));
    }
}

fn judge(stored: &StoredTensor<'_>, parameter: &Parameter, seed: Option<u64>) -> Tensor {
    let statistics = Statistics::of(stored.values);
    let structure = Structure::of(stored.values, parameter);
    let fit = Fit::of(stored, parameter, &statistics, &structure, seed);
    Tensor {
        name: stored.name.to_owned(),
        shape: stored.shape.to_vec(),
        dtype: stored.dtype.name(),
        role: parameter.role,
        statistics,
        structure,
        fit,
    }
}

/// The parameter that a tensor's shape suggests, in PyTorch's layout.
fn guessed(stored: &StoredTensor<'_>) -> Parameter {
    let axes = if stored.shape.len() == 2 { Axes::linear() } else { Axes::convolution(1) };
    let role = if stored.shape.len() < 2 { Role::Bias } else { Role::Weight };
    let plain = Parameter::new(stored.name, stored.shape, role);
    if role == Role::Bias {
        return plain;
    }
    Parameter::weight(stored.name, stored.shape, axes).unwrap_or(plain)
}
