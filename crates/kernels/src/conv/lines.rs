//! Lines of a plane: copied, added or multiplied with a stride on one side.
//!
//! The loops are written once for each stride that is common, so that each is compiled for it.

use crate::scalar::Float;

/// `out[i] = x[i · stride]`.
#[inline]
pub fn copy<T: Float>(x: &[T], stride: usize, out: &mut [T]) {
    match stride {
        1 => copy_contiguous(&x[..out.len()], out),
        2 => out.iter_mut().zip(x.chunks(2)).for_each(|(out, x)| *out = x[0]),
        _ => out.iter_mut().zip(x.chunks(stride)).for_each(|(out, x)| *out = x[0]),
    }
}

/// Lines are short: eight elements at a time beat a call.
#[inline]
fn copy_contiguous<T: Float>(x: &[T], out: &mut [T]) {
    let (blocks, rest) = out.as_chunks_mut::<8>();
    let (x_blocks, x_rest) = x.as_chunks::<8>();
    blocks.iter_mut().zip(x_blocks).for_each(|(out, x)| *out = *x);
    rest.iter_mut().zip(x_rest).for_each(|(out, x)| *out = *x);
}

/// `out[i · stride] += x[i]`.
#[inline]
pub fn add_line<T: Float>(x: &[T], stride: usize, out: &mut [T]) {
    match stride {
        1 => out.iter_mut().zip(x).for_each(|(out, &x)| *out += x),
        2 => out.chunks_mut(2).zip(x).for_each(|(out, &x)| out[0] += x),
        _ => out.chunks_mut(stride).zip(x).for_each(|(out, &x)| out[0] += x),
    }
}

/// `out[i] += x[i · stride]`.
#[inline]
pub fn add_to_line<T: Float>(x: &[T], stride: usize, out: &mut [T]) {
    match stride {
        1 => out.iter_mut().zip(x).for_each(|(out, &x)| *out += x),
        2 => out.iter_mut().zip(x.chunks(2)).for_each(|(out, x)| *out += x[0]),
        _ => out.iter_mut().zip(x.chunks(stride)).for_each(|(out, x)| *out += x[0]),
    }
}

/// `out[i] += w · x[i · stride]`.
#[inline]
pub fn add_scaled<T: Float>(w: T, x: &[T], stride: usize, out: &mut [T]) {
    match stride {
        1 => out.iter_mut().zip(x).for_each(|(out, &x)| *out += w * x),
        2 => out.iter_mut().zip(x.chunks(2)).for_each(|(out, x)| *out += w * x[0]),
        _ => out.iter_mut().zip(x.chunks(stride)).for_each(|(out, x)| *out += w * x[0]),
    }
}

/// `out[i · stride] += w · x[i]`.
#[inline]
pub fn add_scaled_apart<T: Float>(w: T, x: &[T], stride: usize, out: &mut [T]) {
    match stride {
        1 => out.iter_mut().zip(x).for_each(|(out, &x)| *out += w * x),
        2 => out.chunks_mut(2).zip(x).for_each(|(out, &x)| out[0] += w * x),
        _ => out.chunks_mut(stride).zip(x).for_each(|(out, &x)| out[0] += w * x),
    }
}

/// Σ a[i] · x[i · stride], over eight running sums where x is contiguous.
#[inline]
pub fn dot<T: Float>(a: &[T], x: &[T], stride: usize) -> T {
    if stride != 1 {
        return a.iter().zip(x.chunks(stride)).map(|(&a, x)| a * x[0]).sum();
    }
    let mut sums = [T::ZERO; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (x_blocks, x_rest) = x[..a.len()].as_chunks::<8>();
    for (a, x) in a_blocks.iter().zip(x_blocks) {
        for (sum, (&a, &x)) in sums.iter_mut().zip(a.iter().zip(x)) {
            *sum += a * x;
        }
    }
    let rest: T = a_rest.iter().zip(x_rest).map(|(&a, &x)| a * x).sum();
    sums.into_iter().sum::<T>() + rest
}

/// Lines of `count` channels, `plane` elements apart, side by side in `out`, with room for
/// `together` channels at every position; 0 for those that are not there.
pub fn interleave<T: Float>(
    x: &[T],
    plane: usize,
    (count, together): (usize, usize),
    out: &mut [T],
) {
    match (count, together) {
        (8, 8) => interleave_all::<T, 8>(x, plane, out),
        (16, 16) => interleave_all::<T, 16>(x, plane, out),
        _ => {
            let length = out.len() / together;
            for channel in 0..together {
                let out = out.iter_mut().skip(channel).step_by(together);
                if channel < count {
                    let x = &x[channel * plane..channel * plane + length];
                    out.zip(x).for_each(|(out, &x)| *out = x);
                } else {
                    out.for_each(|out| *out = T::ZERO);
                }
            }
        }
    }
}

fn interleave_all<T: Float, const N: usize>(x: &[T], plane: usize, out: &mut [T]) {
    let length = out.len() / N;
    let lines: [&[T]; N] = std::array::from_fn(|c| &x[c * plane..c * plane + length]);
    let (out, _) = out.as_chunks_mut::<N>();
    for (position, out) in out.iter_mut().enumerate() {
        for (out, line) in out.iter_mut().zip(&lines) {
            *out = line[position];
        }
    }
}
