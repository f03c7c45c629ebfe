//! The short text of a network: `784 -> 256 relu -> 10x64 tanh dropout:0.1 -> 10`.
//!
//! Elements stand between arrows (`->` or `→`). The first is the number of inputs, or the word
//! `features` (`inputs`) for as many as the data has. Each further one is
//!
//! ```text
//! [REPEATx] UNITS word…            a linear layer with what follows it
//! [REPEATx] ( element -> … ) word  a group; its only word is `residual`
//! word…                            no linear layer, only what the words say
//! ```
//!
//! UNITS is a number, or in the last element the word `outputs` (`classes`). The words, in any
//! order: one activation, with its parameter after a colon (`leaky_relu:0.2`); `dropout:RATE`;
//! `batch_norm` or `layer_norm`; `no_bias`; `residual` or `residual:FACTOR`. The modules of an
//! element follow one another as linear, norm, activation, dropout.

mod tokens;
mod parser;
mod shorthand;
mod write;

#[cfg(test)]
mod tests;

use std::str::FromStr;

use super::check::{self, Sizes};
use super::layers::SequentialSpec;
use super::mistake::{Misfit, Mistake, Spans};
use super::sequential::Sequential;
use crate::error::{Error, Result};

/// The words for as many inputs as the data has, the first of them as it is written back.
pub(super) const INPUTS: [&str; 2] = ["features", "inputs"];

/// The words for as many outputs as the data has, the first of them as it is written back.
pub(super) const OUTPUTS: [&str; 2] = ["outputs", "classes"];

/// The network that a text says, with the places of its parts; sizes are not yet checked.
pub(super) fn read(text: &str) -> Result<(SequentialSpec, Spans)> {
    parser::parse(text)
}

impl FromStr for SequentialSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = one_line(text);
        let (spec, spans) = read(&text)?;
        check::check(&spec, Sizes::default()).map_err(|misfit| misfit.in_text(&text, &spans))?;
        Ok(spec)
    }
}

impl FromStr for Sequential {
    type Err = Error;

    /// The network that a text says in full, without `features` or `outputs`.
    ///
    /// ```
    /// use fanin::spec::{Layer, Sequential};
    ///
    /// let model: Sequential = "784 -> 256 relu dropout:0.1 -> 10".parse()?;
    /// assert_eq!(model.inputs, 784);
    /// assert_eq!(model.layers[0], Layer::Linear { units: 256, bias: true });
    /// assert_eq!(model.layers[2], Layer::Dropout { rate: 0.1 });
    ///
    /// let mistake = "784 -> 256 rleu -> 10".parse::<Sequential>().unwrap_err().to_string();
    /// assert!(mistake.contains("did you mean `relu`?"));
    /// assert!(mistake.ends_with("\n             ^^^^"));
    /// # Ok::<(), fanin::Error>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        let text = one_line(text);
        let (spec, spans) = read(&text)?;
        let in_text = |misfit: Misfit| misfit.in_text(&text, &spans);
        check::check(&spec, Sizes::default()).map_err(in_text)?;
        let number = "a number, since there is no data to take it from";
        let Some(inputs) = spec.inputs else {
            let mistake = Mistake::new(format!("`{}`", INPUTS[0]), number);
            return Err(in_text(Misfit::new(&[], "inputs", mistake)));
        };
        if spec.asks_for_outputs() {
            let mistake = Mistake::new(format!("`{}`", OUTPUTS[0]), number);
            return Err(in_text(Misfit::new(&[spec.layers.len() - 1], "units", mistake)));
        }
        let model = spec.expand(inputs, 0);
        model.module_parameters()?;
        Ok(model)
    }
}

/// Line breaks and tabs become spaces, so that a caret can stand under its place.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_control() { ' ' } else { c }).collect()
}
