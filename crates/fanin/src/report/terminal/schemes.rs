//! The schemes, from their registry.

use std::fmt::Write;

use super::table::texts;
use crate::init::{Facts, SCHEMES};

/// Every scheme with its formula and when to use it.
pub fn schemes() -> String {
    let head = ["scheme", "formula", "when to use it"].map(str::to_owned);
    let row = |facts: &Facts| {
        vec![facts.example.to_owned(), facts.formula.to_owned(), facts.when.to_owned()]
    };
    let mut text = texts(&head, SCHEMES.iter().map(|s| row(s.facts())).collect(), 38);
    text.push_str(
        "\n d fan-in, n fan-out, g gain. fanin schemes NAME tells the source and when not to use \
         one.\n",
    );
    text
}

/// All that is known of one scheme.
pub fn scheme(facts: &Facts) -> String {
    let mut text = format!("{}\n", facts.name);
    let lines = [
        ("formula", facts.formula),
        ("write it as", facts.example),
        ("argument", facts.argument),
        ("source", facts.source),
        ("use it", facts.when),
        ("avoid it", facts.avoid),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "  {name:<12} {value}");
    }
    if !facts.aliases.is_empty() {
        let _ = writeln!(text, "  {:<12} {}", "also called", facts.aliases.join(", "));
    }
    text
}
