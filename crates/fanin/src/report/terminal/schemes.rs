//! The schemes, from their registry.

use super::table::texts;
use super::wrap::wrapped;
use crate::init::{Facts, SCHEMES};

/// Before the further lines of one scheme's facts.
const INDENT: &str = "               ";

/// Every scheme with its formula and when to use it: first those for any network, then those that
/// need something of it.
pub fn schemes() -> String {
    let all: Vec<&Facts> = SCHEMES.iter().map(|scheme| scheme.facts()).collect();
    let mut needs: Vec<&str> = Vec::new();
    for facts in &all {
        if !facts.needs.is_empty() && !needs.contains(&facts.needs) {
            needs.push(facts.needs);
        }
    }
    let mut text = String::new();
    for need in std::iter::once("").chain(needs) {
        if !need.is_empty() {
            text.push_str(&wrapped("\n For networks with ", "     ", &format!("{need}:\n")));
        }
        text.push_str(&table(all.iter().copied().filter(|facts| facts.needs == need)));
    }
    text.push_str(
        "\n d fan-in, n fan-out, g gain. fanin schemes NAME tells the source and when not to use \
         one.\n",
    );
    text
}

fn table<'f>(schemes: impl Iterator<Item = &'f Facts>) -> String {
    let head = ["scheme", "formula", "when to use it"].map(str::to_owned);
    let row = |facts: &Facts| {
        vec![facts.example.to_owned(), facts.formula.to_owned(), facts.when.to_owned()]
    };
    texts(&head, schemes.map(row).collect(), 38)
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
