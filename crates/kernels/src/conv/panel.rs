//! A panel: what the taps of some channels see of a few output positions.
//!
//! A row for every tap of every channel, of [`WIDTH`] positions: consecutive positions of an
//! image, and on into the next image. Rows are as long as a tile is wide, so that tiles read them
//! one after the other. Every row is put together of pieces of lines; those of the same tap are
//! the same in every channel, so they are found once.

use std::ops::Range;

use crate::scalar::Float;
use crate::window::{AXES, Window};

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
struct Segment {
    image: usize,
    /// The positions along the first two axes.
    line: [usize; 2],
    /// The first position along the last axis.
    column: usize,
    /// The index of the first position in its plane.
    position: usize,
    /// Where the first position stands in the panel.
    lane: usize,
    /// The number of positions, at most [`LANES`].
    count: usize,
}

/// The segments of a panel.
#[derive(Clone, Copy, Debug)]
pub struct Segments {
    items: [Segment; WIDTH],
    count: usize,
}

impl Segments {
    /// Makes them those of the panel that begins at `start`, counted through all images.
    fn set(&mut self, window: &Window, start: usize, end: usize) {
        let [_, height, width] = window.output;
        let plane = window.output_plane();
        self.count = 0;
        let (mut image, mut position) = (start / plane, start % plane);
        let mut line = [position / width / height, position / width % height];
        let mut column = position % width;
        let end = (end - start).min(WIDTH);
        let mut lane = 0;
        while lane < end {
            let count = (width - column).min(end - lane).min(LANES);
            self.items[self.count] = Segment { image, line, column, position, lane, count };
            self.count += 1;
            (lane, position, column) = (lane + count, position + count, column + count);
            if column == width {
                (column, line[1]) = (0, line[1] + 1);
            }
            if line[1] == height {
                line = [line[0] + 1, 0];
            }
            if position == plane {
                (image, position, line) = (image + 1, 0, [0, 0]);
            }
        }
    }

    fn items(&self) -> &[Segment] {
        &self.items[..self.count]
    }

    /// The number of positions.
    pub fn positions(&self) -> usize {
        self.items().last().map_or(0, |last| last.lane + last.count)
    }

    /// Where the first position lies in planes of which those of the next image lie `image`
    /// elements away.
    pub fn start(&self, image: usize) -> usize {
        self.items[0].image * image + self.items[0].position
    }

    /// Writes the pieces of a row of the panel, as they go into planes of which those of the next
    /// image lie `image` elements away; tells how many there are.
    pub fn pieces(&self, image: usize, pieces: &mut Pieces) {
        pieces.count = 0;
        for segment in self.items() {
            let to = segment.image * image + segment.position;
            pieces.push(Piece::whole(segment.lane as isize, to, segment.count));
        }
    }
}

/// Up to [`LANES`] consecutive elements that are written, some of which are read and the others 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Piece {
    /// Where the first element would be read; it need not be there if it is 0.
    pub from: isize,
    /// Where the first element is written.
    pub to: usize,
    /// The number of elements.
    pub count: u8,
    /// The first element that is read.
    pub start: u8,
    /// The element behind the last that is read; they lie one behind the other.
    pub end: u8,
}

impl Piece {
    /// A piece whose elements are all read.
    pub fn whole(from: isize, to: usize, count: usize) -> Self {
        let count = count as u8;
        Self { from, to, count, start: 0, end: count }
    }

    /// The elements that are read, as bits.
    #[inline]
    pub fn read(&self) -> u32 {
        (1 << self.end) - (1 << self.start)
    }

    /// The elements that are written, as bits.
    #[inline]
    pub fn written(&self) -> u32 {
        (1 << self.count) - 1
    }
}

/// The most pieces that are found at a time.
const PIECES: usize = 256;

/// Some pieces.
#[derive(Clone, Debug)]
pub struct Pieces {
    items: [Piece; PIECES],
    count: usize,
}

impl Pieces {
    /// No piece.
    pub fn new() -> Self {
        Self { items: [Piece::default(); PIECES], count: 0 }
    }

    /// Takes all pieces away.
    pub fn clear(&mut self) {
        self.count = 0;
    }

    /// Adds a piece.
    pub fn push(&mut self, piece: Piece) {
        self.items[self.count] = piece;
        self.count += 1;
    }
}

impl std::ops::Deref for Pieces {
    type Target = [Piece];

    fn deref(&self) -> &[Piece] {
        &self.items[..self.count]
    }
}

/// How often the same pieces are copied, and how far each time lies from the one before.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// How often.
    pub count: usize,
    /// Elements from one time to the next where they are read.
    pub from: usize,
    /// Elements from one time to the next where they are written.
    pub to: usize,
    /// Elements from one element of a piece to the next where they are read.
    pub stride: usize,
}

