//! The gradient of a convolution with respect to its weight, as tiles of interleaved channels.
//!
//! Eight output gradients stand side by side at every position, and so do up to sixteen input
//! channels, with the padding around them. A tile then sums over positions what eight units and
//! some channels give for a tap, reading the input where it lies: taps differ only in where they
//! begin. Images and lines are taken together as far as the second-level cache holds them.
//!
//! Parts of the batch are summed apart, in an order of the tiles' own, and added in order.

use std::ops::Range;

use crate::scalar::Float;
use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk};
use crate::window::AXES;

use super::Convolution;
use super::lines::interleave;
use super::split::{PIECES, ranges};
use super::tile::{GROUPS, LANES, Places, ROWS, Steps};

/// Elements that are interleaved at a time: half of a second-level cache of 2 MiB.
const BAND: usize = 1 << 18;

/// Positions that a tile sums over at least, if there are enough images.
const LONG: usize = 512;

/// Elements of all sums over parts of the batch.
const PARTIALS: usize = 1 << 21;

/// Elements of the sums of one tile for one group of lanes.
const CELL: usize = ROWS * LANES;

/// How input channels and taps become lanes.
#[derive(Clone, Copy, Debug)]
struct Lanes {
    channels: usize,
    kernel: [usize; AXES],
    /// Channels side by side at a position.
    together: usize,
    /// Lanes run on over the taps of a line, as few channels do not fill them.
    run_on: bool,
}

impl Lanes {
    fn new(size: &Convolution) -> Self {
        let (channels, kernel) = (size.channels_in, size.window.kernel);
        let run_on = channels < LANES && size.window.dilation[2] == 1;
        Self { channels, kernel, together: channels.min(LANES), run_on }
    }

    fn blocks(&self) -> usize {
        self.channels.div_ceil(self.together)
    }

    /// Groups of lanes for one line of taps and one block of channels.
    fn per_line(&self) -> usize {
        let width = self.kernel[2];
        if self.run_on { (width * self.channels).div_ceil(LANES) } else { width }
    }

    fn groups(&self) -> usize {
        self.blocks() * self.kernel[0] * self.kernel[1] * self.per_line()
    }

    /// Block of channels, taps along the first two axes, and number within the line.
    fn place(&self, group: usize) -> (usize, [usize; 2], usize) {
        let (line, within) = (group / self.per_line(), group % self.per_line());
        let [depth, height, _] = self.kernel;
        (line / (depth * height), [line / height % depth, line % height], within)
    }

    /// Calls `visit(lane, channel, tap)` for every lane of a group, where lanes run on over taps.
    fn for_each_lane(&self, group: usize, mut visit: impl FnMut(usize, usize, usize)) {
        let (_, [depth, height], within) = self.place(group);
        let first = (depth * self.kernel[1] + height) * self.kernel[2];
        let elements = self.kernel[2] * self.channels;
        for element in within * LANES..elements.min((within + 1) * LANES) {
            let (channel, tap) = (element % self.channels, element / self.channels);
            visit(element - within * LANES, channel, first + tap);
        }
    }
}

/// How the work is cut: parts of the batch, and units of one part, whole tiles.
struct Cut {
    parts: usize,
    tiles: usize,
}

impl Cut {
    fn new(size: &Convolution) -> Self {
        let elements = size.groups * tiles(size) * Lanes::new(size).groups() * CELL;
        let pieces = PIECES.div_ceil(size.groups);
        let parts = pieces.min(size.batch).min(PARTIALS / elements.max(1)).max(1);
        Self { parts, tiles: tiles(size).div_ceil(pieces.div_ceil(parts)).max(4) }
    }
}

fn tiles(size: &Convolution) -> usize {
    size.channels_out.div_ceil(ROWS)
}

/// Elements of the sums over parts of the batch.
pub fn room(size: &Convolution) -> usize {
    let lanes = Lanes::new(size);
    Cut::new(size).parts * size.groups * tiles(size) * lanes.groups() * CELL
}

/// The gradient with respect to the weight.
pub fn gradient<T: Float>(size: &Convolution, x: &[T], d_out: &[T], d_w: &mut [T], room: &mut [T]) {
    let (cut, lanes) = (Cut::new(size), Lanes::new(size));
    let per_tile = lanes.groups() * CELL;
    let per_group = tiles(size) * per_tile;
    let images = size.batch.div_ceil(cut.parts);
    let sums = &mut room[..cut.parts * size.groups * per_group];
    for_each_chunk(sums, per_group, &|start, piece| {
        let (part, group) = (start / per_group / size.groups, start / per_group % size.groups);
        let images = (part * images).min(size.batch)..((part + 1) * images).min(size.batch);
        for_each_chunk(piece, cut.tiles * per_tile, &|start, sums| {
            let first = start / per_tile;
            let tiles = first..first + sums.len() / per_tile;
            Piece { size, lanes, group, images: images.clone(), tiles }.run(x, d_out, sums);
        });
    });
    collect(size, &lanes, sums, d_w);
}

