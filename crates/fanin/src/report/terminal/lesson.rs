//! A newcomer's question answered on one screen: the answer, a table, the reasons, what next.

use std::fmt::Write;

use super::table::aligned;
use super::wrap::wrapped_within;
use crate::explain::{Lesson, TOPICS, Table};

/// Cells of a bar that is full.
const BAR: usize = 20;

/// The topics, each with its question.
pub fn topics() -> String {
    let widest = TOPICS.iter().map(|topic| topic.name().len()).max().unwrap_or(0);
    let mut text =
        "Questions, each answered by networks that are trained while you wait:\n\n".to_owned();
    for topic in TOPICS {
        let _ = writeln!(text, "  fanin explain {:<widest$}  {}", topic.name(), topic.question());
    }
    text.push_str("\nWith --report FILE.html, a page with a live picture.\n");
    text
}

/// The whole lesson, in lines of at most `width` characters but for its table.
pub fn lesson(lesson: &Lesson, width: usize) -> String {
    let line = |lead: &str, indent: &str, text: &str| wrapped_within(width, lead, indent, text);
    let mut text = format!("{}\n\n", lesson.question);
    text.push_str(&line("", "", &lesson.answer));
    text.push('\n');
    text.push_str(&table(&lesson.table));
    text.push_str(&line(" ", " ", &lesson.table.note));
    text.push('\n');
    for reason in &lesson.reasons {
        text.push_str(&line("• ", "  ", reason));
    }
    text.push('\n');
    text.push_str(&line("Measured just now: ", "  ", &lesson.setting));
    text.push_str("\nNext\n");
    for next in &lesson.next {
        let _ = writeln!(text, "  {}\n      {}", next.command, next.shows);
    }
    text
}

fn table(table: &Table) -> String {
    let (mut head, mut rows) = (table.head.clone(), table.rows.clone());
    if table.bars.iter().any(Option::is_some) {
        head.push(String::new());
        for (row, share) in rows.iter_mut().zip(&table.bars) {
            row.push(bar(share.unwrap_or(0.0)));
        }
    }
    aligned(&head, rows)
}

/// A bar that is full at 1, by halves of a cell.
fn bar(share: f64) -> String {
    let halves = (2.0 * BAR as f64 * share.clamp(0.0, 1.0)).round() as usize;
    let bar = "█".repeat(halves / 2) + &"▌".repeat(halves % 2);
    format!("{bar:<BAR$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_grow_with_their_share_and_keep_their_width() {
        let filled = |share| bar(share).trim_end().chars().count();
        assert_eq!([0.0, 0.5, 0.51, 1.0, 7.0, f64::NAN].map(filled), [0, 10, 10, 20, 20, 0]);
        assert!([0.0, 0.33, 1.0].map(bar).iter().all(|bar| bar.chars().count() == BAR));
    }

    #[test]
    fn every_topic_is_listed_with_its_question() {
        let text = topics();
        for topic in TOPICS {
            assert!(text.contains(topic.name()) && text.contains(topic.question()));
        }
    }
}
