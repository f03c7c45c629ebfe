//! Pools over up to three spatial axes, plane by plane.
//!
//! A tensor is a row of planes, one for each channel of each image; planes do not see each
//! other, so they are shared among threads.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use crate::conv::lines::{add_line, add_to_line};
use crate::scalar::Float;
use crate::threads::{for_each_chunk, for_each_chunk_of_two};
use crate::wide::{Loop, wide};
use crate::window::{AXES, Window};

/// Elements read by one thread at a time.
const CHUNK: usize = 1 << 15;

fn planes_per_chunk(work_per_plane: usize) -> usize {
    (CHUNK / work_per_plane.max(1)).max(1)
}

/// The index of a window that sees padding alone.
pub const NOWHERE: i32 = -1;

/// The largest element in each window and its index in the plane; the first of equal ones, and
/// NaN before all numbers. A window in padding alone gives −∞ and [`NOWHERE`].
///
/// # Panics
/// If the lengths are not whole planes.
pub fn maximum<T: Float>(window: &Window, x: &[T], out: &mut [T], indices: &mut [i32]) {
    let (plane, positions) = (window.input_plane(), window.output_plane());
    let planes = planes_per_chunk(positions * window.taps());
    for_each_chunk_of_two(out, indices, planes * positions, &|start, out, indices| {
        let pieces = out.chunks_exact_mut(positions).zip(indices.chunks_exact_mut(positions));
        for ((out, indices), x) in pieces.zip(x[start / positions * plane..].chunks_exact(plane)) {
            maximum_of_plane(window, x, out, indices);
        }
    });
}

fn maximum_of_plane<T: Float>(window: &Window, x: &[T], out: &mut [T], indices: &mut [i32]) {
    let whole = window.whole();
    let stride = window.stride[2];
    out.fill(T::from_f64(f64::NEG_INFINITY));
    indices.fill(NOWHERE);
    for tap in 0..window.taps() {
        window.for_each_line(tap, &whole, |line| {
            let piece = line.at + line.before..line.at + line.before + line.count;
            let (best, indices) = (&mut out[piece.clone()], &mut indices[piece]);
            if line.count > 0 {
                wide(Largest { best, indices, x: &x[line.input..], first: line.input, stride });
            }
        });
    }
}

/// What one tap sees of a line, held against the largest elements so far. Which is larger cannot be
/// foreseen, so the loop chooses without a branch.
struct Largest<'a, T> {
    best: &'a mut [T],
    indices: &'a mut [i32],
    /// From the first element that the tap sees on, whose index is `first`.
    x: &'a [T],
    first: usize,
    stride: usize,
}

impl<T: Float> Loop for Largest<'_, T> {
    #[inline(always)]
    fn run(self) {
        match self.stride {
            1 => self.hold::<1>(),
            2 => self.hold::<2>(),
            3 => self.hold::<3>(),
            _ => {
                let x = self.x.iter().step_by(self.stride);
                let at = (self.first..).step_by(self.stride);
                for ((best, index), (&x, at)) in
                    self.best.iter_mut().zip(self.indices).zip(x.zip(at))
                {
                    hold(x, at as i32, best, index);
                }
            }
        }
    }
}

impl<T: Float> Largest<'_, T> {
    /// With a stride that the compiler knows, so that it can take several elements at a time.
    #[inline(always)]
    fn hold<const STRIDE: usize>(self) {
        let Self { best, indices, x, first, .. } = self;
        let (steps, rest) = x.as_chunks::<STRIDE>();
        let count = best.len().min(steps.len());
        let (best, last) = best.split_at_mut(count);
        let (indices, last_index) = indices.split_at_mut(count);
        for (number, ((best, index), x)) in best.iter_mut().zip(indices).zip(steps).enumerate() {
            hold(x[0], (first + number * STRIDE) as i32, best, index);
        }
        if let ([best, ..], [index, ..], [x, ..]) = (last, last_index, rest) {
            hold(*x, (first + count * STRIDE) as i32, best, index);
        }
    }
}

/// Holds an element against the largest so far.
#[inline(always)]
#[expect(clippy::needless_bitwise_bool, reason = "a branch would not be foreseen")]
fn hold<T: Float>(x: T, at: i32, best: &mut T, index: &mut i32) {
    let takes = (x > *best) | (is_nan(x) & !is_nan(*best)) | (*index == NOWHERE);
    *best = if takes { x } else { *best };
    *index = if takes { at } else { *index };
}

#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN alone differs from itself")]
fn is_nan<T: Float>(x: T) -> bool {
    x != x
}

/// `out[p] = x[indices[p]]` in every plane of `plane` elements, with `positions` indices each;
/// 0 for an index outside the plane.
///
/// # Panics
/// If the lengths are not whole planes.
pub fn take<T: Float>((plane, positions): (usize, usize), x: &[T], indices: &[i32], out: &mut [T]) {
    let planes = planes_per_chunk(positions);
    for_each_chunk(out, planes * positions, &|start, piece| {
        let indices = indices[start..start + piece.len()].chunks_exact(positions);
        let x = x[start / positions * plane..].chunks_exact(plane);
        for ((out, indices), x) in piece.chunks_exact_mut(positions).zip(indices).zip(x) {
            for (out, &index) in out.iter_mut().zip(indices) {
                let found = usize::try_from(index).ok().and_then(|index| x.get(index));
                *out = found.copied().unwrap_or(T::ZERO);
            }
        }
    });
}

