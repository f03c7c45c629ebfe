//! Which lines of a race stand out: colors tell a dozen starts apart, but not forty.

use super::Reading;
use crate::compare::{Entry, NetworkComparison};
use crate::report::pictures::{Series, Style};

/// Starts whose lines can be told apart by color; of more, the ends of the field stand out.
const MOST_LINES: usize = 12;
/// So many of the best starts stand out of a large field.
pub const BEST: usize = 3;
/// And so many of the worst.
pub const WORST: usize = 2;

/// The starts of a race in the order of its table: as asked for, or, in a large field, the best
/// first.
pub struct Field<'a> {
    /// The starts.
    pub entries: Vec<&'a Entry>,
}

impl<'a> Field<'a> {
    /// The field of a network.
    pub fn new(network: &'a NetworkComparison) -> Self {
        let mut field = Self { entries: network.entries.iter().collect() };
        if field.is_large() {
            let score = |entry: &Entry| {
                let mean = entry.outcome.as_ref().map(|outcome| outcome.score.mean);
                mean.filter(|mean| !mean.is_nan()).unwrap_or(f64::NEG_INFINITY)
            };
            field.entries.sort_by(|a, b| score(b).total_cmp(&score(a)));
        }
        field
    }

    /// Whether it has more lines than colors tell apart.
    pub fn is_large(&self) -> bool {
        self.entries.len() > MOST_LINES
    }

    /// A line for each start.
    pub fn lines(&self, epochs: usize, read: Reading) -> Vec<Series> {
        let loud = self.loud();
        let line = |(place, entry): (usize, &&Entry)| {
            let color = loud.iter().position(|other| std::ptr::eq(*other, *entry));
            match color {
                _ if !self.is_large() => curve(entry, place, epochs, read),
                Some(color) => curve(entry, color, epochs, read),
                None => curve(entry, 0, epochs, read).quiet(),
            }
        };
        self.entries.iter().enumerate().map(line).collect()
    }

    /// The ends of a large field, of starts that came to the end of an epoch.
    fn loud(&self) -> Vec<&'a Entry> {
        let has_line = |entry: &&Entry| entry.trained.iter().any(|run| !run.history.is_empty());
        let drawn: Vec<&Entry> = self.entries.iter().copied().filter(has_line).collect();
        let worst = drawn.len().saturating_sub(WORST).max(BEST);
        drawn.iter().take(BEST).chain(drawn.iter().skip(worst)).copied().collect()
    }
}

/// The mean over seeds after every epoch, in a band from the least to the most.
fn curve(entry: &Entry, color: usize, epochs: usize, read: Reading) -> Series {
    let of = |epoch: usize| {
        let values: Vec<f64> = entry
            .trained
            .iter()
            .filter_map(|run| run.history.get(epoch).and_then(read))
            .filter(|value| value.is_finite())
            .collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (values.iter().sum::<f64>() / values.len() as f64, (least, most))
    };
    let (means, ends): (Vec<f64>, Vec<(f64, f64)>) = (0..epochs).map(of).unzip();
    let line = Series::new(&entry.scheme, color, means).styled(Style::Points);
    if entry.trained.len() > 1 { line.within(ends) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;
    use crate::compare::{Threshold, Trained};
    use crate::train::{Finish, Metrics};

    /// A start that came to `accuracy` in one epoch; none where it diverged before.
    fn entry(index: usize, accuracy: Option<f64>) -> Entry {
        let epoch = accuracy.map(|accuracy| Metrics {
            epoch: 1,
            step: 1,
            train_loss: 1.0,
            test_loss: Some(1.0),
            accuracy: Some(accuracy),
            learning_rate: 0.1,
            gradient_norm: 1.0,
            seconds: 1.0,
        });
        let run = Trained { finish: Finish::Completed, history: epoch.into_iter().collect() };
        let trained = vec![run];
        let outcome = Threshold { chance: 0.1, target: 0.9 }.outcome(&trained);
        let (scheme, forecast) = (format!("start {index}"), Verdict::Learns);
        Entry { scheme, starts: Vec::new(), forecast, trained, outcome }
    }

    fn network(entries: Vec<Entry>) -> NetworkComparison {
        NetworkComparison { model: String::new(), hidden_layers: 1, parameters: 1, entries }
    }

    #[test]
    fn the_ends_of_a_large_field_stand_out_in_the_order_of_the_table() {
        let scores = (0..20).map(|index| (index > 0).then_some(f64::from(index) / 20.0));
        let network = network(scores.enumerate().map(|(i, score)| entry(i, score)).collect());
        let field = Field::new(&network);
        let lines = field.lines(1, |m| m.accuracy);
        let loud: Vec<(&str, usize)> =
            lines.iter().filter(|l| !l.quiet).map(|l| (&*l.name, l.color)).collect();
        let expected = ["start 19", "start 18", "start 17", "start 2", "start 1"];
        assert_eq!(loud, expected.into_iter().zip(0..).collect::<Vec<_>>());
        assert_eq!(lines[19].name, "start 0");
    }

    #[test]
    fn a_small_field_keeps_its_order_and_colors() {
        let network = network((0..12).map(|i| entry(i, Some(0.1 * (i % 3) as f64))).collect());
        let lines = Field::new(&network).lines(1, |m| m.accuracy);
        let places = lines.iter().map(|line| (line.name.clone(), line.color, line.quiet));
        let expected = (0..12).map(|i| (format!("start {i}"), i, false));
        assert!(places.eq(expected));
    }
}
