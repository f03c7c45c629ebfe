//! Room for the elements of a tensor, or an error that names it.

use fanin_engine::Shape;

use crate::error::{Error, Result};

/// The number of elements of `shape`; a scalar, without axes, has one.
///
/// # Errors
/// [`Error::Setting`] if it has none, [`Error::Engine`] beyond the most that a tensor may have.
pub(super) fn count(place: &str, shape: &[usize]) -> Result<usize> {
    match Shape::new(shape).checked_elements(place)? {
        0 => Err(Error::Setting {
            place: place.to_owned(),
            found: format!("shape {shape:?} of 0 elements"),
            expected: "at least 1".to_owned(),
        }),
        elements => Ok(elements),
    }
}

/// As many copies of `value` as `shape` has elements.
///
/// # Errors
/// As [`count`], and [`Error::Setting`] if memory does not hold them.
pub(super) fn filled(place: &str, shape: &[usize], value: f32) -> Result<Vec<f32>> {
    let elements = count(place, shape)?;
    let mut data = Vec::new();
    if data.try_reserve_exact(elements).is_err() {
        return Err(Error::Setting {
            place: place.to_owned(),
            found: format!("shape {shape:?} of {elements} elements"),
            expected: "fewer: memory does not hold them".to_owned(),
        });
    }
    data.resize(elements, value);
    Ok(data)
}

/// `value` itself.
///
/// # Errors
/// [`Error::Setting`] if it is negative, infinite or not a number.
pub(super) fn scale(place: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    Err(Error::Setting {
        place: place.to_owned(),
        found: value.to_string(),
        expected: "a finite number, 0 or more".to_owned(),
    })
}
