//! What to try next, as commands that run as they stand.

use std::fmt::Write;

use crate::check::Verdict;
use crate::compare::{CompareOptions, NetworkComparison};
use crate::spec::Spec;

/// What to try next after a comparison.
pub fn next_steps(options: &CompareOptions, networks: &[NetworkComparison]) -> String {
    let deepest = networks.iter().max_by_key(|network| network.hidden_layers);
    let failing = deepest.and_then(|network| {
        let fails = |verdict: Verdict| verdict != Verdict::Learns;
        let entries = network.entries.iter().rev();
        let mut failing = entries.filter(|e| e.outcome.as_ref().is_some_and(|o| fails(o.verdict)));
        failing.find(|entry| fails(entry.forecast)).map(|entry| (network, entry))
    });
    let mut steps = Vec::new();
    let own = arguments(&options.spec);
    if let Some((network, entry)) = failing {
        steps.push((
            {
                let model = path_or(&options.spec, &network.model);
                format!("fanin check \"{model}\" --scheme {}{own}", entry.scheme)
            },
            "what is wrong with this start, layer by layer",
        ));
    }
    steps.push((
        "fanin compare --sweep scale".to_owned(),
        "how small may weights be? 0 to 100, one to three layers",
    ));
    if !options.own_model {
        let depth = 3 * deepest.map_or(1, |network| network.hidden_layers.max(1));
        let shape = shape(options);
        steps.push((
            format!("fanin compare --depths {depth}{shape}{own}"),
            "the same schemes, three times as deep",
        ));
    }
    steps.push(("fanin schemes".to_owned(), "every scheme with its formula"));
    let mut text = "\nNext\n".to_owned();
    for (command, what) in steps {
        let _ = writeln!(text, "  {command}\n      {what}");
    }
    text
}

fn shape(options: &CompareOptions) -> String {
    let usual = CompareOptions::default();
    let mut text = String::new();
    if options.width != usual.width {
        let _ = write!(text, " --width {}", options.width);
    }
    if options.activation != usual.activation {
        let _ = write!(text, " --activation {}", options.activation);
    }
    text
}

/// The path of the network's file, by which another command finds it, or else its text.
pub(super) fn path_or(spec: &Spec, text: &str) -> String {
    spec.model.file().map_or_else(|| text.to_owned(), |path| path.display().to_string())
}

/// The arguments that make another command use the same data and training.
pub(super) fn arguments(spec: &Spec) -> String {
    let usual = Spec::default();
    let mut text = String::new();
    let mut say = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let quoted =
                if value.contains([' ', '*', '?', '[']) { format!("\"{value}\"") } else { value };
            let _ = write!(text, " --{name} {quoted}");
        }
    };
    let reading = &spec.reading;
    for (name, shape) in &reading.inputs {
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        say("input", Some(format!("{name}={}", sizes.join("x"))));
    }
    say("output-name", reading.output.clone());
    for (pattern, role) in &reading.roles {
        say("role", Some(format!("{pattern}={}", role.label())));
    }
    reading.parameters.iter().for_each(|pattern| say("params", Some(pattern.clone())));
    reading.frozen.iter().for_each(|pattern| say("freeze", Some(pattern.clone())));
    let (data, train, optimizer) = (&spec.data, &spec.train, &spec.optimizer);
    say("data", (data.source != usual.data.source).then(|| data.source.clone()));
    say("target", data.target.clone());
    say("task", spec.task.map(|task| task.to_string()));
    say("missing", (data.missing != usual.data.missing).then(|| data.missing.to_string()));
    let scaled = data.standardize != usual.data.standardize;
    say("standardize", scaled.then(|| data.standardize.to_string()));
    say("epochs", (train.epochs != usual.train.epochs).then(|| train.epochs.to_string()));
    let other = optimizer.name != usual.optimizer.name;
    say("optimizer", other.then(|| optimizer.name.clone()));
    let rate = optimizer.learning_rate.filter(|_| *optimizer != usual.optimizer);
    say("learning-rate", rate.map(|rate| rate.to_string()));
    text
}
