//! A report as one page of HTML that needs no network: pictures drawn, then made alive by a small
//! program where scripts run.
//!
//! The page forbids itself everything but its own style and program, which it names by their
//! hashes; all text is escaped.

mod figure;
mod packed;

#[cfg(test)]
mod tests;

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::document::{Answer, Block, Card, Fact, Report, Section, Strip, Table};
use super::pictures::{DARK, LIGHT, SHEET, escape, is_turn};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const PROGRAM: &str = include_str!("page.js");
const PLOTS: &str = include_str!("vendor/uplot.js");
const PLOTS_STYLE: &str = include_str!("vendor/uplot.css");
const PLOTS_LICENSE: &str = include_str!("vendor/LICENSE");

/// Colors of the page itself on light ground.
const PAGE_LIGHT: &str = "--ground:#f6f7f9;--line:#d9dee4;--yes:#00664b;--no:#a63c00;--unsure:#6f4e00;\
    --yes-soft:#e2f4ec;--no-soft:#fdeadf;--unsure-soft:#fbf1d9;--accent:#005a8f";

/// Colors of the page itself on dark ground.
const PAGE_DARK: &str = "--ground:#0e1216;--line:#2b333c;--yes:#5fd3ae;--no:#ff9d66;\
    --unsure:#f0c05a;--yes-soft:#10261f;--no-soft:#2c1a11;--unsure-soft:#292110;--accent:#7cc0f5";

/// The report as one page of HTML.
pub fn html(report: &Report) -> String {
    let style = style();
    let script = format!("/*\n{PLOTS_LICENSE}*/\n{PLOTS}\n{PROGRAM}");
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(&style)
    );
    let figures = report.figures().map(figure::data).collect();
    let data = inert(&serde_json::Value::Array(figures).to_string());
    let drawings: Vec<Vec<String>> = report.figures().map(figure::drawings).collect();
    let contents = report.sections.iter().map(|section| {
        format!("<li><a href=\"#{}\">{}</a></li>", escape(&section.id), escape(&section.title))
    });
    let mut numbered = 0;
    let sections: String =
        report.sections.iter().map(|section| self::section(section, &mut numbered)).collect();
    let command = match report.command.as_str() {
        "" => String::new(),
        command => format!(" by <code>{}</code>", escape(command)),
    };
    fill(
        PAGE,
        &[
            ("policy", &policy),
            ("version", &escape(&report.version)),
            ("title", &escape(&report.title)),
            ("subtitle", &escape(&report.subtitle)),
            ("style", &style),
            ("contents", &contents.collect::<String>()),
            ("verdict", &report.verdict.as_ref().map(strip).unwrap_or_default()),
            ("sections", &sections),
            ("command", &command),
            ("data", &data),
            ("drawings", &packed::packed(&drawings)),
            ("script", &script),
        ],
    )
}

/// JSON in which no sign can end the element that it stands in, or turn the direction of text.
fn inert(json: &str) -> String {
    json.replace(is_turn, "").replace('<', "\\u003c").replace('>', "\\u003e")
}

/// Text in which what stands between backticks is code; one alone stays what it is.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    let part = |(number, part): (usize, &&str)| match (number % 2, escape(part)) {
        (0, text) => text,
        (_, text) if number == last => format!("`{text}"),
        (_, text) if text.is_empty() => "``".to_owned(),
        (_, text) => format!("<code>{text}</code>"),
    };
    parts.iter().enumerate().map(part).collect()
}

/// A template with its places filled once; what fills one is not searched for others.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(1 << 17);
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, inside)| Some((before, inside.split_once("}}")?)))
    {
        let value = values.iter().find(|(known, _)| *known == name);
        page.push_str(before);
        page.push_str(value.expect("the template names what there is").1);
        rest = after;
    }
    page + rest
}

fn style() -> String {
    let dark = format!(
        "@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{DARK};{PAGE_DARK};\
         color-scheme:dark}}}}:root[data-theme=dark]{{{DARK};{PAGE_DARK};color-scheme:dark}}"
    );
    let light = format!("{{{LIGHT};{PAGE_LIGHT};color-scheme:light}}");
    // Paper is light, whatever the screen was: the name thrice outweighs the rules for dark.
    let print = format!("@media print{{:root:root:root{light}}}");
    format!(":root{light}\n{dark}\n{print}\n{STYLE}\n{SHEET}\n{PLOTS_STYLE}")
}

/// A text's hash as a policy names it.
fn hash(text: &str) -> String {
    format!("sha256-{}", packed::base64(&Sha256::digest(text.as_bytes())))
}

