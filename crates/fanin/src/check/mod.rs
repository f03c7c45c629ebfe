//! Will these weights learn? Measurements before the first step, findings and a forecast.

mod statistics;
mod samples;
mod shared;
pub mod features;
pub mod duplicates;
mod bends;
mod cells;
pub mod measurement;
mod neighbors;
pub mod symmetry;
pub mod probe;
pub mod severity;
pub mod estimate;
pub mod claims;
pub mod evidence;
pub mod instruments;
pub mod readings;
pub mod case;
pub mod forecast;
pub mod rules;
mod look;
pub mod diagnosis;
mod part;
pub mod gate;
pub mod stand_in;
pub mod trace;
mod layer_values;

pub use cells::{CellMeasurement, GateMeasurement};
pub use diagnosis::Diagnosis;
pub use estimate::Estimate;
pub use forecast::Verdict;
pub use layer_values::LayerValues;
pub use measurement::{LayerMeasurement, Measurement};
pub use rules::Finding;
pub use severity::Severity;
pub use trace::Trace;
