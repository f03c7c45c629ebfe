//! Training: optimizers, schedules, clipping, stopping, measures and the folder of a run.

pub mod hyperparameters;
pub mod optimizers;
pub mod schedule;
pub mod sampler;
pub mod clip;
pub mod early_stopping;
pub mod metrics;
pub mod loop_control;
mod atomic;
mod tensor_file;
pub mod run_folder;
pub mod checkpoint;

pub use checkpoint::{Checkpoint, Progress};
pub use clip::Clip;
pub use early_stopping::{Decision, EarlyStopping};
pub use loop_control::{Divergence, Finish, Interrupt, Observer};
pub use metrics::Metrics;
pub use optimizers::{Optimizer, OptimizerState};
pub use run_folder::{IfExists, RunFolder, Versions};
pub use schedule::Schedule;