/// `out[indices[p]] += x[p]` in every plane, beginning from 0: the transpose of [`take`].
///
/// # Panics
/// If the lengths are not whole planes.
pub fn put<T: Float>((plane, positions): (usize, usize), x: &[T], indices: &[i32], out: &mut [T]) {
    let planes = planes_per_chunk(positions.max(plane));
    for_each_chunk(out, planes * plane, &|start, piece| {
        let first = start / plane * positions;
        let x = x[first..].chunks_exact(positions).zip(indices[first..].chunks_exact(positions));
        for (out, (x, indices)) in piece.chunks_exact_mut(plane).zip(x) {
            out.fill(T::ZERO);
            for (&x, &index) in x.iter().zip(indices) {
                if let Some(out) = usize::try_from(index).ok().and_then(|index| out.get_mut(index))
                {
                    *out += x;
                }
            }
        }
    });
}

/// What the sum over a window is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divisor {
    /// 1: the sum stays as it is.
    One,
    /// The taps inside the input.
    Inside,
    /// The taps inside the input and its padding.
    Padded,
}

/// A pool that averages or sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Average {
    /// The window.
    pub window: Window,
    /// Positions of padding after the input.
    pub pad_after: [usize; AXES],
    /// What sums are divided by.
    pub divisor: Divisor,
}

impl Average {
    /// Taps of `axis` that lie inside the input at output position `at`, and the divisor there.
    pub fn counts(&self, axis: usize, at: usize) -> (usize, usize) {
        let window = &self.window;
        let (kernel, dilation, pad) =
            (window.kernel[axis], window.dilation[axis], window.pad[axis]);
        let start = at * window.stride[axis];
        let below = |end: usize| end.saturating_sub(start).div_ceil(dilation).min(kernel);
        let input = window.input[axis];
        let inside = below(pad + input) - below(pad);
        let divisor = match self.divisor {
            Divisor::One => 1,
            Divisor::Inside => inside,
            Divisor::Padded => below(pad + input + self.pad_after[axis]),
        };
        (inside, divisor)
    }

    /// Writes 1 over the divisor of every position; 0 where it is 0.
    fn factors<T: Float>(&self, factors: &mut [T]) {
        let [_, height, width] = self.window.output;
        for (at, factor) in factors.iter_mut().enumerate() {
            let position = [at / (height * width), at / width % height, at % width];
            let divisor: usize =
                (0..AXES).map(|axis| self.counts(axis, position[axis]).1).product();
            *factor = if divisor == 0 { T::ZERO } else { T::from_f64(1.0 / divisor as f64) };
        }
    }
}

/// The average or sum over each window.
///
/// # Panics
/// If the lengths are not whole planes.
pub fn average<T: Float>(pool: &Average, x: &[T], out: &mut [T]) {
    let window = &pool.window;
    let (plane, positions) = (window.input_plane(), window.output_plane());
    let (whole, stride) = (window.whole(), window.stride[2]);
    let planes = planes_per_chunk(positions * window.taps());
    for_each_chunk(out, planes * positions, &|start, piece| {
        T::with_scratch(positions, |factors| {
            pool.factors(factors);
            let x = x[start / positions * plane..].chunks_exact(plane);
            for (out, x) in piece.chunks_exact_mut(positions).zip(x) {
                if window.is_whole_plane() {
                    out[0] = x.iter().fold(T::ZERO, |sum, &x| sum + x) * factors[0];
                    continue;
                }
                out.fill(T::ZERO);
                for tap in 0..window.taps() {
                    window.for_each_line(tap, &whole, |line| {
                        let out = &mut out[line.at + line.before..][..line.count];
                        add_to_line(&x[line.input..], stride, out);
                    });
                }
                out.iter_mut().zip(&*factors).for_each(|(out, &factor)| *out *= factor);
            }
        });
    });
}

