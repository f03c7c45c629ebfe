//! Laws over the registry of symptoms.
