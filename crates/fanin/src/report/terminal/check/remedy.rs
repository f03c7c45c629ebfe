//! A fix as a command that runs as it stands, where the fix names one.

use crate::check::Finding;
use crate::init::SCHEMES;
use crate::report::Checked;
use crate::report::terminal::next::arguments;
use crate::spec::{Spec, Standardize};

/// The check of the same network with the fix applied: the option or the scheme that it names.
///
/// Of several schemes it is the one named for an activation that the network has, else the first.
pub fn command(checked: &Checked<'_>, finding: &Finding) -> Option<String> {
    let words: Vec<&str> = finding.fix.split_whitespace().map(bare).collect();
    let mut spec = checked.spec.clone();
    let option = match words.windows(2).find(|pair| is_option(pair)) {
        Some(pair) => {
            forget(&mut spec, pair[0]);
            format!("{} {}", pair[0], pair[1])
        }
        None => {
            let scheme = scheme(checked, &words).filter(|scheme| *scheme != checked.start)?;
            format!("--scheme {scheme}")
        }
    };
    Some(format!("fanin check \"{}\" {option}{}", checked.model, arguments(&spec)))
}

/// Whether two words are an option of `fanin check` with a value.
fn is_option(pair: &[&str]) -> bool {
    match pair[0] {
        "--standardize" => Standardize::NAMES.contains(&pair[1]),
        "--learning-rate" | "--epochs" => pair[1].parse::<f64>().is_ok(),
        _ => false,
    }
}

/// Puts back to its default what an option is going to set.
fn forget(spec: &mut Spec, option: &str) {
    let usual = Spec::default();
    match option {
        "--standardize" => spec.data.standardize = usual.data.standardize,
        "--epochs" => spec.train.epochs = usual.train.epochs,
        _ => spec.optimizer.learning_rate = None,
    }
}

fn scheme<'w>(checked: &Checked<'_>, words: &[&'w str]) -> Option<&'w str> {
    let is_scheme = |word: &str| SCHEMES.iter().any(|scheme| scheme.facts().name == word);
    let fits = |triple: &&[&str]| {
        let layers = &checked.diagnosis.measurement.layers;
        let has = |name: &str| layers.iter().any(|l| l.activation.as_deref() == Some(name));
        is_scheme(triple[0]) && triple[1] == "for" && has(triple[2])
    };
    let fitting = words.windows(3).find(fits).map(|triple| triple[0]);
    fitting.or_else(|| words.iter().copied().find(|word| is_scheme(word)))
}

/// A word without the marks around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| matches!(c, ',' | ';' | ':' | '.' | '(' | ')' | '`' | '"'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::diagnosis;
    use super::*;
    use crate::check::{Diagnosis, Severity};

    #[track_caller]
    fn check(fix: &str, expected: Option<&str>) {
        let mut spec = Spec::default();
        spec.data.standardize = Standardize::None;
        let diagnosis: Diagnosis = diagnosis(3);
        let (model, start) = ("4 -> 2".to_owned(), "zeros".to_owned());
        let checked = Checked { model, start, spec: &spec, diagnosis: &diagnosis };
        let finding = Finding::plain("x", Severity::Warn, String::new(), fix.to_owned());
        assert_eq!(command(&checked, &finding).as_deref(), expected, "{fix}");
    }

    #[test]
    fn a_fix_that_names_an_option_or_a_scheme_is_a_command() {
        let fitting = "fanin check \"4 -> 2\" --scheme xavier-uniform --standardize none";
        check("he-normal for relu, xavier-uniform for tanh", Some(fitting));
        check("smaller weights, such as --scheme xavier-uniform, and others", Some(fitting));
        let standard = "fanin check \"4 -> 2\" --standardize standard";
        check("standardize the data (--standardize standard)", Some(standard));
        check("raise the rate (--learning-rate), or train longer (--epochs)", None);
        check("clip gradients", None);
        check("zeros, which this start has already", None);
    }
}
