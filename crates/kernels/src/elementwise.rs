//! Passes over buffers, element by element, split over threads when that pays.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use crate::scalar::Float;
use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk, for_each_chunk_together};
use crate::wide::{Loop, wide};

/// `out[i] = f(x[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn map<T: Copy + Sync, U: Send>(x: &[T], out: &mut [U], f: impl Fn(T) -> U + Sync) {
    assert_eq!(x.len(), out.len(), "map needs equal lengths");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let x = &x[start..start + piece.len()];
        wide(Map { out: piece, x, f: &f });
    });
}

/// A function of `N` numbers whose code becomes part of the loops that call it.
///
/// `at` must be `#[inline(always)]`, and what it calls must be inlined into it; a closure is only
/// inlined where it is short.
pub trait Function<T, const N: usize>: Sync {
    /// The value.
    fn at(&self, x: [T; N]) -> T;
}

/// `out[i] = f(x[i], y[i], …)`.
///
/// ```
/// use fanin_kernels::elementwise::{Function, apply};
/// struct Product;
/// impl Function<f32, 2> for Product {
///     #[inline(always)]
///     fn at(&self, [x, y]: [f32; 2]) -> f32 {
///         x * y
///     }
/// }
/// let mut out = [0.0; 2];
/// apply([&[1.0, 2.0], &[3.0, 4.0]], &mut out, &Product);
/// assert_eq!(out, [3.0, 8.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn apply<T: Float, const N: usize>(x: [&[T]; N], out: &mut [T], f: &impl Function<T, N>) {
    assert!(x.iter().all(|x| x.len() == out.len()), "apply needs equal lengths");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let x = x.map(|x| &x[start..start + piece.len()]);
        wide(Apply { out: piece, x, f });
    });
}

/// `out[i] = f(out[i])`, with the code of `f` in the loop.
pub fn change<T: Float>(out: &mut [T], f: &impl Function<T, 1>) {
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|_, piece| wide(Change { out: piece, f }));
}

/// `out[i] = f(x[i], out[i])`, with the code of `f` in the loop.
///
/// # Panics
/// If the lengths differ.
pub fn change_by<T: Float>(x: &[T], out: &mut [T], f: &impl Function<T, 2>) {
    assert_eq!(x.len(), out.len(), "a change needs equal lengths");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let x = &x[start..start + piece.len()];
        wide(ChangeBy { out: piece, x, f });
    });
}

/// `out[i] = f(out[i])`.
pub fn map_in_place<T: Copy + Send>(out: &mut [T], f: impl Fn(T) -> T + Sync) {
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|_, piece| {
        wide(MapInPlace { out: piece, f: &f });
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
        let (x, y) = (&x[start..end], &y[start..end]);
        wide(Zip { out: piece, x, y, f: &f });
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
        wide(ZipInPlace { out: piece, y, f: &f });
    });
}

/// `out[i] = f(out[i], row[i % row.len()])`, as a bias is added to every row.
///
/// ```
/// let mut rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// fanin_kernels::elementwise::zip_row_in_place(&mut rows, &[10.0, 20.0], |x, y| x + y);
/// assert_eq!(rows, [11.0, 22.0, 13.0, 24.0, 15.0, 26.0]);
/// ```
///
/// # Panics
/// If the row has no element but `out` has.
pub fn zip_row_in_place<A: Copy + Send, B: Copy + Sync>(
    out: &mut [A],
    row: &[B],
    f: impl Fn(A, B) -> A + Sync,
) {
    assert!(out.is_empty() || !row.is_empty(), "a row to repeat has elements");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        wide(ZipRow { out: piece, row, column: start % row.len(), f: &f });
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
        wide(Update { out, x, f: &f });
    });
}

struct Map<'a, T, O, F> {
    out: &'a mut [O],
    x: &'a [T],
    f: &'a F,
}

impl<T: Copy, O, F: Fn(T) -> O> Loop for Map<'_, T, O, F> {
    #[inline(always)]
    fn run(self) {
        for (o, &x) in self.out.iter_mut().zip(self.x) {
            *o = (self.f)(x);
        }
    }
}

struct Apply<'a, T, F, const N: usize> {
    out: &'a mut [T],
    x: [&'a [T]; N],
    f: &'a F,
}

impl<T: Float, F: Function<T, N>, const N: usize> Loop for Apply<'_, T, F, N> {
    #[inline(always)]
    fn run(self) {
        let x = self.x.map(|x| &x[..self.out.len()]);
        for (i, out) in self.out.iter_mut().enumerate() {
            *out = self.f.at(std::array::from_fn(|k| x[k][i]));
        }
    }
}

