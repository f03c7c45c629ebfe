//! Every digit of the reference tables.

use fanin_engine::activations::{Activation, find};

mod draws;
mod moments;
mod written;
mod fixed_points;
mod critical_lines;
mod networks;
mod spectra;
mod densities;
mod simulated;
mod simulated_blocks;
mod simulated_batches;
mod normalized_networks;
mod spatial_modes;
mod depths;
mod stream_spectra;
mod streams_and_borders;
mod attention;
mod dead_units;
mod recurrences;

fn named(name: &str) -> Box<dyn Activation> {
    find(name).unwrap_or_else(|| panic!("{name} is not registered"))
}

/// Holds `got` against a number as printed: it may be off by one in the last digit printed.
#[track_caller]
fn digits(what: &str, got: f64, printed: &str) {
    let want: f64 = printed.parse().unwrap();
    let mantissa = printed.split('e').next().unwrap();
    let exponent: i32 = printed.split_once('e').map_or(0, |(_, e)| e.parse().unwrap());
    let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len() as i32);
    let unit = f64::powi(10.0, exponent - decimals);
    // One unit covers numbers that were cut instead of rounded.
    let bound = 1.0001 * unit + 1e-12 * want.abs();
    assert!((got - want).abs() <= bound, "{what}: {got:e}, printed {printed}");
}
