//! A report as plain data: sections of texts, numbers, tables and pictures, complete without any
//! page. Terminal, Markdown and HTML are writers of it; `docs/schema/report.json` describes it.

use serde::{Deserialize, Serialize};

use super::pictures::Picture;
use crate::error::{Error, Result};

/// The name and version of the form.
pub const SCHEMA: &str = "fanin.report/1";

/// A report as plain data.
///
/// ```
/// use fanin::report::document::{Block, Report, Section};
/// let mut report = Report::new("Two layers");
/// report.sections.push(Section::new("loss", "Loss", "It falls.").with(Block::text("By half.")));
/// let again = Report::from_json(&report.to_json())?;
/// assert_eq!(again, report);
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name and version of this form.
    pub schema: String,
    /// Version of fanin that made it.
    pub version: String,
    /// What it is about.
    pub title: String,
    /// The same in a sentence; may be empty.
    pub subtitle: String,
    /// The command that made it; may be empty.
    pub command: String,
    /// The conclusion; none where nothing was judged.
    pub verdict: Option<Strip>,
    /// The rest, in reading order.
    pub sections: Vec<Section>,
}

/// What the strip at the head answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// These weights will learn, or did.
    Yes,
    /// They will not, or did not.
    No,
    /// No word is likely enough.
    Unsure,
}

/// The conclusion at the head of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strip {
    /// What was asked.
    pub question: String,
    /// The answer.
    pub answer: Answer,
    /// The answer as it is shown: a word or two.
    pub word: String,
    /// One sentence why.
    pub why: String,
    /// How sure that is.
    pub sure: String,
    /// What the command does; empty where there is none.
    pub fix: String,
    /// The command that mends it; empty where there is none.
    pub command: String,
}

/// One part of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Name within the report, of letters, digits and hyphens.
    pub id: String,
    /// Heading.
    pub title: String,
    /// What is to be seen here, in a sentence or two.
    pub lead: String,
    /// Content in reading order.
    pub blocks: Vec<Block>,
}

/// One piece of a section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "kebab-case")]
pub enum Block {
    /// A heading below that of the section.
    Heading {
        /// Its text.
        text: String,
    },
    /// A paragraph.
    Text {
        /// Its text.
        text: String,
    },
    /// A few numbers with their names.
    Facts {
        /// The numbers.
        facts: Vec<Fact>,
    },
    /// A table.
    Table(Table),
    /// Something that is wrong.
    Finding(Card),
    /// A picture with its controls.
    Figure(Figure),
    /// A program text or command.
    Code {
        /// Its language, as in Markdown.
        language: String,
        /// The text.
        source: String,
    },
}

/// A number with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// The number as it is shown.
    pub value: String,
}

/// A table of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Names of the columns.
    pub head: Vec<String>,
    /// Rows with one text for each column; the first one names the row.
    pub rows: Vec<Vec<String>>,
}

/// Something that is wrong, with its reason and its remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// `fail`, `warn` or `note`.
    pub severity: String,
    /// In a few words.
    pub title: String,
    /// The module where it shows first; may be empty.
    pub place: String,
    /// What is wrong and why it harms.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// The same as a command; may be empty.
    pub command: String,
    /// When to ignore it; may be empty.
    pub ignore: String,
}

/// A picture, or several of which controls choose one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What is shown.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// What chooses a frame; none with one frame.
    pub controls: Vec<Control>,
    /// One picture for each combination of the controls' values, the last control's fastest.
    pub frames: Vec<Frame>,
}

/// How a control is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ControlKind {
    /// One of a few words.
    Choice,
    /// A place on a line.
    Slider,
}

/// What chooses among the frames of a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// What is chosen.
    pub name: String,
    /// How it is set.
    pub kind: ControlKind,
    /// Its values as they are shown.
    pub values: Vec<String>,
    /// Position of the value shown first.
    pub shown: usize,
}

/// One picture with the numbers that belong to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The picture.
    pub picture: Picture,
    /// Numbers beside it.
    pub facts: Vec<Fact>,
}

