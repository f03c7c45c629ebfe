//! Convolution of groups with one input channel: with a stride of 1 by sums over all taps of some
//! positions, otherwise by lines added to lines, tap by tap.

use std::ops::Range;

use crate::scalar::Float;
use crate::threads::for_each_chunk;
use crate::window::{AXES, Window};

use super::Convolution;
use super::lines::{add_scaled, add_scaled_apart, dot};
use super::tile::{LANES, Places, Steps, WIDE};

/// Multiply–adds that one thread does at a time.
const CHUNK: usize = 1 << 15;

fn planes_per_chunk(work_per_plane: usize) -> usize {
    (CHUNK / work_per_plane.max(1)).max(1)
}

pub fn convolve<T: Float>(size: &Convolution, x: &[T], w: &[T], out: &mut [T]) {
    let window = &size.window;
    if window.stride == [1; AXES] {
        let channels = size.channels_out;
        let input_of = |output: usize| (output / channels)..(output / channels + 1);
        let weight_of = |output: usize, _: usize| output % (size.groups * channels);
        convolve_singly(window, x, &Kernels { w, reversed: false }, out, &input_of, &weight_of);
        return;
    }
    let (plane, positions, taps) = (window.input_plane(), window.output_plane(), window.taps());
    let channels = size.groups * size.channels_out;
    let whole = window.whole();
    let stride = window.stride[2];
    let planes = planes_per_chunk(positions * taps);
    for_each_chunk(out, planes * positions, &|start, piece| {
        for (index, out) in piece.chunks_exact_mut(positions).enumerate() {
            let index = start / positions + index;
            let (image, channel) = (index / channels, index % channels);
            let input = (image * size.groups + channel / size.channels_out) * plane;
            let x = &x[input..input + plane];
            out.fill(T::ZERO);
            for (tap, &w) in w[channel * taps..(channel + 1) * taps].iter().enumerate() {
                window.for_each_line(tap, &whole, |line| {
                    let out = &mut out[line.at + line.before..][..line.count];
                    add_scaled(w, &x[line.input..], stride, out);
                });
            }
        }
    });
}

pub fn input_gradient<T: Float>(size: &Convolution, d_out: &[T], w: &[T], d_x: &mut [T]) {
    if let Some(reversed) = size.reversed() {
        let units = size.channels_out;
        let inputs_of = |plane: usize| plane * units..(plane + 1) * units;
        let weight_of = |_: usize, input: usize| input % (size.groups * units);
        let kernels = Kernels { w, reversed: true };
        convolve_singly(&reversed.window, d_out, &kernels, d_x, &inputs_of, &weight_of);
        return;
    }
    let window = &size.window;
    let (plane, positions, taps) = (window.input_plane(), window.output_plane(), window.taps());
    let whole = window.whole();
    let stride = window.stride[2];
    let planes = planes_per_chunk(positions * taps * size.channels_out);
    for_each_chunk(d_x, planes * plane, &|start, piece| {
        for (index, d_x) in piece.chunks_exact_mut(plane).enumerate() {
            let index = start / plane + index;
            let group = index % size.groups;
            d_x.fill(T::ZERO);
            for unit in 0..size.channels_out {
                let output = (index * size.channels_out + unit) * positions;
                let d_out = &d_out[output..output + positions];
                let weight = (group * size.channels_out + unit) * taps;
                for (tap, &w) in w[weight..weight + taps].iter().enumerate() {
                    window.for_each_line(tap, &whole, |line| {
                        let d_out = &d_out[line.at + line.before..][..line.count];
                        add_scaled_apart(w, d_out, stride, &mut d_x[line.input..]);
                    });
                }
            }
        }
    });
}

/// Kernels of single channels, one after the other.
struct Kernels<'a, T> {
    w: &'a [T],
    /// Read taps from last to first.
    reversed: bool,
}

