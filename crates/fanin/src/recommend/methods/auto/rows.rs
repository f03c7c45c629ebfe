//! Which rows of the data theory looks at, and which of them are alike.

use fanin_engine::spread::Likeness;

use crate::data::{Dataset, Targets};
use crate::recommend::Problem;

/// Numbers of features that are looked at, over all rows.
const NUMBERS: usize = 1 << 18;
/// Rows that are looked at, at most; fewer of wide inputs.
const ROWS: usize = 64;
/// Partners of a row whose targets are numbers fall into those that are most, less and least
/// alike: 3, 12 and 48 of 63.
const FACTORS: [usize; 3] = [4, 4, 4];

/// Rows of a batch that theory looks at.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// Their places in the data; those from 0 on where there are none.
    pub places: Vec<usize>,
    /// Which of them are alike; none where all count as equally alike.
    pub likeness: Option<Likeness>,
}

impl Rows {
    /// The first rows of the data, all equally alike: what signals need.
    pub fn first(problem: &Problem<'_>) -> Self {
        let count = (NUMBERS / problem.model.inputs().max(1)).clamp(2, ROWS);
        let all = problem.data.map_or(count, |data| data.rows().max(1));
        Self { places: (0..count).map(|row| row % all).collect(), likeness: None }
    }

    /// As many rows of each class, or rows whose targets say which are alike: what the gradients of
    /// weights need, which are sums over rows.
    pub fn alike(problem: &Problem<'_>) -> Self {
        let first = Self::first(problem);
        let count = first.places.len();
        let Some(data) = problem.data.filter(|data| data.rows() >= count) else { return first };
        if let Targets::Classes { labels, .. } = &data.targets
            && let Some(found) = of_classes(labels, count)
        {
            return found;
        }
        if count != FACTORS.iter().product::<usize>() {
            return first;
        }
        let partners = by_targets(data, &first.places);
        Self { likeness: Some(Likeness::new(FACTORS.to_vec(), partners)), ..first }
    }
}

/// As many of the first rows of each class as there is room for; none if that is fewer than two.
fn of_classes(labels: &[u32], most: usize) -> Option<Rows> {
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let each = most / classes.len().max(1);
    if classes.len() < 2 || each < 2 {
        return None;
    }
    let mut places = Vec::new();
    for class in &classes {
        let own = (0..labels.len()).filter(|row| labels[*row] == *class).take(each);
        places.extend(own);
    }
    if places.len() != classes.len() * each {
        return None;
    }
    let partners = |row: usize| {
        let mut others: Vec<usize> = (0..places.len()).filter(|other| *other != row).collect();
        others.sort_by_key(|other| other / each != row / each);
        others
    };
    let partners = (0..places.len()).map(partners).collect();
    let likeness = Likeness::new(vec![classes.len(), each], partners);
    Some(Rows { places, likeness: Some(likeness) })
}

/// For every row the others, by the product of their targets with its own.
fn by_targets(data: &Dataset, places: &[usize]) -> Vec<Vec<usize>> {
    let (count, columns) = (places.len(), data.target_columns());
    let mut features = vec![0.0; count * data.columns()];
    let mut targets = vec![0.0; count * columns];
    data.gather(places, &mut features, &mut targets, 0.0);
    let of = |row: usize| &targets[row * columns..][..columns];
    let product = |a: usize, b: usize| -> f64 {
        of(a).iter().zip(of(b)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let partners = |row: usize| {
        let mut others: Vec<usize> = (0..count).filter(|other| *other != row).collect();
        others.sort_by(|a, b| product(row, *b).total_cmp(&product(row, *a)));
        others
    };
    (0..count).map(partners).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_class_stand_together() {
        let labels: Vec<u32> = (0..40).map(|row| row % 3).collect();
        let found = of_classes(&labels, 8).unwrap();
        assert_eq!(found.places, [0, 3, 1, 4, 2, 5]);
        assert_eq!(found.likeness.unwrap().rows(), 6);
        assert!(of_classes(&labels, 5).is_none(), "one row of each says nothing of likeness");
        assert!(of_classes(&[0, 0, 0, 1], 4).is_none(), "a class of one row");
        assert!(of_classes(&[7; 9], 8).is_none(), "one class");
    }
}
