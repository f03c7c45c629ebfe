//! Convolution as products of matrices, over columns made block by block.

use std::ops::Range;

use gemmkit::{MatMut, MatRef};

use crate::scalar::Float;
use crate::threads::for_each_chunk;
use crate::window::Block;

use super::Convolution;
use super::columns::{self, Part};

/// Elements of columns that are made at a time: half of a small second-level cache.
const COLUMNS: usize = 1 << 17;

/// Columns of a product below which images are put together, if there are several.
const WIDE: usize = 192;

/// Pieces of work that a call is cut into where its sizes allow, to share among threads.
const PIECES: usize = 8;

/// Rows of a product that are worth handing over on their own.
const ROWS: usize = 32;

/// Elements of the weight times parts of the batch, above which sums over parts of the batch
/// would cost more memory than making columns anew for every part of the rows.
const PARTIALS: usize = 1 << 21;

/// How images and channels are cut into pieces that are contiguous in memory.
struct Cut {
    /// Images of a piece.
    images: usize,
    /// Channels of a piece of one image; all channels of all groups if there are more images.
    channels: usize,
}

impl Cut {
    /// The cut of a tensor of `batch` images with `groups` times `channels` planes.
    fn new(size: &Convolution, channels: usize) -> Self {
        let positions = size.window.output_plane();
        let images = WIDE.div_ceil(positions.max(1)).clamp(1, size.batch.div_ceil(2).max(1));
        let pieces = size.batch.div_ceil(images) * size.groups;
        if images > 1 {
            return Self { images, channels: channels * size.groups };
        }
        let parts = PIECES.div_ceil(pieces).min(channels.div_ceil(ROWS));
        Self { images, channels: channels.div_ceil(parts.max(1)) }
    }
}

/// One group of one piece.
struct Task {
    images: Range<usize>,
    group: usize,
    channels: Range<usize>,
    /// Where the channels begin in each image of the piece.
    at: usize,
}

