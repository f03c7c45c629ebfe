//! Training: a spec becomes a course, a course becomes a session, a session becomes weights.

pub mod hyperparameters;
pub mod optimizers;
pub mod schedule;
pub mod clip;
pub mod early_stopping;
pub mod sampler;
pub mod course;
pub mod metrics;
pub mod step;
pub mod learning;
pub mod evaluation;
pub mod watch;
pub mod loop_control;
pub mod session;
mod tensor_file;
pub mod checkpoint;
pub mod run_folder;
pub mod run;

pub use checkpoint::{Checkpoint, Progress};
pub use clip::Clip;
pub use course::Course;
pub use early_stopping::{Decision, EarlyStopping};
pub use loop_control::{Divergence, Finish, Interrupt, Observer, Silent};
pub use metrics::Metrics;
pub use optimizers::{Optimizer, OptimizerState};
pub use run::{Run, Summary, Trained};
pub use run_folder::{IfExists, RunFolder, Versions};
pub use schedule::Schedule;
pub use session::{Rows, Session};
pub use watch::{Check, Noted};
