//! Convolution with a stride of 1 over planes that are not small, from padded images that are read
//! where they lie.
//!
//! A panel holds every element of the input once for each tap. Here an image is copied once, with
//! zeros between its lines that serve the end of one and the beginning of the next; what a tap sees
//! of consecutive positions is then consecutive too, on from line to line. Tiles compute the few
//! positions between two lines as well, which are left out when sums are written.
//!
//! A tile's positions are taken through all units before the next ones, a few channels at a time,
//! so that a first-level cache holds what they see.

use crate::scalar::Float;

use super::Convolution;
use super::lines;
use super::panel::{Piece, Pieces, Repeat, WIDTH};
use super::split::{Task, WIDE, for_each_task, images_by_size, ranges};
use super::tile::{GROUPS, LANES, Places, ROWS, Steps};

/// Elements of a padded image: half of a second-level cache of 2 MiB in f32.
const NEAR: usize = 1 << 18;

/// Elements that the tiles of some channels see at a time: 16 KiB in f32, a third of a first-level
/// cache, beside the weights that pass through it.
const NEAREST: usize = 1 << 12;

/// Elements of the sums of a tile.
const TILE: usize = ROWS * WIDTH;

/// Sizes of a padded image.
struct Padded {
    height: usize,
    /// Elements from one line to the next.
    width: usize,
    /// Positions from the first to the last of the output, those between lines included.
    positions: usize,
    /// Elements from one channel to the next.
    plane: usize,
}

impl Padded {
    fn new(size: &Convolution) -> Self {
        let window = &size.window;
        let reach = [1, 2].map(|axis| (window.kernel[axis] - 1) * window.dilation[axis]);
        let [_, left] = [1, 2].map(|axis| window.pad[axis]);
        let right = (window.output[2] + reach[1]).saturating_sub(left + window.input[2]);
        let width = window.input[2] + left.max(right);
        let height = window.output[1] + reach[0];
        let positions = (window.output[1] - 1) * width + window.output[2];
        Self { height, width, positions, plane: left + height * width }
    }

    /// Elements of an image of so many channels; the last tile may read beyond it.
    fn image(&self, channels: usize) -> usize {
        channels * self.plane + WIDTH
    }
}

/// Whether a convolution is computed here.
pub fn fits(size: &Convolution) -> bool {
    let window = &size.window;
    let is_flat = window.input[0] == 1 && window.kernel[0] == 1 && window.output[0] == 1;
    let output = window.output_plane();
    if !is_flat || window.stride != [1; 3] || window.taps() == 1 || output < WIDE {
        return false;
    }
    let padded = Padded::new(size);
    let computed = padded.positions.next_multiple_of(LANES);
    size.channels_out > ROWS
        && window.output[2] <= padded.width
        && padded.image(size.channels_in) <= NEAR
        && 20 * (computed - output) <= output
}

/// The convolution of `x` with packed weights.
pub fn convolve<T: Float>(size: &Convolution, x: &[T], packed: &[T], out: &mut [T]) {
    let positions = size.window.output_plane();
    let padded = Padded::new(size);
    for_each_task(
        size,
        images_by_size(size),
        out,
        (size.channels_out, positions),
        &|task, out, _| {
            let image = padded.image(size.channels_in);
            let tiles = task.channels.len().div_ceil(ROWS);
            T::with_scratch(image + tiles * TILE, |scratch| {
                let (image, sums) = scratch.split_at_mut(image);
                let number = task.images.start * size.groups + task.group;
                let elements = size.channels_in * size.window.input_plane();
                copy(size, &padded, &x[number * elements..][..elements], image);
                let mut pieces = Pieces::new();
                for start in (0..padded.positions).step_by(WIDTH) {
                    padded.find_pieces(size, start, &mut pieces);
                    fetch(&pieces, positions, out);
                    multiply(size, task, &padded, start, (packed, image), sums);
                    let units = (0..task.channels.len()).step_by(ROWS);
                    for (first, sums) in units.zip(sums.chunks_exact(TILE)) {
                        let count = ROWS.min(task.channels.len() - first);
                        let repeat = Repeat { count, from: WIDTH, to: positions, stride: 1 };
                        T::copy_pieces(&pieces, &repeat, sums, &mut out[first * positions..]);
                    }
                }
            });
        },
    );
}

