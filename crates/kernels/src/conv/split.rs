//! How a tensor of images is cut into pieces of work that are contiguous in memory.

use std::ops::Range;

use crate::scalar::Float;
use crate::threads::for_each_chunk;

use super::Convolution;
use super::tile::LANES;

/// Columns of a product below which images are put together, if there are several.
pub const WIDE: usize = 192;

/// Pieces of work that a call is cut into where its sizes allow, to share among threads.
pub const PIECES: usize = 8;

/// Rows of a product that are worth handing over on their own, whole tiles.
pub const ROWS: usize = 32;

/// How images and channels are cut into pieces that are contiguous in memory.
struct Cut {
    /// Images of a piece.
    images: usize,
    /// Channels of a piece of one image; all channels of all groups if there are more images.
    channels: usize,
}

/// Images of a piece, by sizes alone: several where one has few positions.
pub fn images_by_size(size: &Convolution) -> usize {
    WIDE.div_ceil(size.window.output_plane().max(1)).clamp(1, size.batch.div_ceil(2).max(1))
}

/// Images of a piece where no bits depend on it: more than by sizes alone if that fills the last
/// group of positions better and leaves two pieces for every thread.
pub fn images_by_threads(size: &Convolution) -> usize {
    /// Positions that are computed and not there, of all: one of so many is little.
    const LITTLE: usize = 32;
    let (positions, threads) = (size.window.output_plane(), rayon::current_num_threads());
    let most = if threads == 1 { size.batch } else { size.batch / (2 * threads) };
    let mut images = images_by_size(size);
    let wasted = |images: usize| (images * positions).next_multiple_of(LANES) - images * positions;
    while 2 * images <= most && LITTLE * wasted(images) > images * positions {
        images *= 2;
    }
    images
}

impl Cut {
    /// The cut of a tensor of `batch` images with `groups` times `channels` planes.
    fn new(size: &Convolution, channels: usize, images: usize) -> Self {
        let pieces = size.batch.div_ceil(images) * size.groups;
        if images > 1 {
            return Self { images, channels: channels * size.groups };
        }
        let parts = PIECES.div_ceil(pieces).min(channels.div_ceil(ROWS));
        Self { images, channels: channels.div_ceil(parts.max(1)).next_multiple_of(ROWS) }
    }
}

/// One group of one piece.
pub struct Task {
    pub images: Range<usize>,
    pub group: usize,
    pub channels: Range<usize>,
    /// Where the channels begin in each image of the piece.
    pub at: usize,
}

/// Calls `work(task, piece, channels per image)` for every group of every piece of `out` of so many
/// images, whose planes have `plane` elements and whose groups have `channels` planes.
pub fn for_each_task<T: Float>(
    size: &Convolution,
    images: usize,
    out: &mut [T],
    (channels, plane): (usize, usize),
    work: &(impl Fn(&Task, &mut [T], usize) + Sync),
) {
    let cut = Cut::new(size, channels, images);
    let all = channels * size.groups;
    if cut.images > 1 {
        for_each_chunk(out, cut.images * all * plane, &|start, piece| {
            let first = start / (all * plane);
            let images = first..first + piece.len() / (all * plane);
            for group in 0..size.groups {
                let at = group * channels;
                let images = images.clone();
                work(&Task { images, group, channels: 0..channels, at }, piece, all);
            }
        });
        return;
    }
    let parts = channels.div_ceil(cut.channels);
    split_groups(out, channels * plane, &|index, out: &mut [T]| {
        let (image, group) = (index / size.groups, index % size.groups);
        let run = |start: usize, piece: &mut [T]| {
            let first = start / plane;
            let channels = first..first + piece.len() / plane;
            let count = channels.len();
            work(&Task { images: image..image + 1, group, channels, at: 0 }, piece, count);
        };
        if parts == 1 { run(0, out) } else { for_each_chunk(out, cut.channels * plane, &run) }
    });
}

pub fn split_groups<T: Float>(
    out: &mut [T],
    chunk: usize,
    work: &(impl Fn(usize, &mut [T]) + Sync),
) {
    for_each_chunk(out, chunk, &|start, piece| work(start / chunk, piece));
}

/// Consecutive ranges of at most `step` that cover `0..total`.
pub fn ranges(total: usize, step: usize) -> impl Iterator<Item = Range<usize>> {
    (0..total).step_by(step.max(1)).map(move |start| start..(start + step).min(total))
}
