//! Passes over buffers, element by element, split over threads when that pays.

use crate::scalar::Float;
use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk, for_each_chunk_together};

/// `out[i] = f(x[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn map<T: Copy + Sync, U: Send>(x: &[T], out: &mut [U], f: impl Fn(T) -> U + Sync) {
    assert_eq!(x.len(), out.len(), "map needs equal lengths");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let x = &x[start..start + piece.len()];
        for (o, &x) in piece.iter_mut().zip(x) {
            *o = f(x);
        }
    });
}

/// `out[i] = f(out[i])`.
pub fn map_in_place<T: Copy + Send>(out: &mut [T], f: impl Fn(T) -> T + Sync) {
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|_, piece| {
        for o in piece {
            *o = f(*o);
        }
    });
}

/// `out[i] = f(x[i], y[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn zip<A: Copy + Sync, B: Copy + Sync, O: Send>(
    x: &[A],
    y: &[B],
    out: &mut [O],
    f: impl Fn(A, B) -> O + Sync,
) {
    assert!(x.len() == out.len() && y.len() == out.len(), "zip needs equal lengths");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let end = start + piece.len();
        for ((o, &x), &y) in piece.iter_mut().zip(&x[start..end]).zip(&y[start..end]) {
            *o = f(x, y);
        }
    });
}

/// `out[i] = f(out[i], y[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn zip_in_place<A: Copy + Send, B: Copy + Sync>(
    out: &mut [A],
    y: &[B],
    f: impl Fn(A, B) -> A + Sync,
) {
    assert_eq!(y.len(), out.len(), "zip needs equal lengths");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let y = &y[start..start + piece.len()];
        for (o, &y) in piece.iter_mut().zip(y) {
            *o = f(*o, y);
        }
    });
}

/// `out[i] = f(out[i], x[i])` for `N` buffers that change together, as a parameter and the
/// optimizer's memory of it do from one gradient.
///
/// ```
/// let (mut parameter, mut velocity) = ([1.0, 2.0], [0.0, 10.0]);
/// fanin_kernels::elementwise::update([&mut parameter, &mut velocity], &[5.0, 6.0], |[w, v], g| {
///     let v = 0.5 * v + g;
///     [w - v, v]
/// });
/// assert_eq!((parameter, velocity), ([-4.0, -9.0], [5.0, 11.0]));
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn update<T: Float, const N: usize>(
    out: [&mut [T]; N],
    x: &[T],
    f: impl Fn([T; N], T) -> [T; N] + Sync,
) {
    assert!(out.iter().all(|o| o.len() == x.len()), "update needs equal lengths");
    for_each_chunk_together(out, x, ELEMENTWISE_CHUNK, &|out, x| {
        let out = out.map(|o| &mut o[..x.len()]);
        for (i, &x) in x.iter().enumerate() {
            let new = f(std::array::from_fn(|k| out[k][i]), x);
            for k in 0..N {
                out[k][i] = new[k];
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_updated_together_equal_the_plain_loop_on_any_number_of_threads() {
        for length in [0, 1, 7, ELEMENTWISE_CHUNK, 3 * ELEMENTWISE_CHUNK + 5] {
            let x: Vec<f64> = (0..length).map(|i| (i % 101) as f64 - 50.0).collect();
            let run = |threads: usize| {
                let (mut a, mut b) = (x.clone(), vec![0.25; length]);
                crate::threads::pool(threads).unwrap().install(|| {
                    update([&mut a, &mut b], &x, |[a, b], x| [a * b + x, b - x]);
                });
                (a, b)
            };
            let plain =
                (x.iter().map(|x| x * 0.25 + x).collect(), x.iter().map(|x| 0.25 - x).collect());
            assert_eq!(run(1), plain, "length {length}");
            assert_eq!(run(3), plain, "length {length}");
        }
    }
}