impl Report {
    /// An empty report about `title`.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            title: title.into(),
            subtitle: String::new(),
            command: String::new(),
            verdict: None,
            sections: Vec::new(),
        }
    }

    /// The report as one object of JSON.
    ///
    /// # Panics
    /// Never: a report is plain data.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a report is plain data") + "\n"
    }

    /// The report that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`Error::Setting`] if the text is no report, is one of another form, or a figure has not
    /// as many frames as its controls choose from.
    pub fn from_json(text: &str) -> Result<Self> {
        let wrong = |found: String| Error::Setting {
            place: "report".to_owned(),
            found,
            expected: format!("an object of the form {SCHEMA}, as `--report FILE.json` writes it"),
        };
        let report: Self = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if report.schema != SCHEMA {
            return Err(wrong(format!("the form {}", report.schema)));
        }
        if let Some(figure) = report.figures().find(|figure| !figure.is_whole()) {
            return Err(wrong(format!(
                "{} frames in the figure \"{}\", and not one for each setting of its controls",
                figure.frames.len(),
                figure.title
            )));
        }
        Ok(report)
    }

    /// All figures in reading order.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }
}

impl Section {
    /// A section without content.
    pub fn new(id: &str, title: &str, lead: impl Into<String>) -> Self {
        Self { id: id.to_owned(), title: title.to_owned(), lead: lead.into(), blocks: Vec::new() }
    }

    /// The same with one more piece.
    #[must_use]
    pub fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

impl Block {
    /// A paragraph.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// A heading below that of the section.
    pub fn heading(text: impl Into<String>) -> Self {
        Self::Heading { text: text.into() }
    }
}

impl Fact {
    /// A number with its name.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

impl Control {
    /// One of a few words; the one at `shown` is shown first.
    pub fn choice(name: &str, values: Vec<String>, shown: usize) -> Self {
        Self { name: name.to_owned(), kind: ControlKind::Choice, values, shown }
    }

    /// A place on a line; the one at `shown` is shown first.
    pub fn slider(name: &str, values: Vec<String>, shown: usize) -> Self {
        Self { name: name.to_owned(), kind: ControlKind::Slider, values, shown }
    }
}

impl Figure {
    /// One picture without controls.
    pub fn of(title: &str, caption: &str, picture: Picture) -> Self {
        let frames = vec![Frame { picture, facts: Vec::new() }];
        Self { title: title.to_owned(), caption: caption.to_owned(), controls: Vec::new(), frames }
    }

    /// Whether it has a frame for each setting of its controls, and its first setting exists.
    pub fn is_whole(&self) -> bool {
        let settings: usize = self.controls.iter().map(|control| control.values.len()).product();
        let exist = self.controls.iter().all(|control| control.shown < control.values.len());
        settings == self.frames.len() && exist
    }

    /// The position of the frame that is shown first.
    pub fn first(&self) -> usize {
        self.controls.iter().fold(0, |index, c| index * c.values.len() + c.shown)
    }

    /// The frame that is shown first.
    ///
    /// # Panics
    /// If the figure is not [whole](Self::is_whole).
    pub fn shown(&self) -> &Frame {
        &self.frames[self.first()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_form_and_a_broken_figure_are_refused_with_their_reason() {
        let mut report = Report::new("x");
        report.schema = "fanin.report/9".to_owned();
        let error = Report::from_json(&report.to_json()).unwrap_err().to_string();
        assert!(error.contains("fanin.report/9"), "{error}");
        let figure = Figure {
            title: "clouds".to_owned(),
            caption: String::new(),
            controls: vec![Control::slider("layer", vec!["1".to_owned()], 0)],
            frames: Vec::new(),
        };
        let mut report = Report::new("x");
        report.sections.push(Section::new("a", "A", "").with(Block::Figure(figure)));
        let error = Report::from_json(&report.to_json()).unwrap_err().to_string();
        assert!(error.contains("0 frames in the figure \"clouds\""), "{error}");
        assert!(Report::from_json("[1").is_err());
    }
}
