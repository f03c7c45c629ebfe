//! Convolution of groups with one input channel: lines added to lines, tap by tap.

use crate::scalar::Float;
use crate::threads::for_each_chunk;

use super::Convolution;
use super::lines::{add_scaled, add_scaled_apart, dot};

/// Multiply–adds that one thread does at a time.
const CHUNK: usize = 1 << 15;

fn planes_per_chunk(work_per_plane: usize) -> usize {
    (CHUNK / work_per_plane.max(1)).max(1)
}

pub fn convolve<T: Float>(size: &Convolution, x: &[T], w: &[T], out: &mut [T]) {
    let window = &size.window;
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
