//! Whether the targets ask for more than a straight line, and how far a network is from one.
//!
//! Key: B rows, D features, K columns of targets, N numbers that enter the last layer.

use serde::Serialize;

use super::probe::Batch;
use crate::spec::{Model, Numbers};

/// Rows at most: neighbors are looked for among all pairs.
const MOST_ROWS: usize = 128;
/// Features at most, and rows for each at least: fewer would leave a line through anything.
const MOST_FEATURES: usize = 32;
const ROWS_OF_A_FEATURE: usize = 4;
/// Numbers that enter the last layer, at most.
const MOST_NUMBERS: usize = 2048;
/// Classes at most.
const MOST_CLASSES: usize = 16;
/// The share of what is to be learned beyond a straight line from which the line is not enough.
const MUCH: f64 = 0.5;
/// How far, in units of 1/√B, neighbors have to agree in what the line leaves: noise does in 6 of 1,000 draws.
const SURE: f64 = 3.0;

/// How far what enters the last layer is from a straight line, where the targets ask for more than one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bend {
    /// The share of the targets' variance over rows that the best linear function of the features leaves; of
    /// classes the share of rows not of the commonest one that it gets wrong.
    pub asked: f64,
    /// The share of the variance over rows of what enters the last layer that the best linear function of the
    /// features leaves: 0 for a network that is linear.
    pub given: f64,
}

/// The straight lines through a batch.
#[derive(Clone, Debug)]
pub(super) struct StraightLine {
    /// Rows looked at.
    rows: usize,
    /// Orthonormal vectors over the rows that span the features' differences.
    basis: Vec<Vec<f64>>,
    asked: f64,
}

impl StraightLine {
    /// Straight lines of a batch for a model that takes measured numbers alone, where none is enough.
    pub fn not_enough_for(model: &Model, batch: Batch<'_>) -> Option<Self> {
        let architecture = model.architecture();
        let can_tell = !architecture.is_part()
            && architecture.feeds().iter().all(|feed| feed.numbers == Numbers::Measured);
        can_tell.then(|| Self::not_enough(batch.features, batch.targets, batch.rows)).flatten()
    }

    /// The same of B × D features and B × K targets: the best line leaves most of them, and neighbors agree
    /// in what it leaves, which noise would not; `None` also with too few rows, or too many features, to say.
    fn not_enough(features: &[f32], targets: &[f32], rows: usize) -> Option<Self> {
        let (columns, used) = (features.len() / rows.max(1), rows.min(MOST_ROWS));
        let fits = (1..=MOST_FEATURES).contains(&columns) && columns * ROWS_OF_A_FEATURE <= used;
        if !fits || targets.len() < rows {
            return None;
        }
        let features = &features[..used * columns];
        let targets = &targets[..used * (targets.len() / rows)];
        let (classes, targets) = (classes(targets, used), centered(targets, used));
        let mut line = Self { rows: used, basis: basis(centered(features, used)), asked: 0.0 };
        let left: Vec<Vec<f64>> = targets.iter().map(|target| line.rest(target)).collect();
        line.asked = line.share(&targets, &left)?;
        let is_sure = || agreement(&left, &neighbors(features, used)) * (used as f64).sqrt() > SURE;
        // Cheapest first: most data need no training to be told.
        if line.asked <= MUCH || !is_sure() {
            return None;
        }
        if let Some((labels, classes)) = classes {
            line.asked = line.errors(&labels, classes)?;
        }
        (line.asked > MUCH).then_some(line)
    }

    /// The share of rows not of the commonest class that a softmax of linear functions of the features gets
    /// wrong once it is trained on them: squares would count what is told rightly, but not by 1 and 0.
    fn errors(&self, labels: &[usize], classes: usize) -> Option<f64> {
        /// Steps of descent at a rate that their curvature allows: features have variance 1, and no softmax
        /// curves by more than a half.
        const STEPS: usize = 100;
        const RATE: f64 = 2.0;
        if classes > MOST_CLASSES {
            return None;
        }
        let (rows, terms) = (self.rows, self.basis.len() + 1);
        let scale = (rows as f64).sqrt();
        let inputs: Vec<f64> = (0..rows)
            .flat_map(|row| {
                std::iter::once(1.0).chain(self.basis.iter().map(move |b| scale * b[row]))
            })
            .collect();
        let mut lines = vec![0.0; classes * terms];
        let mut answers = vec![0.0; classes];
        for _ in 0..STEPS {
            let mut moves = vec![0.0; lines.len()];
            for (x, &label) in inputs.chunks_exact(terms).zip(labels) {
                answer(&lines, x, &mut answers);
                let most = answers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                answers.iter_mut().for_each(|f| *f = libm::exp(*f - most));
                let sum: f64 = answers.iter().sum();
                let all = moves.chunks_exact_mut(terms).zip(&answers).enumerate();
                for (class, (own, f)) in all {
                    let off = f64::from(u8::from(class == label)) - f / sum;
                    own.iter_mut().zip(x).for_each(|(own, x)| *own += off * x);
                }
            }
            let steps = lines.iter_mut().zip(&moves);
            steps.for_each(|(line, step)| *line += RATE * step / rows as f64);
        }
        let mut told = |x: &[f64]| {
            answer(&lines, x, &mut answers);
            (0..classes).max_by(|&a, &b| answers[a].total_cmp(&answers[b]))
        };
        let rows_and_labels = inputs.chunks_exact(terms).zip(labels);
        let wrong = rows_and_labels.filter(|(x, label)| told(x) != Some(**label)).count();
        let count = |class: usize| labels.iter().filter(|&&label| label == class).count();
        let others = rows - (0..classes).map(count).max()?;
        (others > 0).then(|| (wrong as f64 / others as f64).min(1.0))
    }

