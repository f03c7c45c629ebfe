//! A part of a tensor: a range along each axis, read without the rest.

use std::ops::Range;
use std::sync::Mutex;

use fanin_engine::Shape;
use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use super::Values;
use crate::error::Result;

/// A range along each axis of a tensor.
///
/// ```
/// use fanin::init::Slice;
/// let mut slice = Slice::whole(&[8, 4].into());
/// slice.cut(1, 2..4);
/// assert_eq!(slice.shape().axes(), [8, 2]);
/// assert_eq!(slice.to_string(), "axis 1: 2..4 of 4");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    whole: Shape,
    ranges: Vec<Range<usize>>,
}

impl Slice {
    /// All of a tensor of this shape.
    pub fn whole(shape: &Shape) -> Self {
        Self { whole: shape.clone(), ranges: shape.axes().iter().map(|&size| 0..size).collect() }
    }

    /// Keeps only this range along an axis.
    ///
    /// # Panics
    /// If the tensor has no such axis, or the axis does not hold the range.
    pub fn cut(&mut self, axis: usize, range: Range<usize>) {
        assert!(range.start < range.end && range.end <= self.whole.axes()[axis], "{range:?}");
        self.ranges[axis] = range;
    }

    /// The shape of the part.
    pub fn shape(&self) -> Shape {
        self.ranges.iter().map(ExactSizeIterator::len).collect::<Vec<_>>().into()
    }

    /// The axes that are cut, with what is kept of each.
    pub fn cuts(&self) -> impl Iterator<Item = (usize, &Range<usize>)> {
        let cut = |(axis, range): &(usize, &Range<usize>)| range.len() != self.whole.axes()[*axis];
        self.ranges.iter().enumerate().filter(cut)
    }

    /// What is kept of each axis.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Fills `out` with the elements of the part from `start` on, in row-major order of its shape.
    ///
    /// They equal the same elements of the whole to the bit. `values` are those of the whole tensor;
    /// memory is taken as [`Values::read`] takes it for a slice.
    ///
    /// # Errors
    /// As for [`Values::read`].
    pub fn read(&self, values: &mut Values<'_>, start: usize, out: &mut [f32]) -> Result<()> {
        values.prepare()?;
        let runs = Runs::of(self);
        if runs.count == 1 {
            return values.slice(runs.first + start, out);
        }
        let failed = Mutex::new(Ok(()));
        for_each_chunk(out, ELEMENTWISE_CHUNK, &|offset, piece: &mut [f32]| {
            if let Err(error) = runs.read(values, start + offset, piece)
                && let Ok(mut first) = failed.lock()
            {
                *first = Err(error);
            }
        });
        failed.into_inner().expect("no thread panics while it holds the lock")
    }

    /// Fills `out` with the elements of the part from `start` on, out of all elements of the tensor.
    ///
    /// ```
    /// use fanin::init::Slice;
    /// let mut slice = Slice::whole(&[2, 3].into());
    /// slice.cut(1, 1..3);
    /// let mut part = [0.0; 3];
    /// slice.copy(&[0.0, 0.1, 0.2, 1.0, 1.1, 1.2], 1, &mut part);
    /// assert_eq!(part, [0.2, 1.1, 1.2]);
    /// ```
    ///
    /// # Panics
    /// If `whole` has other elements than the tensor, or the part ends before `out` does.
    pub fn copy(&self, whole: &[f32], start: usize, out: &mut [f32]) {
        let runs = Runs::of(self);
        let mut done = 0;
        while done < out.len() {
            let (run, within) = ((start + done) / runs.length, (start + done) % runs.length);
            assert!(run < runs.count, "the part ends before what is asked of it");
            let length = (runs.length - within).min(out.len() - done);
            let begin = runs.begin(run) + within;
            out[done..done + length].copy_from_slice(&whole[begin..begin + length]);
            done += length;
        }
    }
}

/// What is cut, axis by axis; `whole` if nothing is.
impl std::fmt::Display for Slice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut = |(axis, range): (usize, &Range<usize>)| {
            format!("axis {axis}: {}..{} of {}", range.start, range.end, self.whole.axes()[axis])
        };
        let cuts: Vec<String> = self.cuts().map(cut).collect();
        match cuts.as_slice() {
            [] => f.write_str("whole"),
            cuts => f.write_str(&cuts.join(", ")),
        }
    }
}

/// A part as runs of elements that follow one another in the whole.
struct Runs {
    /// The first element in the whole.
    first: usize,
    /// Elements of a run.
    length: usize,
    count: usize,
    /// (number, elements in the whole from one to the next) along the axes outside the runs, the
    /// fastest first.
    outer: Vec<(usize, usize)>,
}

impl Runs {
    fn of(slice: &Slice) -> Self {
        let shape = slice.whole.axes();
        let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
        let last_cut = slice.cuts().last().map_or(0, |(axis, _)| axis);
        let length = slice.ranges[last_cut..].iter().map(ExactSizeIterator::len).product();
        let outer: Vec<(usize, usize)> =
            (0..last_cut).rev().map(|axis| (slice.ranges[axis].len(), stride(axis))).collect();
        Self {
            first: slice.ranges.iter().enumerate().map(|(axis, r)| r.start * stride(axis)).sum(),
            length,
            count: outer.iter().map(|(number, _)| number).product(),
            outer,
        }
    }

    /// Where in the whole a run begins.
    fn begin(&self, mut run: usize) -> usize {
        let mut begin = self.first;
        for (number, stride) in &self.outer {
            begin += run % number * stride;
            run /= number;
        }
        begin
    }

    /// Reads run by run, or where runs are short, several with what lies between them.
    fn read(&self, values: &Values<'_>, start: usize, out: &mut [f32]) -> Result<()> {
        /// Elements whose making takes about as long as one more call.
        const SHORT: usize = 256;
        /// Elements made at a time where some of them are only passed over.
        const TOGETHER: usize = 1 << 14;
        let period = self.outer.first().map_or(usize::MAX, |(_, stride)| *stride);
        if period > SHORT {
            return self.read_each(values, start, out);
        }
        let mut together = Vec::new();
        let mut done = 0;
        while done < out.len() {
            let place = start + done;
            let run = place / self.length;
            let siblings = self.outer[0].0;
            let in_row = siblings - run % siblings;
            let wanted = (out.len() - done + place % self.length).div_ceil(self.length);
            let runs = in_row.min(wanted).min(TOGETHER / period);
            together.resize((runs - 1) * period + self.length, 0.0);
            values.slice(self.begin(run), &mut together)?;
            let mut skip = place % self.length;
            for kept in together.chunks(period) {
                let kept = &kept[skip..self.length];
                let kept = &kept[..kept.len().min(out.len() - done)];
                out[done..done + kept.len()].copy_from_slice(kept);
                done += kept.len();
                skip = 0;
            }
        }
        Ok(())
    }

    fn read_each(&self, values: &Values<'_>, start: usize, out: &mut [f32]) -> Result<()> {
        let mut done = 0;
        while done < out.len() {
            let (run, within) = ((start + done) / self.length, (start + done) % self.length);
            let length = (self.length - within).min(out.len() - done);
            values.slice(self.begin(run) + within, &mut out[done..done + length])?;
            done += length;
        }
        Ok(())
    }
}