/// Adds the parts, and puts the weights of eight units at a time in order.
fn collect<T: Float>(size: &Convolution, lanes: &Lanes, sums: &mut [T], d_w: &mut [T]) {
    let (depth, taps) = (size.depth(), size.window.taps());
    let per_tile = lanes.groups() * CELL;
    let (sums, others) = sums.split_at_mut(size.groups * tiles(size) * per_tile);
    if !others.is_empty() {
        let length = sums.len();
        for_each_chunk(sums, ELEMENTWISE_CHUNK, &|start, piece| {
            for part in others.chunks_exact(length) {
                let part = &part[start..start + piece.len()];
                piece.iter_mut().zip(part).for_each(|(sum, &x)| *sum += x);
            }
        });
    }
    let sums = &*sums;
    for_each_chunk(d_w, size.channels_out * depth, &|start, of_group| {
        let first = start / (size.channels_out * depth) * tiles(size);
        for_each_chunk(of_group, ROWS * depth, &|start, rows| {
            let tile = &sums[(first + start / (ROWS * depth)) * per_tile..][..per_tile];
            for (unit, row) in rows.chunks_exact_mut(depth).enumerate() {
                let tile = &tile[unit * LANES..];
                if lanes.run_on {
                    for group in 0..lanes.groups() {
                        lanes.for_each_lane(group, |lane, channel, tap| {
                            row[channel * taps + tap] = tile[group * CELL + lane];
                        });
                    }
                    continue;
                }
                for (channel, row) in row.chunks_exact_mut(taps).enumerate() {
                    let (block, lane) = (channel / lanes.together, channel % lanes.together);
                    let cells = tile[block * taps * CELL + lane..].iter().step_by(CELL);
                    row.iter_mut().zip(cells).for_each(|(out, &x)| *out = x);
                }
            }
        });
    });
}

/// Some tiles of one group, over some images.
struct Piece<'a> {
    size: &'a Convolution,
    lanes: Lanes,
    group: usize,
    images: Range<usize>,
    tiles: Range<usize>,
}

/// Images and lines that are interleaved together.
#[derive(Clone)]
struct Band {
    images: Range<usize>,
    lines: Range<usize>,
    /// Positions of the input with its padding, along each axis.
    extent: [usize; AXES],
}

impl Band {
    fn planes(&self, size: &Convolution) -> usize {
        self.images.len() * size.window.output[0]
    }

    /// Elements of one block of channels in one image.
    fn image(&self, together: usize) -> usize {
        self.extent.iter().product::<usize>() * together
    }
}

