//! By the meaning of the axes.

use super::Convention;

/// Groups, kernels, parts and batches counted right.
pub static EXACT: Convention = Convention {
    name: "exact",
    formula: "inputs that reach a unit, units that an input reaches, in one group, part and matrix",
    differs: "the measure of the others; an embedding has fan-in 1, for one row is read at a time",
    fans: |layer| Ok(layer.exact),
};
