//! Pages are whole, escape what they are given and load nothing.

use super::*;
use crate::report::document::{Control, Figure, Frame};
use crate::report::pictures::{Axis, LineChart, Picture, Series};

/// Names that would break out of a page that trusts them.
const HOSTILE: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "\u{202e}evil\u{2066}",
    "{{script}} ' & `",
];

fn report(name: &str) -> Report {
    let chart = LineChart {
        x: Axis::whole(name),
        y: Axis::log(name),
        at: vec![1.0, 2.0],
        series: vec![Series::new(name, 0, [1.0, f64::NAN])],
        ..LineChart::default()
    };
    let frame =
        || Frame { picture: Picture::LineChart(chart.clone()), facts: vec![Fact::new(name, name)] };
    let figure = Figure {
        title: name.to_owned(),
        caption: name.to_owned(),
        controls: vec![Control::choice(name, vec![name.to_owned(), name.to_owned()], 1)],
        frames: vec![frame(), frame()],
    };
    let table = Table { head: vec![name.to_owned()], rows: vec![vec![name.to_owned()]] };
    let card = Card {
        severity: name.to_owned(),
        title: name.to_owned(),
        place: name.to_owned(),
        why: name.to_owned(),
        fix: name.to_owned(),
        command: name.to_owned(),
        ignore: name.to_owned(),
    };
    let mut report = Report::new(name);
    report.subtitle = name.to_owned();
    report.command = name.to_owned();
    report.verdict = Some(Strip {
        question: name.to_owned(),
        answer: Answer::No,
        word: name.to_owned(),
        why: name.to_owned(),
        sure: name.to_owned(),
        fix: name.to_owned(),
        command: name.to_owned(),
    });
    report.sections.push(
        Section::new("a", name, name)
            .with(Block::heading(name))
            .with(Block::text(name))
            .with(Block::Table(table))
            .with(Block::Finding(card))
            .with(Block::Code { language: name.to_owned(), source: name.to_owned() })
            .with(Block::Figure(figure)),
    );
    report
}

#[test]
fn no_name_becomes_a_tag_a_script_or_a_turn_of_direction() {
    let tags = html(&report("name")).matches('<').count();
    for name in HOSTILE {
        let page = html(&report(name));
        assert_eq!(page.matches('<').count(), tags, "{name}");
        assert!(!page.contains("alert(1)>") && !page.contains('\u{202e}'), "{name}");
    }
    let long = html(&report(&"x".repeat(10_000)));
    assert_eq!(long.matches('<').count(), tags);
    assert!(long.len() < 2_000_000);
}

#[test]
fn what_stands_between_backticks_is_code() {
    let check = |text: &str, expected: &str| assert_eq!(prose(text), expected);
    check("use `a<b>` or `c`", "use <code>a&lt;b&gt;</code> or <code>c</code>");
    check("one ` alone", "one ` alone");
    check("`a` and ` alone", "<code>a</code> and ` alone");
    check("nothing in ``", "nothing in ``");
}

#[test]
fn a_command_is_not_parted_at_hyphens() {
    assert_eq!(
        code("fanin check --scheme \"he-normal\" > a"),
        "<div class=\"code one\"><pre><code>fanin check <span>--scheme</span> \
         <span>&quot;he-normal&quot;</span> &gt; a</code></pre></div>"
    );
    assert!(code("a -b\nc").starts_with("<div class=\"code\"><pre tabindex=\"0\"><code>a -b\nc"));
}

#[test]
fn the_policy_names_the_programs_and_styles_of_the_page_alone() {
    let page = html(&report("name"));
    let between = |from: &str, to: &str| {
        page.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap().to_owned()
    };
    let policy = between("Content-Security-Policy\" content=\"", "\">");
    let (style, script) = (between("<style>", "</style>"), between("<script>", "</script>"));
    assert!(policy.contains(&format!("script-src '{}'", hash(&script))), "{policy}");
    assert!(policy.contains(&format!("style-src '{}'", hash(&style))), "{policy}");
    assert!(policy.starts_with("default-src 'none'"));
    assert!(!page.contains(" style=") && !page.contains(" onclick="));
}

/// FIPS 180-2, the message `abc`.
#[test]
fn hashes_are_those_of_the_standard() {
    assert_eq!(hash("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}
