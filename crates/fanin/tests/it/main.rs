//! What the rooms promise together, seen from outside.

mod architecture;
mod examples;
mod healthy;
mod main_job;
mod symmetry;
mod tutorial;
mod zoo;
