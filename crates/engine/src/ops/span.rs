//! Positions along an axis that stand in equal steps.

use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

/// `count` positions along an axis, `step` apart, from `start` on.
///
/// ```
/// use fanin_engine::ops::Span;
/// // NumPy's x[-1:-100:-2] on five elements.
/// let span = Span::between(5, -1, -100, -2).expect("the step is not 0");
/// assert_eq!(span, Span { start: 4, step: -2, count: 3 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first position.
    pub start: usize,
    /// From one position to the next, not 0.
    pub step: isize,
    /// How many positions.
    pub count: usize,
}

impl Span {
    /// All positions of an axis.
    pub fn whole(size: usize) -> Self {
        Self { start: 0, step: 1, count: size }
    }

    /// `count` neighbors from `start` on.
    pub fn neighbors(start: usize, count: usize) -> Self {
        Self { start, step: 1, count }
    }

    /// The positions of `start:end:step` on an axis of `size`, as in NumPy: negative positions
    /// count from the end, and those outside are cut; `None` for a step of 0.
    pub fn between(size: usize, start: i64, end: i64, step: i64) -> Option<Self> {
        let wide = size as i128;
        let from_end = |at: i64| i128::from(at) + if at < 0 { wide } else { 0 };
        let (low, high) = if step > 0 { (0, wide) } else { (-1, wide - 1) };
        let (start, end) = (from_end(start).clamp(low, high), from_end(end).clamp(low, high));
        let step = i128::from(step);
        let count = match step {
            0 => return None,
            1.. => (end - start + step - 1).div_euclid(step),
            _ => (start - end - step - 1).div_euclid(-step),
        };
        let count = usize::try_from(count).unwrap_or(0);
        let start = usize::try_from(start).unwrap_or(0);
        // A step that is never taken may be longer than any axis.
        let step = if count < 2 { 1 } else { isize::try_from(step).ok()? };
        Some(Self { start, step, count })
    }

    /// Whether all positions lie on an axis of `size`.
    pub fn fits(&self, size: usize) -> bool {
        let last = self.start as i128 + (self.count as i128 - 1) * self.step as i128;
        let inside = |at: i128| (0..size as i128).contains(&at);
        self.step != 0 && (self.count == 0 || (inside(self.start as i128) && inside(last)))
    }

    /// Whether these are all positions of an axis of `size`, in order.
    pub fn is_whole(&self, size: usize) -> bool {
        self.start == 0 && self.count == size && (self.step == 1 || size < 2)
    }

    /// Which of the positions `at` is, if it is one.
    pub fn index_of(&self, at: usize) -> Option<usize> {
        let distance = at as isize - self.start as isize;
        let index = distance / self.step;
        let hit = distance % self.step == 0 && index >= 0 && (index as usize) < self.count;
        hit.then_some(index as usize)
    }
}

/// Elements of so many whole rows of `length` that handing them to a thread pays.
pub fn whole_rows(length: usize) -> usize {
    let length = length.max(1);
    length * (ELEMENTWISE_CHUNK / length).max(1)
}

/// Calls `work(row, piece)` for every row of `length` elements of `out`.
pub fn for_each_row<T: Send>(
    out: &mut [T],
    length: usize,
    work: &(impl Fn(usize, &mut [T]) + Sync),
) {
    let length = length.max(1);
    for_each_chunk(out, whole_rows(length), &|start, piece| {
        for (row, piece) in (start / length..).zip(piece.chunks_mut(length)) {
            work(row, piece);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_those_of_numpy() {
        #[track_caller]
        fn check(size: usize, [start, end, step]: [i64; 3], expected: &[usize]) {
            let span = Span::between(size, start, end, step).unwrap();
            assert!(span.fits(size), "{span:?}");
            let at = |i: usize| span.start.wrapping_add_signed(i as isize * span.step);
            assert_eq!((0..span.count).map(at).collect::<Vec<_>>(), expected, "{span:?}");
            for (index, &at) in expected.iter().enumerate() {
                assert_eq!(span.index_of(at), Some(index));
            }
        }
        check(5, [1, 3, 1], &[1, 2]);
        check(5, [0, i64::MAX, 2], &[0, 2, 4]);
        check(5, [-3, i64::MAX, 1], &[2, 3, 4]);
        check(5, [i64::MAX, i64::MIN, -1], &[4, 3, 2, 1, 0]);
        check(5, [-1, -100, -3], &[4, 1]);
        check(5, [3, 1, 1], &[]);
        check(5, [1, 3, -1], &[]);
        check(0, [0, 5, 1], &[]);
        check(0, [-1, i64::MIN, -1], &[]);
        check(5, [3, 5, i64::MAX], &[3]);
        check(5, [3, 0, i64::MIN], &[3]);
        check(5, [-100, 2, 1], &[0, 1]);
        assert_eq!(Span::between(5, 0, 5, 0), None);
    }
}
