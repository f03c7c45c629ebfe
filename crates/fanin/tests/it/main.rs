//! What the rooms promise together, seen from outside.

mod examples;
mod tutorial;
