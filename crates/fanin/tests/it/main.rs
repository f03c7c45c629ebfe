//! What the rooms promise together, seen from outside.

mod healthy;
mod main_job;
mod symmetry;
mod zoo;
