//! Numbers that a setting can take; each check names the setting, the number and the range.

use std::fmt::Display;

use crate::error::{Error, Result};

/// A finite number above 0.
pub fn above_zero(place: &str, value: f64) -> Result<()> {
    ensure(value.is_finite() && value > 0.0, place, &value, "a number above 0")
}

/// A finite number of at least 0.
pub fn zero_or_more(place: &str, value: f64) -> Result<()> {
    ensure(value.is_finite() && value >= 0.0, place, &value, "a number of at least 0")
}

/// A number from 0 up to but not including 1.
pub fn below_one(place: &str, value: f64) -> Result<()> {
    ensure((0.0..1.0).contains(&value), place, &value, "a number from 0 up to but not including 1")
}

/// A number above 0 and at most 1.
pub fn share(place: &str, value: f64) -> Result<()> {
    ensure(value > 0.0 && value <= 1.0, place, &value, "a number above 0 and at most 1")
}

/// A whole number of at least 1.
pub fn at_least_one(place: &str, value: usize) -> Result<()> {
    ensure(value >= 1, place, &value, "a whole number of at least 1")
}

/// The error of a setting unless `holds`.
pub fn ensure(holds: bool, place: &str, found: &dyn Display, expected: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    let (place, expected) = (place.to_owned(), expected.to_owned());
    Err(Error::Setting { place, found: found.to_string(), expected })
}