struct Change<'a, T, F> {
    out: &'a mut [T],
    f: &'a F,
}

impl<T: Float, F: Function<T, 1>> Loop for Change<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        for out in self.out {
            *out = self.f.at([*out]);
        }
    }
}

struct ChangeBy<'a, T, F> {
    out: &'a mut [T],
    x: &'a [T],
    f: &'a F,
}

impl<T: Float, F: Function<T, 2>> Loop for ChangeBy<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        for (out, &x) in self.out.iter_mut().zip(self.x) {
            *out = self.f.at([x, *out]);
        }
    }
}

struct MapInPlace<'a, T, F> {
    out: &'a mut [T],
    f: &'a F,
}

impl<T: Copy, F: Fn(T) -> T> Loop for MapInPlace<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        for o in self.out {
            *o = (self.f)(*o);
        }
    }
}

struct Zip<'a, A, B, O, F> {
    out: &'a mut [O],
    x: &'a [A],
    y: &'a [B],
    f: &'a F,
}

impl<A: Copy, B: Copy, O, F: Fn(A, B) -> O> Loop for Zip<'_, A, B, O, F> {
    #[inline(always)]
    fn run(self) {
        for ((o, &x), &y) in self.out.iter_mut().zip(self.x).zip(self.y) {
            *o = (self.f)(x, y);
        }
    }
}

struct ZipInPlace<'a, O, T, F> {
    out: &'a mut [O],
    y: &'a [T],
    f: &'a F,
}

impl<O: Copy, T: Copy, F: Fn(O, T) -> O> Loop for ZipInPlace<'_, O, T, F> {
    #[inline(always)]
    fn run(self) {
        for (o, &y) in self.out.iter_mut().zip(self.y) {
            *o = (self.f)(*o, y);
        }
    }
}

struct ZipRow<'a, O, T, F> {
    out: &'a mut [O],
    row: &'a [T],
    /// Where in the row the output begins.
    column: usize,
    f: &'a F,
}

impl<O: Copy, T: Copy, F: Fn(O, T) -> O> Loop for ZipRow<'_, O, T, F> {
    #[inline(always)]
    fn run(self) {
        let Self { out, row, column, f } = self;
        let begun = out.len().min((row.len() - column) % row.len());
        let (first, rest) = out.split_at_mut(begun);
        first.iter_mut().zip(&row[column..]).for_each(|(o, &y)| *o = f(*o, y));
        for out in rest.chunks_mut(row.len()) {
            out.iter_mut().zip(row).for_each(|(o, &y)| *o = f(*o, y));
        }
    }
}

/// Elements that are loaded, changed and stored together: a cache line of f32.
const BLOCK: usize = 16;

struct Update<'a, T, F, const N: usize> {
    out: [&'a mut [T]; N],
    x: &'a [T],
    f: &'a F,
}

impl<T: Float, F: Fn([T; N], T) -> [T; N], const N: usize> Loop for Update<'_, T, F, N> {
    #[inline(always)]
    fn run(self) {
        let Self { out, x, f } = self;
        let (x_blocks, x_rest) = x.as_chunks::<BLOCK>();
        let whole = x.len() - x_rest.len();
        let mut rest: [&mut [T]; N] = std::array::from_fn(|_| [].as_mut_slice());
        let mut ends = rest.iter_mut();
        let mut blocks = out.map(|o| {
            let (start, end) = o.split_at_mut(whole);
            *ends.next().expect("both arrays have N items") = end;
            start.as_chunks_mut::<BLOCK>().0.iter_mut()
        });
        for x in x_blocks {
            let places = blocks.each_mut().map(|b| b.next().expect("all have x's length"));
            let mut block: [[T; BLOCK]; N] = std::array::from_fn(|k| *places[k]);
            for (i, &x) in x.iter().enumerate() {
                let new = f(std::array::from_fn(|k| block[k][i]), x);
                for k in 0..N {
                    block[k][i] = new[k];
                }
            }
            for (place, block) in places.into_iter().zip(block) {
                *place = block;
            }
        }
        for (i, &x) in x_rest.iter().enumerate() {
            let new = f(std::array::from_fn(|k| rest[k][i]), x);
            for (rest, new) in rest.iter_mut().zip(new) {
                rest[i] = new;
            }
        }
    }
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
