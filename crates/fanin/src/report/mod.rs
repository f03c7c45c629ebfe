//! What people and programs read: tables and sentences for the terminal, JSON, SARIF, JUnit.

mod checked;
mod json;
mod junit;
mod sarif;
pub mod terminal;

pub use checked::Checked;
pub use json::Json;
pub use junit::junit;
pub use sarif::sarif;
