//! Named numbers that a user may set: what each is called, what it is by default, what it may be.
//!
//! Each optimizer and schedule lists its own, so that help, tables and errors come from one place.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Values by name, as a user gave them; a switch is 1 for on and 0 for off.
pub type Settings = BTreeMap<String, f64>;

/// One named number of an optimizer or a schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyperparameter {
    /// The name in specs and tables.
    pub name: &'static str,
    /// The value where none is given.
    pub default: f64,
    /// The values that make sense.
    pub range: Range,
    /// One line on what it does.
    pub about: &'static str,
}

/// The values that a hyperparameter may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 0 or 1: off or on.
    Switch,
    /// At least 0.
    NotNegative,
    /// Above 0.
    Positive,
    /// At least 0, below 1.
    BelowOne,
    /// From 0 to 1, both included.
    Share,
    /// Above 0, at most 1.
    PositiveShare,
    /// From 1e-30, which f32 can still hold, to 1.
    Floor,
    /// A whole number from 1 to a million.
    Count,
}

impl Range {
    /// Whether `value` lies in the range; never for NaN.
    pub fn contains(self, value: f64) -> bool {
        match self {
            Self::Switch => value == 0.0 || value == 1.0,
            Self::NotNegative => (0.0..f64::INFINITY).contains(&value),
            Self::Positive => value > 0.0 && value < f64::INFINITY,
            Self::BelowOne => (0.0..1.0).contains(&value),
            Self::Share => (0.0..=1.0).contains(&value),
            Self::PositiveShare => value > 0.0 && value <= 1.0,
            Self::Floor => (1e-30..=1.0).contains(&value),
            Self::Count => (1.0..=1e6).contains(&value) && value.fract() == 0.0,
        }
    }

    /// The range in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Switch => "0 (off) or 1 (on)",
            Self::NotNegative => "a number of at least 0",
            Self::Positive => "a number above 0",
            Self::BelowOne => "a number of at least 0 and below 1",
            Self::Share => "a number from 0 to 1",
            Self::PositiveShare => "a number above 0 and at most 1",
            Self::Floor => "a number from 1e-30 to 1",
            Self::Count => "a whole number from 1 to 1000000",
        }
    }
}

/// A value for every hyperparameter of a list, each within its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Values(Vec<(&'static str, f64)>);

impl Values {
    /// The settings, completed with defaults; `owner` names the optimizer or schedule in errors.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a name that is not in the list, [`Error::Setting`] for a value
    /// outside its range.
    pub fn complete(
        owner: &str,
        list: &'static [Hyperparameter],
        settings: &Settings,
    ) -> Result<Self> {
        if let Some(name) = settings.keys().find(|name| list.iter().all(|h| h.name != *name)) {
            return Err(unknown(owner, name, list));
        }
        let value_of = |h: &Hyperparameter| {
            let value = settings.get(h.name).copied().unwrap_or(h.default);
            if h.range.contains(value) {
                return Ok((h.name, value));
            }
            Err(Error::Setting {
                place: format!("`{}` of `{owner}`", h.name),
                found: value.to_string(),
                expected: h.range.describe().to_owned(),
            })
        };
        list.iter().map(value_of).collect::<Result<_>>().map(Self)
    }

    /// The value called `name`.
    ///
    /// # Panics
    /// If the list has no such name, which is a mistake in the file that asks.
    pub fn get(&self, name: &str) -> f64 {
        let found = self.0.iter().find(|(n, _)| *n == name);
        found.unwrap_or_else(|| panic!("no hyperparameter is called `{name}`")).1
    }
}

fn unknown(owner: &str, name: &str, list: &[Hyperparameter]) -> Error {
    if list.is_empty() {
        return Error::Setting {
            place: format!("`{owner}`"),
            found: format!("a setting `{name}`"),
            expected: "no setting, since it has none".to_owned(),
        };
    }
    let names: Vec<&str> = list.iter().map(|h| h.name).collect();
    Error::unknown("setting", name, &names)
}

#[cfg(test)]
mod tests {
    use super::*;

    static LIST: &[Hyperparameter] = &[Hyperparameter {
        name: "momentum",
        default: 0.5,
        range: Range::BelowOne,
        about: "share of the last step",
    }];

    #[track_caller]
    fn check(name: &str, value: f64, expected: &str) {
        let settings = Settings::from([(name.to_owned(), value)]);
        let error = Values::complete("sgd", LIST, &settings).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn defaults_complete_what_is_given() {
        let value = |settings| Values::complete("sgd", LIST, &settings).unwrap().get("momentum");
        assert_eq!(value(Settings::new()), 0.5);
        assert_eq!(value(Settings::from([("momentum".to_owned(), 0.25)])), 0.25);
    }

    #[test]
    fn mistakes_name_the_setting_and_the_remedy() {
        check(
            "momentun",
            0.5,
            "unknown setting `momentun`; did you mean `momentum`? known: momentum",
        );
        let expected = "`momentum` of `sgd`: found 1, expected a number of at least 0 and below 1";
        check("momentum", 1.0, expected);
        let expected =
            "`momentum` of `sgd`: found NaN, expected a number of at least 0 and below 1";
        check("momentum", f64::NAN, expected);
    }

    #[test]
    fn no_range_holds_a_number_that_is_not_finite() {
        use Range::*;
        for range in [Switch, NotNegative, Positive, BelowOne, Share, PositiveShare, Floor, Count] {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                assert!(!range.contains(value), "{range:?} {value}");
            }
        }
    }
}
