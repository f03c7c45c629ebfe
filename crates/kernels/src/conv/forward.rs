//! Convolution as tiles of packed weights and panels of input.
//!
//! Weights are packed once: for every eight units, their weights for one tap of one channel side
//! by side. Each piece of the output then takes a few channels at a time, as many as keep a panel
//! in the first-level cache; for every panel it adds the products with all of its units.
//!
//! The gradient to the input of a convolution with a stride of 1 is such a convolution too: of
//! the output gradient, with input and output channels exchanged and taps in reverse.

use crate::scalar::Float;
use crate::threads::for_each_chunk;

use super::Convolution;
use super::lines::interleave;
use super::panel::{Layout, Pieces, Repeat, Segments, Source, WIDTH};
use super::split::{Task, for_each_task, images_by_threads, ranges};
use super::tile::{GROUPS, LANES, Places, ROWS, Steps};

/// Rows of a panel that are multiplied at a time: 24 KiB in f32, half of a first-level cache.
const DEPTH: usize = 128;

/// Elements of the weight that stay in a second-level cache beside all else.
const NEAR: usize = 1 << 18;

/// Panels that share one way through a larger weight.
const TOGETHER: usize = 5;

/// Tiles that are packed together.
const STREAMS: usize = 8;

/// Elements of the sums of a tile.
const TILE: usize = ROWS * WIDTH;

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
    let work = |start: usize, piece: &mut [T]| {
        let index = start / (ROWS * depth);
        let (group, first) = (index / tiles, index % tiles * ROWS);
        let w = &w[group * units * depth..(group + 1) * units * depth];
        match reading {
            Reading::Plain => {
                for (first, tile) in
                    (first..).step_by(ROWS).zip(piece.chunks_exact_mut(ROWS * depth))
                {
                    let count = ROWS.min(units - first);
                    interleave(&w[first * depth..], depth, (count, ROWS), tile);
                }
            }
            Reading::Reversed => {
                pack_reversed(&w[first * taps..], (units - first, units), taps, piece);
            }
        }
    };
    for_each_chunk(packed, tiles * ROWS * depth, &|group, packed| {
        for_each_chunk(packed, STREAMS * ROWS * depth, &|start, piece| work(group + start, piece));
    });
}

/// Packs tiles from a weight whose axes are channels, `all` units of which `left` are left here,
/// and taps. All tiles go through the channels together, so that the weight is read in order.
fn pack_reversed<T: Float>(w: &[T], (left, all): (usize, usize), taps: usize, piece: &mut [T]) {
    let channels = w.len().div_ceil(all * taps);
    let per_tile = channels * taps * ROWS;
    for channel in 0..channels {
        let w = &w[channel * all * taps..];
        for (number, tile) in piece.chunks_exact_mut(per_tile).enumerate() {
            let count = ROWS.min(left - number * ROWS);
            let w = &w[number * ROWS * taps..][..count * taps];
            let tile = &mut tile[channel * taps * ROWS..][..taps * ROWS];
            for (tap, tile) in tile.as_chunks_mut::<ROWS>().0.iter_mut().rev().enumerate() {
                *tile =
                    std::array::from_fn(|r| if r < count { w[r * taps + tap] } else { T::ZERO });
            }
        }
    }
}

/// The convolution of `x` with packed weights.
pub fn convolve<T: Float>(size: &Convolution, x: &[T], packed: &[T], out: &mut [T]) {
    let (window, positions) = (&size.window, size.window.output_plane());
    let weights = size.channels_out * size.depth();
    let is_far = weights > NEAR;
    let together = if is_far { TOGETHER } else { 1 };
    for_each_task(
        size,
        images_by_threads(size),
        out,
        (size.channels_out, positions),
        &|task, out, per_image| {
            let all = size.groups * size.channels_in;
            let image = task.images.start * all * window.input_plane();
            let first = task.group * size.channels_in;
            let source = Source { x: &x[image..], window, channels: all, first };
            let channels = (DEPTH / window.taps()).clamp(1, size.channels_in);
            let (panel, tiles) =
                (channels * window.taps() * WIDTH, task.channels.len().div_ceil(ROWS));
            let piece = Piece { size, task, source, packed, channels, is_far };
            T::with_scratch(panel + together * tiles * TILE, |scratch| {
                let (panel, sums) = scratch.split_at_mut(panel);
                let mut layouts: [Layout; TOGETHER] = std::array::from_fn(|_| Layout::new());
                let mut pieces = Pieces::new();
                let end = task.images.len() * positions;
                for start in (0..end).step_by(together * WIDTH) {
                    let count = (end - start).div_ceil(WIDTH).min(together);
                    let layouts = &mut layouts[..count];
                    for (layout, start) in layouts.iter_mut().zip((start..end).step_by(WIDTH)) {
                        layout.set(&piece.source, start, end);
                        piece.fetch_output(layout.segments(), out, per_image);
                    }
                    piece.multiply(layouts, panel, sums);
                    for (layout, sums) in layouts.iter().zip(sums.chunks_exact(tiles * TILE)) {
                        piece.write((layout.segments(), &mut pieces), sums, out, per_image);
                    }
                }
            });
        },
    );
}

