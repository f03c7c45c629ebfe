//! Times fills for `bench/initialize.py`: reads `WHAT SIZE` lines, answers each with seconds.
//!
//! The size is that of the buffer, or the side of an orthogonal matrix.
//!
//! The number of threads is the first argument. The buffer is kept between commands, so that no
//! time goes into fetching memory from the system.

use std::hint::black_box;
use std::io::{BufRead, stdin};
use std::time::Instant;

use fanin_kernels::memory::zeros;
use fanin_kernels::orthogonal::fill_orthonormal_rows;
use fanin_kernels::random::{Stream, fill_normal, fill_truncated_normal, fill_uniform};
use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk, pool};

fn main() {
    let threads = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let pool = pool(threads).expect("the system starts a few threads");
    let mut buffer = Vec::new();
    for line in stdin().lock().lines() {
        let line = line.expect("standard input is text");
        let (what, size) = line.split_once(' ').expect("a line is `WHAT SIZE`");
        let size: usize = size.parse().expect("the size is a number");
        let count = if what == "orthogonal" { size * size } else { size };
        if buffer.len() < count {
            buffer = zeros(count);
        }
        let out = &mut buffer[..count];
        let start = Instant::now();
        pool.install(|| run(what, size, out));
        println!("{}", start.elapsed().as_secs_f64());
        black_box(&buffer);
    }
}

fn run(what: &str, size: usize, out: &mut [f32]) {
    let stream = Stream::new(42, "0.weight");
    match what {
        "memory" => for_each_chunk(out, ELEMENTWISE_CHUNK, &|_, piece| piece.fill(1.0)),
        "uniform" => fill_uniform(stream, 0, -1.0, 1.0, out),
        "normal" => fill_normal(stream, 0, 0.0, 1.0, out),
        "truncated" => fill_truncated_normal(stream, 0, (0.0, 1.0), (-2.0, 2.0), out),
        "orthogonal" => fill_orthonormal_rows(stream, size, 1.0, out),
        other => panic!("`{other}` is none of memory, uniform, normal, truncated, orthogonal"),
    }
}
