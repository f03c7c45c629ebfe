//! A fix as a command that runs as it stands, where the fix names one.

use crate::check::Finding;
use crate::init::SCHEMES;
use crate::report::{Asked, Checked, quoted};
use crate::spec::{Spec, Standardize};

/// The option that names a file of weights.
const WEIGHTS: &str = "weights";

/// The check of the same network with the fix applied: the option or the scheme that it names; or the
/// repair of the start, where it names `fanin fix`, or a rule for weights that a file has.
///
/// Of several schemes it is the one named for an activation that the network has, else the first. An
/// option and a repair keep the start: a scheme, or the file of weights; of a run's checkpoint they are no
/// command.
pub fn command(checked: &Checked<'_>, finding: &Finding) -> Option<String> {
    let words: Vec<&str> = finding.fix.split_whitespace().map(bare).collect();
    let Checked { model, start, asked, .. } = checked;
    let mut spec = checked.spec.clone();
    let mut rules = asked.rules(&spec);
    let names_fix = words.windows(2).any(|pair| pair == ["fanin", "fix"]);
    let option = match words.windows(2).find(|pair| is_option(pair)) {
        Some(pair) if pair[0] == "--rule" => {
            if !is_drawn(checked) {
                return repair(checked, &words);
            }
            rules = format!(" --rule {}{rules}", quoted(pair[1]));
            origin(checked)?
        }
        Some(pair) => {
            forget(&mut spec, pair[0], asked);
            format!("{} {} {}", origin(checked)?, pair[0], pair[1])
        }
        None if names_fix => return repair(checked, &words),
        None => {
            let scheme = scheme(checked, &words).filter(|scheme| scheme != start)?;
            format!(" --scheme {scheme}")
        }
    };
    let model = asked.model(&spec, model);
    let own = asked.options(Asked::CHECK) + &asked.arguments(&spec);
    Some(format!("fanin check {model}{option}{rules}{own}"))
}

/// The repair of the start, where `fanin fix` can read it, of findings as bad as the fix says in these
/// words.
fn repair(checked: &Checked<'_>, words: &[&str]) -> Option<String> {
    let Checked { model, spec, asked, diagnosis, .. } = checked;
    if diagnosis.is_partial {
        return None;
    }
    let start = origin(checked)?;
    let rules = if is_drawn(checked) { asked.rules(spec) } else { String::new() };
    let said = words.windows(2).find(|pair| pair[0] == "--fail-on");
    let limit = said.map_or_else(String::new, |pair| format!(" {} {}", pair[0], pair[1]));
    let is_other = |name: &&str| *name != WEIGHTS && (limit.is_empty() || *name != "fail-on");
    let names: Vec<&str> = Asked::FIX.iter().copied().filter(is_other).collect();
    let options = limit + &asked.options(&names) + &asked.arguments(spec);
    Some(format!("fanin fix {}{start}{rules}{options}", asked.model(spec, model)))
}

fn is_drawn(checked: &Checked<'_>) -> bool {
    checked.start == checked.spec.init.scheme
}

/// The option that gives another command the same start, behind a space; nothing for the weights that a
/// network's own file has, and none for those of a run.
fn origin(checked: &Checked<'_>) -> Option<String> {
    let weights = checked.asked.options(&[WEIGHTS]);
    if is_drawn(checked) {
        Some(format!(" --scheme {}", quoted(&checked.start)))
    } else {
        (!weights.is_empty() || checked.start == Checked::OF_FILE).then_some(weights)
    }
}

/// Whether two words are an option of `fanin check` with a value.
fn is_option(pair: &[&str]) -> bool {
    match pair[0] {
        "--standardize" => Standardize::NAMES.contains(&pair[1]),
        "--rule" => pair[1].contains('='),
        "--learning-rate" | "--epochs" => pair[1].parse::<f64>().is_ok(),
        _ => false,
    }
}

/// Puts back to what it would be unasked what an option is going to set.
fn forget(spec: &mut Spec, option: &str, asked: &Asked) {
    let mut usual = asked.file.as_ref().map_or_else(Spec::default, |(_, spec)| spec.clone());
    usual.set_optimizer(&spec.optimizer.name);
    match option {
        "--standardize" => spec.data.standardize = usual.data.standardize,
        "--epochs" => spec.train.epochs = usual.train.epochs,
        _ => spec.optimizer.learning_rate = usual.optimizer.learning_rate,
    }
}

