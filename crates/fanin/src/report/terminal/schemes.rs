//! The schemes, from their registry.

use super::table::texts;
use super::wrap::wrapped;
use crate::init::{Facts, SCHEMES};

/// Before the further lines of one scheme's facts.
const INDENT: &str = "               ";

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
        ("needs", facts.needs),
        ("source", facts.source),
        ("use it", facts.when),
        ("avoid it", facts.avoid),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&wrapped(&format!("  {name:<12} "), INDENT, value));
    }
    if !facts.aliases.is_empty() {
        let names = facts.aliases.join(", ");
        text.push_str(&wrapped(&format!("  {:<12} ", "also called"), INDENT, &names));
    }
    text
}
