//! What a user asked for, as options that another command repeats.

use std::fmt::{Display, Write};
use std::path::PathBuf;

use crate::spec::{BatchSize, NormStatistics, ReadingSpec, Role, Spec};

/// What a user asked for beside the spec; suggested commands repeat it with the spec.
///
/// ```
/// use fanin::report::Asked;
/// use fanin::spec::Spec;
///
/// let mut spec = Spec::default();
/// spec.train.epochs = 3;
/// spec.data.ignore = vec!["row id".to_owned()];
/// assert_eq!(Asked::default().arguments(&spec), " --ignore \"row id\" --epochs 3");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The .toml file that named the spec, with what it says; none where a text or a model's file
    /// named the network.
    pub file: Option<(PathBuf, Spec)>,
    /// Options that no spec holds, with their values; a flag has none. Such as
    /// `("fail-on", Some("warn"))`, or `weights` with a file of them that fits the network.
    pub options: Vec<(&'static str, Option<String>)>,
}

impl Asked {
    /// The options that no spec holds and `fanin check` takes.
    pub const CHECK: &[&str] = &["seeds", "full", "fail-on", "seed", "threads"];
    /// Those that `fanin fix` takes.
    pub const FIX: &[&str] = &["weights", "method", "fail-on", "seed", "threads"];
    /// Those that `fanin train` takes from any start.
    pub const TRAIN: &[&str] = &["seed", "threads"];

    /// The network as another command finds it, quoted: its file, or else this text.
    pub fn model(&self, spec: &Spec, text: &str) -> String {
        let own = self.file.as_ref().map(|(path, _)| path.as_path()).or_else(|| spec.model.file());
        own.map_or_else(|| quoted(text), |path| quoted(&path.display().to_string()))
    }

    /// The options that no spec holds, of those called `names`, each behind a space.
    pub fn options(&self, names: &[&str]) -> String {
        let mut line = Line::default();
        for (name, value) in self.options.iter().filter(|(name, _)| names.contains(name)) {
            match value {
                Some(value) => line.say(name, value),
                None => line.flag(name),
            }
        }
        line.text
    }

    /// The rules of `spec` that its file does not say, each behind a space.
    pub fn rules(&self, spec: &Spec) -> String {
        let said = self.file.as_ref().map_or(0, |(_, usual)| usual.init.rules.len());
        let given = spec.init.rules.len().saturating_sub(said);
        let mut line = Line::default();
        for rule in &spec.init.rules[..given] {
            line.say("rule", &format!("{}={}", rule.pattern, rule.scheme));
        }
        line.text
    }

    /// The options that give another command the data, the training and the reading of `spec`, each
    /// behind a space: what differs from the file that named the spec, else from the defaults.
    pub fn arguments(&self, spec: &Spec) -> String {
        let usual = self.file.as_ref().map_or_else(Spec::default, |(_, spec)| spec.clone());
        let mut line = Line::default();
        line.reading(&spec.reading, &usual.reading);
        line.data(spec, &usual);
        line.training(spec, &usual);
        line.text
    }
}

/// Options of a command, each behind a space.
#[derive(Default)]
struct Line {
    text: String,
}

impl Line {
    fn say(&mut self, name: &str, value: &dyn Display) {
        let value = quoted(&value.to_string());
        let between = if value.starts_with('-') { '=' } else { ' ' };
        let _ = write!(self.text, " --{name}{between}{value}");
    }

    fn flag(&mut self, name: &str) {
        let _ = write!(self.text, " --{name}");
    }

    /// A value where it is another than usual.
    fn other<T: PartialEq + Display>(&mut self, name: &str, value: &T, usual: &T) {
        if value != usual {
            self.say(name, value);
        }
    }

    /// A value where there is one, and it is another than usual.
    fn given<T: PartialEq + Display>(&mut self, name: &str, value: Option<&T>, usual: Option<&T>) {
        if let Some(said) = value.filter(|_| value != usual) {
            self.say(name, said);
        }
    }

    /// What a list has beyond the usual one, one option for each.
    fn each<T>(&mut self, name: &str, all: &[T], usual: &[T], told: impl Fn(&T) -> String) {
        all.iter().skip(usual.len()).for_each(|one| self.say(name, &told(one)));
    }

