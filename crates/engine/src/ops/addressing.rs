//! Where an index points: slices of a tensor addressed by a tensor of integers.
//!
//! One addressing serves reading ([`gather`](super::gather)) and writing
//! ([`scatter`](super::scatter), [`scatter_add`](super::scatter_add)), so each is the other's
//! derivative. Negative indices count from the end.

use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use crate::tensor::{MAX_RANK, Shape};

/// How a tensor of integers points into a tensor of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// An index takes a whole slice along an axis: shape (before…, indices…, after…).
    Along(usize),
    /// An index belongs to one element and replaces its position along an axis: shape (indices…),
    /// which may be smaller than the data along the other axes.
    Elements(usize),
    /// The last axis of the indices holds positions along the first axes of the data, after so
    /// many leading axes that both share: shape (indices… without the last, remaining axes…).
    Tuples(usize),
}

/// The position that an index means on an axis; negative indices count from the end.
pub fn position(index: i64, size: usize) -> Option<usize> {
    let at = if index < 0 { index.checked_add(size as i64)? } else { index };
    usize::try_from(at).ok().filter(|&at| at < size)
}

impl Addressing {
    /// The shape of all that the indices point to, in their order; `None` if they do not fit.
    pub fn shape(self, data: &Shape, indices: &Shape) -> Option<Shape> {
        let (data, indices) = (data.axes(), indices.axes());
        let axes = match self {
            Self::Along(axis) if axis < data.len() => {
                [&data[..axis], indices, &data[axis + 1..]].concat()
            }
            Self::Elements(axis) if axis < data.len() && data.len() == indices.len() => {
                let others = (0..data.len()).filter(|&other| other != axis);
                others.into_iter().all(|o| indices[o] <= data[o]).then(|| indices.to_vec())?
            }
            Self::Tuples(shared) => {
                let (&depth, lead) = indices.split_last()?;
                let taken = shared.checked_add(depth)?;
                let fits =
                    taken <= data.len() && shared <= lead.len() && data[..shared] == lead[..shared];
                fits.then(|| [lead, &data[taken..]].concat())?
            }
            _ => return None,
        };
        Some(Shape::new(axes))
    }

    /// The addresses for data and indices of shapes that fit.
    pub fn addresses<'a>(self, data: &'a Shape, indices: &'a Shape) -> Addresses<'a> {
        let (data, indices) = (data.axes(), indices.axes());
        let length = match self {
            Self::Along(axis) => data[axis + 1..].iter().product(),
            Self::Elements(_) => 1,
            Self::Tuples(shared) => data[shared + indices[indices.len() - 1]..].iter().product(),
        };
        let per_lead = match self {
            Self::Along(_) => indices.iter().product(),
            Self::Elements(_) => 1,
            Self::Tuples(shared) => indices[shared..indices.len() - 1].iter().product(),
        };
        let mut strides = [1; MAX_RANK];
        for axis in (1..data.len()).rev() {
            strides[axis - 1] = strides[axis] * data[axis];
        }
        Addresses { addressing: self, data, indices, length, per_lead, strides }
    }
}

/// Sizes from which addresses are computed.
#[derive(Clone, Copy, Debug)]
pub struct Addresses<'a> {
    addressing: Addressing,
    data: &'a [usize],
    indices: &'a [usize],
    /// Elements of one slice.
    pub length: usize,
    per_lead: usize,
    strides: [usize; MAX_RANK],
}

impl Addresses<'_> {
    /// The offset in the data of the n-th slice; `None` if its index is outside.
    pub fn offset(&self, indices: &[i64], slice: usize) -> Option<usize> {
        match self.addressing {
            Addressing::Along(axis) => {
                let (lead, index) = (slice / self.per_lead, slice % self.per_lead);
                let size = self.data[axis];
                Some((lead * size + position(indices[index], size)?) * self.length)
            }
            Addressing::Elements(along) => {
                let (mut rest, mut offset) = (slice, 0);
                for axis in (0..self.indices.len()).rev() {
                    let at = rest % self.indices[axis];
                    rest /= self.indices[axis];
                    let at =
                        if axis == along { position(indices[slice], self.data[axis])? } else { at };
                    offset += at * self.strides[axis];
                }
                Some(offset)
            }
            Addressing::Tuples(shared) => {
                let depth = self.indices[self.indices.len() - 1];
                let tuple = &indices[slice * depth..(slice + 1) * depth];
                let mut row = slice / self.per_lead;
                for (&index, &size) in tuple.iter().zip(&self.data[shared..]) {
                    row = row * size + position(index, size)?;
                }
                Some(row * self.length)
            }
        }
    }
}

/// Calls `meet(out, x)` for every slice of `x` and the slice of `out` that its index points to, in
/// the order of `x` at every place; an index outside is passed over.
///
/// Threads share `out`, not `x`, so that no two write to one place: each goes over all indices,
/// which pays where slices are long.
pub fn scatter<O: Send, X: Copy + Sync>(
    addresses: &Addresses<'_>,
    indices: &[i64],
    x: &[X],
    out: &mut [O],
    meet: impl Fn(&mut O, X) + Sync,
) {
    let length = addresses.length.max(1);
    let pieces = (x.len() / ELEMENTWISE_CHUNK).min(length / SLICE_PER_INDEX).max(1);
    let chunk = (out.len() / length).div_ceil(pieces).max(1) * length;
    for_each_chunk(out, chunk, &|start, piece| {
        for (slice, x) in x.chunks_exact(length).enumerate() {
            let at = addresses.offset(indices, slice).and_then(|at| at.checked_sub(start));
            if let Some(at) = at.filter(|&at| at < piece.len()) {
                piece[at..at + length].iter_mut().zip(x).for_each(|(out, &x)| meet(out, x));
            }
        }
    });
}

/// Elements of a slice whose work outweighs looking at one index by far.
const SLICE_PER_INDEX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_indices_count_from_the_end_and_none_overflows() {
        assert_eq!([0, 2, -1, -3].map(|i| position(i, 3)), [Some(0), Some(2), Some(2), Some(0)]);
        assert_eq!([3, -4, i64::MIN, i64::MAX].map(|i| position(i, 3)), [None; 4]);
    }

    #[test]
    fn shapes_are_those_of_numpy_and_onnx() {
        #[track_caller]
        fn check(way: Addressing, data: &[usize], indices: &[usize], expected: Option<&[usize]>) {
            assert_eq!(way.shape(&data.into(), &indices.into()), expected.map(Shape::from));
        }
        check(Addressing::Along(1), &[2, 3, 4], &[5, 6], Some(&[2, 5, 6, 4]));
        check(Addressing::Along(1), &[2, 3, 4], &[], Some(&[2, 4]));
        check(Addressing::Along(3), &[2, 3, 4], &[], None);
        check(Addressing::Elements(1), &[2, 3], &[2, 7], Some(&[2, 7]));
        check(Addressing::Elements(1), &[2, 3], &[3, 7], None);
        check(Addressing::Tuples(0), &[2, 3, 4], &[5, 2], Some(&[5, 4]));
        check(Addressing::Tuples(1), &[2, 3, 4], &[2, 5, 1], Some(&[2, 5, 4]));
        check(Addressing::Tuples(0), &[2, 3], &[5, 3], None);
        check(Addressing::Tuples(1), &[2, 3], &[3, 1], None);
        check(Addressing::Tuples(2), &[2, 3], &[2, 1], None);
    }
}
