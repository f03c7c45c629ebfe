//! The elements of SVG that pictures are drawn with: text is escaped, colors are classes, so that
//! one drawing serves light, dark and print.

use std::fmt::{Display, Write};

/// Colors of series before they repeat.
pub const COLORS: usize = 8;

/// A drawing of a fixed size in units of its own.
#[derive(Clone, Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text stands to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

impl Svg {
    /// An empty drawing.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, from: [f64; 2], to: [f64; 2]) {
        let (x1, y1, x2, y2) = (n(from[0]), n(from[1]), n(to[0]), n(to[1]));
        let _ =
            write!(self.body, r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#);
    }

    /// A rectangle by its upper left corner and its size.
    pub fn rectangle(&mut self, class: &str, at: [f64; 2], size: [f64; 2]) {
        let (x, y, w, h) = (n(at[0]), n(at[1]), n(size[0].max(0.0)), n(size[1].max(0.0)));
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}"/>"#
        );
    }

    /// A square by its upper left corner: shorter than a rectangle, for pictures of thousands.
    pub fn square(&mut self, class: &str, at: [f64; 2], side: f64) {
        let (x, y, s) = (n(at[0]), n(at[1]), n(side));
        let _ = write!(self.body, r#"<path class="{class}" d="M{x} {y}h{s}v{s}h-{s}z"/>"#);
    }

    /// A disk.
    pub fn disk(&mut self, class: &str, at: [f64; 2], radius: f64) {
        let (x, y, r) = (n(at[0]), n(at[1]), n(radius));
        let _ = write!(self.body, r#"<circle class="{class}" cx="{x}" cy="{y}" r="{r}"/>"#);
    }

    /// A line through points; it breaks where there is none.
    pub fn path(&mut self, class: &str, points: impl IntoIterator<Item = Option<[f64; 2]>>) {
        let (mut d, mut open) = (String::new(), false);
        for point in points {
            if let Some([x, y]) = point {
                let _ = write!(d, "{}{} {}", if open { 'L' } else { 'M' }, n(x), n(y));
            }
            open = point.is_some();
        }
        if !d.is_empty() {
            let _ = write!(self.body, r#"<path class="{class}" d="{d}"/>"#);
        }
    }

    /// A filled area inside points.
    pub fn area(&mut self, class: &str, points: impl IntoIterator<Item = [f64; 2]>) {
        let mut d = String::new();
        for [x, y] in points {
            let _ = write!(d, "{}{} {}", if d.is_empty() { 'M' } else { 'L' }, n(x), n(y));
        }
        if !d.is_empty() {
            let _ = write!(self.body, r#"<path class="{class}" d="{d}Z"/>"#);
        }
    }

    /// A text, escaped.
    pub fn text(&mut self, class: &str, at: [f64; 2], anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y) = (n(at[0]), n(at[1]));
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{}</text>"#,
            escape(text)
        );
    }

    /// Opens a group whose attributes, escaped already, a page's program reads.
    pub fn open(&mut self, attributes: &str) {
        let _ = write!(self.body, "<g {attributes}>");
    }

    /// Closes a group.
    pub fn close(&mut self) {
        self.body.push_str("</g>");
    }

    /// The elements alone.
    pub fn body(self) -> String {
        self.body
    }

    /// The whole drawing, named `label` for readers of the screen.
    pub fn finish(self, label: &str) -> String {
        let Self { width, height, body } = self;
        format!(
            r#"<svg class="picture" viewBox="0 0 {} {}" role="img" aria-label="{}">{body}</svg>"#,
            n(width),
            n(height),
            escape(label)
        )
    }
}

/// A place to a tenth of a unit.
fn n(x: f64) -> impl Display {
    (x * 10.0).round() / 10.0 + 0.0
}

/// `text` as it may stand in an element or an attribute of HTML or SVG.
///
/// Signs that would turn the direction of all that follows are taken out, others of no width and
/// of control become spaces.
///
/// ```
/// assert_eq!(fanin::report::pictures::escape("<b a=\"1\">"), "&lt;b a=&quot;1&quot;&gt;");
/// ```
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            sign if is_turn(sign) => {}
            '\n' | '\t' => escaped.push(sign),
            sign if sign.is_control() => escaped.push(' '),
            sign => escaped.push(sign),
        }
    }
    escaped
}

/// Whether a sign turns the direction of what follows it.
pub fn is_turn(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` cut to at most `most` characters, the last of which then says so.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).collect::<String>() + "…"
}
