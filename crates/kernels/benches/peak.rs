//! Prints the most GFLOP/s of one core: fused multiply-adds in registers, without any memory.
//!
//! The best of many short tries, since nothing but other work makes a try slower.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Chains of dependent multiply-adds: two units of four cycles' latency want eight; these are more.
const CHAINS: usize = 12;
const ROUNDS: usize = 400_000;
const TRIES: usize = 300;

fn main() {
    let best = (0..TRIES).map(|_| rate()).fold(0.0, f64::max);
    println!("{best:.1}");
}

fn rate() -> f64 {
    let started = Instant::now();
    let width = multiply_add();
    let seconds = started.elapsed().max(Duration::from_nanos(1)).as_secs_f64();
    (2 * width * CHAINS * ROUNDS) as f64 / seconds / 1e9
}

/// Works in the widest registers that the machine has; gives their numbers of f32.
fn multiply_add() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the machine has these instructions.
            unsafe { by_avx512() };
            return 16;
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the machine has these instructions.
            unsafe { by_avx2() };
            return 8;
        }
    }
    plain();
    4
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn by_avx512() {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
    let factor = _mm512_set1_ps(black_box(0.999_9));
    let mut sums = [_mm512_set1_ps(black_box(1.0)); CHAINS];
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, factor, factor);
        }
    }
    black_box(sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn by_avx2() {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps};
    let factor = _mm256_set1_ps(black_box(0.999_9));
    let mut sums = [_mm256_set1_ps(black_box(1.0)); CHAINS];
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(*sum, factor, factor);
        }
    }
    black_box(sums);
}

fn plain() {
    let factor = black_box(0.999_9_f32);
    let mut sums = [[black_box(1.0_f32); 4]; CHAINS];
    for _ in 0..ROUNDS {
        for sum in sums.as_flattened_mut() {
            *sum = *sum * factor + factor;
        }
    }
    black_box(sums);
}
