//! Arguments of several settings: `std=0.02,cut=2sigma,corrected`.

use super::scheme::number;

/// The settings of one argument, each of which is asked for once.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    given: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Settings<'a> {
    /// The settings that `text` gives, separated by commas, all of them among `known`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &'a str, known: &[&str]) -> Result<Self, String> {
        let mut given: Vec<(&str, Option<&str>)> = Vec::new();
        for setting in text.split(',') {
            let (key, value) = match setting.split_once('=') {
                Some((key, value)) => (key.trim(), Some(value.trim())),
                None => (setting.trim(), None),
            };
            if !known.contains(&key) {
                return Err(format!("settings among {}, not `{key}`", known.join(", ")));
            }
            if given.iter().any(|(other, _)| *other == key) {
                return Err(format!("`{key}` only once"));
            }
            given.push((key, value));
        }
        Ok(Self { given })
    }

    /// The value of `key`, if it is given.
    ///
    /// # Errors
    /// What was expected, if it is given without a value.
    pub fn value(&self, key: &str) -> Result<Option<&'a str>, String> {
        match self.given.iter().find(|(other, _)| *other == key) {
            Some((_, None)) => Err(format!("a value for `{key}`, as `{key}=…`")),
            Some((_, value)) => Ok(*value),
            None => Ok(None),
        }
    }

    /// The number that `key` is set to, if it is given.
    ///
    /// # Errors
    /// What was expected, if it is no number.
    pub fn number(&self, key: &str) -> Result<Option<f64>, String> {
        let value = self.value(key)?;
        value.map(|text| number(text).ok_or(format!("a number for `{key}`"))).transpose()
    }

    /// Whether `word` is given, which takes no value.
    ///
    /// # Errors
    /// What was expected, if it is given with a value.
    pub fn has(&self, word: &str) -> Result<bool, String> {
        match self.given.iter().find(|(other, _)| *other == word) {
            Some((_, Some(_))) => Err(format!("`{word}` without a value")),
            found => Ok(found.is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_by_name_in_any_order() {
        let settings = Settings::parse("b = 2, yes,a=x", &["a", "b", "yes", "no"]).unwrap();
        assert_eq!(settings.value("a"), Ok(Some("x")));
        assert_eq!(settings.number("b"), Ok(Some(2.0)));
        assert_eq!((settings.has("yes"), settings.has("no")), (Ok(true), Ok(false)));
        assert_eq!(settings.number("no"), Ok(None));
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        let parse = |text| Settings::parse(text, &["a", "b"]);
        assert_eq!(parse("c=1").unwrap_err(), "settings among a, b, not `c`");
        assert_eq!(parse("a=1,a=2").unwrap_err(), "`a` only once");
        assert!(parse("a").unwrap().value("a").is_err());
        assert!(parse("a=x").unwrap().number("a").is_err());
        assert!(parse("a=1").unwrap().has("a").is_err());
        assert!(parse("").is_err());
    }
}
