//! What people and programs read: tables and sentences for the terminal, JSON, SARIF, JUnit.

mod checked;
mod fixed;
mod json;
mod ran;
mod junit;
mod sarif;
pub mod terminal;

pub use checked::Checked;
pub use fixed::Fixed;
pub use json::Json;
pub use junit::junit;
pub use ran::Ran;
pub use sarif::sarif;
