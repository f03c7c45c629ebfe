//! Where tiles are written, and what becomes of them.

use std::ops::Range;

use super::{Soon, Tiled};
use crate::product::Pieces;

/// The result: its first element, and the steps from row to row and from lane to lane of the tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome<T> {
    pub start: *mut T,
    pub across: isize,
    pub along: isize,
}

impl<T: Tiled> Outcome<T> {
    /// The same from a row and a lane on.
    pub fn from(&self, row: usize, lane: usize) -> Self {
        let to = row as isize * self.across + lane as isize * self.along;
        Self { start: self.start.wrapping_offset(to), ..*self }
    }

    /// Writes or adds `height` rows of `count` lanes of a tile with rows `apart` from each other.
    ///
    /// # Safety
    /// They lie within the result.
    pub unsafe fn write(
        &self,
        tile: &[T],
        (height, count, apart): (usize, usize, usize),
        add: bool,
    ) {
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

/// Takes the tiles of a product.
pub(super) trait Target<T: Tiled> {
    /// Where that is written what begins at a row and a lane.
    fn place(&self, row: usize, lane: usize) -> Outcome<T>;

    /// What will be used once the tile is made that begins there.
    fn soon(&self, _row: usize, _lane: usize) -> Soon<T> {
        Soon::NOTHING
    }

    /// Called when these rows and lanes have been made, in one slice.
    ///
    /// # Safety
    /// They have been written where [`place`](Self::place) said, and nothing else uses them.
    unsafe fn done(&mut self, _rows: Range<usize>, _lanes: Range<usize>) {}
}

/// A result that is kept.
pub(super) struct Kept<T> {
    pub c: Outcome<T>,
}

impl<T: Tiled> Target<T> for Kept<T> {
    fn place(&self, row: usize, lane: usize) -> Outcome<T> {
        self.c.from(row, lane)
    }
}

/// A result that is taken up as it is made.
pub(super) struct Passing<'a, 'p, T> {
    /// Room for the rows of a tile of all lanes of a block.
    pub start: *mut T,
    /// Lanes of the product, and of a block.
    pub lanes: usize,
    pub block: usize,
    pub pieces: &'a mut Pieces<'p, T>,
}

impl<T: Tiled> Target<T> for Passing<'_, '_, T> {
    fn place(&self, _row: usize, lane: usize) -> Outcome<T> {
        let across = self.block.min(self.lanes - lane) as isize;
        Outcome { start: self.start, across, along: 1 }
    }

    fn soon(&self, row: usize, lane: usize) -> Soon<T> {
        Soon { starts: (self.pieces.near)(row, lane), apart: self.lanes as isize }
    }

    unsafe fn done(&mut self, rows: Range<usize>, lanes: Range<usize>) {
        let count = rows.len() * lanes.len();
        // SAFETY: by the caller's word, rows one after another.
        let made = unsafe { std::slice::from_raw_parts(self.start, count) };
        (self.pieces.take)(rows.start, lanes, made);
    }
}
