//! Which rows of the data theory looks at, and whether each for itself.

use crate::data::Targets;
use crate::recommend::Problem;
use crate::spec::{Layout, Mode, Network};

/// Numbers of features that are looked at, over all rows.
const NUMBERS: usize = 1 << 18;
/// Rows that are looked at, at most; fewer of wide inputs.
const ROWS: usize = 64;

/// Places of pictures, over all rows, that theory tells apart.
const PLACES: usize = 640;
/// Rows of pictures at least: of fewer nothing would be known.
const PICTURES: usize = 4;

/// Rows of a batch that theory looks at.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// Their places in the data; those from 0 on where there are none.
    pub places: Vec<usize>,
    /// Whether each is known for itself; else all are taken for equally alike.
    pub is_told_apart: bool,
}

impl Rows {
    /// The first rows of the data, all equally alike: what signals need.
    pub fn first(problem: &Problem<'_>) -> Self {
        let count = (NUMBERS / problem.model.inputs().max(1)).clamp(2, ROWS);
        let all = problem.data.map_or(count, |data| data.rows().max(1));
        Self { places: (0..count).map(|row| row % all).collect(), is_told_apart: false }
    }

    /// As many rows of each class, or the first ones, each for itself: what the gradients of weights
    /// need, which are sums over rows.
    pub fn apart(problem: &Problem<'_>) -> Self {
        let first = Self::first(problem);
        let count = few_pictures(problem).unwrap_or(first.places.len());
        let first = Self { places: first.places[..count].to_vec(), ..first };
        let Some(data) = problem.data.filter(|data| data.rows() >= count) else { return first };
        let of_classes = match &data.targets {
            Targets::Classes { labels, .. } => of_classes(labels, count),
            _ => None,
        };
        of_classes.unwrap_or(Self { is_told_apart: true, ..first })
    }
}

/// How many rows of pictures there may be for all their places to be told apart; none of other networks,
/// and of larger pictures.
fn few_pictures(problem: &Problem<'_>) -> Option<usize> {
    let network = Network::new(problem.model, problem.loss, 1, Mode::Probe).ok()?;
    let layers = network.layers.iter().filter(|own| own.layout == Layout::CHANNELS_FIRST);
    let wires = layers.flat_map(|own| [own.input, own.pre_activation]);
    let positions = wires.map(|wire| network.graph.shape(wire).axes().iter().skip(2).product());
    let rows = PLACES / positions.max().filter(|most: &usize| *most > 1)?;
    (rows >= PICTURES).then_some(rows.min(ROWS))
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
    Some(Rows { places, is_told_apart: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_class_stand_together() {
        let labels: Vec<u32> = (0..40).map(|row| row % 3).collect();
        let found = of_classes(&labels, 8).unwrap();
        assert_eq!(found.places, [0, 3, 1, 4, 2, 5]);
        assert!(found.is_told_apart);
        assert!(of_classes(&labels, 5).is_none(), "one row of each is too few");
        assert!(of_classes(&[0, 0, 0, 1], 4).is_none(), "a class of one row");
        assert!(of_classes(&[7; 9], 8).is_none(), "one class");
    }
}
