//! Which rows train and which test.

use fanin_kernels::random::{Stream, fill_permutation};
use serde::{Deserialize, Serialize};

use super::{Dataset, Targets};
use crate::{Error, Result};

/// The rows of a data set in two parts, each sorted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Rows to train on.
    pub train: Vec<usize>,
    /// Rows to test on.
    pub test: Vec<usize>,
}

/// Sets a part of the rows aside for testing: `fraction` of them, rounded up, in [0, 1).
///
/// Classes keep their shares in both parts (largest remainders), and a class of at least one row
/// keeps one for training. Which rows these are, `seed` decides. A fraction of 0 sets none aside.
///
/// ```
/// let digits = fanin::data::load("digits", &Default::default())?.train;
/// let split = fanin::data::split(&digits, 0.2, 0)?;
/// assert_eq!((split.train.len(), split.test.len()), (1437, 360));
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// If the fraction is out of range, or if a part would be left without rows.
pub fn split(data: &Dataset, fraction: f64, seed: u64) -> Result<Split> {
    let rows = data.rows();
    if !(0.0..1.0).contains(&fraction) {
        return Err(Error::Setting {
            place: "test fraction".to_owned(),
            found: fraction.to_string(),
            expected: "0 or more, and less than 1".to_owned(),
        });
    }
    let count = test_rows(rows, fraction);
    let stream = Stream::new(seed, "split");
    let mut test = match &data.targets {
        Targets::Classes { labels, names } => stratified(labels, names.len(), count, stream),
        Targets::Values { .. } | Targets::Tokens { .. } | Targets::Features => {
            chosen(rows, count, stream)
        }
    };
    test.sort_unstable();
    if rows == 0 || rows == test.len() || (count > 0 && test.is_empty()) {
        return Err(Error::Setting {
            place: format!("test fraction {fraction}"),
            found: format!("{rows} rows in {}", data.name),
            expected: "at least one row to train on and one to test on; \
                       a fraction of 0 sets none aside"
                .to_owned(),
        });
    }
    let mut is_test = vec![false; rows];
    for &row in &test {
        is_test[row] = true;
    }
    let train = (0..rows).filter(|&row| !is_test[row]).collect();
    Ok(Split { train, test })
}

/// `fraction` of `rows`, rounded up.
fn test_rows(rows: usize, fraction: f64) -> usize {
    // 0.07 · 100 is 7.000000000000001 in f64; without the allowance it would round up to 8.
    const ALLOWANCE: f64 = 1e-9;
    (rows as f64 * fraction - ALLOWANCE).ceil().max(0.0) as usize
}

/// `count` rows to test on, from each class in proportion to its rows.
fn stratified(labels: &[u32], classes: usize, count: usize, stream: Stream) -> Vec<usize> {
    let mut members = vec![Vec::new(); classes];
    for (row, &label) in labels.iter().enumerate() {
        members[label as usize].push(row);
    }
    let shares = shares(&members.iter().map(Vec::len).collect::<Vec<usize>>(), count);
    let mut test = Vec::with_capacity(count);
    for (class, (rows, share)) in members.iter().zip(shares).enumerate() {
        let places = chosen(rows.len(), share, stream.numbered(class as u64));
        test.extend(places.into_iter().map(|place| rows[place]));
    }
    test
}

/// `count` of the numbers below `rows`, each choice equally likely.
fn chosen(rows: usize, count: usize, stream: Stream) -> Vec<usize> {
    let mut order = vec![0; rows];
    fill_permutation(stream, &mut order);
    order.truncate(count);
    order
}

/// How many of `count` fall to each class of these sizes, by largest remainders; at most all but
/// one of a class.
fn shares(sizes: &[usize], count: usize) -> Vec<usize> {
    let rows: usize = sizes.iter().sum();
    let exact = |size: usize| (size as u128 * count as u128, rows.max(1) as u128);
    let most = |class: usize| sizes[class].saturating_sub(1);
    let mut shares: Vec<usize> = sizes
        .iter()
        .enumerate()
        .map(|(class, &size)| {
            let (product, rows) = exact(size);
            ((product / rows) as usize).min(most(class))
        })
        .collect();
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|&class| {
        let (product, rows) = exact(sizes[class]);
        std::cmp::Reverse(product % rows)
    });
    let mut left = count - shares.iter().sum::<usize>();
    while left > 0 {
        let before = left;
        for &class in &by_remainder {
            if left > 0 && shares[class] < most(class) {
                shares[class] += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{LoadOptions, load};

    fn classes(labels: &[u32], names: &[&str]) -> Dataset {
        Dataset {
            name: "rows".to_owned(),
            feature_names: vec!["x".to_owned()],
            features: vec![0.0; labels.len()].into(),
            targets: Targets::Classes {
                labels: labels.to_vec(),
                names: names.iter().map(|&n| n.to_owned()).collect(),
            },
        }
    }

    #[test]
    fn digits_are_split_1437_to_360_with_equal_shares() {
        let digits = load("digits", &LoadOptions::default()).unwrap().train;
        let parts = split(&digits, 0.2, 5).unwrap();
        assert_eq!((parts.train.len(), parts.test.len()), (1437, 360));
        let Targets::Classes { labels, .. } = &digits.targets else { unreachable!("classes") };
        for class in 0..10 {
            let count = |rows: &[usize]| rows.iter().filter(|&&r| labels[r] == class).count();
            let (train, test) = (count(&parts.train), count(&parts.test));
            let exact = (train + test) as f64 * 360.0 / 1797.0;
            assert!((test as f64 - exact).abs() < 1.0, "class {class}: {test} of {exact}");
        }
        let mut all = [parts.train.clone(), parts.test.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..1797));
        assert_eq!(parts, split(&digits, 0.2, 5).unwrap());
        assert_ne!(parts, split(&digits, 0.2, 6).unwrap());
    }

    #[test]
    fn rare_class_stays_in_training() {
        let parts = split(&classes(&[0, 0, 0, 0, 1], &["a", "b"]), 0.5, 0).unwrap();
        assert_eq!(parts.test.len(), 3);
        assert!(parts.train.contains(&4));
        let nearly_all = split(&classes(&[0, 0, 0, 0, 1], &["a", "b"]), 0.99, 0).unwrap();
        assert_eq!((nearly_all.train.len(), nearly_all.test.len()), (2, 3));
        let two_alone = split(&classes(&[0, 1], &["a", "b"]), 0.5, 0).unwrap_err();
        assert!(two_alone.to_string().starts_with("test fraction 0.5: found 2 rows"));
    }

    #[test]
    fn numbers_are_split_at_random() {
        let values = (0..100_u8).map(f32::from).collect();
        let data = Dataset {
            targets: Targets::Values { values, names: vec!["y".to_owned()] },
            ..classes(&[0; 100], &[])
        };
        let parts = split(&data, 0.07, 0).unwrap();
        assert_eq!((parts.train.len(), parts.test.len()), (93, 7));
        assert_ne!(parts.test, (0..7).collect::<Vec<usize>>());
    }

    #[test]
    fn fractions_out_of_range_and_too_few_rows_are_refused() {
        for fraction in [-0.1, 1.0, f64::NAN] {
            assert!(split(&classes(&[0, 0], &["a"]), fraction, 0).is_err(), "{fraction}");
        }
        assert!(split(&classes(&[0], &["a"]), 0.2, 0).is_err());
        assert!(split(&classes(&[], &["a"]), 0.0, 0).is_err());
        assert!(split(&classes(&[0], &["a"]), 0.0, 0).unwrap().test.is_empty());
    }
}
