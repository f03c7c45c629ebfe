//! Passes over buffers in row-major order that read other buffers by steps of their own: axes
//! that are stretched, reordered, cut out or reversed.

use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

/// The most axes that a pass can have after merging.
pub const MOST_AXES: usize = 8;

/// One axis, or several merged ones: its size, and how far a step along it moves in each of `N`
/// buffers (0 where the buffer is stretched, negative where it is walked backwards).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis<const N: usize> {
    /// Steps along the axis.
    pub size: usize,
    /// Elements that a step moves in each buffer.
    pub steps: [isize; N],
}

/// A few axes, outermost first, held without allocating.
#[derive(Clone, Copy, Debug)]
pub struct Axes<const N: usize> {
    items: [Axis<N>; MOST_AXES],
    count: usize,
}

impl<const N: usize> Axes<N> {
    /// These axes, without those of size 1, neighbors merged that can be walked as one; never
    /// empty.
    ///
    /// # Panics
    /// If more than [`MOST_AXES`] remain.
    pub fn merged(axes: impl IntoIterator<Item = Axis<N>>) -> Self {
        let mut items = [Axis { size: 1, steps: [0; N] }; MOST_AXES];
        let mut count = 0;
        for axis in axes.into_iter().filter(|axis| axis.size != 1) {
            let follows = |last: &Axis<N>| {
                let pairs = last.steps.iter().zip(axis.steps);
                pairs.into_iter().all(|(&outer, inner)| outer == inner * axis.size as isize)
            };
            match items[..count].last_mut() {
                Some(last) if follows(last) => {
                    last.size *= axis.size;
                    last.steps = axis.steps;
                }
                _ => {
                    items[count] = axis;
                    count += 1;
                }
            }
        }
        Self { items, count: count.max(1) }
    }
}

impl<const N: usize> std::ops::Deref for Axes<N> {
    type Target = [Axis<N>];

    fn deref(&self) -> &[Axis<N>] {
        &self.items[..self.count]
    }
}

/// Where a walk stands: a count along every axis, and the offset in each buffer.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<const N: usize> {
    counts: [usize; MOST_AXES],
    /// The offset in each buffer.
    pub offsets: [isize; N],
}

impl<const N: usize> Cursor<N> {
    /// The cursor at a position in row-major order over `axes`; position 0 is at `starts`.
    pub fn at(axes: &[Axis<N>], starts: [usize; N], position: usize) -> Self {
        let mut cursor = Self { counts: [0; MOST_AXES], offsets: starts.map(|s| s as isize) };
        let mut rest = position;
        for (axis, count) in axes.iter().zip(&mut cursor.counts).rev() {
            *count = rest % axis.size.max(1);
            rest /= axis.size.max(1);
            for (offset, step) in cursor.offsets.iter_mut().zip(axis.steps) {
                *offset += *count as isize * step;
            }
        }
        cursor
    }

    /// Moves to the next position in row-major order over `axes`.
    pub fn advance(&mut self, axes: &[Axis<N>]) {
        for (axis, count) in axes.iter().zip(&mut self.counts).rev() {
            *count += 1;
            let wraps = *count == axis.size;
            for (offset, step) in self.offsets.iter_mut().zip(axis.steps) {
                *offset += if wraps { -((axis.size - 1) as isize) * step } else { step };
            }
            if !wraps {
                return;
            }
            *count = 0;
        }
    }
}

/// Calls `run(offsets, steps, piece)` for pieces of `out` along the innermost axis: element i of
/// the piece belongs to element `offsets[k] + i * steps[k]` of buffer k.
pub fn walk<O: Send, const N: usize>(
    axes: &Axes<N>,
    starts: [usize; N],
    out: &mut [O],
    run: &(impl Fn([usize; N], [isize; N], &mut [O]) + Sync),
) {
    let Some((inner, outer)) = axes.split_last() else { return };
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let (row, mut column) = (start / inner.size, start % inner.size);
        let mut cursor = Cursor::at(outer, starts, row);
        let mut rest = piece;
        loop {
            let length = (inner.size - column).min(rest.len());
            let (now, after) = rest.split_at_mut(length);
            let offset = |k: usize| (cursor.offsets[k] + column as isize * inner.steps[k]) as usize;
            run(std::array::from_fn(offset), inner.steps, now);
            if after.is_empty() {
                return;
            }
            rest = after;
            column = 0;
            cursor.advance(outer);
        }
    });
}