    /// How far the B × N numbers that enter the last layer are from a straight line; `None` where they do not
    /// differ between rows, are not finite, or are too many.
    pub fn bend(&self, numbers: &[f32], rows: usize) -> Option<Bend> {
        let columns = numbers.len() / rows;
        if columns > MOST_NUMBERS {
            return None;
        }
        let numbers = centered(&numbers[..self.rows * columns], self.rows);
        let left: Vec<Vec<f64>> = numbers.iter().map(|column| self.rest(column)).collect();
        let given = self.share(&numbers, &left)?;
        Some(Bend { asked: self.asked, given })
    }

    /// What of a centered column no linear function of the features tells.
    fn rest(&self, column: &[f64]) -> Vec<f64> {
        without(column.to_vec(), &self.basis)
    }

    /// The share of the variance of `all` that is `left`: as many of any other rows would leave.
    fn share(&self, all: &[Vec<f64>], left: &[Vec<f64>]) -> Option<f64> {
        let square = |columns: &[Vec<f64>]| columns.iter().map(|c| dot(c, c)).sum::<f64>();
        let free = self.rows - 1 - self.basis.len();
        let share = square(left) / square(all) * (self.rows - 1) as f64 / free as f64;
        share.is_finite().then_some(share.min(1.0))
    }
}

/// The label of each row and the number of classes, of targets that have a 1 at one place of several and 0 at the
/// others, or one number that is 0 or 1.
fn classes(targets: &[f32], rows: usize) -> Option<(Vec<usize>, usize)> {
    let columns = targets.len() / rows;
    if !targets.iter().all(|&y| y == 0.0 || y == 1.0) {
        return None;
    }
    let label = |row: &[f32]| match row {
        [y] => Some(usize::from(*y == 1.0)),
        _ if row.iter().sum::<f32>() == 1.0 => row.iter().position(|&y| y == 1.0),
        _ => None,
    };
    let labels: Option<Vec<usize>> = targets.chunks_exact(columns).map(label).collect();
    Some((labels?, columns.max(2)))
}

/// What each line answers to an input.
fn answer(lines: &[f64], x: &[f64], answers: &mut [f64]) {
    answers.iter_mut().zip(lines.chunks_exact(x.len())).for_each(|(f, line)| *f = dot(line, x));
}

/// The columns of `rows` rows of numbers, each less its mean.
fn centered(numbers: &[f32], rows: usize) -> Vec<Vec<f64>> {
    let columns = numbers.len() / rows;
    let column = |at: usize| {
        let values = || numbers.iter().skip(at).step_by(columns).map(|&x| f64::from(x));
        let mean = values().sum::<f64>() / rows as f64;
        values().map(|x| x - mean).collect()
    };
    (0..columns).map(column).collect()
}

/// Orthonormal vectors that span the columns, but for what rounding may have left of them.
fn basis(columns: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    const ROUNDING: f64 = 1e-6;
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for column in columns {
        let size = dot(&column, &column).sqrt();
        // Twice: what the first turn leaves is orthogonal to rounding of the whole, not of itself.
        let mut rest = without(without(column, &basis), &basis);
        let norm = dot(&rest, &rest).sqrt();
        if norm > ROUNDING * size {
            rest.iter_mut().for_each(|x| *x /= norm);
            basis.push(rest);
        }
    }
    basis
}

