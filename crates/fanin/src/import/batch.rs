//! A model that was exported for one number of rows, lowered for another.
//!
//! Exporters write the batch that they saw into shapes: `Reshape` to (2, 16) for two rows. A first
//! lowering with the file's own batch tells what every shape was; where a later one has other rows
//! and a shape is a literal, its batch axis is scaled. Shapes that are computed follow by
//! themselves.

use fanin_engine::Array;
use fanin_engine::ops::Addressing;

use super::lowering::Lowering;
use super::value::{Content, Value};
use crate::Result as Outcome;

/// The most elements that a literal shape may have.
const MOST_AXES: usize = 16;

/// What a node saw in the lowering with the file's own batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Axes of its inputs; none where one is left out.
    pub inputs: Vec<Option<Vec<usize>>>,
    /// Axes of its outputs.
    pub outputs: Vec<Vec<usize>>,
    /// The shape at its second input, if it was known.
    pub target: Option<Vec<i64>>,
}

/// All nodes of a lowering, in its order, and its batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exported {
    pub rows: usize,
    pub nodes: Vec<Seen>,
}

/// One node of the lowering with the file's batch, beside the same node for other rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside<'b> {
    pub seen: &'b Seen,
    /// Rows of the file.
    pub exported: usize,
    /// Rows of this lowering.
    pub rows: usize,
}

/// Rows inside an axis: (time · rows) from (time, rows).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Within {
    /// The axis.
    pub axis: usize,
    /// How many elements of it and of those before are counted for one row; 0 if that is lost.
    pub behind: usize,
}

/// New axes, and how rows lie in them.
pub(super) type Reshaped = (Vec<usize>, Option<Within>);

impl Within {
    /// What is known of rows in a value of these axes, made of one with such rows.
    pub fn after(self, before: &[usize], after: &[usize]) -> Self {
        let stays = after.get(self.axis) == Some(&before[self.axis]);
        if stays { self } else { Self { behind: 0, ..self } }
    }
}

/// A known shape that is short enough to be one.
pub(super) fn literal(integers: Option<&[i64]>) -> Option<Vec<i64>> {
    integers.filter(|all| all.len() <= MOST_AXES).map(<[i64]>::to_vec)
}

/// The axis along which rows follow one another: the only one that differs between two lowerings.
pub(super) fn batch_axis(
    (one, rows): (&[usize], usize),
    (other, others): (&[usize], usize),
) -> Option<usize> {
    if one.len() != other.len() {
        return None;
    }
    let differs = |&axis: &usize| one[axis] != other[axis];
    let mut axes = (0..one.len()).filter(differs);
    let axis = axes.next()?;
    let scaled = one[axis].checked_mul(others) == other[axis].checked_mul(rows);
    (axes.next().is_none() && scaled).then_some(axis)
}

