//! Loops compiled for the widest instructions that the machine has.
//!
//! A plain loop over numbers has equal bits at any width: each operation rounds as IEEE 754 says,
//! and the compiler neither reorders sums nor merges a product into a sum, but where `mul_add` asks
//! for it, on every machine. So a loop is written once and compiled three times; which copy runs is
//! decided when it runs.

/// A loop that [`wide`] compiles.
///
/// `run` must be `#[inline(always)]`, and what it calls must be inlined into it, or it stays as it
/// was compiled elsewhere.
pub(crate) trait Loop {
    /// Goes through the loop once.
    fn run(self);
}

/// Runs `work`, compiled for AVX-512, AVX2 or the least that the target has.
#[inline]
pub(crate) fn wide(work: impl Loop) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            // SAFETY: the machine has these instructions.
            return unsafe { by_avx512(work) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the machine has these instructions.
            return unsafe { by_avx2(work) };
        }
    }
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
fn by_avx512(work: impl Loop) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn by_avx2(work: impl Loop) {
    work.run();
}
