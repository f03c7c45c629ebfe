//! Convolution as tiles of packed weights and panels of input.
//!
//! Weights are packed once: for every eight units, their weights for one tap of one channel side
//! by side. Each piece of the output then takes a few channels at a time, as many as keep a panel
//! in the first-level cache; for every panel it adds the products with all of its units.
//!
//! The gradient to the input of a convolution with a stride of 1 is such a convolution too: of
//! the output gradient, with input and output channels exchanged and taps in reverse.

use std::ops::Range;

use crate::scalar::Float;
use crate::threads::for_each_chunk;

use super::Convolution;
use super::lines::interleave;
use super::panel::{self, Segments, Source, WIDTH};
use super::split::{Task, for_each_task};
use super::tile::{GROUPS, LANES, Places, ROWS, Steps};

/// Rows of a panel that are multiplied at a time: 24 KiB in f32, half of a first-level cache.
const DEPTH: usize = 128;

/// How the weight of a convolution is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As it stands: units by channels.
    Plain,
    /// Channels by units, and taps from last to first.
    Reversed,
}

/// Elements of the packed weights.
pub fn packed_elements(size: &Convolution) -> usize {
    size.groups * size.channels_out.div_ceil(ROWS) * ROWS * size.depth()
}

/// Packs weights: (groups, units / 8, channels, taps, 8), the last units filled up with 0.
pub fn pack<T: Float>(size: &Convolution, w: &[T], reading: Reading, packed: &mut [T]) {
    let (units, taps) = (size.channels_out, size.window.taps());
    let depth = size.depth();
    let tiles = units.div_ceil(ROWS);
    for_each_chunk(packed, ROWS * depth, &|start, tile| {
        let index = start / (ROWS * depth);
        let (group, first) = (index / tiles, index % tiles * ROWS);
        let w = &w[group * units * depth..(group + 1) * units * depth];
        let count = ROWS.min(units - first);
        match reading {
            Reading::Plain => interleave(&w[first * depth..], depth, (count, ROWS), tile),
            Reading::Reversed => {
                for (channel, tile) in tile.chunks_exact_mut(ROWS * taps).enumerate() {
                    let w = &w[(channel * units + first) * taps..][..count * taps];
                    for (tap, tile) in tile.chunks_exact_mut(ROWS).rev().enumerate() {
                        tile[count..].fill(T::ZERO);
                        let of_tap = w[tap..].iter().step_by(taps);
                        tile.iter_mut().zip(of_tap).for_each(|(out, &w)| *out = w);
                    }
                }
            }
        }
    });
}

/// The convolution of `x` with packed weights.
pub fn convolve<T: Float>(size: &Convolution, x: &[T], packed: &[T], out: &mut [T]) {
    let positions = size.window.output_plane();
    for_each_task(size, out, (size.channels_out, positions), &|task, out, per_image| {
        let all = size.groups * size.channels_in;
        let image = task.images.start * all * size.window.input_plane();
        let first = task.group * size.channels_in;
        let source = Source { x: &x[image..], window: &size.window, channels: all, first };
        let piece = Piece { size, task, source, packed, per_image };
        let channels = (DEPTH / size.window.taps()).clamp(1, size.channels_in);
        let rows = channels * size.window.taps();
        T::with_scratch(rows * WIDTH + ROWS * WIDTH, |scratch| {
            let (panel, tile) = scratch.split_at_mut(rows * WIDTH);
            for start in (0..size.channels_in).step_by(channels) {
                let channels = start..(start + channels).min(size.channels_in);
                piece.add_channels(&channels, panel, tile, out);
            }
        });
    });
}

/// A part of the output that one thread computes.
struct Piece<'a, T> {
    size: &'a Convolution,
    task: &'a Task,
    source: Source<'a, T>,
    packed: &'a [T],
    /// Planes of each image in the output of the piece.
    per_image: usize,
}

impl<T: Float> Piece<'_, T> {
    /// Adds what some channels give to the output, or writes it if they are the first.
    fn add_channels(
        &self,
        channels: &Range<usize>,
        panel: &mut [T],
        tile: &mut [T],
        out: &mut [T],
    ) {
        let taps = self.size.window.taps();
        let positions = self.size.window.output_plane();
        let end = self.task.images.len() * positions;
        let units = self.task.channels.clone();
        let tiles = self.size.channels_out.div_ceil(ROWS);
        let depth = self.size.depth();
        for start in (0..end).step_by(WIDTH) {
            let segments = Segments::new(&self.size.window, start, end);
            panel::fill(&self.source, channels.clone(), &segments, panel);
            let steps = Steps::packed(channels.len() * taps);
            let count = (end - start).min(WIDTH);
            for first in units.clone().step_by(ROWS) {
                let a = ((self.task.group * tiles + first / ROWS) * depth + channels.start * taps)
                    * ROWS;
                let a = &self.packed[a..];
                let rows = ROWS.min(units.end - first);
                let plane = self.task.at + first - units.start;
                let accumulate = channels.start > 0;
                let image = start / positions;
                let within = start % positions;
                if rows == ROWS && count == WIDTH && within + WIDTH <= positions {
                    let c = (image * self.per_image + plane) * positions + within;
                    let places = Places {
                        b: std::array::from_fn(|g| g * LANES),
                        c: std::array::from_fn(|g| c + g * LANES),
                        row: positions,
                        accumulate,
                    };
                    T::tile::<GROUPS>(&steps, a, panel, out, &places);
                    continue;
                }
                multiply(count, &steps, a, panel, tile);
                for segment in segments.iter() {
                    let c = (segment.image * self.per_image + plane) * positions + segment.position;
                    for row in 0..rows {
                        let out = &mut out[c + row * positions..][..segment.count];
                        let tile = &tile[row * WIDTH + segment.lane..][..segment.count];
                        if accumulate {
                            out.iter_mut().zip(tile).for_each(|(out, &x)| *out += x);
                        } else {
                            out.iter_mut().zip(tile).for_each(|(out, &x)| *out = x);
                        }
                    }
                }
            }
        }
    }
}

/// The products of a tile for its first `count` positions, into a tile of its own.
fn multiply<T: Float>(count: usize, steps: &Steps, a: &[T], panel: &[T], tile: &mut [T]) {
    fn run<T: Float, const N: usize>(steps: &Steps, a: &[T], panel: &[T], tile: &mut [T]) {
        let at = std::array::from_fn(|group| group * LANES);
        let places = Places::<N> { b: at, c: at, row: WIDTH, accumulate: false };
        T::tile(steps, a, panel, tile, &places);
    }
    match count.div_ceil(LANES) {
        1 => run::<T, 1>(steps, a, panel, tile),
        2 => run::<T, 2>(steps, a, panel, tile),
        _ => run::<T, GROUPS>(steps, a, panel, tile),
    }
}
