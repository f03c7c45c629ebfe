//! Numbers that change as soon as a product makes what they change by.
//!
//! An optimizer changes a parameter, and what it remembers of it, by a gradient. The gradient of a
//! weight is a product: taken up a few rows at a time, while the cache holds them, it needs no memory
//! of its own and is neither written nor read again.

use std::marker::PhantomData;

/// Most buffers that change together.
pub const MOST: usize = 3;

/// What is done with `(start, pieces of the buffers, piece of what they change by)`.
pub type Rule<'a, T> = dyn Fn(usize, [&mut [T]; MOST], &[T]) + Sync + 'a;

/// Buffers that change together, and how.
pub struct Change<'a, T> {
    /// The buffers, of one length; those that are not used are empty.
    pub buffers: [&'a mut [T]; MOST],
    /// Called once for every piece, on any thread; pieces have no order, but for parts of one row of a
    /// product, which come one after another on one thread.
    pub rule: &'a Rule<'a, T>,
}

impl<T> std::fmt::Debug for Change<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").field("elements", &self.buffers[0].len()).finish_non_exhaustive()
    }
}

impl<'a, T> Change<'a, T> {
    /// Changes all at once.
    ///
    /// ```
    /// use fanin_kernels::change::Change;
    /// let mut w = [1.0, 2.0];
    /// let rule = |_, [w, ..]: [&mut [f64]; 3], g: &[f64]| {
    ///     w.iter_mut().zip(g).for_each(|(w, g)| *w -= 0.5 * g);
    /// };
    /// Change { buffers: [&mut w, &mut [], &mut []], rule: &rule }.by(&[1.0, 4.0]);
    /// assert_eq!(w, [0.5, 0.0]);
    /// ```
    pub fn by(self, gradient: &[T]) {
        (self.rule)(0, self.buffers, gradient);
    }

    /// # Panics
    /// If a buffer has another length and is not empty.
    pub(crate) fn in_parts(self, length: usize) -> Parts<'a, T> {
        let fits = self.buffers.iter().all(|b| b.is_empty() || b.len() == length);
        assert!(fits, "buffers that change together have the length of what they change by");
        let starts = self.buffers.map(|b| (b.as_mut_ptr(), !b.is_empty()));
        Parts { starts, length, rule: self.rule, buffers: PhantomData }
    }
}

/// A change whose pieces come from different threads.
pub(crate) struct Parts<'a, T> {
    starts: [(*mut T, bool); MOST],
    length: usize,
    rule: &'a Rule<'a, T>,
    buffers: PhantomData<&'a mut [T]>,
}

// SAFETY: all that it gives is pieces, by `unsafe` calls that vouch that they do not overlap.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<T> Parts<'_, T> {
    /// Changes what begins at `start` by these numbers.
    ///
    /// # Safety
    /// Pieces that are changed at the same time do not overlap.
    ///
    /// # Panics
    /// If the piece does not lie within the buffers.
    pub(crate) unsafe fn by(&self, start: usize, gradient: &[T]) {
        assert!(start + gradient.len() <= self.length, "a piece lies within the buffers");
        let pieces = self.starts.map(|(first, used)| {
            let count = if used { gradient.len() } else { 0 };
            let first = if used { first.wrapping_add(start) } else { first };
            // SAFETY: the piece lies within a buffer that is borrowed to be changed, and by the
            // caller's word no other piece overlaps it.
            unsafe { std::slice::from_raw_parts_mut(first, count) }
        });
        (self.rule)(start, pieces, gradient);
    }
}
