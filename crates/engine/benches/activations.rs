//! Times activations for `bench/activations.py`: reads lines `NAME WHAT`, answers with the seconds
//! that one pass over a buffer took, the mean of many.
//!
//! WHAT is `value`, or `slope` for the slope times a gradient, as a backward pass makes it. The
//! buffers are those of a layer of 256 units at 128 rows, of standard normal numbers; all of it
//! runs on one thread, so the first argument is not looked at.

use std::hint::black_box;
use std::io::{BufRead, stdin};
use std::time::Instant;

use fanin_engine::activations::find;
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::threads::pool;

const ELEMENTS: usize = 128 * 256;
/// Passes timed together.
const PASSES: u32 = 40;

fn main() {
    let pool = pool(1).expect("the system starts a thread");
    let [x, gradient] = ["inputs", "gradient"].map(|label| {
        let mut numbers = vec![0.0_f32; ELEMENTS];
        fill_normal(Stream::new(7, label), 0, 0.0, 1.0, &mut numbers);
        numbers
    });
    let mut out = vec![0.0_f32; ELEMENTS];
    for line in stdin().lock().lines() {
        let line = line.expect("standard input is text");
        let (name, what) = line.split_once(' ').expect("a line names an activation and what to do");
        let activation = find(name).expect("the activation is registered");
        let mut pass = || match (what, activation.of_value()) {
            ("value", _) => activation.apply_f32(0, &x, &mut out),
            ("slope", Some(of_value)) => of_value.scale_f32(&x, &gradient, &mut out),
            ("slope", None) => activation.scale_f32(1, &x, &gradient, &mut out),
            _ => panic!("`{what}` is neither value nor slope"),
        };
        let seconds = pool.install(|| {
            pass();
            let start = Instant::now();
            (0..PASSES).for_each(|_| pass());
            start.elapsed().as_secs_f64() / f64::from(PASSES)
        });
        println!("{seconds}");
        black_box(&out);
    }
}