/// Copies elements of `x`, from offset `start` on, by the steps of `axes`.
///
/// ```
/// use fanin_kernels::strided::{Axes, Axis, copy};
/// let transposed = Axes::merged([Axis { size: 3, steps: [1] }, Axis { size: 2, steps: [3] }]);
/// let mut out = [0; 6];
/// copy(&[1, 2, 3, 4, 5, 6], 0, &transposed, &mut out);
/// assert_eq!(out, [1, 4, 2, 5, 3, 6]);
/// ```
///
/// # Panics
/// If a step leads out of `x`.
pub fn copy<T: Copy + Send + Sync>(x: &[T], start: usize, axes: &Axes<1>, out: &mut [T]) {
    if let [.., rows, columns] = axes[..]
        && rows.steps == [1]
        && columns.steps[0].unsigned_abs() >= TILE
    {
        copy_in_tiles(x, start, axes, out);
        return;
    }
    walk(axes, [start], out, &|[offset], [step], out| match step {
        0 => out.fill(x[offset]),
        1 => out.copy_from_slice(&x[offset..offset + out.len()]),
        _ => {
            for (i, out) in (0..).zip(out) {
                *out = x[offset.wrapping_add_signed(i * step)];
            }
        }
    });
}

/// Rows and columns that are copied together: what a cache line brings of one column serves as
/// many rows.
const TILE: usize = 16;

/// [`copy`] of axes of which the last but one is dense in `x`: matrices that are transposed.
fn copy_in_tiles<T: Copy + Send + Sync>(x: &[T], start: usize, axes: &Axes<1>, out: &mut [T]) {
    let [outer @ .., rows, columns] = &axes[..] else { return };
    let (width, step) = (columns.size, columns.steps[0]);
    let together = (ELEMENTWISE_CHUNK / width.max(1)).next_multiple_of(TILE).max(TILE);
    for_each_chunk(out, together * width, &|first, piece| {
        let mut row = first / width;
        let mut rest = piece;
        while !rest.is_empty() {
            let (matrix, inside) = (row / rows.size, row % rows.size);
            let count = TILE.min(rows.size - inside).min(rest.len() / width);
            let (now, after) = rest.split_at_mut(count * width);
            let base = Cursor::at(outer, [start], matrix).offsets[0] + inside as isize;
            for left in (0..width).step_by(TILE) {
                let right = (left + TILE).min(width);
                for (above, line) in now.chunks_exact_mut(width).enumerate() {
                    let at = base + above as isize + left as isize * step;
                    for (i, out) in (0..).zip(&mut line[left..right]) {
                        *out = x[(at + i * step) as usize];
                    }
                }
            }
            row += count;
            rest = after;
        }
    });
}

/// `out[i] = f(a, b)` for the elements of two buffers that lie at i by the steps of `axes`.
///
/// # Panics
/// If a step leads out of a buffer.
pub fn zip<A: Copy + Sync, B: Copy + Sync, O: Send>(
    a: &[A],
    b: &[B],
    axes: &Axes<2>,
    out: &mut [O],
    f: impl Fn(A, B) -> O + Sync,
) {
    walk(axes, [0, 0], out, &|[at_a, at_b], steps, out| match steps {
        [1, 1] => {
            let pairs = a[at_a..at_a + out.len()].iter().zip(&b[at_b..]);
            out.iter_mut().zip(pairs).for_each(|(out, (&a, &b))| *out = f(a, b));
        }
        [1, 0] => {
            let b = b[at_b];
            let a = &a[at_a..at_a + out.len()];
            out.iter_mut().zip(a).for_each(|(out, &a)| *out = f(a, b));
        }
        [0, 1] => {
            let a = a[at_a];
            let b = &b[at_b..at_b + out.len()];
            out.iter_mut().zip(b).for_each(|(out, &b)| *out = f(a, b));
        }
        [step_a, step_b] => {
            for (i, out) in (0..).zip(out) {
                let a = a[at_a.wrapping_add_signed(i * step_a)];
                *out = f(a, b[at_b.wrapping_add_signed(i * step_b)]);
            }
        }
    });
}

