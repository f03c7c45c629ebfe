//! Will these weights learn? Measurements before the first step, findings and a forecast.

pub mod symmetry;
pub mod probe;
pub mod evidence;
pub mod forecast;
pub mod rules;
