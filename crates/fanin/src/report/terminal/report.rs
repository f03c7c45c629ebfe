//! A whole report for the terminal: its texts and tables; pictures as their titles.

use std::fmt::Write;

use super::table::aligned;
use super::wrap::wrapped_within;
use crate::report::document::{Block, Report};

/// The report in lines of at most `width` characters; tables may be wider.
pub fn report(report: &Report, width: usize) -> String {
    let wrapped = |lead: &str, text: &str| match text {
        "" => String::new(),
        text => wrapped_within(width, lead, "  ", text),
    };
    let mut text = wrapped("", &report.title) + &wrapped("", &report.subtitle);
    if let Some(strip) = &report.verdict {
        text.push_str(&wrapped("\n", &format!("{} {}. {}", strip.question, strip.word, strip.why)));
        text.push_str(&wrapped("  ", &strip.sure));
        text.push_str(&wrapped("  ", &strip.fix));
        text.push_str(&wrapped("  ", &strip.command));
    }
    for section in &report.sections {
        let _ = write!(text, "\n{}\n", section.title);
        text.push_str(&wrapped("  ", &section.lead));
        for block in &section.blocks {
            match block {
                Block::Heading { text: heading } => text.push_str(&wrapped("\n", heading)),
                Block::Text { text: paragraph } => text.push_str(&wrapped("  ", paragraph)),
                Block::Facts { facts } => facts.iter().for_each(|fact| {
                    let _ = writeln!(text, "  {:<38} {}", fact.name, fact.value);
                }),
                Block::Table(table) => text.push_str(&aligned(&table.head, table.rows.clone())),
                Block::Finding(card) => {
                    let lead = format!("  {} · {} ", card.severity, card.title);
                    text.push_str(&wrapped(
                        &lead,
                        &format!("{} {}: {}", card.place, card.why, card.fix),
                    ));
                    text.push_str(&wrapped("    ", &card.command));
                }
                Block::Figure(figure) => text.push_str(&wrapped("  [picture] ", &figure.title)),
                Block::Code { source, .. } => source.lines().for_each(|line| {
                    let _ = writeln!(text, "    {line}");
                }),
            }
        }
    }
    text
}
