//! Tables and sentences for a terminal; every function gives text that ends in a line break.

pub(super) mod number;
mod table;
mod wrap;
mod compare;
mod next;
pub(super) mod check;
mod data;
mod fix;
mod proof;
mod init;
mod lesson;
mod model;
mod ran;
mod report;
mod schemes;
pub(super) mod sweep;
pub(super) mod theory;
mod train;
mod verify;
mod watch;

pub use check::check;
pub(super) use check::forecast;
#[cfg(test)]
pub(super) use check::sample_of_a_diagnosis;
pub use compare::{after_training, before_training, heading};
pub use data::describe;
pub use fix::{fix, fixed, next as next_after_fix};
pub use init::{drawn_like, explain, written};
pub use lesson::{lesson, topics};
pub use model::model;
pub use next::next_steps;
pub use proof::{proven, proven_in_short};
pub use ran::{copied, ran};
pub use report::report;
pub use schemes::{scheme, schemes};
pub use sweep::sweep;
pub use theory::{attention_theory, theory};
pub use train::{epoch, finished};
pub use verify::verify;
pub use watch::watched;
