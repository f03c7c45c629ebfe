//! The starting values of one parameter, of which any slice can be read.

use std::ops::Range;

use fanin_kernels::reduce::count_non_finite;

use super::{Parameter, Request, Scheme};
use crate::error::Result;

/// The starting values of one parameter under one seed.
///
/// Reading a slice gives the same bits as reading everything. Memory is taken for the slice alone,
/// but for a scheme that can only give all elements together: then they are kept.
#[derive(Debug)]
pub struct Values<'a> {
    parameter: &'a Parameter,
    seed: u64,
    source: Source<'a>,
    pieces: Option<Pieces>,
    whole: Option<Vec<f32>>,
}

/// Where the values of a parameter come from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A scheme gives them.
    Scheme(&'a dyn Scheme),
    /// They are all this number.
    Constant(f64),
}

/// What lies side by side in a parameter along one axis, as parameters of their own.
#[derive(Debug)]
struct Pieces {
    axis: usize,
    parts: Vec<Parameter>,
}

impl<'a> Values<'a> {
    /// The values that `source` gives `parameter` under `seed`.
    pub fn new(parameter: &'a Parameter, source: Source<'a>, seed: u64) -> Self {
        let is_whole = matches!(source, Source::Scheme(scheme) if scheme.is_whole_for(parameter));
        let pieces = match &parameter.packing {
            Some(packing) => Some(Pieces {
                axis: packing.axis,
                parts: (0..packing.parts.len()).map(|part| parameter.part(part)).collect(),
            }),
            None if is_whole => Pieces::of_batch(parameter),
            None => None,
        };
        Self { parameter, seed, source, pieces, whole: None }
    }

    /// Fills `out` with the elements from `start` on, in row-major order.
    ///
    /// # Errors
    /// As for [`Scheme::fill`]; [`Error::Setting`](crate::Error::Setting) for values beyond the
    /// range of `f32`, or if memory does not hold what must be computed together.
    ///
    /// # Panics
    /// If the parameter has fewer elements.
    pub fn read(&mut self, start: usize, out: &mut [f32]) -> Result<()> {
        self.prepare()?;
        self.slice(start, out)
    }

    /// Computes what can only be computed all together, once.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub(super) fn prepare(&mut self) -> Result<()> {
        if let Source::Scheme(scheme) = self.source
            && scheme.is_whole_for(self.parameter)
            && self.whole.is_none()
        {
            let mut whole = self.parameter.filled(0.0)?;
            self.fill_whole(scheme, &mut whole)?;
            self.whole = Some(whole);
        }
        Ok(())
    }

    /// As [`Self::read`], from several threads at once, after [`Self::prepare`].
    pub(super) fn slice(&self, start: usize, out: &mut [f32]) -> Result<()> {
        match (self.source, &self.whole) {
            (Source::Constant(value), _) => {
                out.fill(value as f32);
                return Ok(());
            }
            (_, Some(whole)) => out.copy_from_slice(&whole[start..start + out.len()]),
            (Source::Scheme(scheme), None) => self.fill_addressed(scheme, start, out)?,
        }
        self.refuse_non_finite(out)
    }

    /// All elements.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn into_all(mut self) -> Result<Vec<f32>> {
        let mut all = self.parameter.filled(0.0)?;
        match self.source {
            Source::Scheme(scheme) if scheme.is_whole_for(self.parameter) => {
                self.fill_whole(scheme, &mut all)?;
                self.refuse_non_finite(&all)?;
            }
            _ => self.read(0, &mut all)?,
        }
        Ok(all)
    }

    fn fill_whole(&self, scheme: &dyn Scheme, out: &mut [f32]) -> Result<()> {
        let Some(pieces) = &self.pieces else {
            return scheme.fill(&self.request(self.parameter, None), 0, out);
        };
        let count = pieces.parts.len();
        pieces.fill(self.parameter, out, |index, part, out| match Pieces::of_batch(part) {
            // Such as one gate of two directions.
            Some(matrices) => matrices.fill(part, out, |number, matrix, out| {
                scheme.fill(&self.request(matrix, Some(number * count + index)), 0, out)
            }),
            None => scheme.fill(&self.request(part, Some(index)), 0, out),
        })
    }

    fn fill_addressed(&self, scheme: &dyn Scheme, start: usize, out: &mut [f32]) -> Result<()> {
        let Some(pieces) = &self.pieces else {
            return scheme.fill(&self.request(self.parameter, None), start as u64, out);
        };
        for run in pieces.runs(self.parameter, start..start + out.len()) {
            let request = self.request(&pieces.parts[run.part], Some(run.part));
            let out = &mut out[run.range.start - start..run.range.end - start];
            scheme.fill(&request, run.start as u64, out)?;
        }
        Ok(())
    }

    fn request<'r>(&self, parameter: &'r Parameter, part: Option<usize>) -> Request<'r> {
        Request { seed: self.seed, parameter, part }
    }

    fn refuse_non_finite(&self, values: &[f32]) -> Result<()> {
        if count_non_finite(values) == 0 {
            return Ok(());
        }
        Err(self.parameter.unfit("values beyond the range of f32", "a smaller deviation"))
    }
}

/// Elements that follow one another both in a parameter and in one of its parts.
struct Run {
    /// Their indices in the parameter.
    range: Range<usize>,
    part: usize,
    /// The first one's index in the part.
    start: usize,
}

impl Pieces {
    /// The matrices of a weight that holds several, numbered along its first axis.
    fn of_batch(parameter: &Parameter) -> Option<Self> {
        let &[axis] = parameter.axes.batch.as_slice() else { return None };
        let mut shape = parameter.shape.axes().to_vec();
        let count = std::mem::replace(shape.get_mut(axis)?, 1);
        let one = Parameter { shape: shape.into(), ..parameter.clone() };
        Some(Self { axis, parts: vec![one; count] })
    }

    /// Sets all elements of the parameter: `fill` gives those of one part.
    fn fill(
        &self,
        parameter: &Parameter,
        out: &mut [f32],
        fill: impl Fn(usize, &Parameter, &mut [f32]) -> Result<()>,
    ) -> Result<()> {
        let filled = self.parts.iter().enumerate().map(|(index, part)| {
            let mut values = part.filled(0.0)?;
            fill(index, part, &mut values)?;
            Ok(values)
        });
        let filled: Vec<Vec<f32>> = filled.collect::<Result<_>>()?;
        for run in self.runs(parameter, 0..out.len()) {
            let values = &filled[run.part][run.start..run.start + run.range.len()];
            out[run.range].copy_from_slice(values);
        }
        Ok(())
    }

    /// Cuts a range of the parameter's elements at the borders of its parts.
    fn runs(&self, parameter: &Parameter, range: Range<usize>) -> impl Iterator<Item = Run> {
        let shape = parameter.shape.axes();
        let inner: usize = shape[self.axis + 1..].iter().product();
        let ends: Vec<usize> = self
            .parts
            .iter()
            .scan(0, |end, part| {
                *end += part.shape.axes()[self.axis] * inner;
                Some(*end)
            })
            .collect();
        let period = shape[self.axis] * inner;
        let mut next = range.start;
        std::iter::from_fn(move || {
            if next >= range.end {
                return None;
            }
            let (outer, within) = (next / period, next % period);
            let part = ends.partition_point(|&end| end <= within);
            let begin = if part == 0 { 0 } else { ends[part - 1] };
            let end = (outer * period + ends[part]).min(range.end);
            let start = outer * (ends[part] - begin) + within - begin;
            let run = Run { range: next..end, part, start };
            next = end;
            Some(run)
        })
    }
}