/// `out[i]` is the element of `a` at i where that of `choice` is not 0, else that of `b`.
///
/// # Panics
/// If a step leads out of a buffer.
pub fn choose<T: Copy + Send + Sync>(
    choice: &[i64],
    a: &[T],
    b: &[T],
    axes: &Axes<3>,
    out: &mut [T],
) {
    let pick = |choice: i64, a: T, b: T| if choice == 0 { b } else { a };
    walk(axes, [0, 0, 0], out, &|[at, at_a, at_b], steps, out| match steps {
        [1, 1, 1] => {
            let choices = &choice[at..at + out.len()];
            let pairs = a[at_a..at_a + out.len()].iter().zip(&b[at_b..]);
            let both = out.iter_mut().zip(choices).zip(pairs);
            both.for_each(|((out, &choice), (&a, &b))| *out = pick(choice, a, b));
        }
        [1, 1, 0] => {
            let b = b[at_b];
            let pairs = choice[at..at + out.len()].iter().zip(&a[at_a..]);
            out.iter_mut().zip(pairs).for_each(|(out, (&choice, &a))| *out = pick(choice, a, b));
        }
        [1, 0, 1] => {
            let a = a[at_a];
            let pairs = choice[at..at + out.len()].iter().zip(&b[at_b..]);
            out.iter_mut().zip(pairs).for_each(|(out, (&choice, &b))| *out = pick(choice, a, b));
        }
        [step, step_a, step_b] => {
            for (i, out) in (0..).zip(out) {
                let a = a[at_a.wrapping_add_signed(i * step_a)];
                let b = b[at_b.wrapping_add_signed(i * step_b)];
                *out = pick(choice[at.wrapping_add_signed(i * step)], a, b);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighboring_axes_are_walked_as_one() {
        let axis = |size, a, b| Axis { size, steps: [a, b] };
        let merged = Axes::merged([axis(5, 6, 0), axis(2, 3, 3), axis(1, 9, 9), axis(3, 1, 1)]);
        assert_eq!(*merged, [axis(5, 6, 0), axis(6, 1, 1)]);
        assert_eq!(*Axes::<2>::merged([]), [axis(1, 0, 0)]);
    }

    #[test]
    fn long_walks_equal_the_plain_loop_on_any_number_of_threads() {
        let (rows, columns, depth) = (70, 3, 501);
        let x: Vec<usize> = (0..rows * columns * depth).collect();
        let sizes = [(columns, depth), (rows, columns * depth), (depth, 1)];
        let axes = Axes::merged(sizes.map(|(size, step)| Axis { size, steps: [step as isize] }));
        let run = |threads: usize| {
            let mut out = vec![0; x.len()];
            crate::threads::pool(threads).unwrap().install(|| copy(&x, 0, &axes, &mut out));
            out
        };
        let out = run(1);
        assert_eq!(out, run(3));
        for (position, &value) in out.iter().enumerate() {
            let (column, row) = (position / depth / rows, position / depth % rows);
            assert_eq!(value, (row * columns + column) * depth + position % depth);
        }
    }

    #[test]
    fn tiles_equal_the_plain_loop_on_any_number_of_threads() {
        for [matrices, rows, columns] in [[1, 300, 200], [3, 33, 47], [2, 1, 90], [5, 70, 17]] {
            let x: Vec<usize> = (0..matrices * rows * columns).collect();
            let sizes = [(matrices, rows * columns), (columns, 1), (rows, columns)];
            let axes =
                Axes::merged(sizes.map(|(size, step)| Axis { size, steps: [step as isize] }));
            let run = |threads: usize| {
                let mut out = vec![0; x.len()];
                crate::threads::pool(threads).unwrap().install(|| copy(&x, 0, &axes, &mut out));
                out
            };
            let out = run(1);
            assert_eq!(out, run(3));
            for (position, &value) in out.iter().enumerate() {
                let (matrix, inside) = (position / (rows * columns), position % (rows * columns));
                let (column, row) = (inside / rows, inside % rows);
                assert_eq!(value, (matrix * rows + row) * columns + column);
            }
        }
    }

    #[test]
    fn negative_steps_walk_backwards() {
        let mut out = [0; 3];
        copy(&[1, 2, 3, 4, 5, 6], 5, &Axes::merged([Axis { size: 3, steps: [-2] }]), &mut out);
        assert_eq!(out, [6, 4, 2]);
    }
}
