//! Layers have the statistics that were promised, and sick starts end healthy.
