//! The registry of topics: one file for each question of a newcomer.
//!
//! To add one: a new file with a [`Topic`], `mod x;` and `&x::X,` in [`TOPICS`].

mod zero;
mod scale;
mod depth;
mod fan_in;
mod data;

use super::laboratory::Laboratory;
use super::lesson::Lesson;
use crate::error::Result;

/// A question of a newcomer and how its answer is found.
pub trait Topic: Sync {
    /// The word to ask for it.
    fn name(&self) -> &'static str;

    /// The question.
    fn question(&self) -> &'static str;

    /// Trains small networks until the answer is there.
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::Error::Interrupted); none else is to be expected.
    fn lesson(&self, laboratory: &Laboratory<'_>) -> Result<Lesson>;
}

/// Every topic, in the order in which the questions arise.
pub static TOPICS: &[&dyn Topic] =
    &[&zero::Zero, &scale::Scale, &depth::Depth, &fan_in::FanIn, &data::Data];
