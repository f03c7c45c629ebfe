//! A window that slides over up to three spatial axes: of a convolution or a pool.
//!
//! Output position o of an axis sees, at tap t, the input position
//! o·stride + t·dilation − pad; positions outside the input are padding. Fewer than three axes
//! are given as leading axes of size 1.

use std::ops::Range;

/// The number of spatial axes that windows are described by.
pub const AXES: usize = 3;

/// Sizes and steps of a sliding window, axis by axis, the last one contiguous in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Positions of the input.
    pub input: [usize; AXES],
    /// Positions of the output.
    pub output: [usize; AXES],
    /// Taps of the window.
    pub kernel: [usize; AXES],
    /// Input positions from one output position to the next.
    pub stride: [usize; AXES],
    /// Input positions from one tap to the next.
    pub dilation: [usize; AXES],
    /// Positions of padding before the input.
    pub pad: [usize; AXES],
}

/// Output positions that are worked on together: whole lines, or a part of one line.
#[derive(Clone, Debug)]
pub struct Block {
    /// Lines along the last axis, counted through the others.
    pub lines: Range<usize>,
    /// Positions within each line; all of them if there is more than one line.
    pub columns: Range<usize>,
}

impl Block {
    /// The number of positions.
    pub fn len(&self) -> usize {
        self.lines.len() * self.columns.len()
    }

    /// Whether there is no position.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What one tap sees of one line of a block: padding, input, padding.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Where the line begins in the block.
    pub at: usize,
    /// Positions of padding before the input.
    pub before: usize,
    /// Positions of input.
    pub count: usize,
    /// Positions of padding after the input.
    pub after: usize,
    /// The first input position in the plane; the next ones follow by the last axis' stride.
    pub input: usize,
}

impl Window {
    /// Input positions of one channel.
    pub fn input_plane(&self) -> usize {
        self.input.iter().product()
    }

    /// Output positions of one channel.
    pub fn output_plane(&self) -> usize {
        self.output.iter().product()
    }

    /// Taps of one channel.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Lines of output positions along the last axis.
    pub fn lines(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// All output positions.
    pub fn whole(&self) -> Block {
        Block { lines: 0..self.lines(), columns: 0..self.output[2] }
    }

    /// Whether every output position sees exactly the input position of the same index.
    pub fn is_pointwise(&self) -> bool {
        self.taps() == 1 && self.stride == [1; AXES] && self.input == self.output
    }

    /// Whether the only output position sees every input position, in their order.
    pub fn is_whole_plane(&self) -> bool {
        let ones = [1; AXES];
        self.output == ones
            && self.kernel == self.input
            && self.dilation == ones
            && self.pad == [0; AXES]
    }

    /// Consecutive blocks of at most `most` positions that cover the output.
    pub fn blocks(&self, most: usize) -> impl Iterator<Item = Block> + use<> {
        let (lines, width) = (self.lines(), self.output[2]);
        let most = most.max(1);
        let per_block = (most / width.max(1)).max(1);
        let length = if width > most { width.div_ceil(width.div_ceil(most)) } else { width.max(1) };
        (0..lines).step_by(per_block).flat_map(move |line| {
            (0..width).step_by(length).map(move |column| Block {
                lines: line..(line + per_block).min(lines),
                columns: column..(column + length).min(width),
            })
        })
    }

    /// The outputs for which `tap` of `axis` lies inside the input, and the input position that
    /// it would have at output 0.
    pub fn reach(&self, axis: usize, tap: usize) -> (Range<usize>, isize) {
        let offset = (tap * self.dilation[axis]) as isize - self.pad[axis] as isize;
        let (stride, output) = (self.stride[axis], self.output[axis]);
        let first = (-offset).max(0) as usize;
        let beyond = (self.input[axis] as isize - offset).max(0) as usize;
        let (start, end) = (first.div_ceil(stride), beyond.div_ceil(stride).min(output));
        (start.min(end)..end, offset)
    }

    /// The taps along each axis of the n-th tap.
    pub fn tap(&self, tap: usize) -> [usize; AXES] {
        let [_, height, width] = self.kernel;
        [tap / (height * width), tap / width % height, tap % width]
    }

    /// Calls `visit` for every line of a block, with what one tap sees of it.
    #[inline]
    pub fn for_each_line(&self, tap: usize, block: &Block, mut visit: impl FnMut(Line)) {
        let [tap_depth, tap_height, tap_width] = self.tap(tap);
        let (depths, depth) = self.reach(0, tap_depth);
        let (heights, height) = self.reach(1, tap_height);
        let (widths, width) = self.reach(2, tap_width);
        let length = block.columns.len();
        let start = widths.start.clamp(block.columns.start, block.columns.end);
        let end = widths.end.clamp(start, block.columns.end);
        let inside = Line {
            at: 0,
            before: start - block.columns.start,
            count: end - start,
            after: block.columns.end - end,
            input: 0,
        };
        let first = (start * self.stride[2]) as isize + width;
        let rows = self.output[1].max(1);
        let (mut d, mut h) = (block.lines.start / rows, block.lines.start % rows);
        let mut at = 0;
        for _ in block.lines.clone() {
            if depths.contains(&d) && heights.contains(&h) && inside.count > 0 {
                let plane = (d * self.stride[0]) as isize + depth;
                let row = (h * self.stride[1]) as isize + height;
                let line = plane * self.input[1] as isize + row;
                let input = (line * self.input[2] as isize + first) as usize;
                visit(Line { at, input, ..inside });
            } else {
                visit(Line { at, before: length, count: 0, after: 0, input: 0 });
            }
            at += length;
            h += 1;
            if h == rows {
                (h, d) = (0, d + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window {
        input: [1, 5, 6],
        output: [1, 3, 4],
        kernel: [1, 3, 3],
        stride: [1, 2, 2],
        dilation: [1, 1, 2],
        pad: [0, 1, 2],
    };

    #[test]
    fn lines_see_what_single_positions_see() {
        for tap in 0..WINDOW.taps() {
            let [_, tap_h, tap_w] = WINDOW.tap(tap);
            for block in [WINDOW.whole(), Block { lines: 1..2, columns: 1..3 }] {
                WINDOW.for_each_line(tap, &block, |line| {
                    assert_eq!(line.before + line.count + line.after, block.columns.len());
                    for column in 0..block.columns.len() {
                        let position = line.at + column;
                        let row = block.lines.start + position / block.columns.len();
                        let h = (row * 2 + tap_h) as isize - 1;
                        let w = ((block.columns.start + column) * 2 + tap_w * 2) as isize - 2;
                        let inside = (0..5).contains(&h) && (0..6).contains(&w);
                        let counted = (line.before..line.before + line.count).contains(&column);
                        assert_eq!(inside, counted, "tap {tap} row {row} column {column}");
                        if inside {
                            let input = line.input + (column - line.before) * 2;
                            assert_eq!(input as isize, h * 6 + w);
                        }
                    }
                });
            }
        }
    }

    #[test]
    fn blocks_cover_every_position_once_in_order() {
        for most in 1..20 {
            let mut next = 0;
            for block in WINDOW.blocks(most) {
                assert_eq!(block.lines.start * 4 + block.columns.start, next);
                assert!(block.len() <= most && !block.is_empty());
                assert!(block.lines.len() == 1 || block.columns.len() == 4);
                next += block.len();
            }
            assert_eq!(next, 12);
        }
    }
}
