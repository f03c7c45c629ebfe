//! Products by tiles of the result that stay in registers, for processors with AVX2 or AVX-512.
//!
//! A tile has a few rows, each of one or two vectors of *lanes*. One factor is *spread*: an element
//! is copied to all lanes of a register. The other is *dense*: a vector of it is loaded at once.
//! The inner dimension is cut into slices of fixed length, and in a slice every element of the
//! result is one chain of fused multiply-adds from 0, added to what the slices before gave. So its
//! bits depend neither on the tile that it falls into, nor on the number of rows or lanes, nor on
//! the set of instructions.
//!
//! After Goto & van de Geijn 2008, "Anatomy of high-performance matrix multiplication", with the
//! panel of the spread factor in the first-level cache and the block of the dense one in the second.

mod pack;
mod x86;

use std::ops::Range;

use super::{MatMut, MatRef, Take};
use crate::memory;
use pack::{pack, pack_groups, pack_panels};
pub(super) use x86::Tiled;

/// Inner dimension of a slice. Long, since each slice reads and writes the whole result once more.
const SLICE: usize = 512;
/// Lanes of the block of the dense factor: 1 MB of `f32`, half of a second-level cache.
const BLOCK: usize = 512;
/// Panels of the spread factor that are packed together where its rows lie side by side and positions
/// far apart: so it is read nearly in the order in which it lies.
const TOGETHER: usize = 8;
/// Most rows of a tile, for any set of instructions.
const MOST_ROWS: usize = 14;
/// Most lanes of a tile, for any set of instructions and type.
const MOST_LANES: usize = 32;
/// Bytes of a page, and of one way of a first-level cache: rows that lie whole pages apart share
/// the few places of the cache that their address allows.
const PAGE: usize = 4096;
/// Bytes of a line of a cache.
const LINE: usize = 64;

/// Makes a tile of a fixed number of rows and vectors.
///
/// # Safety
/// The factors can be read and the tile written at the steps that are given, and the machine has the
/// instructions.
type Micro<T> = unsafe fn(&Tile<T>);

/// A tile to make: `c = a · b`, or `c += a · b` if `add`.
#[derive(Clone, Copy, Debug)]
struct Tile<T> {
    /// Inner dimension.
    depth: usize,
    /// The spread factor from the tile's first row on; its steps do not matter if it is packed.
    a: Factor<T>,
    /// The dense factor from the tile's first lane on, and its step along the inner dimension.
    b: *const T,
    step: isize,
    /// The tile, and its step from row to row.
    c: *mut T,
    apart: isize,
    add: bool,
}

