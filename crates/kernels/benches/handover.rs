//! Prints how long numbers take from one core to another: what two threads pay where both work on one
//! layer, each with half of its units.
//!
//! Two threads take turns as layers do. Each writes its half of a buffer, reads the half of the other, and
//! reads its own once more, which a core may have lost to the one that read it. A lone thread, which writes
//! and reads as much, tells what of it is the caches' own pace. Microseconds for a half are means over many
//! buffers, like the activations of a deep network. Threads are not pinned to cores.

use std::array;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Halves of this many numbers: 64 kB, as of 128 rows of 128 units.
const HALF: usize = 1 << 14;
/// Buffers that are worked on in turn: 2.5 MB, more than a second-level cache has.
const BUFFERS: usize = 20;
const ROUNDS: u32 = 200;
/// Numbers of a line of a cache: one of them is written and read.
const LINE: usize = 16;

type Half = Vec<AtomicU32>;

fn main() {
    let kilobytes = (HALF * size_of::<f32>()) as f64 / 1024.0;
    for threads in [1, 2] {
        let buffers: Vec<[Half; 2]> = (0..BUFFERS).map(|_| array::from_fn(|_| half())).collect();
        let gate = Gate { arrived: AtomicUsize::new(0), threads };
        let took: Vec<[Duration; 3]> = thread::scope(|scope| {
            let (buffers, gate) = (&buffers, &gate);
            let work = |own| scope.spawn(move || turns(buffers, gate, own));
            let team: Vec<_> = (0..threads).map(work).collect();
            team.into_iter().map(|one| one.join().expect("turns do not panic")).collect()
        });
        let mean = |what: usize| {
            let seconds: f64 = took.iter().map(|own| own[what].as_secs_f64()).sum();
            let count = f64::from(ROUNDS) * (BUFFERS * threads) as f64;
            format!("{:.1} µs", seconds / count * 1e6)
        };
        let [write, other, own] = array::from_fn(mean);
        let who = if threads == 1 { "one thread" } else { "two threads" };
        println!(
            "{who}, {kilobytes} kB: write {write}, read the other half {other}, read again {own}"
        );
    }
}

fn half() -> Half {
    (0..HALF).map(|_| AtomicU32::new(0)).collect()
}

/// Where threads wait for each other.
struct Gate {
    arrived: AtomicUsize,
    threads: usize,
}

impl Gate {
    fn wait(&self) {
        let place = self.arrived.fetch_add(1, Ordering::AcqRel);
        let all = (place / self.threads + 1) * self.threads;
        while self.arrived.load(Ordering::Acquire) < all {
            std::hint::spin_loop();
        }
    }
}

/// How long all writes, reads of the other half and reads of the own one took.
fn turns(buffers: &[[Half; 2]], gate: &Gate, own: usize) -> [Duration; 3] {
    let mut took = [Duration::ZERO; 3];
    let mut timed = |what: usize, work: &dyn Fn()| {
        gate.wait();
        let started = Instant::now();
        work();
        took[what] += started.elapsed();
    };
    for round in 0..ROUNDS {
        for halves in buffers {
            timed(0, &|| write(&halves[own], round));
            timed(1, &|| read(&halves[1 - own]));
            timed(2, &|| read(&halves[own]));
        }
    }
    took
}

fn write(half: &Half, number: u32) {
    half.iter().step_by(LINE).for_each(|x| x.store(number, Ordering::Relaxed));
}

fn read(half: &Half) {
    let lines = half.iter().step_by(LINE).map(|x| x.load(Ordering::Relaxed));
    black_box(lines.fold(0, u32::wrapping_add));
}
