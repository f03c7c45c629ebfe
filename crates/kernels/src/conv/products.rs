//! The gradient to the input of a convolution with a stride: products with columns, which are
//! made block by block and added to the input positions that they are of.

use std::ops::Range;

use crate::product::{MatMut, MatRef};
use crate::scalar::Float;
use crate::window::Block;

use super::Convolution;
use super::columns::{self, Part};
use super::split::{Task, for_each_task, images_by_size, ranges};

/// Elements of columns that are made at a time: half of a small second-level cache.
const COLUMNS: usize = 1 << 17;

/// Channels whose columns are made at a time, and positions of each image.
fn block_sizes(size: &Convolution, images: usize) -> (usize, usize) {
    let taps = size.window.taps();
    let depth = (COLUMNS / 512).max(1);
    let channels = (depth / taps).clamp(1, size.channels_in);
    let positions = COLUMNS / (channels * taps) / images;
    (channels, positions.max(16))
}

/// `d_x = columnsᵀ(wᵀ · d_out)`, group by group.
pub fn input_gradient<T: Float>(size: &Convolution, d_out: &[T], w: &[T], d_x: &mut [T]) {
    let window = &size.window;
    let (positions, plane, taps) = (window.output_plane(), window.input_plane(), window.taps());
    let (depth, units) = (size.depth(), size.channels_out);
    for_each_task(
        size,
        images_by_size(size),
        d_x,
        (size.channels_in, plane),
        &|task, d_x, per_image| {
            let images = task.images.len();
            let several = images > 1;
            let w = &w[task.group * units * depth..(task.group + 1) * units * depth];
            if window.is_pointwise() && !several {
                let d_out =
                    &d_out[(task.images.start * size.groups + task.group) * units * positions..];
                let a =
                    MatRef::new(&w[task.channels.start..], task.channels.len(), units, 1, depth);
                let c = MatMut::from_row_major(d_x, task.channels.len(), positions);
                T::multiply(a, view(d_out, units, positions, positions), T::ZERO, c);
                return;
            }
            for image in 0..images {
                let start = (image * per_image + task.at) * plane;
                d_x[start..start + task.channels.len() * plane].fill(T::ZERO);
            }
            let (step, most) = block_sizes(size, images);
            let most = if several { positions } else { most };
            let gathered = if several { units * images * positions } else { 0 };
            let room = step * taps * images * most.min(positions);
            T::with_scratch(room + gathered, |scratch| {
                let (columns, gathered) = scratch.split_at_mut(room);
                if several {
                    gather(size, d_out, task, 0..units, gathered);
                }
                for block in window.blocks(most) {
                    for channels in ranges(task.channels.len(), step) {
                        let first = task.channels.start + channels.start;
                        let part = part(task, first..first + channels.len(), &block);
                        let (rows, n) = (part.channels.len() * taps, part.columns());
                        let a = MatRef::new(&w[first * taps..], rows, units, 1, depth);
                        let b = if several {
                            view(gathered, units, n, n)
                        } else {
                            let image = task.images.start * size.groups + task.group;
                            let start = image * units * positions + start_of(size, &block);
                            view(&d_out[start..], units, n, positions)
                        };
                        let columns = &mut columns[..rows * n];
                        T::multiply(a, b, T::ZERO, MatMut::from_row_major(&mut *columns, rows, n));
                        let at = (task.at + channels.start) * plane;
                        columns::add(size, columns, &part, &mut d_x[at..], per_image);
                    }
                }
            });
        },
    );
}

fn part(task: &Task, channels: Range<usize>, block: &Block) -> Part {
    Part { channels, images: task.images.clone(), block: block.clone() }
}

fn start_of(size: &Convolution, block: &Block) -> usize {
    block.lines.start * size.window.output[2] + block.columns.start
}

fn view<T>(data: &[T], rows: usize, columns: usize, stride: usize) -> MatRef<'_, T> {
    MatRef::new(data, rows, columns, stride, 1)
}

/// Puts the output gradients of several images side by side: a row for every unit.
fn gather<T: Float>(
    size: &Convolution,
    d_out: &[T],
    task: &Task,
    units: Range<usize>,
    gathered: &mut [T],
) {
    let positions = size.window.output_plane();
    let columns = task.images.len() * positions;
    for (row, unit) in gathered.chunks_exact_mut(columns).zip(units) {
        for (row, image) in row.chunks_exact_mut(positions).zip(task.images.clone()) {
            let channel = (image * size.groups + task.group) * size.channels_out + unit;
            row.copy_from_slice(&d_out[channel * positions..(channel + 1) * positions]);
        }
    }
}
