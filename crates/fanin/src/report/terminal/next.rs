//! What to try next, as commands that run as they stand.

use std::fmt::Write;

use crate::check::Verdict;
use crate::compare::{CompareOptions, NetworkComparison};
use crate::report::{Asked, quoted};

/// What to try next after a comparison.
///
/// `asked` is what was asked for beside the spec of `options`, which the commands repeat.
pub fn next_steps(
    options: &CompareOptions,
    networks: &[NetworkComparison],
    asked: &Asked,
) -> String {
    let deepest = networks.iter().max_by_key(|network| network.hidden_layers);
    let failing = deepest.and_then(|network| {
        let fails = |verdict: Verdict| verdict != Verdict::Learns;
        let entries = network.entries.iter().rev();
        let mut failing = entries.filter(|e| e.outcome.as_ref().is_some_and(|o| fails(o.verdict)));
        failing.find(|entry| fails(entry.forecast)).map(|entry| (network, entry))
    });
    let mut steps = Vec::new();
    let own = asked.options(Asked::CHECK) + &asked.arguments(&options.spec);
    if let Some((network, entry)) = failing {
        let model = asked.model(&options.spec, &network.model);
        let scheme = quoted(&entry.scheme);
        steps.push((
            format!("fanin check {model} --scheme {scheme}{own}"),
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
    if options.schemes != usual.schemes {
        let _ = write!(text, " --schemes {}", quoted(&options.schemes.join(",")));
    }
    if options.activation != usual.activation {
        let _ = write!(text, " --activation {}", quoted(&options.activation));
    }
    text
}
