//! Prints the most GFLOP/s of cores: fused multiply-adds in registers, without any memory.
//!
//! A number says how many threads work at once, one if there is none: two that share a core, as
//! those of virtual machines may do unseen, reach no more together than one alone. The best of
//! many short tries, since nothing but other work makes a try slower.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// Chains of dependent multiply-adds: two units of four cycles' latency want eight; these are more.
const CHAINS: usize = 12;
const ROUNDS: usize = 400_000;
const TRIES: usize = 300;

fn main() {
    let threads = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1_usize).max(1);
    let start = &Barrier::new(threads);
    let tries: Vec<Vec<Try>> = thread::scope(|scope| {
        let work = move || (0..TRIES).map(|_| Try::new(start)).collect();
        let teams: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        teams.into_iter().map(|team| team.join().expect("a try does not panic")).collect()
    });
    let rates = (0..TRIES).map(|number| rate(&tries, number));
    println!("{:.1}", rates.fold(0.0, f64::max));
}

/// What one thread did in one try.
struct Try {
    started: Instant,
    ended: Instant,
    width: usize,
}

impl Try {
    /// Begun when all threads are ready.
    fn new(start: &Barrier) -> Self {
        start.wait();
        let started = Instant::now();
        let width = multiply_add();
        Self { started, ended: Instant::now(), width }
    }
}

/// GFLOP/s of all threads, from the first that began to the last that ended.
fn rate(tries: &[Vec<Try>], number: usize) -> f64 {
    let of = || tries.iter().map(|tries| &tries[number]);
    let started = of().map(|one| one.started).min().expect("there is a thread");
    let ended = of().map(|one| one.ended).max().expect("there is a thread");
    let seconds = (ended - started).max(Duration::from_nanos(1)).as_secs_f64();
    let width: usize = of().map(|one| one.width).sum();
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