/// A part of the output that one thread computes.
struct Piece<'a, T> {
    size: &'a Convolution,
    task: &'a Task,
    source: Source<'a, T>,
    packed: &'a [T],
    /// Channels that a panel is made of.
    channels: usize,
    /// Whether the weight does not stay in a second-level cache.
    is_far: bool,
}

impl<T: Float> Piece<'_, T> {
    /// The products of all units with some panels: (panels, units / 8, 8, positions).
    fn multiply(&self, panels: &[Layout], panel: &mut [T], sums: &mut [T]) {
        let (depth, taps) = (self.size.depth(), self.size.window.taps());
        let tiles = self.task.channels.len().div_ceil(ROWS);
        let of_group = self.task.group * self.size.channels_out.div_ceil(ROWS);
        let first = of_group + self.task.channels.start / ROWS;
        for channels in ranges(self.size.channels_in, self.channels) {
            let steps = Steps::packed(channels.len() * taps);
            let all = panels.iter().zip(sums.chunks_exact_mut(tiles * TILE));
            for (number, (layout, sums)) in all.enumerate() {
                let positions = layout.segments().positions();
                layout.fill(&self.source, channels.clone(), panel);
                for (tile, sums) in (first..).zip(sums.chunks_exact_mut(TILE)) {
                    let start = (tile * depth + channels.start * taps) * ROWS;
                    // The first panel fetches a larger weight, and no processor foresees where in it
                    // the next tile lies.
                    if number == 0 && self.is_far {
                        let next = (start + depth * ROWS) as isize;
                        T::prefetch(self.packed, next, channels.len() * taps * ROWS);
                    }
                    let a = &self.packed[start..];
                    add_products(positions, channels.start > 0, &steps, a, panel, sums);
                }
            }
        }
    }

    /// Fetches the part of the output that a panel will be written to.
    fn fetch_output(&self, segments: &Segments, out: &[T], per_image: usize) {
        let positions = self.size.window.output_plane();
        let start = segments.start(per_image * positions) + self.task.at * positions;
        for unit in 0..self.task.channels.len() {
            T::prefetch(out, (start + unit * positions) as isize, segments.positions());
        }
    }

    /// Puts the sums of a panel into the output.
    fn write(
        &self,
        (segments, pieces): (&Segments, &mut Pieces),
        sums: &[T],
        out: &mut [T],
        per_image: usize,
    ) {
        let positions = self.size.window.output_plane();
        let units = self.task.channels.len();
        segments.pieces(per_image * positions, pieces);
        for (first, sums) in (0..units).step_by(ROWS).zip(sums.chunks_exact(TILE)) {
            let count = ROWS.min(units - first);
            let repeat = Repeat { count, from: WIDTH, to: positions, stride: 1 };
            let out = &mut out[(self.task.at + first) * positions..];
            T::copy_pieces(pieces, &repeat, sums, out);
        }
    }
}

/// The products of a tile for its first `positions`, rounded up to whole groups.
fn add_products<T: Float>(
    positions: usize,
    accumulate: bool,
    steps: &Steps,
    a: &[T],
    panel: &[T],
    sums: &mut [T],
) {
    match positions.div_ceil(LANES) {
        1 => T::tile(steps, a, panel, sums, &places::<1>(accumulate)),
        2 => T::tile(steps, a, panel, sums, &places::<2>(accumulate)),
        _ => T::tile(steps, a, panel, sums, &places::<GROUPS>(accumulate)),
    }
}

fn places<const N: usize>(accumulate: bool) -> Places<N> {
    let at = std::array::from_fn(|group| group * LANES);
    Places { b: at, c: at, row: WIDTH, accumulate }
}
