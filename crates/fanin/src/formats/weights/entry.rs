//! What a file of weights says of one tensor before its elements.

use std::collections::HashSet;

use fanin_engine::Shape;

use super::Dtype;
use crate::error::{Error, Result};

/// A tensor as a file of weights describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, unique in the file.
    pub name: String,
    /// Its shape, row-major; no axis for a single number.
    pub shape: Shape,
    /// The type of its elements in the file.
    pub dtype: Dtype,
}

impl Entry {
    /// The bytes that its elements take.
    pub fn bytes(&self) -> u64 {
        self.shape.elements() as u64 * self.dtype.size() as u64
    }
}

/// Refuses names that occur twice, and shapes of more elements than any machine holds.
pub(super) fn check(entries: &[Entry]) -> Result<()> {
    /// Where a header of safetensors keeps its texts.
    const TAKEN: &str = "__metadata__";
    let mut seen = HashSet::from([TAKEN]);
    for Entry { name, shape, .. } in entries {
        let place = format!("tensor `{name}`");
        shape.checked_elements(&place)?;
        if !seen.insert(name) {
            let found = "a name that is taken".to_owned();
            return Err(Error::Setting { place, found, expected: "one of its own".to_owned() });
        }
    }
    Ok(())
}
