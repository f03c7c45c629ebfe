//! The newcomer's questions, each answered by small networks that are trained while one waits.
//!
//! ```text
//! topic ─► trials (networks, starts) ─► laboratory (whole runs side by side) ─► lesson
//! ```
//!
//! A [`Lesson`] is plain data: an answer in words with the numbers just measured, a table, and a
//! picture for every setting of its sliders. Terminal, JSON and page are writers of it.
//!
//! Key, as in the newcomer's own notes: W(l) the weights of layer l, d the number of inputs of a
//! unit (its fan-in), ε the size of the weights, z what goes into the activation.

mod figure;
mod lesson;
mod words;
mod start;
mod shelf;
mod trial;
mod seeds;
mod laboratory;
pub mod topics;

pub use figure::{
    Axis, Chart, Figure, Frame, Line, Mark, Picture, Reading, Slider, SliderKind, Spacing, Tile,
    Tiles, Zone,
};
pub use laboratory::{Laboratory, Size};
pub use lesson::{Lesson, Next, Table};
pub use seeds::Runs;
pub use start::Start;
pub use topics::{TOPICS, Topic};
pub use trial::{Moment, Record, Trial};

use crate::error::{Error, Result};

/// The topic of a name.
///
/// ```
/// assert_eq!(fanin::explain::find("zero")?.name(), "zero");
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unknown`] with the nearest name.
pub fn find(name: &str) -> Result<&'static dyn Topic> {
    let found = TOPICS.iter().find(|topic| topic.name() == name);
    found.copied().ok_or_else(|| Error::unknown("topic", name, &names()))
}

/// The names of all topics, in the order of the questions.
pub fn names() -> Vec<&'static str> {
    TOPICS.iter().map(|topic| topic.name()).collect()
}

#[cfg(test)]
mod tests;