/// Copies pieces of lines.
pub fn copy_pieces<T: Float>(pieces: &[Piece], repeat: &Repeat, x: &[T], out: &mut [T]) {
    for number in 0..repeat.count {
        let (x, out) = (&x[number * repeat.from..], &mut out[number * repeat.to..]);
        for piece in pieces {
            let out = &mut out[piece.to..piece.to + usize::from(piece.count)];
            let (start, end) = (usize::from(piece.start), usize::from(piece.end));
            out[..start].fill(T::ZERO);
            out[end..].fill(T::ZERO);
            if start < end {
                let first = piece.from + (start * repeat.stride) as isize;
                super::lines::copy(&x[first as usize..], repeat.stride, &mut out[start..end]);
            }
        }
    }
}

/// Which positions a panel is of, and how its rows are put together.
#[derive(Clone, Debug)]
pub struct Layout {
    segments: Segments,
    /// Of all taps, or else of none.
    pieces: Pieces,
}

impl Layout {
    /// The layout of a panel without positions.
    pub fn new() -> Self {
        let segments = Segments { items: [Segment::default(); WIDTH], count: 0 };
        Self { segments, pieces: Pieces::new() }
    }

    /// Makes this the layout of the positions from `start` on, before `end`, counted through all
    /// images.
    pub fn set<T>(&mut self, source: &Source<'_, T>, start: usize, end: usize) {
        let window = source.window;
        self.segments.set(window, start, end);
        self.pieces.count = 0;
        if window.taps() * self.segments.count <= PIECES {
            let image = source.channels * window.input_plane();
            for tap in 0..window.taps() {
                add_pieces(window, image, &self.segments, tap, &mut self.pieces);
            }
        }
    }

    /// The positions.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Fills `panel` with a row for every tap of `channels`; positions outside the input are 0,
    /// and those behind the last segment stay what they are. What the next panel will see first
    /// is fetched from memory meanwhile.
    pub fn fill<T: Float>(&self, source: &Source<'_, T>, channels: Range<usize>, panel: &mut [T]) {
        let window = source.window;
        let (taps, plane) = (window.taps(), window.input_plane());
        let x = &source.x[(source.first + channels.start) * plane..];
        let stride = window.stride[2];
        let repeat = Repeat { count: channels.len(), from: plane, to: taps * WIDTH, stride };
        if self.pieces.count == 0 {
            let image = source.channels * plane;
            let mut pieces = Pieces::new();
            for tap in 0..taps {
                pieces.count = 0;
                add_pieces(window, image, &self.segments, tap, &mut pieces);
                T::copy_pieces(&pieces, &repeat, x, panel);
            }
            return;
        }
        T::copy_pieces(&self.pieces, &repeat, x, panel);
        if let Some(last) = self.pieces.last() {
            let next = last.from + (usize::from(last.count) * stride) as isize;
            for channel in 0..channels.len() {
                T::prefetch(x, next + (channel * plane) as isize, WIDTH * stride);
            }
        }
    }
}

/// Adds the pieces of the row of a tap, in a channel whose next image lies `image` elements away.
fn add_pieces(window: &Window, image: usize, segments: &Segments, tap: usize, pieces: &mut Pieces) {
    let taps = window.tap(tap);
    let offset: [isize; AXES] = std::array::from_fn(|axis| {
        (taps[axis] * window.dilation[axis]) as isize - window.pad[axis] as isize
    });
    let along = |axis: usize, at: usize| (at * window.stride[axis]) as isize + offset[axis];
    let stride = window.stride[2] as isize;
    let width = window.input[2] as isize;
    for segment in segments.items() {
        let (depth, height) = (along(0, segment.line[0]), along(1, segment.line[1]));
        let first = along(2, segment.column);
        let line = depth * window.input[1] as isize + height;
        let mut piece = Piece::whole(
            (segment.image * image) as isize + line * width + first,
            tap * WIDTH + segment.lane,
            segment.count,
        );
        let inside = |axis: usize, at: isize| (0..window.input[axis] as isize).contains(&at);
        if !inside(0, depth) || !inside(1, height) {
            piece.end = 0;
        } else if first < 0 || first + (segment.count as isize - 1) * stride >= width {
            let before = if first < 0 { (-first + stride - 1) / stride } else { 0 };
            let until = if first < width { (width - first + stride - 1) / stride } else { 0 };
            let end = until.clamp(0, segment.count as isize) as u8;
            (piece.start, piece.end) = (before.min(end.into()) as u8, end);
        }
        pieces.push(piece);
    }
}
