//! What the taps of a few channels see, added back to the input.
//!
//! A matrix with a row for every tap of some channels, and a column for every position of a
//! block in each of some images, image by image.

use std::ops::Range;

use crate::scalar::Float;
use crate::window::Block;

use super::Convolution;
use super::lines::add_line;

/// Which part of the columns of one group is made.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its input channels.
    pub channels: Range<usize>,
    /// The images.
    pub images: Range<usize>,
    /// The output positions of each.
    pub block: Block,
}

impl Part {
    /// Columns of the matrix.
    pub fn columns(&self) -> usize {
        self.images.len() * self.block.len()
    }

    fn rows(&self, size: &Convolution) -> impl Iterator<Item = (usize, usize)> + use<> {
        let taps = size.window.taps();
        self.channels.clone().flat_map(move |c| (0..taps).map(move |tap| (c, tap)))
    }
}

/// Adds `columns` to the input positions that the taps see; `d_x` begins at the first image and
/// channel of the part, and `channels` of it lie in every image.
pub fn add<T: Float>(
    size: &Convolution,
    columns: &[T],
    part: &Part,
    d_x: &mut [T],
    channels: usize,
) {
    let plane = size.window.input_plane();
    let stride = size.window.stride[2];
    let per_image = part.block.len();
    let mut rows = columns.chunks_exact(part.columns());
    for (channel, tap) in part.rows(size) {
        let row = rows.next().expect("the columns have a row for every tap");
        for (image, row) in row.chunks_exact(per_image).enumerate() {
            let at = (image * channels + channel - part.channels.start) * plane;
            let d_x = &mut d_x[at..at + plane];
            size.window.for_each_line(tap, &part.block, |line| {
                let row = &row[line.at + line.before..][..line.count];
                add_line(row, stride, &mut d_x[line.input..]);
            });
        }
    }
}
