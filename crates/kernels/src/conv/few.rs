//! Convolution with few channels and a stride of 1, from padded images that are read where they
//! lie.
//!
//! A panel costs as much for a few channels as for many to find its pieces. Here an image is
//! copied once, with its padding; what a tap sees of consecutive positions is then consecutive too,
//! on from line to line, so tiles read it without a panel. Between two lines they compute some
//! positions that do not exist, which are left out when the sums are written.

use crate::scalar::Float;
use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use super::Convolution;
use super::lines;
use super::tile::{GROUPS, LANES, Places, ROWS, Steps};

/// Tiles of units times channels up to which this is faster than panels.
const FEW: usize = 64;

/// Elements of a padded image, and of the sums of eight units: a second-level cache holds both.
const NEAR: usize = 1 << 16;

/// Positions of a tile.
const WIDTH: usize = GROUPS * LANES;

/// Sizes of a padded image.
struct Padded {
    height: usize,
    width: usize,
    /// Positions from the first to the last of the output, those between lines included.
    positions: usize,
    /// The same in whole tiles.
    in_tiles: usize,
}

impl Padded {
    fn new(size: &Convolution) -> Self {
        let window = &size.window;
        let [height, width] =
            [1, 2].map(|a| window.output[a] + (window.kernel[a] - 1) * window.dilation[a]);
        let positions = (window.output[1] - 1) * width + window.output[2];
        Self { height, width, positions, in_tiles: positions.next_multiple_of(WIDTH) }
    }

    fn plane(&self) -> usize {
        self.height * self.width
    }

    /// Elements of an image of so many channels; the last tile may read beyond it.
    fn image(&self, channels: usize) -> usize {
        channels * self.plane() + WIDTH
    }
}

/// Whether a convolution is computed here.
pub fn fits(size: &Convolution) -> bool {
    let window = &size.window;
    let is_flat = window.input[0] == 1 && window.kernel[0] == 1 && window.output[0] == 1;
    if !is_flat || window.stride != [1; 3] || window.output_plane() == 0 {
        return false;
    }
    let padded = Padded::new(size);
    size.channels_in * size.channels_out.div_ceil(ROWS) <= FEW
        && 2 * padded.width <= 3 * window.output[2]
        && padded.image(size.channels_in).max(ROWS * padded.in_tiles) <= NEAR
}

/// The convolution of `x` with packed weights.
pub fn convolve<T: Float>(size: &Convolution, x: &[T], packed: &[T], out: &mut [T]) {
    let padded = Padded::new(size);
    let plane = size.window.input_plane();
    let positions = size.window.output_plane();
    let (channels, units) = (size.channels_in, size.channels_out);
    let per_tile = ROWS * size.depth();
    let tiles = units.div_ceil(ROWS);
    let per_group = units * positions;
    let together = (ELEMENTWISE_CHUNK / per_group.max(1)).max(1);
    let (image, sums) = (padded.image(channels), ROWS * padded.in_tiles);
    for_each_chunk(out, together * per_group, &|start, piece| {
        T::with_scratch(image + sums, |scratch| {
            let (image, sums) = scratch.split_at_mut(image);
            image.fill(T::ZERO);
            for (index, out) in (start / per_group..).zip(piece.chunks_exact_mut(per_group)) {
                let x = &x[index * channels * plane..][..channels * plane];
                copy(size, &padded, x, image);
                let packed = &packed[index % size.groups * tiles * per_tile..];
                for (a, out) in packed.chunks(per_tile).zip(out.chunks_mut(ROWS * positions)) {
                    multiply(size, &padded, a, image, sums);
                    write(size, &padded, sums, out);
                }
            }
        });
    });
}

/// Copies the lines of every channel to where they lie within the padding, which stays.
fn copy<T: Float>(size: &Convolution, padded: &Padded, x: &[T], image: &mut [T]) {
    let window = &size.window;
    let ([_, top, left], [_, height, width]) = (window.pad, window.input);
    let count = width.min(padded.width.saturating_sub(left));
    let planes = image.chunks_exact_mut(padded.plane());
    for (x, plane) in x.chunks_exact(height * width).zip(planes) {
        let lines = plane.chunks_exact_mut(padded.width).skip(top);
        for (x, line) in x.chunks_exact(width).zip(lines) {
            lines::copy(x, 1, &mut line[left..left + count]);
        }
    }
}

/// The products of eight units with an image: (8, positions).
fn multiply<T: Float>(size: &Convolution, padded: &Padded, a: &[T], image: &[T], sums: &mut [T]) {
    let ([_, height, width], [_, down, right]) = (size.window.kernel, size.window.dilation);
    let steps = Steps {
        count: [size.channels_in, height, width],
        a: [height * width * ROWS, width * ROWS, ROWS],
        b: [padded.plane(), down * padded.width, right],
    };
    for start in (0..padded.positions).step_by(WIDTH) {
        match (padded.positions - start).div_ceil(LANES) {
            1 => T::tile(&steps, a, image, sums, &places::<1>(start, padded)),
            2 => T::tile(&steps, a, image, sums, &places::<2>(start, padded)),
            _ => T::tile(&steps, a, image, sums, &places::<GROUPS>(start, padded)),
        }
    }
}

fn places<const N: usize>(start: usize, padded: &Padded) -> Places<N> {
    let at = std::array::from_fn(|group| start + group * LANES);
    Places { b: at, c: at, row: padded.in_tiles, accumulate: false }
}

/// Puts the sums of the positions that there are into the output of some units.
fn write<T: Float>(size: &Convolution, padded: &Padded, sums: &[T], out: &mut [T]) {
    let window = &size.window;
    let units = out.chunks_exact_mut(window.output_plane());
    for (sums, out) in sums.chunks_exact(padded.in_tiles).zip(units) {
        let lines = out.chunks_exact_mut(window.output[2]);
        for (sums, line) in sums.chunks(padded.width).zip(lines) {
            lines::copy(sums, 1, line);
        }
    }
}
