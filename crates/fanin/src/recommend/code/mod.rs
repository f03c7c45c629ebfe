//! A recommended start as source code: plain calls of a framework that draw it for any seed.
//!
//! The code names parameters by patterns and calls the framework's own initializers; it is no dump
//! of values. Where a framework names parameters in its own way, names are translated; the code
//! refuses a model to whose parameters a pattern does not fit.

mod draw;
mod cells;
mod onnx_cells;
mod attention;
mod groups;
mod names;
mod notes;
mod torch;
mod flax;
mod keras;
mod numpy;
mod rust;

use std::str::FromStr;

use super::Recommendation;
use crate::error::{Error, Result};
use crate::spec::Model;
use draw::Drawn;

pub use notes::{Names, notes_on_names};

/// A framework for which code is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `torch.nn.init`, on an `nn.Module`.
    Torch,
    /// `jax.nn.initializers`, on a tree of parameters, as Flax has it.
    Flax,
    /// `keras.initializers`, on a `keras.Model`.
    Keras,
    /// `numpy.random`, arrays by name.
    Numpy,
    /// `fanin::init`, on weights.
    Rust,
}

impl Language {
    /// The names of all languages.
    pub const NAMES: [&str; 5] = ["torch", "flax", "keras", "numpy", "rust"];

    /// Every language.
    pub const ALL: [Self; 5] = [Self::Torch, Self::Flax, Self::Keras, Self::Numpy, Self::Rust];

    /// The name in commands.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Torch => "PyTorch",
            Self::Flax => "JAX/Flax",
            Self::Keras => "Keras",
            Self::Numpy => "NumPy",
            Self::Rust => "Rust",
        }
    }
}

impl FromStr for Language {
    type Err = Error;

    /// The language of this name.
    fn from_str(text: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|language| language.name() == text);
        named.ok_or_else(|| Error::unknown("language", text, &Self::NAMES))
    }
}

/// A function that draws what `found` recommends for `model`, in `language`.
///
/// ```
/// use fanin::recommend::{self, Language};
/// use fanin::spec::Spec;
///
/// let spec = Spec { model: "64 -> 20x32 tanh -> 10".parse()?, ..Spec::default() };
/// # let found = recommend::Recommendation {
/// #     method: "auto", weights: Default::default(), changes: Vec::new(), unmet: Vec::new(),
/// #     offers: Vec::new(), learning_rate: None,
/// # };
/// let model = fanin::resolve_alone(&spec)?;
/// let code = recommend::code(&model, &found, Language::Torch)?;
/// assert!(code.contains("def initialize(model: torch.nn.Module, seed: int)"));
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] for a parameter whose scheme no plain call of the framework draws.
pub fn code(model: &Model, found: &Recommendation, language: Language) -> Result<String> {
    let parameters = model.parameters()?;
    let mut title = format!(
        "Starting weights for `{}`, found by fanin's method `{}`.",
        model.to_string().replace(['\\', '"'], "'"),
        found.method
    );
    let redrawn =
        super::find(found.method).ok().and_then(|method| method.facts().redrawn.sentence());
    if let Some(sentence) = redrawn {
        title = format!("{title}\n\n{sentence}");
    }
    let names::Named { parameters, changes, .. } = names::of_framework(parameters, &found.changes);
    if matches!(language, Language::Torch | Language::Flax) {
        names::require_own(model, &changes, language)?;
    }
    let left_out = names::left_out(model, &parameters);
    let sentences = notes::sentences(model, &[Names::Code(language)], usize::MAX)?;
    title.extend(sentences.iter().map(|note| paragraph(note)));
    let all = names::all(model, &parameters);
    let (parameters, changes) = attention::apart(parameters, &changes, language);
    let (parameters, changes) = onnx_cells::apart(parameters, changes, language);
    let drawn = || Drawn::all(&parameters, &changes, language);
    match language {
        Language::Torch => Ok(torch::code(&title, &drawn()?, all.as_deref())),
        Language::Flax => {
            let (drawn, there) = cells::joined(drawn()?, &parameters, language)?;
            let is_complete = all.is_some() && left_out.is_empty();
            Ok(flax::code(&title, &drawn, model, (&parameters, &there), is_complete))
        }
        Language::Keras => {
            let (drawn, there) = cells::joined(drawn()?, &parameters, language)?;
            keras::code(&title, &drawn, &there)
        }
        Language::Numpy => Ok(numpy::code(&title, &drawn()?)),
        Language::Rust => Ok(rust::code(&title, &found.changes, &model.parameters()?)),
    }
}

/// A text behind an empty line, in lines of a usual length.
fn paragraph(text: &str) -> String {
    const LONGEST: usize = 88;
    let mut lines = "\n".to_owned();
    let mut room = 0;
    for word in text.split(' ') {
        if word.len() + 1 > room {
            lines.push('\n');
            room = LONGEST;
        } else {
            lines.push(' ');
        }
        lines.push_str(word);
        room = room.saturating_sub(word.len() + 1);
    }
    lines
}