fn strip(strip: &Strip) -> String {
    let (class, sign) = match strip.answer {
        Answer::Yes => ("yes", "✓"),
        Answer::No => ("no", "✕"),
        Answer::Unsure => ("unsure", "?"),
    };
    let mut text = format!(
        "<div class=\"verdict {class}\"><div class=\"sign\" aria-hidden=\"true\">{sign}</div>\
         <p class=\"question\">{}</p><h2>{}</h2><p class=\"why\">{}</p><p class=\"sure\">{}</p>",
        prose(&strip.question),
        escape(&strip.word),
        prose(&strip.why),
        prose(&strip.sure)
    );
    if !strip.fix.is_empty() || !strip.command.is_empty() {
        let _ = write!(
            text,
            "<div class=\"fix\"><p>{}</p>{}</div>",
            prose(&strip.fix),
            code(&strip.command)
        );
    }
    text + "</div>"
}

fn section(section: &Section, numbered: &mut usize) -> String {
    let (id, title) = (escape(&section.id), escape(&section.title));
    let mut text = format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>"
    );
    if !section.lead.is_empty() {
        let _ = write!(text, "<p class=\"lead\">{}</p>", prose(&section.lead));
    }
    for block in &section.blocks {
        text.push_str(&self::block(block, numbered));
    }
    text + "</section>\n"
}

fn block(block: &Block, numbered: &mut usize) -> String {
    match block {
        Block::Heading { text } => format!("<h3>{}</h3>", escape(text)),
        Block::Text { text } => format!("<p>{}</p>", prose(text)),
        Block::Facts { facts } => self::facts(facts),
        Block::Table(table) => self::table(table, "Table"),
        Block::Finding(card) => finding(card),
        Block::Code { source, .. } => code(source),
        Block::Figure(figure) => {
            *numbered += 1;
            figure::figure(figure, *numbered - 1)
        }
    }
}

/// Characters of a value from which it is a sentence, which gets a line of its own.
const SENTENCE: usize = 48;

fn facts(facts: &[Fact]) -> String {
    let fact = |fact: &Fact| {
        let is_sentence = fact.value.chars().count() >= SENTENCE;
        let attributes = if is_sentence { " class=\"wide\" aria-live=\"polite\"" } else { "" };
        let (name, value) = (prose(&fact.name), prose(&fact.value));
        format!("<div{attributes}><dt>{name}</dt><dd>{value}</dd></div>")
    };
    format!("<dl class=\"facts\">{}</dl>", facts.iter().map(fact).collect::<String>())
}

/// Rows of a table that is shown whole; a longer one scrolls.
const MOST_ROWS: usize = 14;

fn table(table: &Table, label: &str) -> String {
    let head = table.head.iter().map(|name| format!("<th scope=\"col\">{}</th>", prose(name)));
    let row = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, text)| match column {
            0 => format!("<th scope=\"row\">{}</th>", prose(text)),
            _ => format!("<td>{}</td>", prose(text)),
        });
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let is_number = |text: &String| !text.chars().any(char::is_alphabetic) || text.len() < 12;
    let numbers = table.rows.iter().all(|row| row.iter().skip(1).all(is_number));
    format!(
        "<div class=\"scroll{}\" tabindex=\"0\" role=\"group\" aria-label=\"{}\"><table{}><thead><tr>{}</tr></thead>\
         <tbody>{}</tbody></table></div>",
        if table.rows.len() > MOST_ROWS { " long" } else { "" },
        escape(label),
        if numbers { "" } else { " class=\"texts\"" },
        head.collect::<String>(),
        table.rows.iter().map(row).collect::<String>()
    )
}

fn finding(card: &Card) -> String {
    let class =
        if ["fail", "warn"].contains(&card.severity.as_str()) { &card.severity } else { "note" };
    let mut text = format!(
        "<div class=\"finding {class}\"><h3><span class=\"word\">{}</span> {} <span class=\"place\">{}</span></h3><p>{}</p>",
        escape(&card.severity),
        prose(&card.title),
        prose(&card.place),
        prose(&card.why)
    );
    if !card.fix.is_empty() {
        let _ = write!(text, "<p><strong>Fix</strong> {}</p>", prose(&card.fix));
    }
    text.push_str(&code(&card.command));
    if !card.ignore.is_empty() {
        let _ = write!(text, "<p class=\"ignore\">Ignore it {}</p>", prose(&card.ignore));
    }
    text + "</div>"
}

fn code(source: &str) -> String {
    if source.is_empty() {
        return String::new();
    }
    if source.contains('\n') {
        let source = escape(source);
        return format!(
            "<div class=\"code\"><pre tabindex=\"0\"><code>{source}</code></pre></div>"
        );
    }
    // A line ends between words, not at the hyphens of an option.
    let word = |word: &str| match escape(word) {
        text if word.contains('-') => format!("<span>{text}</span>"),
        text => text,
    };
    let words: Vec<String> = source.split(' ').map(word).collect();
    format!("<div class=\"code one\"><pre><code>{}</code></pre></div>", words.join(" "))
}
