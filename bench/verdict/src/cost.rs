//! What the benchmark costs, and what a check costs beside an epoch of the same network.

use std::fmt::{self, Write};

use crate::score::Row;

/// Processor seconds, and how many epochs of its network a check is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Costs {
    /// Of all training.
    labelling: f64,
    /// Of all checks.
    judging: f64,
    /// Of single checks, sorted.
    checks: Vec<f64>,
    /// Of an epoch and of a check of the same network.
    pairs: Vec<(f64, f64)>,
}

/// Milliseconds of an epoch that part short ones from longer ones.
const LENGTHS: [f64; 4] = [1.0, 3.0, 10.0, 30.0];

impl Costs {
    /// The costs of `rows`.
    ///
    /// An epoch is timed right after the check, by the same program; cases without a whole epoch
    /// are left out of the ratio.
    pub fn of(rows: &[Row<'_>]) -> Self {
        let epoch = |row: &Row<'_>| row.judgment.epoch_seconds.filter(|seconds| *seconds > 0.0);
        let pair = |row: &Row<'_>| Some((epoch(row)?, row.judgment.seconds));
        Self {
            labelling: rows.iter().map(|row| row.label.seconds).sum(),
            judging: rows.iter().map(|row| row.judgment.seconds).sum(),
            checks: sorted(rows.iter().map(|row| row.judgment.seconds)),
            pairs: rows.iter().filter_map(pair).collect(),
        }
    }

    /// Those of epochs, sorted.
    fn epochs(&self) -> Vec<f64> {
        sorted(self.pairs.iter().map(|(epoch, _)| *epoch))
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { labelling, judging, checks, pairs } = self;
        let ratios = ratios(pairs);
        let cheap = ratios.iter().filter(|ratio| **ratio < 1.0).count();
        write!(
            f,
            "Labelling took {labelling:.0} processor seconds, {:.0} minutes on two cores, and \
             judging {judging:.0}. A check took {:.4} s in the median and {:.2} s at most: as long \
             as {:.1} epochs of the same network (median; four in five between {:.1} and {:.1}), \
             less than one epoch in {cheap} of {} cases. These data sets are small: the median \
             epoch takes {:.4} s, with its test, timed right after the check on the same core. \
             What the word does not hang on is measured as far as an epoch pays for it; every check \
             builds and plans two graphs, runs one of them forward and back through the first rows, \
             and looks into every layer and weight. Below a few milliseconds an epoch costs less \
             than that; the longer the epoch, the smaller the share:",
            labelling / 120.0,
            quantile(checks, 0.5),
            quantile(checks, 1.0),
            quantile(&ratios, 0.5),
            quantile(&ratios, 0.1),
            quantile(&ratios, 0.9),
            ratios.len(),
            quantile(&self.epochs(), 0.5)
        )?;
        write!(f, "\n\n{}", by_length(pairs))
    }
}

/// A table: checks beside epochs of about the same length.
fn by_length(pairs: &[(f64, f64)]) -> String {
    let mut text = String::from(
        "| an epoch takes | cases | check, median | in epochs, median | less than one epoch |\n\
         |---|---|---|---|---|\n",
    );
    let bounds = [&[0.0], &LENGTHS[..], &[f64::INFINITY]].concat();
    for bounds in bounds.windows(2) {
        let is_between =
            |&&(epoch, _): &&(f64, f64)| (bounds[0]..bounds[1]).contains(&(1e3 * epoch));
        let some: Vec<(f64, f64)> = pairs.iter().filter(is_between).copied().collect();
        if some.is_empty() {
            continue;
        }
        let name = match (bounds[0], bounds[1]) {
            (0.0, most) => format!("below {most} ms"),
            (least, f64::INFINITY) => format!("from {least} ms"),
            (least, most) => format!("{least} to {most} ms"),
        };
        let ratios = ratios(&some);
        let cheap = ratios.iter().filter(|ratio| **ratio < 1.0).count();
        let check = quantile(&sorted(some.iter().map(|(_, check)| 1e3 * check)), 0.5);
        let _ = writeln!(
            text,
            "| {name} | {} | {check:.1} ms | {:.1} | {cheap} |",
            some.len(),
            quantile(&ratios, 0.5)
        );
    }
    text.trim_end().to_owned()
}

/// Checks in epochs of the same network, sorted.
fn ratios(pairs: &[(f64, f64)]) -> Vec<f64> {
    sorted(pairs.iter().map(|(epoch, check)| check / epoch))
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

/// The number that a `share` of all are below, of sorted numbers; NaN of none.
fn quantile(numbers: &[f64], share: f64) -> f64 {
    let place = share * numbers.len().saturating_sub(1) as f64;
    numbers.get(place.round() as usize).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::samples::Sample;

    #[test]
    fn a_check_is_weighed_against_the_epochs_of_its_own_network() {
        let epochs = [Some(1.0), Some(2.0), Some(0.0), None];
        let samples = [1.0, 4.0, 2.0, 3.0].into_iter().zip(epochs).map(|(check, epoch)| {
            let mut sample = Sample::new("learns", "learns");
            sample.label.seconds = 6.0;
            (sample.judgment.seconds, sample.judgment.epoch_seconds) = (check, epoch);
            sample
        });
        let samples: Vec<Sample> = samples.collect();
        let rows: Vec<_> = samples.iter().map(Sample::row).collect();
        let costs = Costs::of(&rows);
        assert_eq!((costs.labelling, costs.judging), (24.0, 10.0));
        assert_eq!(costs.epochs(), [1.0, 2.0], "an epoch that took no time tells nothing");
        assert_eq!(ratios(&costs.pairs), [1.0, 2.0]);
    }

    #[test]
    fn short_and_long_epochs_stand_in_lines_of_their_own() {
        let table = by_length(&[(0.0005, 0.002), (0.02, 0.01), (0.025, 0.05)]);
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(lines[0], "| below 1 ms | 1 | 2.0 ms | 4.0 | 0 |");
        assert_eq!(lines[1], "| 10 to 30 ms | 2 | 50.0 ms | 2.0 | 1 |");
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn quantiles_are_numbers_of_the_list() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 9.0];
        assert_eq!([0.0, 0.5, 1.0].map(|share| quantile(&numbers, share)), [1.0, 3.0, 9.0]);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
