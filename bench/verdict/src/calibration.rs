//! Whether the confidence that a verdict states is how often its word comes true.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::label::Outcome;
use crate::score::{Row, Share};

/// From here on a verdict counts as sure.
const SURE: f64 = 0.8;

/// Confidences that are counted together: from each to the next.
const STEPS: [f64; 6] = [0.0, 0.5, 0.6, 0.7, 0.8, 1.0];

/// Cases by which a fit of few is drawn to what was stated.
const PRIOR: f64 = 5.0;

/// For each step of the confidence what was said on average and how often that was right, in both
/// halves; and how far the two are apart, weighted by cases.
pub fn by_confidence(published: &[Row<'_>], tuned_on: &[Row<'_>]) -> String {
    let mut text = String::from(
        "| confidence | published half: said | right | tuned on: said | right |\n\
         |---|---|---|---|---|\n",
    );
    let mut gaps = [0.0; 2];
    for ends in STEPS.windows(2) {
        let within = |row: &&Row<'_>| {
            let inside = confidence(row).is_some_and(|c| (ends[0]..ends[1]).contains(&c));
            inside && !row.is_unsure()
        };
        let _ = write!(text, "| {:.0} to {:.0} % |", 100.0 * ends[0], 100.0 * ends[1]);
        for (half, gap) in [published, tuned_on].into_iter().zip(&mut gaps) {
            let some: Vec<&Row<'_>> = half.iter().filter(within).collect();
            let stated: f64 = some.iter().filter_map(|row| confidence(row)).sum();
            let right = share(&some, is_right);
            let said = half.iter().filter(|row| !row.is_unsure()).count();
            *gap += (stated - right.part as f64).abs() / said.max(1) as f64;
            let _ = match some.len() {
                0 => write!(text, " – | – |"),
                count => write!(text, " {:.0} % | {right} |", 100.0 * stated / count as f64),
            };
        }
        text.push('\n');
    }
    let [published, tuned_on] = gaps.map(|gap| 100.0 * gap);
    let _ = writeln!(
        text,
        "\nOn average said and right are {published:.1} points apart, and {tuned_on:.1} in the half \
         that the line from odds to confidence was fitted to (`docs/theory/verdict.md`)."
    );
    text
}

/// For each word, said with more and with less confidence: how often it was right, and how often at
/// least learning or not was.
pub fn table(rows: &[Row<'_>]) -> String {
    let mut text = String::from(
        "| said | confidence, mean | right | learns or not, right |\n|---|---|---|---|\n",
    );
    for outcome in Outcome::ALL {
        for is_sure in [true, false] {
            let of_kind: Vec<&Row<'_>> = rows
                .iter()
                .filter(|row| {
                    row.judgment.verdict == outcome.name()
                        && confidence(row).is_some_and(|c| (c >= SURE) == is_sure)
                })
                .collect();
            if of_kind.is_empty() {
                continue;
            }
            let right = share(&of_kind, |row| row.label.outcome == outcome);
            let roughly = share(&of_kind, |row| row.learns() == (outcome == Outcome::Learns));
            let stated: f64 = of_kind.iter().filter_map(|row| confidence(row)).sum();
            let _ = writeln!(
                text,
                "| {} | {:.0} % | {right} | {roughly} |",
                outcome.name(),
                100.0 * stated / of_kind.len() as f64
            );
        }
    }
    text
}

fn share(rows: &[&Row<'_>], test: impl Fn(&Row<'_>) -> bool) -> Share {
    Share { part: rows.iter().filter(|row| test(row)).count(), whole: rows.len() }
}

/// Whether a fit by the half that was tuned on would state better confidences on the other.
pub fn fitted(published: &[Row<'_>], tuned_on: &[Row<'_>]) -> String {
    let factors = factors(tuned_on);
    let fit = |row: &Row<'_>| factors.get(row.judgment.verdict.as_str()).copied().unwrap_or(1.0);
    let [stated, by_fit] =
        [mean_square(published, |_| 1.0), mean_square(published, fit)].map(|x| 1000.0 * x);
    let verdict = if by_fit < stated { "better" } else { "no better, so none is made" };
    format!(
        "Mean squared error of the stated confidence: {stated:.0} thousandths. Multiplied by a \
         factor for each word, fitted by the half that was tuned on, it would be {by_fit:.0}: \
         {verdict}.\n"
    )
}

/// How often each word was right, over what was stated.
fn factors<'a>(rows: &[Row<'a>]) -> BTreeMap<&'a str, f64> {
    let mut sums: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(row.judgment.verdict.as_str()).or_default();
        sum.0 += 1.0;
        sum.1 += confidence(row).unwrap_or(0.0);
        sum.2 += f64::from(u8::from(is_right(row)));
    }
    let factor = |(count, stated, right): (f64, f64, f64)| {
        let mean = stated / count;
        (right + PRIOR * mean) / (count + PRIOR) / mean
    };
    sums.into_iter().map(|(word, sum)| (word, factor(sum))).collect()
}