/// Calls `work(task, piece, channels per image)` for every group of every piece of `out`, whose
/// planes have `plane` elements and whose groups have `channels` planes.
fn for_each_task<T: Float>(
    size: &Convolution,
    out: &mut [T],
    (channels, plane): (usize, usize),
    work: &(impl Fn(&Task, &mut [T], usize) + Sync),
) {
    let cut = Cut::new(size, channels);
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

fn split_groups<T: Float>(out: &mut [T], chunk: usize, work: &(impl Fn(usize, &mut [T]) + Sync)) {
    for_each_chunk(out, chunk, &|start, piece| work(start / chunk, piece));
}

/// Channels whose columns are made at a time, and positions of each image.
fn block_sizes(size: &Convolution, images: usize) -> (usize, usize) {
    let taps = size.window.taps();
    let depth = (COLUMNS / 512).max(1);
    let channels = (depth / taps).clamp(1, size.channels_in);
    let positions = COLUMNS / (channels * taps) / images;
    (channels, positions.max(16))
}

fn ranges(total: usize, step: usize) -> impl Iterator<Item = Range<usize>> {
    (0..total).step_by(step.max(1)).map(move |start| start..(start + step).min(total))
}

/// `out = w · columns(x)`, group by group.
pub fn convolve<T: Float>(size: &Convolution, x: &[T], w: &[T], out: &mut [T]) {
    let positions = size.window.output_plane();
    let depth = size.depth();
    for_each_task(size, out, (size.channels_out, positions), &|task, out, per_image| {
        let rows = task.channels.len();
        let first = (task.group * size.channels_out + task.channels.start) * depth;
        let w = &w[first..first + rows * depth];
        let several = task.images.len() > 1;
        let (channels, most) = block_sizes(size, task.images.len());
        let most = if several { positions } else { most };
        let gathered = if several { rows * task.images.len() * positions } else { 0 };
        let room = channels * size.window.taps() * task.images.len() * most.min(positions);
        T::with_scratch(room + gathered, |scratch| {
            let (columns, gathered) = scratch.split_at_mut(room);
            for block in size.window.blocks(most) {
                for channels in ranges(size.channels_in, channels) {
                    let part = part(task, channels, &block);
                    let (matrix, k) = inputs(size, x, &part, columns);
                    let a = view(&w[part.channels.start * size.window.taps()..], rows, k, depth);
                    let beta = if part.channels.start == 0 { T::ZERO } else { T::ONE };
                    let n = part.columns();
                    let c = if several {
                        MatMut::from_row_major(&mut *gathered, rows, n)
                    } else {
                        let start = task.at * positions + start_of(size, &block);
                        MatMut::new(&mut out[start..], rows, n, positions as isize, 1)
                    };
                    T::multiply(a, matrix, beta, c);
                }
            }
            if several {
                scatter(gathered, task, per_image, positions, out);
            }
        });
    });
}

/// `d_x = columnsᵀ(wᵀ · d_out)`, group by group.
pub fn input_gradient<T: Float>(size: &Convolution, d_out: &[T], w: &[T], d_x: &mut [T]) {
    let window = &size.window;
    let (positions, plane, taps) = (window.output_plane(), window.input_plane(), window.taps());
    let (depth, units) = (size.depth(), size.channels_out);
    for_each_task(size, d_x, (size.channels_in, plane), &|task, d_x, per_image| {
        let images = task.images.len();
        let several = images > 1;
        let w = &w[task.group * units * depth..(task.group + 1) * units * depth];
        if window.is_pointwise() && !several {
            let d_out =
                &d_out[(task.images.start * size.groups + task.group) * units * positions..];
            let a = MatRef::new(
                &w[task.channels.start..],
                task.channels.len(),
                units,
                1,
                depth as isize,
            );
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
                    let a = MatRef::new(&w[first * taps..], rows, units, 1, depth as isize);
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
    });
}

/// How the weight gradient is cut: parts of the batch, and rows of the weight in one part.
struct WeightCut {
    parts: usize,
    rows: usize,
}

impl WeightCut {
    fn new(size: &Convolution) -> Self {
        let elements = size.weight_elements().max(1);
        let pieces = PIECES.div_ceil(size.groups);
        let parts = pieces.min(size.batch).min(PARTIALS / elements).max(1);
        let rows = size.channels_out.div_ceil(pieces.div_ceil(parts));
        Self { parts, rows: rows.max(ROWS).min(size.channels_out) }
    }
}

pub fn partial_elements(size: &Convolution) -> usize {
    (WeightCut::new(size).parts - 1) * size.weight_elements()
}

/// `d_w = d_out · columns(x)ᵀ`, group by group: parts of the batch each into a weight of their
/// own, which are added in order.
pub fn weight_gradient<T: Float>(
    size: &Convolution,
    x: &[T],
    d_out: &[T],
    d_w: &mut [T],
    partial: &mut [T],
) {
    let cut = WeightCut::new(size);
    let elements = size.weight_elements();
    let images = size.batch.div_ceil(cut.parts);
    let run = |part: usize, d_w: &mut [T]| {
        let images = (part * images).min(size.batch)..((part + 1) * images).min(size.batch);
        weight_gradient_of(size, x, d_out, d_w, &images, cut.rows);
    };
    let partial = &mut partial[..(cut.parts - 1) * elements];
    if partial.is_empty() {
        run(0, d_w);
        return;
    }
    rayon::join(
        || run(0, d_w),
        || split_groups(partial, elements, &|index, piece| run(index + 1, piece)),
    );
    let partial = &*partial;
    for_each_chunk(d_w, crate::threads::ELEMENTWISE_CHUNK, &|start, piece| {
        for part in partial.chunks_exact(elements) {
            let part = &part[start..start + piece.len()];
            piece.iter_mut().zip(part).for_each(|(sum, &x)| *sum += x);
        }
    });
}

fn weight_gradient_of<T: Float>(
    size: &Convolution,
    x: &[T],
    d_out: &[T],
    d_w: &mut [T],
    images: &Range<usize>,
    rows: usize,
) {
    let (depth, units) = (size.depth(), size.channels_out);
    split_groups(d_w, units * depth, &|group, d_w: &mut [T]| {
        for_each_chunk(d_w, rows * depth, &|start, piece| {
            let first = start / depth;
            let units = first..first + piece.len() / depth;
            weight_rows(size, x, d_out, piece, &Rows { group, units, images: images.clone() });
        });
    });
}

/// Some rows of the weight gradient of one group, over some images.
struct Rows {
    group: usize,
    units: Range<usize>,
    images: Range<usize>,
}

fn weight_rows<T: Float>(size: &Convolution, x: &[T], d_out: &[T], d_w: &mut [T], rows: &Rows) {
    let window = &size.window;
    let (positions, taps, depth) = (window.output_plane(), window.taps(), size.depth());
    let count = rows.units.len();
    let together = WIDE.div_ceil(positions.max(1)).clamp(1, rows.images.len().max(1));
    let several = together > 1;
    let (step, most) = block_sizes(size, together);
    let most = if several { positions } else { most };
    let gathered = if several { count * together * positions } else { 0 };
    let room = step * taps * together * most.min(positions);
    d_w.fill(T::ZERO);
    T::with_scratch(room + gathered, |scratch| {
        let (columns, gathered) = scratch.split_at_mut(room);
        for images in ranges(rows.images.len(), together) {
            let images = rows.images.start + images.start..rows.images.start + images.end;
            let task = Task { images, group: rows.group, channels: 0..0, at: 0 };
            if several {
                gather(size, d_out, &task, rows.units.clone(), gathered);
            }
            for block in window.blocks(most) {
                for channels in ranges(size.channels_in, step) {
                    let part = part(&task, channels, &block);
                    let n = part.columns();
                    let a = if several {
                        view(gathered, count, n, n)
                    } else {
                        let image = task.images.start * size.groups + task.group;
                        let unit = image * size.channels_out + rows.units.start;
                        view(
                            &d_out[unit * positions + start_of(size, &block)..],
                            count,
                            n,
                            positions,
                        )
                    };
                    let stride = if window.is_pointwise() && !several { positions } else { n };
                    let (matrix, k) = inputs_strided(size, x, &part, columns, stride);
                    let b = MatRef::new(matrix, n, k, 1, stride as isize);
                    let c = &mut d_w[part.channels.start * taps..];
                    T::multiply(a, b, T::ONE, MatMut::new(c, count, k, depth as isize, 1));
                }
            }
        }
    });
}

fn part(task: &Task, channels: Range<usize>, block: &Block) -> Part {
    Part { group: task.group, channels, images: task.images.clone(), block: block.clone() }
}

fn start_of(size: &Convolution, block: &Block) -> usize {
    block.lines.start * size.window.output[2] + block.columns.start
}

fn view<T>(data: &[T], rows: usize, columns: usize, stride: usize) -> MatRef<'_, T> {
    MatRef::new(data, rows, columns, stride as isize, 1)
}

/// The columns of a part as a matrix, and their number of rows; where every position sees itself,
/// the input is such a matrix already.
fn inputs<'a, T: Float>(
    size: &Convolution,
    x: &'a [T],
    part: &Part,
    columns: &'a mut [T],
) -> (MatRef<'a, T>, usize) {
    let stride = if size.window.is_pointwise() && part.images.len() == 1 {
        size.window.output_plane()
    } else {
        part.columns()
    };
    let (data, rows) = inputs_strided(size, x, part, columns, stride);
    (view(data, rows, part.columns(), stride), rows)
}

fn inputs_strided<'a, T: Float>(
    size: &Convolution,
    x: &'a [T],
    part: &Part,
    columns: &'a mut [T],
    stride: usize,
) -> (&'a [T], usize) {
    let rows = part.channels.len() * size.window.taps();
    if size.window.is_pointwise() && part.images.len() == 1 {
        let channel = (part.images.start * size.groups + part.group) * size.channels_in;
        let start = (channel + part.channels.start) * stride;
        return (&x[start + start_of(size, &part.block)..], rows);
    }
    let columns = &mut columns[..rows * part.columns()];
    columns::fill(size, x, part, columns);
    (columns, rows)
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

/// The way back: rows of several images side by side into the images of a piece.
fn scatter<T: Float>(
    gathered: &[T],
    task: &Task,
    per_image: usize,
    positions: usize,
    out: &mut [T],
) {
    let columns = task.images.len() * positions;
    for (row, unit) in gathered.chunks_exact(columns).zip(task.at..) {
        for (image, row) in row.chunks_exact(positions).enumerate() {
            let start = (image * per_image + unit) * positions;
            out[start..start + positions].copy_from_slice(row);
        }
    }
}
