//! What people read: tables and sentences for the terminal, made from plain data.

pub mod terminal;