/// The scheme that the fix of `finding` names for this network, if it names another than its own.
pub fn other_scheme(checked: &Checked<'_>, finding: &Finding) -> Option<String> {
    let words: Vec<&str> = finding.fix.split_whitespace().map(bare).collect();
    let is_of_another = words.windows(2).any(is_option);
    let scheme = scheme(checked, &words).filter(|scheme| *scheme != checked.start)?;
    (!is_of_another).then(|| scheme.to_owned())
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
    fn check(start: &str, fix: &str, expected: Option<&str>) {
        let mut spec = Spec::default();
        spec.data.standardize = Standardize::None;
        "zeros".clone_into(&mut spec.init.scheme);
        let (model, start, diagnosis) = ("4 -> 2".to_owned(), start.to_owned(), diagnosis(3));
        let asked = &Asked::default();
        let checked = Checked { model, start, spec: &spec, asked, diagnosis: &diagnosis };
        let finding = Finding::plain("x", Severity::Warn, String::new(), fix.to_owned());
        let expected = expected.map(|rest| format!("fanin check \"4 -> 2\" {rest}"));
        assert_eq!(command(&checked, &finding), expected, "{fix}");
    }

    const FITTING: Option<&str> = Some("--scheme xavier-uniform --standardize none");

    #[test]
    fn a_fix_that_names_an_option_or_a_scheme_is_a_command() {
        check("zeros", "he-normal for relu, xavier-uniform for tanh", FITTING);
        check("zeros", "smaller weights, such as --scheme xavier-uniform, and others", FITTING);
        let standard = "--scheme zeros --standardize standard";
        check("zeros", "standardize the data (--standardize standard)", Some(standard));
        let rule = "--scheme zeros --rule 0.weight=he-normal --standardize none";
        check("zeros", "give it random weights: --rule \"0.weight=he-normal\"", Some(rule));
        check("zeros", "raise the rate (--learning-rate), or train longer (--epochs)", None);
        check("zeros", "clip gradients", None);
        check("zeros", "zeros, which this start has already", None);
    }

    #[test]
    fn a_fix_that_no_scheme_is_known_for_is_a_repair() {
        let spec = Spec::default();
        let (model, diagnosis, asked) = ("4 -> 2".to_owned(), &diagnosis(3), &Asked::default());
        let fix = crate::check::rules::advice::BY_FIX.to_owned();
        let finding = Finding::plain("x", Severity::Warn, String::new(), fix);
        let of = |start: &str| {
            let (model, start) = (model.clone(), start.to_owned());
            command(&Checked { model, start, spec: &spec, asked, diagnosis }, &finding)
        };
        let scheme = &spec.init.scheme;
        let expected = format!("fanin fix \"4 -> 2\" --scheme {scheme}");
        assert_eq!(of(scheme), Some(expected));
        assert_eq!(of("w.npz"), None);
    }

    #[test]
    fn a_command_repeats_what_was_asked_for() {
        let mut spec = Spec::default();
        "zeros".clone_into(&mut spec.init.scheme);
        spec.data.ignore = vec!["row id".to_owned()];
        spec.optimizer.momentum = Some(0.5);
        let options = vec![("seed", Some("7".to_owned())), ("full", None)];
        let asked = &Asked { options, ..Asked::default() };
        let (model, start) = ("4 -> 2".to_owned(), "zeros".to_owned());
        let diagnosis = &diagnosis(3);
        let checked = Checked { model, start, spec: &spec, asked, diagnosis };
        let fix = "he-normal for relu".to_owned();
        let finding = Finding::plain("x", Severity::Warn, String::new(), fix);
        let expected = "fanin check \"4 -> 2\" --scheme he-normal --seed 7 --full --ignore \
                        \"row id\" --momentum 0.5";
        assert_eq!(command(&checked, &finding).as_deref(), Some(expected));
    }

    #[test]
    fn weights_of_a_run_get_another_start_and_no_option() {
        check("runs/1, step 9", "he-normal for relu, xavier-uniform for tanh", FITTING);
        check("runs/1, step 9", "standardize the data (--standardize standard)", None);
        check("runs/1, step 9", "give it random weights: --rule \"0.weight=he-normal\"", None);
    }

    #[test]
    fn weights_of_a_file_are_named_again() {
        let (spec, diagnosis) = (Spec::default(), &diagnosis(3));
        let named = Asked {
            options: vec![(WEIGHTS, Some("w.npz".to_owned())), ("seed", Some("7".to_owned()))],
            ..Asked::default()
        };
        let of = |start: &str, asked: &Asked, is_partial: bool, fix: &str| {
            let diagnosis = &Diagnosis { is_partial, ..diagnosis.clone() };
            let (model, start) = ("4 -> 2".to_owned(), start.to_owned());
            let finding = Finding::plain("x", Severity::Warn, String::new(), fix.to_owned());
            command(&Checked { model, start, spec: &spec, asked, diagnosis }, &finding)
        };
        let (fix, rate) = (crate::check::rules::advice::BY_FIX, "lower it: --learning-rate 1.0e-3");
        let rule = "start them at 0: --rule \"role:residual-output=zeros\"";
        for (start, asked, options) in
            [("w.npz", &named, " --weights w.npz"), (Checked::OF_FILE, &Asked::default(), "")]
        {
            let seed = asked.options(&["seed"]);
            let repair = format!("fanin fix \"4 -> 2\"{options}{seed}");
            assert_eq!(of(start, asked, false, fix), Some(repair.clone()));
            assert_eq!(of(start, asked, false, rule), Some(repair));
            let lower = format!("fanin check \"4 -> 2\"{options} --learning-rate 1.0e-3{seed}");
            assert_eq!(of(start, asked, false, rate), Some(lower));
            assert_eq!(of(start, asked, true, fix), None, "of a part there is no repair");
            let anew = of(start, asked, false, "draw them anew: fanin fix --fail-on warn");
            let all = format!("fanin fix \"4 -> 2\"{options} --fail-on warn{seed}");
            assert_eq!(anew, Some(all));
        }
    }
}
