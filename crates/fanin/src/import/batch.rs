//! A model that was exported for one number of rows, lowered for another.
//!
//! Exporters write the batch that they saw into shapes: `Reshape` to (2, 16) for two rows. A first
//! lowering with the file's own batch tells what every shape was; where a later one has other rows
//! and a shape is a literal, its batch axis is scaled. Shapes that are computed follow by
//! themselves.

use fanin_engine::Array;

use super::value::Value;

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

    /// The shape that a literal `target` means for `x` of other rows than the file's.
    ///
    /// Elements stay in order, so the batch axis lies behind as many elements as before. `None`
    /// where nothing need be scaled.
    pub fn reshaped(&self, x: &[usize], target: &[i64]) -> Option<Result<Vec<usize>, String>> {
        if self.seen.target.as_deref() != Some(target) {
            return None;
        }
        let before = self.seen.inputs.first()?.as_deref()?;
        let mut axes = self.seen.outputs.first()?.clone();
        let axis = batch_axis((before, self.exported), (x, self.rows))?;
        let behind: usize = before[..axis].iter().product();
        let place = (0..axes.len())
            .filter(|&j| axes[..j].iter().product::<usize>() == behind)
            .find_map(|j| self.scaled(axes[j]).map(|length| (j, length)));
        Some(match place {
            Some((j, length)) => {
                axes[j] = length;
                Ok(axes)
            }
            None => Err(format!("shape {target:?}, made for {} rows", self.exported)),
        })
    }

    /// The shape to which a literal `target` stretches `x`: its first axis, if that was the batch.
    pub fn stretched(&self, x: &[usize], target: &[i64]) -> Option<Vec<usize>> {
        let made = self.seen.outputs.first()?;
        let leads = self.exported > 1
            && made.len() >= 2
            && made[0] == self.exported
            && self.seen.target.as_deref() == Some(target)
            && self.seen.inputs.first()?.as_deref() == Some(x)
            && (x.len() < made.len() || x[0] == 1);
        leads.then(|| [&[self.rows], &made[1..]].concat())
    }
}

impl Beside<'_> {
    /// Gives known values that were made for the file's rows as many as there are now, where they
    /// meet a value that follows the rows.
    ///
    /// All rows must be the same, or hold their own number, as in an index of rows.
    pub fn fit(&self, inputs: &mut [Option<Value>]) {
        let behind = |(index, value): (usize, &Option<Value>)| {
            let (now, before) = (value.as_ref()?.axes(), self.seen.inputs.get(index)?.as_deref()?);
            let axis = batch_axis((before, self.exported), (now, self.rows))?;
            (before[axis] == self.exported).then_some(before.len() - axis)
        };
        let Some(behind) = inputs.iter().enumerate().find_map(behind) else { return };
        for value in inputs.iter_mut().flatten() {
            let Some(axis) = value.rank().checked_sub(behind) else { continue };
            if self.exported > 1
                && value.axes()[axis] == self.exported
                && let Some(fitted) = value.known().and_then(|array| self.rows_of(array, axis))
            {
                *value = Value::constant(fitted).of(value.element);
            }
        }
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
        let found = beside.reshaped(x, target).map(Result::unwrap);
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
    fn batch_behind_a_fused_axis_is_not_guessed() {
        let seen = Seen {
            inputs: vec![Some(vec![4, 2, 3])],
            outputs: vec![vec![8, 3]],
            target: Some(vec![8, 3]),
        };
        let beside = Beside { seen: &seen, exported: 2, rows: 6 };
        assert!(beside.reshaped(&[4, 6, 3], &[8, 3]).unwrap().is_err());
    }

    #[test]
    fn rows_are_the_one_axis_that_differs() {
        assert_eq!(batch_axis((&[4, 2, 3], 2), (&[4, 6, 3], 6)), Some(1));
        assert_eq!(batch_axis((&[4, 4, 3], 2), (&[4, 12, 3], 6)), Some(1));
        assert_eq!(batch_axis((&[4, 2], 2), (&[4, 7], 6)), None);
        assert_eq!(batch_axis((&[4, 2], 2), (&[4, 2], 6)), None);
    }
}
