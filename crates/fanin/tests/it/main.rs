//! What the rooms promise together, seen from outside.

mod architecture;
mod depth;
mod examples;
mod graph;
mod healthy;
mod import;
mod import_network;
mod init_code;
mod layer_values;
mod main_job;
mod names;
mod symmetry;
mod schema;
mod tutorial;
mod zoo;