fn without(mut column: Vec<f64>, basis: &[Vec<f64>]) -> Vec<f64> {
    for direction in basis {
        let along = dot(direction, &column);
        column.iter_mut().zip(direction).for_each(|(x, d)| *x -= along * d);
    }
    column
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The nearest other row of each.
fn neighbors(features: &[f32], rows: usize) -> Vec<usize> {
    let columns = features.len() / rows;
    let row = |at: usize| &features[at * columns..][..columns];
    let apart = |a: usize, b: usize| -> f32 {
        row(a).iter().zip(row(b)).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    let nearest = |at: usize| {
        let others = (0..rows).filter(|&other| other != at);
        others.min_by(|&a, &b| apart(at, a).total_cmp(&apart(at, b))).unwrap_or(at)
    };
    (0..rows).map(nearest).collect()
}

/// The correlation of `left` between rows and their neighbors.
fn agreement(left: &[Vec<f64>], neighbors: &[usize]) -> f64 {
    let of = |column: &Vec<f64>| -> f64 {
        column.iter().zip(neighbors).map(|(x, &neighbor)| x * column[neighbor]).sum()
    };
    let together: f64 = left.iter().map(of).sum();
    together / left.iter().map(|column| dot(column, column)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use fanin_kernels::random::{Stream, fill_normal, fill_uniform};

    use super::*;

    const ROWS: usize = 100;

    /// Points of a square, and a function of them as targets.
    fn square(target: impl Fn(f32, f32) -> f32) -> (Vec<f32>, Vec<f32>) {
        let mut features = vec![0.0; 2 * ROWS];
        fill_uniform(Stream::new(3, "square"), 0, -1.0, 1.0, &mut features);
        let targets = features.chunks_exact(2).map(|x| target(x[0], x[1])).collect();
        (features, targets)
    }

    fn line(target: impl Fn(f32, f32) -> f32) -> Option<StraightLine> {
        let (features, targets) = square(target);
        StraightLine::not_enough(&features, &targets, ROWS)
    }

    #[test]
    fn a_product_asks_for_more_than_a_line_and_a_sum_does_not() {
        let asked = line(|x, y| x * y).expect("no line tells a product").asked;
        assert!(asked > 0.9, "{asked}");
        assert!(line(|x, y| x + 2.0 * y + 0.3 * x * y).is_none());
    }

    /// Squares of one-hot targets leave much wherever classes are many or rare, though a line tells them all.
    #[test]
    fn classes_that_a_line_parts_ask_for_nothing_more() {
        let (features, _) = square(|_, _| 0.0);
        let rare = |least: f32| line(move |x, y| f32::from(u8::from(x + 0.5 * y > least)));
        for least in [0.0, 0.7, 1.0] {
            assert!(rare(least).is_none(), "{least}");
        }
        let sector = |x: &[f32]| {
            let turn = libm::atan2f(x[1], x[0]) / std::f32::consts::TAU + 0.5;
            (0..8).map(move |k| f32::from(u8::from((8.0 * turn) as usize % 8 == k)))
        };
        let sectors: Vec<f32> = features.chunks_exact(2).flat_map(sector).collect();
        assert!(StraightLine::not_enough(&features, &sectors, ROWS).is_none());
        let quarters = line(|x, y| f32::from(u8::from(x * y > 0.0)));
        assert!(quarters.expect("no line parts them").asked > 0.6);
    }

    #[test]
    fn noise_asks_for_nothing() {
        let (features, _) = square(|_, _| 0.0);
        let mut targets = vec![0.0; ROWS];
        fill_normal(Stream::new(4, "noise"), 0, 0.0, 1.0, &mut targets);
        assert!(StraightLine::not_enough(&features, &targets, ROWS).is_none());
    }

    /// Var(x + b·x²) on the square is 1/3 + b²·4/45, of which the second part is beyond every line.
    #[test]
    fn the_bend_is_the_share_of_variance_beyond_the_best_line() {
        let line = line(|x, y| x * y).unwrap();
        for b in [0.01_f32, 0.1, 1.0] {
            let (features, _) = square(|_, _| 0.0);
            let numbers: Vec<f32> = features.iter().map(|x| x + b * x * x).collect();
            let given = line.bend(&numbers, ROWS).unwrap().given;
            let square = f64::from(b * b) * 4.0 / 45.0;
            let expected = square / (1.0 / 3.0 + square);
            // Of a hundred rows a variance is known to a seventh, and twice that is allowed for.
            assert!((given / expected - 1.0).abs() < 0.3, "{b}: {given} for {expected}");
        }
    }

    #[test]
    fn a_linear_network_has_no_bend_and_one_without_signal_no_number() {
        let line = line(|x, y| x * y).unwrap();
        let (features, _) = square(|_, _| 0.0);
        let mixed: Vec<f32> =
            features.chunks_exact(2).flat_map(|x| [x[0] - x[1], 0.5 * x[1], 2.0 * x[0]]).collect();
        assert!(line.bend(&mixed, ROWS).unwrap().given < 1e-12);
        assert_eq!(line.bend(&[0.25; ROWS], ROWS), None);
        assert_eq!(line.bend(&[f32::NAN; ROWS], ROWS), None);
    }

    #[test]
    fn what_no_rows_can_tell_is_not_told() {
        assert!(StraightLine::not_enough(&[], &[], 0).is_none());
        assert!(StraightLine::not_enough(&[1.0; 64 * 10], &[1.0; 10], 10).is_none());
        assert!(StraightLine::not_enough(&[1.0; 2 * 50], &[1.0; 50], 50).is_none(), "all alike");
        assert!(StraightLine::not_enough(&[f32::NAN; 2 * 50], &[1.0; 50], 50).is_none());
    }
}