/// The tiles of a set of instructions.
#[derive(Debug)]
pub(super) struct Kernel<T: 'static> {
    /// Elements of a vector.
    lanes: usize,
    /// Tiles of one and of two vectors, by their number of rows less one.
    strided: [&'static [Micro<T>]; 2],
    /// The same for a spread factor that is packed for this number of rows.
    packed: [&'static [Micro<T>]; 2],
    /// Rows that are transposed together, and the function that does it.
    square: usize,
    transpose: Transpose<T>,
}

/// Transposes up to a kernel's `square` rows: from the first on, the step from row to row, rows and
/// positions, the place of the first position, and the step from position to position.
///
/// # Safety
/// As [`transpose_sixteen`](pack::transpose_sixteen), with the instructions of the kernel.
type Transpose<T> = unsafe fn(*const T, isize, [usize; 2], *mut T, usize);

/// A factor: its first element, and the steps from row (or lane) to row and along the inner
/// dimension.
#[derive(Clone, Copy, Debug)]
struct Factor<T> {
    start: *const T,
    across: isize,
    along: isize,
}

impl<T> Factor<T> {
    /// The rows, or the columns if `by_columns`, of a matrix.
    fn new(matrix: &MatRef<'_, T>, by_columns: bool) -> Self {
        let (rows, columns) = matrix.layout.strides();
        let (across, along) = if by_columns { (columns, rows) } else { (rows, columns) };
        Self { start: matrix.data.as_ptr(), across, along }
    }

    /// Where row `i` of the factor is at position `k` of the inner dimension.
    fn at(&self, i: usize, k: usize) -> *const T {
        self.start.wrapping_offset(i as isize * self.across + k as isize * self.along)
    }

    /// About the cycles that packing takes.
    fn packing(&self, elements: usize) -> usize {
        if self.across == 1 { elements / 8 } else { elements / 3 }
    }
}

/// The result: its first element, and the steps from row to row and from lane to lane of the tiles.
#[derive(Clone, Copy, Debug)]
struct Outcome<T> {
    start: *mut T,
    across: isize,
    along: isize,
}

impl<T: Tiled> Outcome<T> {
    /// The same from a row and a lane on.
    fn from(&self, row: usize, lane: usize) -> Self {
        let to = row as isize * self.across + lane as isize * self.along;
        Self { start: self.start.wrapping_offset(to), ..*self }
    }

    /// Writes or adds `height` rows of `count` lanes of a tile with rows `apart` from each other.
    ///
    /// # Safety
    /// They lie within the result.
    unsafe fn write(&self, tile: &[T], (height, count, apart): (usize, usize, usize), add: bool) {
        let set = |i: usize, j: usize| {
            let value = tile[i * apart + j];
            let to = self.from(i, j).start;
            // SAFETY: by the caller's word; what is added to was written before.
            unsafe { *to = if add { *to + value } else { value } };
        };
        if self.along == 1 {
            (0..height).for_each(|i| (0..count).for_each(|j| set(i, j)));
        } else {
            (0..count).for_each(|j| (0..height).for_each(|i| set(i, j)));
        }
    }
}

/// Extents of a product: rows of the spread factor, lanes of the dense one, and the inner dimension.
#[derive(Clone, Copy, Debug)]
struct Extent {
    rows: usize,
    lanes: usize,
    inner: usize,
}

/// Rows of the spread factor, cut into panels of nearly equal heights, of which the first are the higher
/// ones.
#[derive(Clone, Copy, Debug)]
struct Panels {
    count: usize,
    least: usize,
    higher: usize,
}

impl Panels {
    fn new(rows: usize, most: usize) -> Self {
        let count = rows.div_ceil(most);
        Self { count, least: rows / count, higher: rows % count }
    }

    /// The first row of a panel.
    fn start(&self, index: usize) -> usize {
        index * self.least + index.min(self.higher)
    }

    /// The number of rows of a panel.
    fn height(&self, index: usize) -> usize {
        self.least + usize::from(index < self.higher)
    }
}

/// `c = a · b`, or `c += a · b` if `add`, on this thread.
///
/// The inner dimension must not be 0, for then nothing would be written. Lanes run along the rows
/// or along the columns of `c`, whichever costs less.
pub(super) fn multiply<T: Tiled>(
    kernel: &Kernel<T>,
    a: &MatRef<'_, T>,
    b: &MatRef<'_, T>,
    add: bool,
    c: &MatMut<'_, T>,
) {
    let (m, k, n) = (a.layout.rows, a.layout.columns, b.layout.columns);
    assert!(k > 0 && b.layout.rows == k && (c.layout.rows, c.layout.columns) == (m, n));
    let (left, right) = (Factor::new(a, false), Factor::new(b, true));
    let cycles = |lanes: usize, rows: usize| {
        lanes.next_multiple_of(kernel.lanes) * rows / (2 * kernel.lanes) * k
    };
    let along_columns = cycles(n, m) + right.packing(n * k);
    let along_rows = cycles(m, n) + left.packing(m * k) + m * n * k.div_ceil(SLICE);
    let (start, stride) = (c.start, c.layout.strides().0);
    T::with_buffers(|[spread, dense, _]| {
        let tiles = if along_rows < along_columns {
            let c = Outcome { start, across: 1, along: stride };
            let extent = Extent { rows: n, lanes: m, inner: k };
            Tiles { kernel, extent, spread: right, dense: left, c, add, block: BLOCK }
        } else {
            let c = Outcome { start, across: stride, along: 1 };
            let extent = Extent { rows: m, lanes: n, inner: k };
            Tiles { kernel, extent, spread: left, dense: right, c, add, block: BLOCK }
        };
        let c = |row: usize, lane: usize| tiles.c.from(row, lane);
        tiles.run(spread, dense, &c, &mut |_, _| ());
    });
}

/// Whether [`multiply_in_pieces`] makes a product that sums over `k`.
pub(super) fn comes_in_pieces(k: usize) -> bool {
    (1..=SLICE).contains(&k)
}

/// Makes `a · b` some rows at a time and has each taken before the next are made.
pub(super) fn multiply_in_pieces<T: Tiled>(
    kernel: &Kernel<T>,
    a: &MatRef<'_, T>,
    b: &MatRef<'_, T>,
    take: &mut Take<'_, T>,
) {
    let (rows, inner, lanes) = (a.layout.rows, a.layout.columns, b.layout.columns);
    assert!(comes_in_pieces(inner) && b.layout.rows == inner);
    if rows == 0 || lanes == 0 {
        return;
    }
    // Wide rather than deep, so that rows are whole more often.
    let block = (BLOCK * SLICE / inner).clamp(BLOCK, 2 * BLOCK) / MOST_LANES * MOST_LANES;
    let (spread, dense) = (Factor::new(a, false), Factor::new(b, true));
    T::with_buffers(|[spread_buffer, dense_buffer, made]| {
        let start = aligned(made, MOST_ROWS * block.min(lanes));
        let c = Outcome { start, across: 0, along: 1 };
        let extent = Extent { rows, lanes, inner };
        let tiles = Tiles { kernel, extent, spread, dense, c, add: false, block };
        let place = |_, lane: usize| Outcome { across: block.min(lanes - lane) as isize, ..c };
        let mut done = |rows: Range<usize>, lanes: Range<usize>| {
            let count = rows.len() * lanes.len();
            // SAFETY: the tiles of these rows and lanes have just been written there, rows one after
            // another; nothing else uses the buffer meanwhile.
            let made = unsafe { std::slice::from_raw_parts(start, count) };
            take(rows.start, lanes, made);
        };
        tiles.run(spread_buffer, dense_buffer, &place, &mut done);
    });
}

/// A product under way.
struct Tiles<'a, T: 'static> {
    kernel: &'a Kernel<T>,
    extent: Extent,
    spread: Factor<T>,
    dense: Factor<T>,
    c: Outcome<T>,
    add: bool,
    /// Lanes of a block of the dense factor.
    block: usize,
}

impl<T: Tiled> Tiles<'_, T> {
    /// Makes all tiles; the buffers are for packed factors. `place` says where what begins at a row and
    /// lane is written, and `done` hears which rows and lanes have been.
    fn run(
        &self,
        spread: &mut Vec<T>,
        dense: &mut Vec<T>,
        place: &impl Fn(usize, usize) -> Outcome<T>,
        done: &mut impl FnMut(Range<usize>, Range<usize>),
    ) {
        let Extent { lanes, inner, .. } = self.extent;
        let width = 2 * self.kernel.lanes;
        let deepest = SLICE.min(inner);
        let panel = aligned(spread, TOGETHER * MOST_ROWS * deepest);
        let block =
            aligned(dense, self.group_at(self.block.min(lanes).next_multiple_of(width), deepest));
        for first in (0..lanes).step_by(self.block) {
            let end = lanes.min(first + self.block);
            for begin in (0..inner).step_by(SLICE) {
                let depth = SLICE.min(inner - begin);
                // SAFETY: the buffer has room for all lanes of the block, padded.
                unsafe { self.pack_block(block, first..end, begin..begin + depth) };
                let slice = begin..begin + depth;
                self.run_slice([panel, block], &(first..end), &slice, place, done);
            }
        }
    }

    /// Packs these lanes of the dense factor, for one slice of the inner dimension, unless tiles read
    /// them where they lie.
    ///
    /// # Safety
    /// The block has room for them, padded to whole vectors.
    unsafe fn pack_block(&self, block: *mut T, lanes: Range<usize>, slice: Range<usize>) {
        let (width, depth) = (2 * self.kernel.lanes, slice.len());
        let groups = lanes.len() / width;
        let rest = lanes.start + groups * width;
        let (count, padded) = self.vectors(rest, lanes.end);
        // SAFETY: by the caller's word, and the factor has these lanes and positions.
        unsafe {
            if !self.loads_directly(width, width) {
                let from = self.dense.at(lanes.start, slice.start);
                let steps = [depth, self.group_at(width, depth)];
                pack_groups(self.kernel, block, groups, steps, from, &self.dense);
            }
            if count > 0 && !self.loads_directly(count, padded) {
                let to = block.wrapping_add(self.group_at(groups * width, depth));
                let from = self.dense.at(rest, slice.start);
                pack(self.kernel, to, padded, count, depth, from, &self.dense);
            }
        }
    }

    /// All tiles of these lanes, for one slice of the inner dimension.
    fn run_slice(
        &self,
        [panel, block]: [*mut T; 2],
        lanes: &Range<usize>,
        slice: &Range<usize>,
        place: &impl Fn(usize, usize) -> Outcome<T>,
        done: &mut impl FnMut(Range<usize>, Range<usize>),
    ) {
        let mut tile = [T::ZERO; MOST_ROWS * MOST_LANES];
        let (packs, most) = self.panels();
        let (rows, depth) = (self.extent.rows, slice.len());
        let panels = Panels::new(rows, most);
        let add = self.add || slice.start > 0;
        let apart = MOST_ROWS * depth;
        let far = self.spread.along.unsigned_abs() * size_of::<T>() >= PAGE;
        let together = if self.spread.across == 1 && far { TOGETHER } else { 1 };
        for index in 0..panels.count {
            let (row, height) = (panels.start(index), panels.height(index));
            let source = self.spread.at(row, slice.start);
            if packs && index % together == 0 {
                let some = index..panels.count.min(index + together);
                // SAFETY: there is room for panels of the most rows and the longest slice, and the
                // factor has their rows and `depth` positions from there on.
                unsafe {
                    pack_panels(
                        self.kernel,
                        panel,
                        (panels, some),
                        [depth, apart],
                        source,
                        &self.spread,
                    );
                }
            }
            let packed = panel.wrapping_add(index % together * apart).cast_const();
            let start = if packs { packed } else { source };
            let a = Factor { start, ..self.spread };
            let kinds = if packs { &self.kernel.packed } else { &self.kernel.strided };
            let c = place(row, lanes.start);
            for lane in lanes.clone().step_by(2 * self.kernel.lanes) {
                let (count, padded) = self.vectors(lane, lanes.end);
                let micro = kinds[padded / self.kernel.lanes - 1][height - 1];
                let (b, step) = if self.loads_directly(count, padded) {
                    (self.dense.at(lane, slice.start), self.dense.along)
                } else {
                    let group = self.group_at(lane - lanes.start, depth);
                    (block.wrapping_add(group).cast_const(), padded as isize)
                };
                let c = c.from(0, lane - lanes.start);
                let whole = Tile { depth, a, b, step, c: c.start, apart: c.across, add };
                // SAFETY: `a` has `height` rows and `b` `padded` lanes of `depth` positions, and the
                // tile lies within the result: whole, or through a buffer of the largest tile.
                unsafe {
                    if count == padded && c.along == 1 {
                        micro(&whole);
                    } else {
                        let (part, apart) = (tile.as_mut_ptr(), padded as isize);
                        micro(&Tile { c: part, apart, add: false, ..whole });
                        c.write(&tile, (height, count, padded), add);
                    }
                }
            }
            done(row..row + height, lanes.clone());
        }
    }

    /// Where the group of lanes begins whose first is `lane` of the block. Groups lie a vector further
    /// apart than they are long, lest those of a depth that is a power of two share places in the cache.
    fn group_at(&self, lane: usize, depth: usize) -> usize {
        let lanes = self.kernel.lanes;
        lane * depth + lane / (2 * lanes) * lanes
    }

    /// Lanes of the tile that begins at `lane`, and the same padded to whole vectors.
    fn vectors(&self, lane: usize, end: usize) -> (usize, usize) {
        let count = (end - lane).min(2 * self.kernel.lanes);
        (count, count.next_multiple_of(self.kernel.lanes))
    }

    /// Whether the spread factor is packed, and the most rows of a tile.
    ///
    /// Packing pays where the panel serves many lanes, or where its elements lie far apart. A factor
    /// that is not packed and whose rows lie pages apart is read by few rows at a time.
    fn panels(&self) -> (bool, usize) {
        const MANY: usize = 512;
        const FAR: usize = 1024;
        const FEW_ROWS: usize = 8;
        let most = self.kernel.strided[0].len();
        let lanes = self.extent.lanes;
        let bytes = |step: isize| step.unsigned_abs() * size_of::<T>();
        let Factor { across, along, .. } = self.spread;
        let packs = lanes > MANY || (across == 1 && bytes(along) >= FAR && lanes > MOST_LANES);
        let collides = !packs && bytes(across).is_multiple_of(PAGE);
        (packs, if collides { most.min(FEW_ROWS) } else { most })
    }

    /// Whether a tile reads the dense factor where it lies: packing would not pay for few rows, or
    /// for what the first-level cache holds anyway.
    fn loads_directly(&self, count: usize, padded: usize) -> bool {
        const SMALL: usize = 16 << 10;
        let Extent { rows, lanes, inner } = self.extent;
        let step = self.dense.along.unsigned_abs() * size_of::<T>();
        let pays = rows <= 3 * MOST_ROWS || lanes * inner * size_of::<T>() <= SMALL;
        count == padded && self.dense.across == 1 && pays && !step.is_multiple_of(PAGE / 2)
    }
}

/// The start of `count` elements on a cache line, in a buffer that grows as needed; many begin on a
/// [large page](memory::PAGE), so that few places of memory have to be found again and again.
fn aligned<T: Tiled>(buffer: &mut Vec<T>, count: usize) -> *mut T {
    const MANY: usize = 256 << 10;
    let on = if count * size_of::<T>() < MANY { LINE } else { memory::PAGE };
    let spare = on / size_of::<T>();
    if buffer.len() < count + spare {
        *buffer = memory::zeros(count + spare);
    }
    let starts = [memory::PAGE, LINE].map(|on| buffer.as_ptr().align_offset(on));
    let start = starts.into_iter().find(|start| start.saturating_add(count) <= buffer.len());
    buffer[start.unwrap_or(0)..].as_mut_ptr()
}

#[cfg(test)]
mod tests;