impl Beside<'_> {
    fn scaled(&self, length: usize) -> Option<usize> {
        let length = length.checked_mul(self.rows)?;
        length.is_multiple_of(self.exported).then(|| length / self.exported)
    }

    /// The shape that a literal `target` means for `x` of other rows than the file's, and how rows
    /// lie in it if not along an axis of their own.
    ///
    /// Elements stay in order, so rows stay behind as many elements as before. `None` where nothing
    /// need be scaled.
    pub fn reshaped(
        &self,
        x: &[usize],
        within: Option<Within>,
        target: &[i64],
    ) -> Option<Result<Reshaped, String>> {
        if self.seen.target.as_deref() != Some(target) {
            return None;
        }
        let before = self.seen.inputs.first()?.as_deref()?;
        let axes = self.seen.outputs.first()?;
        let axis = batch_axis((before, self.exported), (x, self.rows))?;
        let behind = within.map_or_else(|| before[..axis].iter().product(), |w| w.behind);
        let scaled = self.place(axes, behind).and_then(|j| {
            let mut axes = axes.clone();
            let is_within = axes[..j].iter().product::<usize>() != behind;
            axes[j] = self.scaled(axes[j])?;
            Some((axes, is_within.then_some(Within { axis: j, behind })))
        });
        Some(scaled.ok_or_else(|| format!("shape {target:?}, made for {} rows", self.exported)))
    }

    /// The axis that holds the rows which lie behind so many elements.
    fn place(&self, axes: &[usize], behind: usize) -> Option<usize> {
        let before = |j: usize| axes[..j].iter().product::<usize>();
        let own = |j: &usize| match self.exported {
            1 => axes[*j] == 1 || behind == 1,
            exported => axes[*j].is_multiple_of(exported),
        };
        let within = |j: &usize| {
            before(*j) < behind
                && behind.is_multiple_of(before(*j).max(1))
                && before(j + 1).is_multiple_of(behind * self.exported)
        };
        let mut all = (0..axes.len()).filter(|&j| behind > 0 && before(j) == behind);
        all.find(own).or_else(|| (0..axes.len()).find(|j| behind > 1 && within(j)))
    }

    /// The shape to which a literal `target` stretches `x`: along the axis in which `x` follows the
    /// rows as long as `x`, or of as many rows in its first axis, if that was the batch.
    pub fn stretched(&self, x: &[usize], target: &[i64]) -> Option<Vec<usize>> {
        let made = self.seen.outputs.first()?;
        let before = self.seen.inputs.first()?.as_deref()?;
        if self.seen.target.as_deref() != Some(target) {
            return None;
        }
        if let Some(axis) = batch_axis((before, self.exported), (x, self.rows)) {
            let place = made.len().checked_sub(before.len() - axis)?;
            let mut stretched = made.clone();
            stretched[place] = x[axis];
            return (made[place] == before[axis]).then_some(stretched);
        }
        let leads = self.exported > 1
            && made.len() >= 2
            && made[0] == self.exported
            && before == x
            && (x.len() < made.len() || x[0] == 1);
        leads.then(|| [&[self.rows], &made[1..]].concat())
    }

    /// Known indices into `data` that count the rows of the file along their first axis, counted on
    /// to as many rows as there are now: flat places of a tensor that was laid out row by row, or
    /// places that name their row.
    pub fn indices(&self, way: Addressing, data: &[usize], indices: &Value) -> Option<Value> {
        let before = self.seen.inputs.first()?.as_deref()?;
        let axis = batch_axis((before, self.exported), (data, self.rows))?;
        let array = indices.known()?;
        let (&rows, within) = array.shape().axes().split_first()?;
        let step = |place: usize| match way {
            Addressing::Along(along) if along == axis => Some(before[axis] / self.exported),
            Addressing::Tuples(0) => {
                let depth = *within.last()?;
                (axis < depth && before[axis] == self.exported)
                    .then_some(usize::from(place % depth == axis))
            }
            _ => None,
        };
        if self.exported < 2 || rows != self.exported {
            return None;
        }
        let inner: usize = within.iter().product();
        let steps =
            (0..inner).map(|place| Some(step(place)? as i64)).collect::<Option<Vec<_>>>()?;
        let (first, _) = array.integers()?.split_at_checked(inner)?;
        let row =
            |row: usize| first.iter().zip(&steps).map(move |(at, step)| at + row as i64 * step);
        let counted = (0..rows).flat_map(row).eq(array.integers()?.iter().copied());
        let all = (0..self.rows).flat_map(row).collect();
        let made = Array::integer([&[self.rows], within].concat(), all).ok()?;
        counted.then(|| Value::constant(made).of(indices.element))
    }
}

