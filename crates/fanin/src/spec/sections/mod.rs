//! The tables of a spec file, one file each: what they hold, their defaults, what they refuse.

mod range;
mod init;
mod loss;
mod optimizer;
mod schedule;
mod train;
mod data;
mod reading;
mod check;

pub use check::{CheckSpec, Extent};
pub use data::{DataSpec, Missing, Standardize};
pub use init::{InitRule, InitSpec};
pub use loss::{LossName, LossSpec, Task};
pub use optimizer::{Decay, OptimizerSpec};
pub use reading::{NormStatistics, ReadingSpec};
pub use schedule::{ScheduleName, ScheduleSpec};
pub use train::{BatchSize, DEFAULT_ROWS, EarlyStopping, TrainSpec};
