//! Random numbers by address: a value is a function of (seed, name, index) and of nothing else.
