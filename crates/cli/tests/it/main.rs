//! The command as a user meets it: what the README says, and what mistakes are answered with.

mod check;
mod command;
mod explain;
mod fix;
mod init;
mod json;
mod mistakes;
mod model;
mod onnx;
mod readme;
mod report;
mod runs;
mod signals;
mod theory;
