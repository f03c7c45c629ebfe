//! What the benchmark costs, and what a check costs beside an epoch of the same network.

use std::fmt;

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
    /// Of an epoch of the same network, sorted.
    epochs: Vec<f64>,
    /// Seconds of a check over those of an epoch of the same network, sorted.
    ratios: Vec<f64>,
}

impl Costs {
    /// The costs of `rows`.
    ///
    /// The seconds of a label are shared out evenly over its runs' whole epochs, with the making
    /// of weights and the tests after each; cases without a whole epoch are left out of the ratio.
    pub fn of(rows: &[Row<'_>]) -> Self {
        let epoch = |row: &Row<'_>| {
            let epochs: usize = row.label.runs.iter().map(|run| run.epochs).sum();
            let seconds = row.label.seconds / epochs as f64;
            (seconds.is_finite() && seconds > 0.0).then_some(seconds)
        };
        let ratio = |row: &Row<'_>| Some(row.judgment.seconds / epoch(row)?);
        Self {
            labelling: rows.iter().map(|row| row.label.seconds).sum(),
            judging: rows.iter().map(|row| row.judgment.seconds).sum(),
            checks: sorted(rows.iter().map(|row| row.judgment.seconds)),
            epochs: sorted(rows.iter().filter_map(epoch)),
            ratios: sorted(rows.iter().filter_map(ratio)),
        }
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { labelling, judging, checks, epochs, ratios } = self;
        let cheap = ratios.iter().filter(|ratio| **ratio < 1.0).count();
        write!(
            f,
            "Labelling took {labelling:.0} processor seconds, {:.0} minutes on two cores, and \
             judging {judging:.0}. A check took {:.3} s in the median and {:.1} s at most: as long \
             as {:.1} epochs of the same network (median; four in five between {:.1} and {:.1}), \
             less than one epoch in {cheap} of {} cases. These data sets are small: the median \
             epoch takes {:.3} s, with its test.",
            labelling / 120.0,
            quantile(checks, 0.5),
            quantile(checks, 1.0),
            quantile(ratios, 0.5),
            quantile(ratios, 0.1),
            quantile(ratios, 0.9),
            ratios.len(),
            quantile(epochs, 0.5)
        )
    }
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
        let samples = [(6.0, 1.0), (12.0, 4.0), (0.0, 5.0)].map(|(training, check)| {
            let mut sample = Sample::new("learns", "learns");
            sample.run(1.0, "learns").epochs = 2;
            sample.run(1.0, "learns").epochs = 4;
            (sample.label.seconds, sample.judgment.seconds) = (training, check);
            sample
        });
        let rows = samples.each_ref().map(Sample::row);
        let costs = Costs::of(&rows);
        assert_eq!((costs.labelling, costs.judging), (18.0, 10.0));
        assert_eq!(costs.epochs, [1.0, 2.0], "a label that took no time tells nothing");
        assert_eq!(costs.ratios, [1.0, 2.0]);
    }

    #[test]
    fn quantiles_are_numbers_of_the_list() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 9.0];
        assert_eq!([0.0, 0.5, 1.0].map(|share| quantile(&numbers, share)), [1.0, 3.0, 9.0]);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
