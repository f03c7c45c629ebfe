//! The numbers of rows: in f32, or in the bytes they came in, which are scaled on the way out.

use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use super::Fitted;

/// Row-major numbers that read as a slice of f32.
///
/// Pictures come in bytes, and stay in them, a quarter of the room, as long as nobody asks for all
/// numbers at once: [`Self::write`] scales those of a batch as it copies them, with the same bits
/// as if all had been scaled before. Reading them as a slice converts them once and keeps both;
/// changing them leaves the f32 alone.
///
/// ```
/// use fanin::data::Values;
/// let pixels = Values::from(vec![0_u8, 128, 255]);
/// let mut two = [0.0; 2];
/// pixels.write(1, &mut two);
/// assert_eq!(two, [128.0, 255.0]);
/// assert_eq!(pixels[2], 255.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Values {
    bytes: Option<Bytes>,
    floats: OnceLock<Vec<f32>>,
}

#[derive(Clone, Debug)]
struct Bytes {
    raw: Vec<u8>,
    /// How whole rows are scaled, if they are.
    scaling: Option<Scaling>,
}

#[derive(Clone, Debug)]
struct Scaling {
    fitted: Fitted,
    factors: Vec<f64>,
}

impl Scaling {
    /// Scales numbers of which the first is number `start` of all.
    fn apply(&self, start: usize, numbers: &mut [f32]) {
        let width = self.factors.len().max(1);
        let first = (width - start % width).min(numbers.len());
        let (head, rows) = numbers.split_at_mut(first);
        self.fitted.apply_by(&self.factors, start % width, head);
        rows.chunks_mut(width).for_each(|row| self.fitted.apply_by(&self.factors, 0, row));
    }
}

impl Bytes {
    /// The numbers from `start` on.
    fn write(&self, start: usize, into: &mut [f32]) {
        let raw = &self.raw[start..start + into.len()];
        into.iter_mut().zip(raw).for_each(|(x, byte)| *x = f32::from(*byte));
        if let Some(scaling) = &self.scaling {
            scaling.apply(start, into);
        }
    }
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.as_ref().map_or_else(|| self.len_of_floats(), |bytes| bytes.raw.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len_of_floats(&self) -> usize {
        self.floats.get().map_or(0, Vec::len)
    }

    /// Whether they lie in bytes.
    pub fn is_in_bytes(&self) -> bool {
        self.bytes.is_some()
    }

    /// Copies those from `start` on, as many as `into` takes.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn write(&self, start: usize, into: &mut [f32]) {
        match (&self.bytes, self.floats.get()) {
            (Some(bytes), None) => bytes.write(start, into),
            _ => into.copy_from_slice(&self[start..start + into.len()]),
        }
    }

    /// Runs `action` on every row of `width` numbers, in order.
    pub(super) fn for_each_row(&self, width: usize, mut action: impl FnMut(&[f32])) {
        match (&self.bytes, self.floats.get()) {
            (Some(bytes), None) => {
                let mut row = vec![0.0; width.max(1)];
                for start in (0..bytes.raw.len()).step_by(width.max(1)) {
                    bytes.write(start, &mut row);
                    action(&row);
                }
            }
            _ => self.chunks_exact(width.max(1)).for_each(action),
        }
    }

    /// The rows of `width` numbers at these indices, in this order.
    #[must_use]
    pub fn select(&self, rows: &[usize], width: usize) -> Self {
        match &self.bytes {
            Some(Bytes { raw, scaling }) => {
                let rows = rows.iter().flat_map(|&row| &raw[row * width..(row + 1) * width]);
                let bytes = Bytes { raw: rows.copied().collect(), scaling: scaling.clone() };
                Self { bytes: Some(bytes), floats: OnceLock::new() }
            }
            None => rows
                .iter()
                .flat_map(|&row| &self[row * width..(row + 1) * width])
                .copied()
                .collect(),
        }
    }

    /// Scales whole rows.
    pub(super) fn scale(&mut self, fitted: &Fitted) {
        match &mut self.bytes {
            Some(bytes) if bytes.scaling.is_none() => {
                bytes.scaling = Some(Scaling { factors: fitted.factors(), fitted: fitted.clone() });
                self.floats = OnceLock::new();
            }
            _ => fitted.apply(self),
        }
    }
}

impl Deref for Values {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.floats.get_or_init(|| {
            let mut floats = vec![0.0; self.bytes.as_ref().map_or(0, |bytes| bytes.raw.len())];
            self.bytes.iter().for_each(|bytes| bytes.write(0, &mut floats));
            floats
        })
    }
}

impl DerefMut for Values {
    fn deref_mut(&mut self) -> &mut [f32] {
        let _: &[f32] = self;
        self.bytes = None;
        self.floats.get_mut().expect("just filled")
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<const N: usize> PartialEq<[f32; N]> for Values {
    fn eq(&self, other: &[f32; N]) -> bool {
        **self == *other
    }
}

impl From<Vec<f32>> for Values {
    fn from(floats: Vec<f32>) -> Self {
        Self { bytes: None, floats: floats.into() }
    }
}

impl From<Vec<u8>> for Values {
    fn from(raw: Vec<u8>) -> Self {
        Self { bytes: Some(Bytes { raw, scaling: None }), floats: OnceLock::new() }
    }
}

impl FromIterator<f32> for Values {
    fn from_iter<I: IntoIterator<Item = f32>>(numbers: I) -> Self {
        numbers.into_iter().collect::<Vec<f32>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Preparation;

    /// Bytes and the same numbers in f32, three to a row.
    fn both() -> (Values, Values) {
        let raw: Vec<u8> = (0..60_u8).map(|i| i.wrapping_mul(41)).collect();
        let floats: Vec<f32> = raw.iter().map(|&byte| f32::from(byte)).collect();
        (raw.into(), floats.into())
    }

    #[test]
    fn bytes_are_scaled_on_the_way_to_the_same_bits() {
        let (mut bytes, mut floats) = both();
        let fitted = Fitted::new(Preparation::Standard, &floats, 3);
        assert_eq!(fitted, Fitted::of(Preparation::Standard, &bytes, 3));
        bytes.scale(&fitted);
        floats.scale(&fitted);
        let (mut row, chosen) = ([0.0; 3], bytes.select(&[7, 2], 3));
        chosen.write(3, &mut row);
        assert_eq!(row, floats[6..9]);
        let mut rows = Vec::new();
        bytes.for_each_row(3, |row| rows.extend_from_slice(row));
        assert!(bytes.is_in_bytes() && bytes.floats.get().is_none());
        assert_eq!(rows, floats[..]);
        assert_eq!(chosen, floats.select(&[7, 2], 3));
        assert_eq!(bytes, floats);
    }

    #[test]
    fn changed_bytes_are_floats() {
        let (mut bytes, _) = both();
        bytes[4] += 0.5;
        assert_eq!((bytes.is_in_bytes(), bytes[4], bytes.len()), (false, 164.5, 60));
    }
}
