//! What people and programs read: tables and sentences for the terminal, JSON.

mod json;
pub mod terminal;

pub use json::Json;
