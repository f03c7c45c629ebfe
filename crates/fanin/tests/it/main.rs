//! What the rooms promise together, seen from outside.

mod architecture;
mod healthy;
mod main_job;
mod symmetry;
mod zoo;
