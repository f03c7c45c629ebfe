//! Starting values with the bits of other libraries.
//!
//! Given a seed and the same calls in the same order, the functions below give the numbers that
//! the library of their module gives, to the last bit where the table says so. They draw in
//! sequence, as those libraries do: here a value depends on all that was drawn before it, unlike
//! everywhere else in fanin.
//!
//! | library, on a CPU | exact | depends on |
//! |---|---|---|
//! | [`numpy`]: `random`, `uniform` | yes | nothing |
//! | [`numpy`]: `standard_normal`, `normal`, and those of `RandomState` | yes, on glibc | `exp`, `log`, `log1p` of the platform |

mod mersenne_twister;

pub mod numpy;