impl Padded {
    /// Which positions from `start` on lie in lines, and where in the output.
    fn find_pieces(&self, size: &Convolution, start: usize, pieces: &mut Pieces) {
        pieces.clear();
        let width = size.window.output[2];
        let end = self.positions.min(start + WIDTH);
        let mut at = start;
        while at < end {
            let (line, column) = (at / self.width, at % self.width);
            let count = width.saturating_sub(column).min(end - at).min(LANES);
            if count == 0 {
                at = (line + 1) * self.width;
                continue;
            }
            pieces.push(Piece::whole((at - start) as isize, line * width + column, count));
            at += count;
        }
    }
}

/// Fetches what will be written of every unit.
fn fetch<T: Float>(pieces: &Pieces, positions: usize, out: &[T]) {
    let first = pieces.first().map_or(0, |piece| piece.to);
    for unit in (0..out.len()).step_by(positions) {
        T::prefetch(out, (unit + first) as isize, WIDTH);
    }
}

/// Copies the lines of every channel to where they lie between zeros.
fn copy<T: Float>(size: &Convolution, padded: &Padded, x: &[T], image: &mut [T]) {
    let window = &size.window;
    let ([_, top, left], [_, height, width]) = (window.pad, window.input);
    let (planes, rest) = image.split_at_mut(size.channels_in * padded.plane);
    rest.fill(T::ZERO);
    let planes = planes.chunks_exact_mut(padded.plane);
    for (x, plane) in x.chunks_exact(height * width).zip(planes) {
        plane.fill(T::ZERO);
        let lines = plane[left..].chunks_exact_mut(padded.width).skip(top);
        for (x, line) in x.chunks_exact(width).zip(lines) {
            lines::copy(x, 1, &mut line[..width]);
        }
    }
}

/// The products of the task's units with a tile's positions: (units / 8, 8, positions).
fn multiply<T: Float>(
    size: &Convolution,
    task: &Task,
    padded: &Padded,
    start: usize,
    (packed, image): (&[T], &[T]),
    sums: &mut [T],
) {
    let ([_, height, width], [_, down, right]) = (size.window.kernel, size.window.dilation);
    let taps = height * width;
    let seen = WIDTH + (padded.height - size.window.output[1]) * padded.width;
    let of_group = task.group * size.channels_out.div_ceil(ROWS);
    let first = of_group + task.channels.start / ROWS;
    let groups = (padded.positions - start).div_ceil(LANES);
    for channels in ranges(size.channels_in, NEAREST / seen) {
        let steps = Steps {
            count: [channels.len(), height, width],
            a: [taps * ROWS, width * ROWS, ROWS],
            b: [padded.plane, down * padded.width, right],
        };
        let b = &image[channels.start * padded.plane + start..];
        let accumulate = channels.start > 0;
        for (tile, sums) in (first..).zip(sums.chunks_exact_mut(TILE)) {
            let a = &packed[(tile * size.depth() + channels.start * taps) * ROWS..];
            match groups {
                1 => T::tile(&steps, a, b, sums, &places::<1>(accumulate)),
                2 => T::tile(&steps, a, b, sums, &places::<2>(accumulate)),
                _ => T::tile(&steps, a, b, sums, &places::<GROUPS>(accumulate)),
            }
        }
    }
}

fn places<const N: usize>(accumulate: bool) -> Places<N> {
    let at = std::array::from_fn(|group| group * LANES);
    Places { b: at, c: at, row: WIDTH, accumulate }
}
