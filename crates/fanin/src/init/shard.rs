//! Which tensors, and which parts of them, one process of many needs.
//!
//! Tensor parallelism cuts every weight along one axis into equal shares, pipeline parallelism gives
//! each stage some of the layers. Values do not depend on it: a part has the bits of the whole.

use std::ops::Range;
use std::str::FromStr;

use super::rules::{chooses, unknown_pattern};
use super::{Parameter, Slice};
use crate::error::{Error, Result};

/// Which tensors, and which parts of them, are wanted; everything by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Patterns as those of [`Rules::patterns`](super::Rules); a tensor is kept that fits one of
    /// them, or every tensor if there are none.
    pub only: Vec<String>,
    /// An equal share of every tensor.
    pub shard: Option<Shard>,
    /// Parts of single tensors, to which `shard` does not apply then.
    pub ranges: Vec<AxisRange>,
}

/// One of the equal shares into which every tensor is cut, written as `3/64`.
///
/// Share `number` of an axis of size n holds the indices from (`number` − 1)·n/`count` to
/// `number`·n/`count`, the last excluded. A tensor without that axis, such as a bias where weights
/// are cut along axis 1, belongs to every share as a whole.
///
/// ```
/// use fanin::init::Shard;
/// assert_eq!("3/64".parse::<Shard>()?, Shard { number: 3, count: 64, axis: 0 });
/// assert!("0/64".parse::<Shard>().is_err() && "65/64".parse::<Shard>().is_err());
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which share, counted from 1: that of rank `number` − 1.
    pub number: usize,
    /// How many shares there are.
    pub count: usize,
    /// The axis that is cut, counted from 0.
    pub axis: usize,
}

/// A range along an axis of the tensors whose names fit a pattern: `*.q_proj.weight=0:0..512`.
///
/// ```
/// use fanin::init::AxisRange;
/// let range = AxisRange { pattern: "0.weight".to_owned(), axis: 1, range: 8..16 };
/// assert_eq!("0.weight=1:8..16".parse::<AxisRange>()?, range);
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisRange {
    /// A pattern as those of [`Rules::patterns`](super::Rules).
    pub pattern: String,
    /// The axis, counted from 0.
    pub axis: usize,
    /// The indices that are kept.
    pub range: Range<usize>,
}

impl Selection {
    /// The tensors that are wanted, by their places in `parameters`, with the part of each.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a pattern that fits no tensor; [`Error::Setting`] for an axis that
    /// cannot be cut into so many equal shares, that a tensor has not, or that ends before the range.
    ///
    /// ```
    /// use fanin::init::{Parameter, Selection};
    /// let parameters = [Parameter::linear("0.weight", 8, 4), Parameter::linear("2.weight", 2, 8)];
    /// let selection = Selection { shard: Some("2/2".parse()?), ..Selection::default() };
    /// let parts = selection.of(&parameters)?;
    /// assert_eq!(parts[0].1.to_string(), "axis 0: 4..8 of 8");
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn of(&self, parameters: &[Parameter]) -> Result<Vec<(usize, Slice)>> {
        let ranges = self.ranges.iter().map(|range| &range.pattern);
        if let Some(pattern) = self
            .only
            .iter()
            .chain(ranges)
            .find(|pattern| !parameters.iter().any(|p| chooses(pattern, p)))
        {
            return Err(unknown_pattern(pattern, parameters));
        }
        let is_wanted = |parameter: &Parameter| {
            self.only.is_empty() || self.only.iter().any(|pattern| chooses(pattern, parameter))
        };
        let wanted = parameters.iter().enumerate().filter(|(_, p)| is_wanted(p));
        wanted.map(|(index, parameter)| Ok((index, self.part(parameter)?))).collect()
    }

    fn part(&self, parameter: &Parameter) -> Result<Slice> {
        let mut slice = Slice::whole(&parameter.shape);
        let mut ranges = self.ranges.iter().filter(|r| chooses(&r.pattern, parameter)).peekable();
        match (ranges.peek(), &self.shard) {
            (None, Some(shard)) => shard.cut(parameter, &mut slice)?,
            _ => ranges.try_for_each(|range| range.cut(parameter, &mut slice))?,
        }
        Ok(slice)
    }
}

impl Shard {
    fn cut(&self, parameter: &Parameter, slice: &mut Slice) -> Result<()> {
        let Self { number, count, axis } = *self;
        let Some(&size) = parameter.shape.axes().get(axis) else { return Ok(()) };
        if size == 0 || !size.is_multiple_of(count) {
            let found = format!("shape {}", parameter.shape);
            let expected = format!(
                "a multiple of {count} along axis {axis}, for {count} equal shares; --range \
                 \"{}={axis}:START..END\" says which part of it to take",
                parameter.name
            );
            return Err(parameter.unfit(found, expected));
        }
        let share = size / count;
        slice.cut(axis, (number - 1) * share..number * share);
        Ok(())
    }
}

impl AxisRange {
    fn cut(&self, parameter: &Parameter, slice: &mut Slice) -> Result<()> {
        let Self { axis, range, .. } = self;
        let size = parameter.shape.axes().get(*axis).copied();
        let found = format!("range {}..{} of axis {axis}", range.start, range.end);
        match size {
            None => {
                let expected = format!("one of the {} axes of its shape", parameter.shape.rank());
                Err(parameter.unfit(found, format!("{expected} {}", parameter.shape)))
            }
            Some(size) if range.end > size => {
                Err(parameter.unfit(found, format!("an end of at most {size}")))
            }
            Some(_) if slice.cuts().any(|(cut, _)| cut == *axis) => {
                Err(parameter.unfit(found, "one range for each axis"))
            }
            Some(_) => {
                slice.cut(*axis, range.clone());
                Ok(())
            }
        }
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let numbers = text.split_once('/').and_then(|(number, count)| {
            Some((number.trim().parse().ok()?, count.trim().parse().ok()?))
        });
        match numbers {
            Some((number, count)) if (1..=count).contains(&number) => {
                Ok(Self { number, count, axis: 0 })
            }
            Some((_, count)) if count > 0 => {
                Err(mistake("shard", text, format!("1/{count} to {count}/{count}")))
            }
            _ => Err(mistake("shard", text, "NUMBER/COUNT, counted from 1, as in 3/64".to_owned())),
        }
    }
}

impl FromStr for AxisRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.rsplit_once('=').and_then(|(pattern, rest)| {
            let (axis, range) = rest.split_once(':')?;
            let (start, end) = range.split_once("..")?;
            let axis = axis.trim().parse().ok()?;
            Some((pattern, axis, start.trim().parse().ok()?..end.trim().parse().ok()?))
        });
        match parts {
            Some((pattern, axis, range)) if range.start < range.end && !pattern.is_empty() => {
                Ok(Self { pattern: pattern.to_owned(), axis, range })
            }
            _ => {
                let expected = "NAME=AXIS:START..END with START below END, as in 0.weight=1:8..16";
                Err(mistake("range", text, expected.to_owned()))
            }
        }
    }
}

fn mistake(what: &str, found: &str, expected: String) -> Error {
    Error::Setting { place: what.to_owned(), found: format!("`{found}`"), expected }
}

#[cfg(test)]
mod tests;
