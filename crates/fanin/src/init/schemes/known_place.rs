//! What schemes for deep networks ask of a parameter's place, and what they say if it is unknown.

use crate::error::Result;
use crate::init::{Component, Parameter, Stack};

/// Residual blocks, or transformer layers, of the parameter's stack.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) if the network has none.
pub fn blocks(parameter: &Parameter) -> Result<f64> {
    let place = &parameter.place;
    let blocks = match place.stack {
        Stack::Encoder => place.encoder_blocks,
        // Outside of both stacks, as a table that they share or the head of an encoder alone.
        Stack::Only if place.decoder_blocks == 0 => place.encoder_blocks,
        Stack::Decoder | Stack::Only => place.decoder_blocks,
    };
    positive(parameter, "residual blocks", blocks)
}

/// Residual sums on the way through the parameter's stack.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) if there are none.
pub fn residual_sums(parameter: &Parameter) -> Result<f64> {
    positive(parameter, "residual sums", parameter.place.residual_sums)
}

/// Width of the signal between blocks.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) if it is unknown.
pub fn width(parameter: &Parameter) -> Result<f64> {
    match parameter.place.width {
        Some(width) if width > 0 => Ok(width as f64),
        _ => Err(parameter.unfit(
            "no width of the signal between blocks",
            "a network whose width is known, as that of a transformer by its names; or a scheme \
             that does without, such as `xavier-normal`",
        )),
    }
}

/// Length of an embedding's vectors.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) if the parameter has no axis of that length.
pub fn embedding_width(parameter: &Parameter) -> Result<f64> {
    match parameter.shape.axes().last() {
        Some(&features) if features > 0 => Ok(features as f64),
        _ => Err(parameter.unfit(format!("shape {}", parameter.shape), "a table of vectors")),
    }
}

/// Whether it multiplies the signal of a residual branch.
pub fn is_in_branch(parameter: &Parameter) -> bool {
    let place = &parameter.place;
    place.branch.is_some()
        || place.is_residual_output
        || place.block.is_some() && place.component.is_some()
}

/// Whether the size of its branch's result grows with it: all of a branch but query and key.
pub fn scales_branch(parameter: &Parameter) -> bool {
    let component = parameter.place.component;
    is_in_branch(parameter) && !matches!(component, Some(Component::Query | Component::Key))
}

fn positive(parameter: &Parameter, what: &str, count: usize) -> Result<f64> {
    if count > 0 {
        return Ok(count as f64);
    }
    Err(parameter.unfit(
        format!("a network of unknown depth, with no {what}"),
        "a network with residual branches, in its text or by its names (`layers.0.`); without \
         them a scheme such as `he-normal`",
    ))
}
