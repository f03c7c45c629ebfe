//! The `fanin` command: arguments in, one façade call, output.
#![forbid(unsafe_code)]

fn main() {}
