//! Alike changes of a long network on one line: `blocks.*.conv1.weight`.

use serde::Serialize;

use super::{Change, Scale};
use crate::spec::Role;

/// Changes of parameters whose names differ in numbers alone, for the same reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fold {
    /// The name, with `*` for the numbers that differ.
    pub name: String,
    /// How many parameters it stands for.
    pub count: usize,
    /// What they are.
    pub role: Role,
    /// The smallest and the largest deviation before.
    pub before: (Scale, Scale),
    /// The smallest and the largest deviation after.
    pub after: (Scale, Scale),
    /// The scheme of the first.
    pub scheme: String,
    /// Why, in the words of the first.
    pub reason: String,
}

/// The changes, alike ones joined, in the order of the first of each.
pub fn fold(changes: &[Change]) -> Vec<Fold> {
    let mut folds: Vec<(String, Fold)> = Vec::new();
    for change in changes {
        let key = [place(change.called()), without_numbers(&change.reason)].join("\n");
        let same = |(other, fold): &&mut (String, Fold)| *other == key && fold.role == change.role;
        match folds.iter_mut().find(same) {
            Some((_, fold)) => fold.join(change),
            None => folds.push((key, Fold::new(change))),
        }
    }
    folds.into_iter().map(|(_, fold)| fold).collect()
}

impl Fold {
    fn new(change: &Change) -> Self {
        Self {
            name: change.called().to_owned(),
            count: 1,
            role: change.role,
            before: (change.before, change.before),
            after: (change.after, change.after),
            scheme: change.scheme.clone(),
            reason: change.reason.clone(),
        }
    }

    fn join(&mut self, change: &Change) {
        self.count += 1;
        self.name = joined(&self.name, change.called());
        self.before = wider(self.before, change.before);
        self.after = wider(self.after, change.after);
    }
}

fn wider((low, high): (Scale, Scale), scale: Scale) -> (Scale, Scale) {
    let low = if scale.deviation < low.deviation { scale } else { low };
    (low, if scale.deviation > high.deviation { scale } else { high })
}

/// `name` with `*` for every part between dots that is another in `other`.
fn joined(name: &str, other: &str) -> String {
    let parts = name.split('.').zip(other.split('.'));
    let part = |(own, other)| if own == other { own } else { "*" };
    parts.map(part).collect::<Vec<&str>>().join(".")
}

/// `name` with `*` for every part between dots that is a number.
fn place(name: &str) -> String {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let part = |part| if is_number(part) { "*" } else { part };
    name.split('.').map(part).collect::<Vec<&str>>().join(".")
}

/// `text` with `#` for every number.
fn without_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for letter in text.chars() {
        let is_part = letter.is_ascii_digit() || (letter == '.' && kept.ends_with('#'));
        match (is_part, kept.ends_with('#')) {
            (true, true) => {}
            (true, false) => kept.push('#'),
            (false, _) => kept.push(letter),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(parameter: &str, deviation: f64, reason: &str) -> Change {
        Change {
            parameter: parameter.to_owned(),
            module: None,
            role: Role::Weight,
            before: Scale::default(),
            after: Scale { mean: 0.0, deviation },
            scheme: format!("normal:{deviation}"),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn parameters_are_called_as_in_their_module() {
        let [first, second] = [("val_3", "0.fc.weight"), ("val_9", "1.fc.weight")]
            .map(|(own, there)| Change { module: Some(there.into()), ..change(own, 0.1, "r") });
        let folds = fold(&[first.clone(), second]);
        assert_eq!((&*folds[0].name, folds[0].count), ("*.fc.weight", 2));
        assert_eq!(fold(&[first])[0].name, "0.fc.weight");
    }

    #[test]
    fn names_that_differ_in_a_number_stand_on_one_line() {
        let folds = fold(&[
            change("blocks.0.conv1.weight", 0.1, "signal 1.02 becomes 1"),
            change("blocks.0.conv2.weight", 0.2, "signal 1.3 becomes 1"),
            change("blocks.1.conv1.weight", 0.3, "signal 1 becomes 1"),
            change("head.weight", 0.3, "signal 1 becomes 1"),
        ]);
        let lines: Vec<(&str, usize)> = folds.iter().map(|f| (&*f.name, f.count)).collect();
        let expected =
            [("blocks.*.conv1.weight", 2), ("blocks.0.conv2.weight", 1), ("head.weight", 1)];
        assert_eq!(lines, expected);
        assert_eq!((folds[0].after.0.deviation, folds[0].after.1.deviation), (0.1, 0.3));
    }

    #[test]
    fn other_reasons_stand_apart() {
        let folds = fold(&[change("0.weight", 0.1, "first"), change("2.weight", 0.1, "shared")]);
        assert_eq!(folds.len(), 2);
    }
}