impl Piece<'_> {
    fn run<T: Float>(&self, x: &[T], d_out: &[T], sums: &mut [T]) {
        let window = &self.size.window;
        if self.images.is_empty() {
            sums.fill(T::ZERO);
            return;
        }
        let (together, lines) = self.band_sizes();
        let widest = self.band(0..together, 0..lines);
        let inputs = self.lanes.blocks() * together * widest.image(self.lanes.together) + LANES;
        let outputs = self.tiles.len() * ROWS * widest.planes(self.size) * lines * window.output[2];
        T::with_scratch(inputs + outputs, |scratch| {
            let (inputs, outputs) = scratch.split_at_mut(inputs);
            let mut accumulate = false;
            for images in ranges(self.images.len(), together) {
                let images = self.images.start + images.start..self.images.start + images.end;
                for lines in ranges(window.output[1], lines) {
                    let band = self.band(images.clone(), lines);
                    self.interleave_inputs(&band, x, inputs);
                    self.interleave_outputs(&band, d_out, outputs);
                    self.add(&band, inputs, outputs, sums, accumulate);
                    accumulate = true;
                }
            }
        });
    }

    /// Images and lines of a band.
    fn band_sizes(&self) -> (usize, usize) {
        let window = &self.size.window;
        if window.output[0] > 1 {
            return (1, window.output[1]);
        }
        let one = self.band(0..1, 0..window.output[1]);
        let units = self.tiles.len() * ROWS;
        let elements =
            self.lanes.blocks() * one.image(self.lanes.together) + units * window.output_plane();
        if elements > BAND {
            let lines = (window.output[1] * BAND / elements).max(1);
            return (1, lines);
        }
        let wanted = LONG.div_ceil(window.output_plane()).min(4 * BAND / elements).max(1);
        (wanted.min(self.images.len()), window.output[1])
    }

    fn band(&self, images: Range<usize>, lines: Range<usize>) -> Band {
        let window = &self.size.window;
        let extent = std::array::from_fn(|axis| {
            let outputs = if axis == 1 { lines.len() } else { window.output[axis] };
            (outputs - 1) * window.stride[axis]
                + (window.kernel[axis] - 1) * window.dilation[axis]
                + 1
        });
        Band { images, lines, extent }
    }

    /// The input of a band: (blocks of channels, images, depth, height, width, channels).
    fn interleave_inputs<T: Float>(&self, band: &Band, x: &[T], out: &mut [T]) {
        let (size, window) = (self.size, &self.size.window);
        let together = self.lanes.together;
        let [depth, height, width] = band.extent;
        let plane = window.input_plane();
        let mut lines = out.chunks_exact_mut(width * together);
        let first = [0, band.lines.start * window.stride[1], 0];
        let start = |axis: usize| first[axis] as isize - window.pad[axis] as isize;
        let inside = |axis: usize, at: usize| {
            usize::try_from(start(axis) + at as isize).ok().filter(|&at| at < window.input[axis])
        };
        let before = (-start(2)).clamp(0, width as isize) as usize;
        let skip = start(2).max(0) as usize;
        let count = window.input[2].saturating_sub(skip).min(width - before);
        for block in 0..self.lanes.blocks() {
            let channels = block * together..((block + 1) * together).min(self.lanes.channels);
            for image in band.images.clone() {
                let channel = (image * size.groups + self.group) * size.channels_in;
                for (d, h) in (0..depth).flat_map(|d| (0..height).map(move |h| (d, h))) {
                    let line = lines.next().expect("there is room for every line");
                    let (Some(d), Some(h)) = (inside(0, d), inside(1, h)) else {
                        line.fill(T::ZERO);
                        continue;
                    };
                    let (left, rest) = line.split_at_mut(before * together);
                    let (middle, right) = rest.split_at_mut(count * together);
                    left.fill(T::ZERO);
                    right.fill(T::ZERO);
                    let row = (d * window.input[1] + h) * window.input[2] + skip;
                    let start = (channel + channels.start) * plane + row;
                    interleave(&x[start..], plane, (channels.len(), together), middle);
                }
            }
        }
    }

    /// The output gradients of a band: (tiles, images, depth, lines, width, units).
    fn interleave_outputs<T: Float>(&self, band: &Band, d_out: &[T], out: &mut [T]) {
        let (size, window) = (self.size, &self.size.window);
        let positions = window.output_plane();
        let [depth, height, width] = window.output;
        let length = band.lines.len() * width;
        let mut pieces = out.chunks_exact_mut(length * ROWS);
        for tile in self.tiles.clone() {
            let units = ROWS.min(size.channels_out - tile * ROWS);
            for image in band.images.clone() {
                let first = (image * size.groups + self.group) * size.channels_out + tile * ROWS;
                for d in 0..depth {
                    let piece = pieces.next().expect("there is room for every tile");
                    let start = first * positions + (d * height + band.lines.start) * width;
                    interleave(&d_out[start..], positions, (units, ROWS), piece);
                }
            }
        }
    }

    fn add<T: Float>(
        &self,
        band: &Band,
        inputs: &[T],
        outputs: &[T],
        sums: &mut [T],
        accumulate: bool,
    ) {
        let window = &self.size.window;
        let (lanes, together) = (&self.lanes, self.lanes.together);
        let [depth, height, width] = band.extent;
        let line = width * together;
        let length = band.lines.len() * window.output[2];
        let planes = band.planes(self.size);
        let plane =
            if depth > 1 { window.stride[0] * height * line } else { depth * height * line };
        let steps = Steps {
            count: [planes, band.lines.len(), window.output[2]],
            a: [length * ROWS, window.output[2] * ROWS, ROWS],
            b: [plane, window.stride[1] * line, window.stride[2] * together],
        };
        let start_of = |group: usize| {
            let (block, [d, h], within) = lanes.place(group);
            let row = d * window.dilation[0] * height + h * window.dilation[1];
            let step = if lanes.run_on { LANES } else { window.dilation[2] * together };
            block * band.images.len() * band.image(together) + row * line + within * step
        };
        let groups = lanes.groups();
        for group in (0..groups).step_by(GROUPS) {
            for tile in 0..self.tiles.len() {
                let a = &outputs[tile * planes * length * ROWS..];
                let c = &mut sums[(tile * groups + group) * CELL..];
                let b = |g: usize| start_of(group + g);
                match groups - group {
                    1 => run::<T, 1>(&steps, a, inputs, c, b, accumulate),
                    2 => run::<T, 2>(&steps, a, inputs, c, b, accumulate),
                    _ => run::<T, GROUPS>(&steps, a, inputs, c, b, accumulate),
                }
            }
        }
    }
}

fn run<T: Float, const N: usize>(
    steps: &Steps,
    a: &[T],
    b: &[T],
    c: &mut [T],
    start_of: impl Fn(usize) -> usize,
    accumulate: bool,
) {
    let places = Places::<N> {
        b: std::array::from_fn(start_of),
        c: std::array::from_fn(|group| group * CELL),
        row: LANES,
        accumulate,
    };
    T::tile(steps, a, b, c, &places);
}
