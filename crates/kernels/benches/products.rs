//! Prints how fast products of matrices are made on one thread, beside gemmkit, in GFLOP/s.
//!
//! Shapes are those of training steps (see `docs/performance.md`), of GPT-2-small on 256 tokens and
//! of orthogonal matrices; a product that adds is of the last kind. Both take turns; medians. Words choose
//! shapes by how their names begin: `cargo bench -p fanin-kernels --bench products -- "D forward"`.

use std::hint::black_box;
use std::time::Instant;

use fanin_kernels::matmul::{Matrix, matmul};
use fanin_kernels::threads::pool;

/// A name, the sizes m, k and n of an m × n result, what is read transposed, and whether it adds.
type Shape = (&'static str, [usize; 3], [bool; 2], bool);

const PLAIN: [bool; 2] = [false, false];
const FORWARD: [bool; 2] = [false, true];
const TO_WEIGHT: [bool; 2] = [true, false];

const SHAPES: &[Shape] = &[
    ("A forward", [32, 784, 64], FORWARD, false),
    ("A to weight", [64, 32, 784], TO_WEIGHT, false),
    ("B forward, first", [128, 784, 256], FORWARD, false),
    ("B forward", [128, 256, 256], FORWARD, false),
    ("B to input", [128, 256, 256], PLAIN, false),
    ("B to weight", [256, 128, 256], TO_WEIGHT, false),
    ("D forward", [512, 2048, 2048], FORWARD, false),
    ("D to input", [512, 2048, 2048], PLAIN, false),
    ("D to weight", [2048, 512, 2048], TO_WEIGHT, false),
    ("D to weight, last", [10, 512, 2048], TO_WEIGHT, false),
    ("E forward", [64, 64, 64], FORWARD, false),
    ("GPT-2 to 3072", [256, 768, 3072], PLAIN, false),
    ("GPT-2 to 768", [256, 3072, 768], PLAIN, false),
    ("GPT-2 to weight", [3072, 256, 768], TO_WEIGHT, false),
    ("orthogonal, first", [2048, 2048, 128], FORWARD, false),
    ("orthogonal, last", [2048, 128, 2048], PLAIN, true),
];

const ROUNDS: usize = 7;
/// Operations of a round, so that it takes some hundredths of a second.
const OPERATIONS: f64 = 4e9;

fn main() {
    let asked: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let pool = pool(1).expect("the system starts a thread");
    println!("{:20} {:>16} {:>8} {:>8} {:>6}", "product", "m × k × n", "fanin", "gemmkit", "ratio");
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|word| name.starts_with(word));
    for shape in SHAPES.iter().filter(|shape| is_asked(shape.0)) {
        let [own, other] = pool.install(|| rates(shape));
        let (name, [m, k, n], ..) = shape;
        let size = format!("{m}×{k}×{n}");
        println!("{name:20} {size:>16} {own:8.0} {other:8.0} {:6.2}", own / other);
    }
}

/// GFLOP/s of both.
fn rates(&(_, [m, k, n], [left, right], adds): &Shape) -> [f64; 2] {
    let numbers = |count: usize| -> Vec<f32> {
        (0..count).map(|i| (i * 7919 % 1009) as f32 / 504.0 - 1.0).collect()
    };
    let (a, b) = (numbers(m * k), numbers(k * n));
    let matrix = |x, rows, columns, transposed: bool| {
        let (rows, columns) = if transposed { (columns, rows) } else { (rows, columns) };
        Matrix::new(x, rows, columns).transposed(transposed)
    };
    let mut own = vec![0.0; m * n];
    let mut other = vec![0.0; m * n];
    let operations = 2.0 * (m * k * n) as f64;
    let repeats = (OPERATIONS / operations).ceil() as usize;
    let mut seconds = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        seconds[0].push(timed(repeats, || {
            matmul(matrix(&a, m, k, left), matrix(&b, k, n, right), &mut own, adds);
        }));
        seconds[1].push(timed(repeats, || {
            by_gemmkit(view(&a, m, k, left), view(&b, k, n, right), adds, &mut other);
        }));
        black_box((&own, &other));
    }
    seconds.map(|mut taken| {
        taken.sort_by(f64::total_cmp);
        operations * repeats as f64 / taken[ROUNDS / 2] / 1e9
    })
}

/// Seconds of all repeats.
fn timed(repeats: usize, mut work: impl FnMut()) -> f64 {
    let started = Instant::now();
    (0..repeats).for_each(|_| work());
    started.elapsed().as_secs_f64()
}

fn view(x: &[f32], rows: usize, columns: usize, transposed: bool) -> gemmkit::MatRef<'_, f32> {
    let (down, along) = if transposed { (1, rows as isize) } else { (columns as isize, 1) };
    gemmkit::MatRef::new(x, rows, columns, down, along)
}

fn by_gemmkit(
    a: gemmkit::MatRef<'_, f32>,
    b: gemmkit::MatRef<'_, f32>,
    adds: bool,
    out: &mut [f32],
) {
    let (m, n) = (a.rows(), b.cols());
    let out = gemmkit::MatMut::new(out, m, n, n as isize, 1);
    gemmkit::gemm(1.0, a, b, if adds { 1.0 } else { 0.0 }, out, gemmkit::Parallelism::Serial);
}