/// Convolves planes with a stride of 1: every plane of `out` is the sum over some planes of `x`,
/// each with the kernel that `weight_of(output, input)` names.
///
/// A plane is copied with its padding, so that every tap sees all positions of a line; six groups
/// of positions are then summed over all taps in registers.
fn convolve_singly<T: Float>(
    window: &Window,
    x: &[T],
    kernels: &Kernels<'_, T>,
    out: &mut [T],
    inputs_of: &(impl Fn(usize) -> Range<usize> + Sync),
    weight_of: &(impl Fn(usize, usize) -> usize + Sync),
) {
    let (plane, positions, taps) = (window.input_plane(), window.output_plane(), window.taps());
    let extent: [usize; AXES] = std::array::from_fn(|axis| {
        let output =
            if axis == 2 { window.output[2].next_multiple_of(LANES) } else { window.output[axis] };
        output + (window.kernel[axis] - 1) * window.dilation[axis]
    });
    let padded = extent.iter().product::<usize>();
    let planes = planes_per_chunk(positions * taps);
    for_each_chunk(out, planes * positions, &|start, piece| {
        T::with_scratch(padded + WIDE * LANES + taps, |scratch| {
            let (padded, rest) = scratch.split_at_mut(padded);
            let (sums, kernel) = rest.split_at_mut(WIDE * LANES);
            for (index, out) in piece.chunks_exact_mut(positions).enumerate() {
                let output = start / positions + index;
                let inputs = inputs_of(output);
                for input in inputs.clone() {
                    let w = &kernels.w[weight_of(output, input) * taps..][..taps];
                    kernel.copy_from_slice(w);
                    if kernels.reversed {
                        kernel.reverse();
                    }
                    pad(window, extent, &x[input * plane..(input + 1) * plane], padded);
                    let accumulate = input > inputs.start;
                    convolve_padded(window, extent, padded, (kernel, sums), out, accumulate);
                }
            }
        });
    });
}

/// Copies a plane into one of the size `extent`, with 0 around it.
fn pad<T: Float>(window: &Window, extent: [usize; AXES], x: &[T], padded: &mut [T]) {
    let [_, height, width] = extent;
    let count = window.input[2].min(width - window.pad[2].min(width));
    for (number, line) in padded.chunks_exact_mut(width).enumerate() {
        line.fill(T::ZERO);
        let inside = |axis: usize, at: usize| {
            at.checked_sub(window.pad[axis]).filter(|&at| at < window.input[axis])
        };
        if let (Some(d), Some(h)) = (inside(0, number / height), inside(1, number % height)) {
            let x = &x[(d * window.input[1] + h) * window.input[2]..][..count];
            line[window.pad[2]..window.pad[2] + count].copy_from_slice(x);
        }
    }
}

fn convolve_padded<T: Float>(
    window: &Window,
    extent: [usize; AXES],
    padded: &[T],
    (kernel, sums): (&[T], &mut [T]),
    out: &mut [T],
    accumulate: bool,
) {
    let [_, taps_high, taps_wide] = window.kernel;
    let [_, height, width] = extent;
    let [depth_step, height_step, width_step] = window.dilation;
    let steps = Steps {
        count: window.kernel,
        a: [taps_high * taps_wide, taps_wide, 1],
        b: [depth_step * height * width, height_step * width, width_step],
    };
    let per_line = window.output[2].div_ceil(LANES);
    let groups = window.lines() * per_line;
    let place = |group: usize| {
        let (line, column) = (group / per_line, group % per_line * LANES);
        let (d, h) = (line / window.output[1], line % window.output[1]);
        ((d * height + h) * width + column, line * window.output[2] + column, column)
    };
    for first in (0..groups).step_by(WIDE) {
        let places = Places::<WIDE> {
            b: std::array::from_fn(|g| place((first + g).min(groups - 1)).0),
            c: std::array::from_fn(|g| g * LANES),
            row: 0,
            accumulate: false,
        };
        T::row(&steps, kernel, padded, sums, &places);
        for (group, sums) in (first..groups.min(first + WIDE)).zip(sums.chunks_exact(LANES)) {
            let (_, at, column) = place(group);
            let out = &mut out[at..at + LANES.min(window.output[2] - column)];
            if accumulate {
                out.iter_mut().zip(sums).for_each(|(out, &x)| *out += x);
            } else {
                out.iter_mut().zip(sums).for_each(|(out, &x)| *out = x);
            }
        }
    }
}

pub fn weight_gradient<T: Float>(size: &Convolution, x: &[T], d_out: &[T], d_w: &mut [T]) {
    let window = &size.window;
    let (plane, positions, taps) = (window.input_plane(), window.output_plane(), window.taps());
    let channels = size.groups * size.channels_out;
    let whole = window.whole();
    let stride = window.stride[2];
    for_each_chunk(d_w, taps, &|start, piece| {
        let channel = start / taps;
        piece.fill(T::ZERO);
        for image in 0..size.batch {
            let input = (image * size.groups + channel / size.channels_out) * plane;
            let output = (image * channels + channel) * positions;
            let (x, d_out) = (&x[input..input + plane], &d_out[output..output + positions]);
            for (tap, d_w) in piece.iter_mut().enumerate() {
                let mut sum = T::ZERO;
                window.for_each_line(tap, &whole, |line| {
                    let d_out = &d_out[line.at + line.before..][..line.count];
                    sum += dot(d_out, &x[line.input..], stride);
                });
                *d_w += sum;
            }
        }
    });
}