/// The transpose of [`average`]: every output gradient spread over its window.
///
/// # Panics
/// If the lengths are not whole planes.
pub fn average_gradient<T: Float>(pool: &Average, d_out: &[T], d_x: &mut [T]) {
    let window = &pool.window;
    let (plane, positions) = (window.input_plane(), window.output_plane());
    let (whole, stride) = (window.whole(), window.stride[2]);
    let planes = planes_per_chunk(positions * window.taps());
    for_each_chunk(d_x, planes * plane, &|start, piece| {
        T::with_scratch(2 * positions, |scratch| {
            let (factors, scaled) = scratch.split_at_mut(positions);
            pool.factors(factors);
            let d_out = d_out[start / plane * positions..].chunks_exact(positions);
            for (d_x, d_out) in piece.chunks_exact_mut(plane).zip(d_out) {
                for (scaled, (&d_out, &factor)) in
                    scaled.iter_mut().zip(d_out.iter().zip(&*factors))
                {
                    *scaled = d_out * factor;
                }
                if window.is_whole_plane() {
                    d_x.fill(scaled[0]);
                    continue;
                }
                d_x.fill(T::ZERO);
                for tap in 0..window.taps() {
                    window.for_each_line(tap, &whole, |line| {
                        let scaled = &scaled[line.at + line.before..][..line.count];
                        add_line(scaled, stride, &mut d_x[line.input..]);
                    });
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(input: usize, kernel: usize, stride: usize, pad: usize, output: usize) -> Window {
        Window {
            input: [1, 1, input],
            output: [1, 1, output],
            kernel: [1, 1, kernel],
            stride: [1, 1, stride],
            dilation: [1; AXES],
            pad: [0, 0, pad],
        }
    }

    #[test]
    fn maximum_takes_the_first_of_equals_and_nan_before_all() {
        let x = [1.0, 3.0, 3.0, f64::NAN, 2.0];
        let (mut out, mut indices) = ([0.0; 3], [0; 3]);
        maximum(&window(5, 3, 2, 1, 3), &x, &mut out, &mut indices);
        assert_eq!(indices, [1, 3, 3]);
        assert!(out[0] == 3.0 && out[1].is_nan() && out[2].is_nan());
        let (mut out, mut indices) = ([0.0; 2], [0; 2]);
        maximum(&window(1, 1, 3, 0, 2), &[f64::NEG_INFINITY], &mut out, &mut indices);
        assert_eq!((out, indices), ([f64::NEG_INFINITY; 2], [0, NOWHERE]));
    }

    #[test]
    fn maxima_equal_a_plain_search_at_every_stride() {
        for (stride, kernel, pad) in [(1, 2, 0), (2, 3, 1), (3, 2, 1), (4, 4, 2)] {
            let input = 83;
            let output = (input + 2 * pad - kernel) / stride + 1;
            let numbers = (0..input).map(|i| match i * 37 % 23 {
                3 => f32::NAN,
                5 | 6 => f32::NEG_INFINITY,
                n => n as f32 / 4.0,
            });
            let x: Vec<f32> = numbers.collect();
            let (mut out, mut indices) = (vec![0.0; output], vec![0; output]);
            maximum(&window(input, kernel, stride, pad, output), &x, &mut out, &mut indices);
            for (position, (found, index)) in out.iter().zip(&indices).enumerate() {
                let start = (position * stride).saturating_sub(pad);
                let end = (position * stride + kernel - pad).min(input);
                let first = |best: usize, at: usize| {
                    let is_more = x[at] > x[best] || x[at].is_nan() && !x[best].is_nan();
                    if is_more { at } else { best }
                };
                let best = (start..end).reduce(first).expect("a window sees an input");
                assert_eq!((*index, found.to_bits()), (best as i32, x[best].to_bits()));
            }
        }
    }

    #[test]
    fn a_window_over_the_whole_plane_averages_as_any_other() {
        let x: Vec<f64> = (0..35).map(|i| f64::from(i * i % 13)).collect();
        let average_of = |input: usize, pad: usize| {
            let window = window(input, input + pad, 1, pad, 1);
            let pool = Average { window, pad_after: [0; AXES], divisor: Divisor::Inside };
            let (mut means, mut gradient) = (vec![0.0; 5], vec![0.0; 35]);
            average(&pool, &x, &mut means);
            average_gradient(&pool, &means, &mut gradient);
            (means, gradient)
        };
        let (whole, padded) = (average_of(7, 0), average_of(7, 1));
        assert_eq!(whole, padded);
        assert!((whole.0[0] - x[..7].iter().sum::<f64>() / 7.0).abs() < 1e-12);
        assert_eq!(whole.1[..7], [whole.0[0] * (1.0 / 7.0); 7]);
    }

    #[test]
    fn put_is_the_transpose_of_take() {
        let indices = [2, 0, -1, 1, 1, 9];
        let mut out = [0.0; 6];
        take((3, 3), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &indices, &mut out);
        assert_eq!(out, [3.0, 1.0, 0.0, 5.0, 5.0, 0.0]);
        put((3, 3), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &indices, &mut out);
        assert_eq!(out, [2.0, 0.0, 1.0, 0.0, 9.0, 0.0]);
    }

    #[test]
    fn divisors_count_taps_inside_or_padding_too() {
        let mut pool = Average {
            window: window(4, 3, 2, 1, 3),
            pad_after: [0, 0, 1],
            divisor: Divisor::Inside,
        };
        let run = |pool: &Average| {
            let mut out = [0.0; 3];
            average(pool, &[1.0, 2.0, 4.0, 9.0], &mut out);
            out
        };
        assert_eq!(run(&pool), [1.5, 5.0, 9.0]);
        pool.divisor = Divisor::Padded;
        assert_eq!(run(&pool), [1.0, 5.0, 4.5]);
        pool.divisor = Divisor::One;
        assert_eq!(run(&pool), [3.0, 15.0, 9.0]);
    }
}
