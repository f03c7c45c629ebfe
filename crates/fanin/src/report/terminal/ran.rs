//! What one run of a model computed.

use std::fmt::Write;

use std::path::Path;

use super::number::whole;
use crate::report::Ran;
use crate::weights::Weights;

/// Outputs with their shapes, the loss, and where all is written.
pub fn ran(ran: &Ran<'_>) -> String {
    let mut text = String::new();
    for (name, axes) in &ran.outputs {
        let axes: Vec<String> = axes.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "{name}  ({})", axes.join(", "));
    }
    if let Some(loss) = ran.loss {
        let _ = writeln!(text, "loss  {loss:?}");
    }
    if ran.gradients > 0 {
        let _ = writeln!(text, "gradients of {} parameters", ran.gradients);
    }
    let _ = writeln!(text, "\nsaved as {}", ran.file.display());
    text
}

/// That a copy of a model has new weights.
pub fn copied(source: &Path, target: &Path, weights: &Weights) -> String {
    format!(
        "{} numbers in {} tensors of {}\n\nsaved as {}; all else is as it was\n",
        whole(weights.elements()),
        weights.tensors.len(),
        source.display(),
        target.display()
    )
}
