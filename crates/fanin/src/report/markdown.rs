//! A report as Markdown: texts, tables and code; pictures as their titles and captions.

use std::fmt::Write;

use super::document::{Block, Card, Report, Section, Strip, Table};

/// The report as Markdown that ends in a line break.
pub fn markdown(report: &Report) -> String {
    let mut text = format!("# {}\n", plain(&report.title));
    if !report.subtitle.is_empty() {
        let _ = write!(text, "\n{}\n", plain(&report.subtitle));
    }
    if let Some(strip) = &report.verdict {
        text.push_str(&verdict(strip));
    }
    report.sections.iter().for_each(|section| text.push_str(&self::section(section)));
    let by = if report.command.is_empty() {
        String::new()
    } else {
        format!(" by `{}`", report.command.replace('`', "'"))
    };
    text + &format!("\nMade by fanin {}{by}.\n", plain(&report.version))
}

fn verdict(strip: &Strip) -> String {
    let Strip { question, word, why, sure, .. } = strip;
    let mut text = format!(
        "\n> **{} {}**\n> {}\n> {}\n",
        plain(question),
        plain(word),
        plain(why),
        plain(sure)
    );
    if !strip.fix.is_empty() {
        let _ = write!(text, "\n{}\n", plain(&strip.fix));
    }
    text + &code("sh", &strip.command)
}

fn section(section: &Section) -> String {
    let mut text = format!("\n## {}\n", plain(&section.title));
    if !section.lead.is_empty() {
        let _ = write!(text, "\n{}\n", plain(&section.lead));
    }
    for block in &section.blocks {
        text.push_str(&self::block(block));
    }
    text
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading { text } => format!("\n### {}\n", plain(text)),
        Block::Text { text } => format!("\n{}\n", plain(text)),
        Block::Facts { facts } => {
            let facts =
                facts.iter().map(|f| format!("- {}: {}\n", plain(&f.name), plain(&f.value)));
            format!("\n{}", facts.collect::<String>())
        }
        Block::Table(table) => self::table(table),
        Block::Finding(card) => finding(card),
        Block::Figure(figure) => {
            format!("\n*{}.* {}\n", plain(&figure.title), plain(&figure.caption))
        }
        Block::Code { language, source } => code(language, source),
    }
}

fn finding(card: &Card) -> String {
    let place =
        if card.place.is_empty() { String::new() } else { format!(" at {}", plain(&card.place)) };
    let mut text = format!(
        "\n- **{} · {}**{place}: {}",
        plain(&card.severity),
        plain(&card.title),
        plain(&card.why)
    );
    if !card.fix.is_empty() {
        let _ = write!(text, " Fix: {}", plain(&card.fix));
    }
    text + "\n" + &code("sh", &card.command)
}

fn table(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule: String =
        table.head.iter().enumerate().map(|(i, _)| if i == 0 { "|---" } else { "|---:" }).collect();
    let rows: String = table.rows.iter().map(|row| line(row)).collect();
    format!("\n{}{rule}|\n{rows}", line(&table.head))
}

fn code(language: &str, source: &str) -> String {
    if source.is_empty() {
        return String::new();
    }
    let longest = source.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let language: String = language.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("\n{fence}{language}\n{source}\n{fence}\n")
}

/// Text that no sign in it makes into anything else.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '|' | '#' => {
                plain.push('\\');
                plain.push(sign);
            }
            '\n' | '\r' => plain.push(' '),
            sign => plain.push(sign),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sign_of_a_name_is_taken_for_markdown() {
        assert_eq!(plain("<b> a|b *c*\n# d"), "\\<b> a\\|b \\*c\\* \\# d");
        assert!(code("sh", "a ```` b").starts_with("\n`````sh\n"));
        let table = Table { head: vec!["a|b".to_owned(), "c".to_owned()], rows: Vec::new() };
        assert_eq!(super::table(&table), "\n| a\\|b | c |\n|---|---:|\n");
    }
}
