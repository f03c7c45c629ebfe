//! Will these weights learn? Measurements before the first step, findings and a forecast.

pub mod symmetry;