    fn reading(&mut self, reading: &ReadingSpec, usual: &ReadingSpec) {
        for (name, shape) in &reading.inputs {
            let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
            if usual.inputs.get(name) != Some(shape) {
                self.say("input", &format!("{name}={}", sizes.join("x")));
            }
        }
        self.given("output-name", reading.output.as_ref(), usual.output.as_ref());
        self.given("batch", reading.batch.as_ref(), usual.batch.as_ref());
        self.given("max-elements", reading.max_elements.as_ref(), usual.max_elements.as_ref());
        if reading.batch_norm != usual.batch_norm {
            self.say(
                "batch-norm",
                &match reading.batch_norm {
                    None => "file",
                    Some(NormStatistics::Batch) => "batch",
                    Some(NormStatistics::Running) => "running",
                },
            );
        }
        if reading.noise != usual.noise {
            self.say("noise", &reading.noise.map_or_else(|| "off".to_owned(), |n| n.to_string()));
        }
        if reading.dropout != usual.dropout {
            self.say("dropout", &if reading.dropout { "on" } else { "off" });
        }
        let role = |(pattern, role): &(String, Role)| format!("{pattern}={}", role.label());
        self.each("role", &reading.roles, &usual.roles, role);
        self.each("params", &reading.parameters, &usual.parameters, String::clone);
        self.each("freeze", &reading.frozen, &usual.frozen, String::clone);
    }

    fn data(&mut self, spec: &Spec, usual: &Spec) {
        let (data, own) = (&spec.data, &usual.data);
        self.other("data", &data.source, &own.source);
        self.given("target", data.target.as_ref(), own.target.as_ref());
        self.given("targets-file", data.targets_file.as_ref(), own.targets_file.as_ref());
        self.given("features", data.features.as_ref(), own.features.as_ref());
        self.each("ignore", &data.ignore, &own.ignore, String::clone);
        self.each("categorical", &data.categorical, &own.categorical, String::clone);
        self.given("task", spec.task.as_ref(), usual.task.as_ref());
        self.other("missing", &data.missing, &own.missing);
        self.other("standardize", &data.standardize, &own.standardize);
        if own.header && !data.header {
            self.flag("no-header");
        }
        self.other("test-fraction", &spec.train.test_fraction, &usual.train.test_fraction);
    }

    fn training(&mut self, spec: &Spec, usual: &Spec) {
        let (train, own) = (&spec.train, &usual.train);
        self.other("epochs", &train.epochs, &own.epochs);
        if train.batch_size != own.batch_size {
            self.say(
                "batch-size",
                &match train.batch_size {
                    BatchSize::Rows(rows) => rows.to_string(),
                    BatchSize::Full => "full".to_owned(),
                },
            );
        }
        self.other("optimizer", &spec.optimizer.name, &usual.optimizer.name);
        let mut named = usual.clone();
        named.set_optimizer(&spec.optimizer.name);
        let (optimizer, own) = (&spec.optimizer, &named.optimizer);
        self.given("learning-rate", optimizer.learning_rate.as_ref(), own.learning_rate.as_ref());
        self.given("momentum", optimizer.momentum.as_ref(), own.momentum.as_ref());
        self.given("weight-decay", optimizer.weight_decay.as_ref(), own.weight_decay.as_ref());
        self.given("clip-norm", optimizer.clip_norm.as_ref(), own.clip_norm.as_ref());
        self.other("schedule", &spec.schedule.name, &usual.schedule.name);
        self.other("warmup-steps", &spec.schedule.warmup_steps, &usual.schedule.warmup_steps);
        self.given("loss", spec.loss.name.as_ref(), usual.loss.name.as_ref());
        self.other("label-smoothing", &spec.loss.label_smoothing, &usual.loss.label_smoothing);
        self.other("target-accuracy", &train.target_accuracy, &usual.train.target_accuracy);
    }
}

/// A word of a command as a shell reads it back: bare, in double quotes, or in single ones where it
/// holds what a shell reads inside double ones.
///
/// ```
/// use fanin::report::quoted;
/// assert_eq!(quoted("he-normal"), "he-normal");
/// assert_eq!(quoted("64 -> 10"), "\"64 -> 10\"");
/// assert_eq!(quoted("a \"b\""), "'a \"b\"'");
/// ```
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:,=+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else if word.contains(['"', '$', '`', '\\', '!']) {
        format!("'{}'", word.replace('\'', "'\\''"))
    } else {
        format!("\"{word}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_change_it() {
        for (word, expected) in [
            ("he-normal", "he-normal"),
            ("64 -> 10", "\"64 -> 10\""),
            ("", "\"\""),
            ("*.weight=zeros", "\"*.weight=zeros\""),
            ("it's", "\"it's\""),
            ("a \"b\"", "'a \"b\"'"),
            ("it's $5", "'it'\\''s $5'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn what_a_file_says_is_not_said_again() {
        let mut usual = Spec::default();
        usual.train.epochs = 7;
        usual.data.ignore = vec!["id".to_owned()];
        let mut spec = usual.clone();
        spec.data.ignore.push("-x".to_owned());
        let file = Some((PathBuf::from("my net.toml"), usual));
        let options = vec![("fail-on", Some("warn".to_owned())), ("full", None)];
        let asked = Asked { file, options };
        assert_eq!(asked.arguments(&spec), " --ignore=-x");
        assert_eq!(asked.model(&spec, "64 -> 10"), "\"my net.toml\"");
        assert_eq!(asked.options(Asked::CHECK), " --fail-on warn --full");
        assert_eq!(asked.options(Asked::FIX), " --fail-on warn");
    }
}
