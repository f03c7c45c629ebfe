//! A panel: what the taps of some channels see of a few output positions.
//!
//! A row for every tap of every channel, of [`WIDTH`] positions: consecutive positions of an
//! image, and on into the next image. Rows are as long as a tile is wide, so that tiles read them
//! one after the other.

use std::ops::Range;

use crate::scalar::Float;
use crate::window::Window;

use super::tile::{GROUPS, LANES};

/// Positions of a panel.
pub const WIDTH: usize = GROUPS * LANES;

/// The channels that panels are made of.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a, T> {
    /// The elements of all images.
    pub x: &'a [T],
    /// The window that slides over each channel.
    pub window: &'a Window,
    /// Channels of each image.
    pub channels: usize,
    /// The first channel of the group that is seen.
    pub first: usize,
}

/// Consecutive positions along one line of one image.
#[derive(Clone, Copy, Debug, Default)]
pub struct Segment {
    /// The image.
    pub image: usize,
    /// The positions along the first two axes.
    line: [usize; 2],
    /// The first position along the last axis.
    column: usize,
    /// The index of the first position in its plane.
    pub position: usize,
    /// Where the first position stands in the panel.
    pub lane: usize,
    /// The number of positions.
    pub count: usize,
}

/// The segments of a panel.
#[derive(Clone, Copy, Debug)]
pub struct Segments {
    items: [Segment; WIDTH],
    count: usize,
}

impl Segments {
    /// Those of the panel that begins at `start`, counted through the positions of all images.
    pub fn new(window: &Window, start: usize, end: usize) -> Self {
        let [_, height, width] = window.output;
        let plane = window.output_plane();
        let mut segments = Self { items: [Segment::default(); WIDTH], count: 0 };
        let mut at = start;
        let end = end.min(start + WIDTH);
        while at < end {
            let (image, position) = (at / plane, at % plane);
            let (line, column) = (position / width, position % width);
            let count = (width - column).min(end - at);
            let line = [line / height, line % height];
            segments.items[segments.count] =
                Segment { image, line, column, position, lane: at - start, count };
            segments.count += 1;
            at += count;
        }
        segments
    }

    /// The number of positions.
    pub fn positions(&self) -> usize {
        self.last().map_or(0, |last| last.lane + last.count)
    }

    /// Writes the pieces of a row of the panel, as they go into planes of which those of the next
    /// image lie `image` elements away; tells how many there are.
    pub fn pieces(&self, image: usize, pieces: &mut [Piece]) -> usize {
        let mut count = 0;
        for segment in self.iter() {
            for part in (0..segment.count).step_by(LANES) {
                pieces[count] = Piece {
                    from: segment.lane + part,
                    to: segment.image * image + segment.position + part,
                    count: LANES.min(segment.count - part),
                };
                count += 1;
            }
        }
        count
    }
}

impl std::ops::Deref for Segments {
    type Target = [Segment];

    fn deref(&self) -> &[Segment] {
        &self.items[..self.count]
    }
}

/// Consecutive elements that are copied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Piece {
    /// Where they lie in the row that is read.
    pub from: usize,
    /// Where they go in the row that is written.
    pub to: usize,
    /// Their number, at most [`LANES`].
    pub count: usize,
}

/// Rows that consist of the same pieces, and where the rows lie.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The pieces.
    pub pieces: &'a [Piece],
    /// The number of rows.
    pub count: usize,
    /// Elements from one row to the next where they are read.
    pub from: usize,
    /// Elements from one row to the next where they are written.
    pub to: usize,
    /// Elements from one element of a piece to the next where they are read.
    pub stride: usize,
    /// Set the first [`WIDTH`] elements of each row to 0 before.
    pub gaps: bool,
}

/// Copies pieces of rows.
pub fn copy_rows<T: Float>(rows: &Rows<'_>, x: &[T], out: &mut [T]) {
    for row in 0..rows.count {
        let x = &x[row * rows.from..];
        let out = &mut out[row * rows.to..];
        if rows.gaps {
            out[..WIDTH].fill(T::ZERO);
        }
        for piece in rows.pieces {
            let out = &mut out[piece.to..piece.to + piece.count];
            super::lines::copy(&x[piece.from..], rows.stride, out);
        }
    }
}

/// Fills `panel` with a row for every tap of `channels`; positions outside the input, and those
/// behind the last segment, are 0.
pub fn fill<T: Float>(
    source: &Source<'_, T>,
    channels: Range<usize>,
    segments: &Segments,
    panel: &mut [T],
) {
    let window = source.window;
    let (taps, plane) = (window.taps(), window.input_plane());
    let stride = window.stride[2];
    let mut pieces = [Piece::default(); WIDTH + GROUPS];
    for tap in 0..taps {
        let mut count = 0;
        let mut covered = 0;
        let [depth_tap, height_tap, width_tap] = window.tap(tap);
        let (depths, depth) = window.reach(0, depth_tap);
        let (heights, height) = window.reach(1, height_tap);
        let (widths, width) = window.reach(2, width_tap);
        for segment in segments.iter() {
            let [d, h] = segment.line;
            let start = widths.start.max(segment.column);
            let end = widths.end.min(segment.column + segment.count);
            if start >= end || !depths.contains(&d) || !heights.contains(&h) {
                continue;
            }
            let along = |axis: usize, at: usize, offset: isize| {
                ((at * window.stride[axis]) as isize + offset) as usize
            };
            let line = along(0, d, depth) * window.input[1] + along(1, h, height);
            let input = line * window.input[2] + along(2, start, width);
            let image = segment.image * source.channels * plane;
            let lane = segment.lane + start - segment.column;
            for part in (0..end - start).step_by(LANES) {
                let from = image + input + part * stride;
                let part_count = LANES.min(end - start - part);
                pieces[count] = Piece { from, to: lane + part, count: part_count };
                count += 1;
            }
            covered += end - start;
        }
        let rows = Rows {
            pieces: &pieces[..count],
            count: channels.len(),
            from: plane,
            to: taps * WIDTH,
            stride,
            gaps: covered < WIDTH,
        };
        let x = &source.x[(source.first + channels.start) * plane..];
        T::copy_rows(&rows, x, &mut panel[tap * WIDTH..]);
    }
}
