//! How large a network may be: far above what is trained, far below what harms the machine.
//!
//! A typing error (`10 -> 1000000000000`) is thus refused before anything is allocated.

use super::mistake::Mistake;

/// The most parameters that one tensor may have: 2^31, which is 8 GiB in f32.
pub const MAX_TENSOR_PARAMETERS: usize = 1 << 31;

/// The most parameters that a network may have: 2^33, which is 32 GiB in f32.
pub const MAX_PARAMETERS: usize = 1 << 33;

/// The most modules (linear layers, activations, norms, dropouts) that a network may have.
pub const MAX_MODULES: usize = 100_000;

/// The most groups within groups that a network may have.
pub const MAX_NESTING: usize = 8;

/// Refuses no units, and more units than one tensor may have parameters.
pub(super) fn check_width(noun: &str, width: usize) -> Result<(), Mistake> {
    match width {
        0 => Err(Mistake::new(format!("0 {noun}"), "at least 1")),
        1..=MAX_TENSOR_PARAMETERS => Ok(()),
        _ => Err(too_many(&width.to_string(), noun)),
    }
}

/// Refuses a matrix of `units` × `inputs` with too many weights.
pub(super) fn check_matrix(units: usize, inputs: usize) -> Result<(), Mistake> {
    let weights = units as u128 * inputs as u128;
    if weights <= MAX_TENSOR_PARAMETERS as u128 {
        return Ok(());
    }
    let found = format!("{units} units with {inputs} inputs each, which are {weights} weights");
    Err(Mistake::new(found, format!("at most {MAX_TENSOR_PARAMETERS} parameters in one tensor")))
}

/// The mistake of a number above every limit, given as text since it may exceed 64 bits.
pub(super) fn too_many(number: &str, noun: &str) -> Mistake {
    Mistake::new(
        format!("{number} {noun}"),
        format!("at most {MAX_TENSOR_PARAMETERS} parameters in one tensor"),
    )
}
