//! Will these weights learn? Measurements before the first step, findings and a forecast.

pub mod symmetry;
pub mod probe;
pub mod evidence;
pub mod instruments;
pub mod forecast;
pub mod rules;
pub mod diagnosis;

pub use diagnosis::Diagnosis;
pub use forecast::Verdict;
pub use rules::{Finding, Severity};
