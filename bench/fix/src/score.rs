//! What the records say of each start, and whether it meets the bars.

use std::collections::BTreeMap;

use crate::networks::Network;
use crate::record::{self, Record};
use crate::starts::{STARTS, Start};

/// The bar against a framework's default: steps over its steps.
pub const BAR: f64 = 1.05;

/// All records of one network, by start.
pub struct Row<'a> {
    /// The network.
    pub network: &'a Network,
    /// What came of each start that was trained and not refused.
    pub records: BTreeMap<&'static str, &'a Record>,
    /// Starts that refused the network.
    pub refused: Vec<&'static str>,
}

impl Row<'_> {
    /// Task and network, as they are told.
    pub fn name(&self) -> String {
        format!("{}: {}", self.network.task.name(), self.network.name)
    }

    /// The fewest steps that any start takes; none where none learns.
    pub fn fewest(&self) -> Option<u64> {
        self.records.values().filter_map(|record| record.median()).min()
    }

    /// The steps of a start over the fewest of all.
    pub fn relative(&self, start: &str) -> Option<f64> {
        let own = self.records.get(start)?.median()?;
        // A network that has arrived before its first step took none.
        Some(own.max(1) as f64 / self.fewest()?.max(1) as f64)
    }
}

/// The networks of which all starts that there are were trained, but for dear ones.
pub fn rows<'a>(networks: &'a [Network], records: &'a [Record]) -> Vec<Row<'a>> {
    let row = |network: &'a Network| {
        let (mut own, mut refused) = (BTreeMap::new(), Vec::new());
        for start in STARTS.into_iter().filter(|start| start.is_there()) {
            let key = record::key(network, start);
            let Some(record) = records.iter().rfind(|record| record.key == key) else {
                if start.is_dear() {
                    continue;
                }
                return None;
            };
            if record.refused.is_some() {
                refused.push(start.name());
            } else {
                own.insert(start.name(), record);
            }
        }
        Some(Row { network, records: own, refused })
    };
    networks.iter().filter_map(row).collect()
}

/// What is said of one start.
pub struct Score {
    /// The start.
    pub start: Start,
    /// Networks on which it learns.
    pub learns: usize,
    /// Networks on which any start learns, of those that it was trained on.
    pub of: usize,
    /// The median of its steps over the fewest, where it learns.
    pub relative: Option<f64>,
    /// The median of the seconds that finding it takes.
    pub finding: Option<f64>,
}

/// What is said of each start.
pub fn scores(rows: &[Row<'_>]) -> Vec<Score> {
    let of = |start: Start| {
        let name = start.name();
        let is_tried =
            |row: &&Row<'_>| row.records.contains_key(name) || row.refused.contains(&name);
        let learnable = rows.iter().filter(is_tried).filter(|row| row.fewest().is_some());
        let finding = rows.iter().filter_map(|row| row.records.get(name)).map(|r| r.finding);
        Score {
            start,
            learns: rows.iter().filter(|row| learns(row, name)).count(),
            of: learnable.count(),
            relative: median(rows.iter().filter_map(|row| row.relative(name)).collect()),
            finding: median(finding.collect()),
        }
    };
    STARTS.into_iter().filter(|start| start.is_there()).map(of).collect()
}

/// Whether a start learns on a network.
pub fn learns(row: &Row<'_>, start: &str) -> bool {
    row.records.get(start).is_some_and(|record| record.learns())
}

/// The median; none of nothing.
pub fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => None,
        count if count % 2 == 1 => Some(numbers[middle]),
        _ => Some(f64::midpoint(numbers[middle - 1], numbers[middle])),
    }
}

/// Networks where `start` takes more than 5 % more steps than `other`, or does not learn where it
/// does; with how many times the steps.
pub fn worse_than(rows: &[Row<'_>], start: &str, other: &str) -> Vec<(String, Option<f64>)> {
    let worse = |row: &Row<'_>| {
        let other = row.records.get(other)?.median()?;
        let own = row.records.get(start).and_then(|record| record.median());
        let ratio = own.map(|own| own.max(1) as f64 / other.max(1) as f64);
        ratio.is_none_or(|ratio| ratio > BAR).then_some((row.name(), ratio))
    };
    rows.iter().filter_map(worse).collect()
}

/// The scheme that the usual rule picks: He behind rectifiers, Xavier behind all else.
pub fn usual(network: &Network) -> &'static str {
    let rectified = ["relu", "gelu", "silu", "mish", "elu", "hardswish", "softplus"];
    let is_rectified = rectified.iter().any(|name| network.name.contains(name));
    if is_rectified { "he-normal" } else { "xavier-normal" }
}

/// The median of the steps of `start` over those of the usual rule, where both learn, and on how
/// many networks that is.
pub fn against_usual(rows: &[Row<'_>], start: &str) -> (Option<f64>, usize) {
    let ratio = |row: &Row<'_>| {
        let usual = row.records.get(usual(row.network))?.median()?;
        let own = row.records.get(start)?.median()?;
        Some(own.max(1) as f64 / usual.max(1) as f64)
    };
    let ratios: Vec<f64> = rows.iter().filter_map(ratio).collect();
    let count = ratios.len();
    (median(ratios), count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_of_an_even_number_lies_between_two() {
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn worse_is_told_with_its_ratio_and_where_it_does_not_learn() {
        let networks = crate::networks::all(None);
        let record = |steps: Option<u64>| Record {
            key: String::new(),
            task: String::new(),
            network: String::new(),
            start: String::new(),
            refused: None,
            rate: Some(0.02),
            steps: vec![steps; 5],
            best: vec![0.9; 5],
            last: vec![0.9; 5],
            diverged: 0,
            planned: 345,
            finding: 0.0,
            seconds: 1.0,
        };
        let (own, other) = (record(Some(110)), record(Some(100)));
        let never = record(None);
        let row = |own| Row {
            network: &networks[0],
            records: BTreeMap::from([("auto", own), ("torch-default", &other)]),
            refused: Vec::new(),
        };
        let rows = [row(&own), row(&other), row(&never)];
        let worse = worse_than(&rows, "auto", "torch-default");
        assert_eq!(worse.len(), 2, "as many steps are no worse");
        assert_eq!((worse[0].1, worse[1].1), (Some(1.1), None));
        assert_eq!(rows[0].relative("auto"), Some(1.1));
    }
}
