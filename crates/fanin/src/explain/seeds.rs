//! One trial under several seeds: the run in the middle, and how far the others lie from it.

use super::trial::Record;
use super::words::steps;

/// Seeds of starts that are trained, where a picture shows how much they differ.
pub const SEEDS: usize = 3;

/// Draws of starting weights that are measured and not trained.
pub const DRAWS: usize = 5;

/// What was seen of one trial under several seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    /// The run that did best first: fewest steps to learn, then the higher accuracy in the end.
    records: Vec<Record>,
}

impl Runs {
    /// The runs of a trial, in any order.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(mut records: Vec<Record>) -> Self {
        assert!(!records.is_empty(), "a trial is run under some seed");
        let end = |record: &Record| Some(record.accuracy()).filter(|share| !share.is_nan());
        records.sort_by(|a, b| {
            let steps = [a, b].map(|record| record.learned().unwrap_or(u64::MAX));
            steps[0].cmp(&steps[1]).then(end(b).partial_cmp(&end(a)).expect("no NaN is left"))
        });
        Self { records }
    }

    /// The run in the middle, which stands for all.
    pub fn middle(&self) -> &Record {
        &self.records[self.records.len() / 2]
    }

    /// How many runs learned, of all.
    pub fn learned(&self) -> (usize, usize) {
        let learned = self.records.iter().filter(|record| record.learned().is_some()).count();
        (learned, self.records.len())
    }

    /// The least and the largest of a number over the runs that have it; none where none has.
    pub fn ends(&self, read: impl Fn(&Record) -> Option<f64>) -> Option<[f64; 2]> {
        ends(self.records.iter().filter_map(read))
    }

    /// The least and the largest loss over the runs, at each of the middle run's
    /// [losses](Record::losses).
    pub fn losses(&self) -> Vec<[f64; 2]> {
        let all: Vec<Vec<[f64; 2]>> = self.records.iter().map(Record::losses).collect();
        let at = |step: f64| all.iter().flatten().filter(move |[other, _]| *other == step);
        let there = self.middle().losses().into_iter();
        there.filter_map(|[step, _]| ends(at(step).map(|[_, loss]| *loss))).collect()
    }

    /// Steps to learn in the middle run and, where runs differ, in the first and the last:
    /// `37 (31 to never)`.
    pub fn steps(&self, otherwise: &str) -> String {
        let of = |record: &Record| record.learned();
        let (best, worst) = (of(&self.records[0]), of(&self.records[self.records.len() - 1]));
        let middle = steps(of(self.middle()), otherwise);
        if best == worst {
            return middle;
        }
        format!("{middle} ({} to {})", steps(best, "never"), steps(worst, "never"))
    }
}

/// The least and the largest of some numbers; none of none.
pub fn ends(numbers: impl IntoIterator<Item = f64>) -> Option<[f64; 2]> {
    numbers.into_iter().fold(None, |ends, x| {
        let [least, largest] = ends.unwrap_or([x, x]);
        Some([x.min(least), x.max(largest)])
    })
}

/// The number in the middle of some, the larger of two; NaN of none.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
