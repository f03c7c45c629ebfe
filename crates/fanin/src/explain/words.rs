//! Numbers as the topics' sentences name them.

pub use crate::check::rules::wording::{count, number, whole};

/// A share: `83 %`.
pub fn percent(share: f64) -> String {
    if share.is_nan() { "–".to_owned() } else { format!("{:.0} %", 100.0 * share) }
}

/// A size of weights as people write it: `0`, `0.01`, `100`.
pub fn size(epsilon: f64) -> String {
    format!("{epsilon}")
}

/// A measured number by two digits: `0.54`, `12`, `3.1e-9`.
pub fn measured(x: f64) -> String {
    match x.abs() {
        size if !size.is_finite() => "beyond f32".to_owned(),
        0.0 => "0".to_owned(),
        size if (1.0..9.995).contains(&size) => format!("{x:.1}"),
        size if (0.01..1e4).contains(&size) => number(x),
        _ => format!("{x:.0e}"),
    }
}

/// Steps until something, or the word for it where they never came.
pub fn steps(found: Option<u64>, otherwise: &str) -> String {
    found.map_or_else(|| otherwise.to_owned(), |steps| whole(steps as usize))
}

/// A number of hidden layers.
pub fn layers(depth: usize) -> String {
    count(depth, "hidden layer", "hidden layers")
}
