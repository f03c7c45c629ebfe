//! What can go wrong when a graph is built, differentiated, planned or run.

/// The result of an engine call.
pub type Result<T> = std::result::Result<T, Error>;

/// A caller's mistake, naming the place, what was found and what was expected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Shapes that an operator cannot take.
    #[error("{place}: found {found}, expected {expected}")]
    Shape {
        /// The node or operator.
        place: String,
        /// The shapes as they are.
        found: String,
        /// What they should be.
        expected: String,
    },
    /// A number of elements that no machine holds.
    #[error("{place}: {found} elements are more than the limit of {limit}")]
    TooLarge {
        /// The node or tensor.
        place: String,
        /// The number of elements asked for, as text since it may exceed 64 bits.
        found: String,
        /// The limit in elements.
        limit: usize,
    },
    /// A pass whose values memory does not hold.
    #[error(
        "one pass of the network takes {} of memory beside its parameters, more than there is; fewer rows at a \
         time (a smaller batch) or fewer units take less",
        amount(*bytes)
    )]
    Memory {
        /// What all values of the pass take.
        bytes: usize,
    },
    /// An operator whose derivative is not defined.
    #[error("{place}: operator `{operator}` has no derivative with respect to input {input}")]
    NoDerivative {
        /// The node.
        place: String,
        /// The operator's name.
        operator: &'static str,
        /// The input's position, from 0.
        input: usize,
    },
}

/// Bytes for readers: `1.5 GB`.
fn amount(bytes: usize) -> String {
    let (divisor, unit) = if bytes < 1_000_000_000 { (1e6, "MB") } else { (1e9, "GB") };
    format!("{:.1} {unit}", bytes as f64 / divisor)
}
