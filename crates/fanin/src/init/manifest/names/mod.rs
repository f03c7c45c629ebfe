//! What names say of tensors: one file for each family of naming conventions.
//!
//! A convention is a list of lines; a name is read by the first line, over all conventions in
//! order, whose pattern is the end of it, once for the tensor and once for its module. `/` and `.`
//! part names alike.
//!
//! To add one: a new file with a [`Naming`], `mod x;` and `&x::X,` in [`NAMINGS`], the more special
//! ones first.

mod meaning;

mod adapters;
mod gpt2;
mod t5;
mod bert;
mod gpt_neox;
mod llama;
mod vision;
mod bart;
mod flax;
mod keras;
mod torch;

#[cfg(test)]
mod tests;

use crate::spec::glob;

pub use meaning::{Kind, Layout, Line, Meaning, Packed};

/// Every naming convention, the special ones before the general.
pub static NAMINGS: &[&Naming] = &[
    &adapters::ADAPTERS,
    &gpt2::GPT2,
    &t5::T5,
    &bert::BERT,
    &gpt_neox::GPT_NEOX,
    &llama::LLAMA,
    &vision::VISION,
    &bart::BART,
    &flax::FLAX,
    &keras::KERAS,
    &torch::TORCH,
];

/// How a family of libraries or models names its tensors.
#[derive(Debug)]
pub struct Naming {
    /// What it is called in messages.
    pub name: &'static str,
    /// Which models have such names.
    pub about: &'static str,
    /// What the ends of names mean, the more special ones first.
    pub lines: &'static [Line],
    /// A name that only this convention's lines explain, for the laws.
    pub sample: &'static str,
}

/// What a name says, by the conventions that know its ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// What it means.
    pub meaning: Meaning,
    /// Who knows the tensor's name, or else its module's.
    pub naming: Option<&'static str>,
}

/// What the name of a tensor says.
pub fn read(name: &str) -> Reading {
    let parts: Vec<&str> = parts(name);
    let (_, module) = parts.split_last().unwrap_or((&"", &[]));
    let tensor = find(&parts, true);
    let module = find(module, false);
    let meaning = |found: Option<(&Naming, &Line)>| found.map(|f| f.1.meaning).unwrap_or_default();
    Reading {
        meaning: meaning(tensor).or(meaning(module)),
        naming: module.or(tensor).map(|found| found.0.name),
    }
}

/// The parts of a name between `.` and `/`, without the `:0` of TensorFlow's variables.
pub fn parts(name: &str) -> Vec<&str> {
    name.strip_suffix(":0").unwrap_or(name).split(['.', '/']).collect()
}

fn find(parts: &[&str], is_tensor: bool) -> Option<(&'static Naming, &'static Line)> {
    let all = NAMINGS.iter().flat_map(|naming| naming.lines.iter().map(move |l| (*naming, l)));
    all.into_iter().find(|(_, line)| line.is_tensor == is_tensor && ends(parts, line.pattern))
}

/// Whether the last parts of a name fit a pattern.
fn ends(parts: &[&str], pattern: &str) -> bool {
    let wanted = pattern.split('.').rev();
    let mut given = parts.iter().rev();
    wanted.into_iter().all(|w| given.next().is_some_and(|g| glob::matches(w, g)))
}