/// Brier's score of the confidence times a factor, over verdicts that are not left open.
fn mean_square(rows: &[Row<'_>], factor: impl Fn(&Row<'_>) -> f64) -> f64 {
    let said = rows.iter().filter(|row| !row.is_unsure());
    let square = |row: &Row<'_>| {
        let gap = confidence(row)? * factor(row) - f64::from(u8::from(is_right(row)));
        Some(gap * gap)
    };
    let squares: Vec<f64> = said.filter_map(square).collect();
    squares.iter().sum::<f64>() / squares.len() as f64
}

fn is_right(row: &Row<'_>) -> bool {
    row.label.outcome.name() == row.judgment.verdict
}

fn confidence(row: &Row<'_>) -> Option<f64> {
    row.judgment.evidence.get("confidence").copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::samples::Sample;

    fn said(label: &'static str, word: &'static str, confidence: f64) -> Sample {
        let mut sample = Sample::new(label, word);
        sample.judgment.evidence.insert("confidence".to_owned(), confidence);
        sample
    }

    #[test]
    fn words_are_counted_by_how_sure_they_were() {
        let samples = [
            said("learns", "learns", 0.85),
            said("stuck", "learns", 0.85),
            said("stuck", "slow", 0.6),
            said("learns", "unsure", 0.5),
        ];
        let rows = samples.each_ref().map(Sample::row);
        let table = table(&rows);
        assert!(table.contains("| learns | 85 % | 50.0 %"), "{table}");
        let slow = table.lines().find(|line| line.starts_with("| slow")).unwrap();
        assert!(slow.contains("| 0.0 %") && slow.contains("| 100.0 %"), "{slow}");
        assert_eq!(table.lines().count(), 4, "nothing is told of words left unsaid: {table}");
    }

    #[test]
    fn confidences_are_held_against_what_came_true_step_by_step() {
        let samples = [
            said("learns", "learns", 0.82),
            said("stuck", "learns", 0.82),
            said("slow", "slow", 0.55),
            said("learns", "unsure", 0.3),
        ];
        let rows = samples.each_ref().map(Sample::row);
        let text = by_confidence(&rows, &rows[..2]);
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap();
        assert!(line("| 80 to 100 %").starts_with("| 80 to 100 % | 82 % | 50.0 %"), "{text}");
        assert!(line("| 50 to 60 %").starts_with("| 50 to 60 % | 55 % | 100.0 %"), "{text}");
        assert!(line("| 50 to 60 %").ends_with("| – | – |"), "{text}");
        assert_eq!(line("| 0 to 50 %"), "| 0 to 50 % | – | – | – | – |", "unsure is no word");
        // (2·0.82 − 1 + 1 − 0.55)/3, and (2·0.82 − 1)/2.
        assert!(text.contains("are 36.3 points apart, and 32.0"), "{text}");
    }

    #[test]
    fn a_fit_helps_where_both_halves_err_alike_alone() {
        let (right, wrong) = (said("stuck", "stuck", 0.8), said("learns", "stuck", 0.8));
        let half: Vec<_> =
            (0..40).map(|i| if i % 2 == 0 { right.row() } else { wrong.row() }).collect();
        let good: Vec<_> = (0..40).map(|_| right.row()).collect();
        assert!(fitted(&half, &half).contains(": better"));
        assert!(fitted(&good, &half).contains("no better"));
        assert!((mean_square(&good, |_| 1.0) - 0.04).abs() < 1e-12);
    }
}
