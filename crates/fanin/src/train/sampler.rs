//! The order in which rows are seen: a pure function of seed and epoch.

use std::ops::Range;

use fanin_kernels::random::{Stream, fill_permutation};

use crate::check::rules::wording::count;
use crate::error::{Error, Result};

/// The rows in the order of one epoch.
///
/// Each order is as likely as any other (Fisher–Yates); another epoch or seed gives another one,
/// and the number of threads or the epochs before change nothing.
///
/// ```
/// use fanin::train::sampler::permutation;
/// let mut order = permutation(7, 0, 100);
/// assert_eq!(order, permutation(7, 0, 100));
/// order.sort();
/// assert!(order.into_iter().eq(0..100));
/// ```
pub fn permutation(seed: u64, epoch: u64, rows: usize) -> Vec<usize> {
    let mut order = Vec::new();
    permutation_into(seed, epoch, rows, &mut order);
    order
}

/// As [`permutation`], into a buffer that may be used again.
pub fn permutation_into(seed: u64, epoch: u64, rows: usize, order: &mut Vec<usize>) {
    order.resize(rows, 0);
    fill_permutation(Stream::new(seed, "order").numbered(epoch), order);
}

/// The rows of an epoch cut into batches; the last one may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    rows: usize,
    size: usize,
}

impl Batches {
    /// Batches of `size` rows each.
    ///
    /// # Errors
    /// [`Error::Setting`] if the size is 0 or larger than the number of rows.
    pub fn new(rows: usize, size: usize) -> Result<Self> {
        if size == 0 || size > rows {
            return Err(Error::Setting {
                place: "batch size".to_owned(),
                found: size.to_string(),
                expected: match rows {
                    0 => "data with at least one row to train on, but there is none".to_owned(),
                    _ => format!(
                        "1 to {rows}, since the training data has {}; \
                         take a smaller batch or more data",
                        count(rows, "row", "rows")
                    ),
                },
            });
        }
        Ok(Self { rows, size })
    }

    /// The number of batches in one epoch, at least 1.
    pub fn count(&self) -> usize {
        self.rows.div_ceil(self.size)
    }

    /// Positions in the epoch's order that make up batch `index`.
    ///
    /// # Panics
    /// If there is no such batch.
    pub fn range(&self, index: usize) -> Range<usize> {
        let start = index * self.size;
        assert!(start < self.rows, "batch {index} of {}", self.count());
        start..self.rows.min(start + self.size)
    }

    /// All ranges in order.
    pub fn ranges(self) -> impl ExactSizeIterator<Item = Range<usize>> {
        (0..self.count()).map(move |index| self.range(index))
    }
}

/// Steele, Lea & Flood 2014.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_and_epochs_give_orders_of_their_own() {
        let orders = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(s, e)| permutation(s, e, 50));
        for (i, order) in orders.iter().enumerate() {
            assert!(orders[..i].iter().all(|other| other != order));
        }
        assert!(permutation(3, 9, 0).is_empty());
        assert_eq!(permutation(3, 9, 1), [0]);
    }

    /// 24 orders of 4 rows in 24,000 epochs: χ² with 23 degrees of freedom is below 64 but for
    /// one seed in 10^5.
    #[test]
    fn every_order_is_as_likely_as_any_other() {
        let mut counts = std::collections::HashMap::new();
        for epoch in 0..24_000 {
            *counts.entry(permutation(5, epoch, 4)).or_insert(0.0) += 1.0;
        }
        let chi: f64 = counts.values().map(|n: &f64| (n - 1000.0).powi(2) / 1000.0).sum();
        assert_eq!(counts.len(), 24);
        assert!(chi < 64.0, "{chi}");
    }

    #[test]
    fn batches_cover_every_position_once_and_the_last_may_be_smaller() {
        let batches = Batches::new(10, 4).unwrap();
        assert_eq!(batches.ranges().collect::<Vec<_>>(), [0..4, 4..8, 8..10]);
        assert_eq!(Batches::new(10, 10).unwrap().ranges().len(), 1);
        assert_eq!(Batches::new(10, 5).unwrap().count(), 2);
    }

    #[test]
    fn a_batch_that_cannot_be_filled_is_refused_with_both_numbers() {
        let text = Batches::new(100, 512).unwrap_err().to_string();
        assert!(text.contains("found 512") && text.contains("100 rows"), "{text}");
        assert!(Batches::new(100, 0).is_err());
        assert!(Batches::new(0, 1).unwrap_err().to_string().contains("at least one row"));
    }
}