impl Beside<'_> {
    /// Gives values that were made for the file's rows as many as there are now, where they meet a
    /// value that follows the rows.
    ///
    /// All rows must be the same, or hold their own number, as in an index of rows. Of a parameter
    /// such as a token that the exporter has stretched, every row gets the mean: so its rows have the
    /// same gradient and stay the same.
    pub fn fit(
        &self,
        inputs: &mut [Option<Value>],
        lowering: &mut Lowering<'_, '_>,
    ) -> Outcome<()> {
        let behind = |(index, value): (usize, &Option<Value>)| {
            let (now, before) = (value.as_ref()?.axes(), self.seen.inputs.get(index)?.as_deref()?);
            let axis = batch_axis((before, self.exported), (now, self.rows))?;
            (before[axis] == self.exported).then_some(before.len() - axis)
        };
        let Some(behind) = inputs.iter().enumerate().find_map(behind) else { return Ok(()) };
        for value in inputs.iter_mut().flatten() {
            let Some(axis) = value.rank().checked_sub(behind) else { continue };
            if self.exported < 2 || value.axes()[axis] != self.exported {
                continue;
            }
            match &value.content {
                Content::Constant(array) => {
                    if let Some(fitted) = self.rows_of(array, axis) {
                        *value = Value::constant(fitted).of(value.element);
                    }
                }
                Content::Parameter(..) => {
                    let own = lowering.constant(value, "a parameter")?;
                    if self.rows_of(&own, axis).is_some() {
                        let mut axes = value.axes().to_vec();
                        *value = lowering.apply(&[value], |g, w| {
                            axes[axis] = 1;
                            let mean = g.mean_to(w[0], axes.clone())?;
                            axes[axis] = self.rows;
                            g.broadcast_to(mean, axes)
                        })?;
                    }
                }
                Content::Wire(_) | Content::Sequence(_) => {}
            }
        }
        Ok(())
    }

    /// The array with as many rows along `axis` as there are now.
    fn rows_of(&self, array: &Array, axis: usize) -> Option<Array> {
        let mut axes = array.shape().axes().to_vec();
        let inner: usize = axes[axis + 1..].iter().product();
        axes[axis] = self.rows;
        match (array.floats(), array.integers()) {
            (Some(floats), _) => {
                let rows = self.repeated(floats, inner, |_| None)?;
                Array::float(axes, rows).ok()
            }
            (_, Some(integers)) => {
                let counted = integers
                    .chunks(inner * self.exported)
                    .flat_map(|block| block.chunks(inner).enumerate())
                    .all(|(row, all)| all.iter().all(|&n| n == row as i64));
                let rows = self.repeated(integers, inner, |row| counted.then_some(row as i64))?;
                Array::integer(axes, rows).ok()
            }
            _ => None,
        }
    }

    fn repeated<T: Copy + PartialEq>(
        &self,
        values: &[T],
        inner: usize,
        counted: impl Fn(usize) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut made = Vec::new();
        for block in values.chunks(inner * self.exported) {
            let first = &block[..inner];
            let same = block.chunks(inner).all(|row| row == first);
            for row in 0..self.rows {
                for &value in first {
                    made.push(counted(row).or_else(|| same.then_some(value))?);
                }
            }
        }
        Some(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        before: &[usize],
        target: &[i64],
        made: &[usize],
        x: &[usize],
        want: Option<&[usize]>,
    ) {
        let seen = Seen {
            inputs: vec![Some(before.to_vec())],
            outputs: vec![made.to_vec()],
            target: Some(target.to_vec()),
        };
        let beside = Beside { seen: &seen, exported: 2, rows: 6 };
        let found = beside.reshaped(x, None, target).map(|made| made.unwrap().0);
        assert_eq!(found.as_deref(), want);
    }

    #[test]
    fn literal_shapes_get_the_rows_of_the_batch() {
        check(&[2, 4, 3], &[2, 12], &[2, 12], &[6, 4, 3], Some(&[6, 12]));
        check(&[2, 4, 3], &[2, -1], &[2, 12], &[6, 4, 3], Some(&[6, 12]));
        check(&[2, 4, 3], &[8, 3], &[8, 3], &[6, 4, 3], Some(&[24, 3]));
        check(&[8, 3], &[2, 4, 3], &[2, 4, 3], &[24, 3], Some(&[6, 4, 3]));
        check(&[4, 2, 3], &[4, 6], &[4, 6], &[4, 6, 3], Some(&[4, 18]));
        check(&[2, 3], &[1, 2, 3], &[1, 2, 3], &[6, 3], Some(&[1, 6, 3]));
        check(&[4, 3], &[12], &[12], &[4, 3], None);
    }

    #[test]
    fn rows_behind_time_are_found_again() {
        let seen = |input: &[usize], output: &[usize]| Seen {
            inputs: vec![Some(input.to_vec())],
            outputs: vec![output.to_vec()],
            target: Some(output.iter().map(|&n| n as i64).collect()),
        };
        let folded = seen(&[9, 3, 5], &[27, 5]);
        let beside = Beside { seen: &folded, exported: 3, rows: 4 };
        let (axes, within) = beside.reshaped(&[9, 4, 5], None, &[27, 5]).unwrap().unwrap();
        assert_eq!((axes, within), (vec![36, 5], Some(Within { axis: 0, behind: 9 })));
        let unfolded = seen(&[27, 5], &[9, 3, 5]);
        let beside = Beside { seen: &unfolded, exported: 3, rows: 4 };
        let (axes, lost) = beside.reshaped(&[36, 5], within, &[9, 3, 5]).unwrap().unwrap();
        assert_eq!((axes, lost), (vec![9, 4, 5], None));
        let moved = within.unwrap().after(&[36, 5], &[5, 36]);
        assert!(beside.reshaped(&[36, 5], Some(moved), &[9, 3, 5]).unwrap().is_err());
    }

    #[test]
    fn a_single_row_is_found_by_what_lies_before_it() {
        let seen = Seen {
            inputs: vec![Some(vec![9, 1, 5])],
            outputs: vec![vec![9, 5]],
            target: Some(vec![9, 5]),
        };
        let beside = Beside { seen: &seen, exported: 1, rows: 4 };
        let (axes, within) = beside.reshaped(&[9, 4, 5], None, &[9, 5]).unwrap().unwrap();
        assert_eq!((axes, within), (vec![36, 5], Some(Within { axis: 0, behind: 9 })));
    }

    #[test]
    fn what_follows_the_rows_is_stretched_along_with_them() {
        let seen = Seen {
            inputs: vec![Some(vec![2, 1, 1, 8])],
            outputs: vec![vec![2, 1, 8, 8]],
            target: Some(vec![2, 1, 8, 8]),
        };
        for rows in [1, 3] {
            let beside = Beside { seen: &seen, exported: 2, rows };
            let made = beside.stretched(&[rows, 1, 1, 8], &[2, 1, 8, 8]);
            assert_eq!(made, Some(vec![rows, 1, 8, 8]));
        }
    }

    #[test]
    fn indices_that_count_rows_count_on() {
        let index = |axes: &[usize], numbers: &[i64]| {
            Value::constant(Array::integer(axes.to_vec(), numbers.to_vec()).unwrap())
        };
        let seen = |axes: &[usize]| Seen { inputs: vec![Some(axes.to_vec())], ..Seen::default() };
        let (flat, matrix) = (seen(&[6]), seen(&[2, 3]));
        let flat = Beside { seen: &flat, exported: 2, rows: 3 };
        let made = flat.indices(Addressing::Along(0), &[9], &index(&[2, 2], &[1, 0, 4, 3]));
        assert_eq!(made.unwrap().known().unwrap().integers(), Some(&[1, 0, 4, 3, 7, 6][..]));
        let other = flat.indices(Addressing::Along(0), &[9], &index(&[2, 2], &[1, 0, 4, 4]));
        assert!(other.is_none());
        let matrix = Beside { seen: &matrix, exported: 2, rows: 1 };
        let places = index(&[2, 2, 2], &[0, 2, 0, 1, 1, 2, 1, 1]);
        let made = matrix.indices(Addressing::Tuples(0), &[1, 3], &places);
        assert_eq!(made.unwrap().known().unwrap().integers(), Some(&[0, 2, 0, 1][..]));
    }

    #[test]
    fn rows_are_the_one_axis_that_differs() {
        assert_eq!(batch_axis((&[4, 2, 3], 2), (&[4, 6, 3], 6)), Some(1));
        assert_eq!(batch_axis((&[4, 4, 3], 2), (&[4, 12, 3], 6)), Some(1));
        assert_eq!(batch_axis((&[4, 2], 2), (&[4, 7], 6)), None);
        assert_eq!(batch_axis((&[4, 2], 2), (&[4, 2], 6)), None);
    }
}
