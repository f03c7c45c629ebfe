//! What people and programs read: tables and sentences for the terminal, JSON, SARIF, JUnit, and
//! whole reports with pictures.
//!
//! ```text
//! what check, compare, theory, train gave ─► Material ─► sections ─► Report ─► HTML, Markdown, JSON, terminal
//! ```

mod asked;
mod checked;
mod fixed;
mod json;
mod ran;
mod recorded;
mod junit;
mod sarif;
pub mod terminal;
pub mod document;
pub mod pictures;
pub mod sections;
mod lesson;
mod markdown;
mod html;
#[cfg(feature = "png")]
mod png;
mod form;
mod tensorboard;

pub use asked::{Asked, quoted};
pub use checked::Checked;
pub use document::Report;
pub use fixed::Fixed;
pub use form::{Form, PictureForm, read, write, write_as, write_pictures};
pub use html::html;
pub use json::Json;
pub use junit::junit;
pub use lesson::lesson;
pub use markdown::markdown;
pub use ran::Ran;
pub use recorded::of_run;
pub use sarif::sarif;
pub use sections::{Material, report};
pub use tensorboard::TensorBoard;
