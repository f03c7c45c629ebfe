//! The forms that a report is written in, by the ending of its file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::document::Report;
use super::pictures::standalone;
use super::{html, markdown, terminal};
use crate::error::{Error, Result};
use crate::formats::{Existing, write_whole};

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One page that needs no network.
    Html,
    /// Texts, tables and code.
    Markdown,
    /// All of it, as plain data.
    Json,
    /// Lines for a terminal.
    Text,
}

/// Endings with their forms.
const ENDINGS: [(&str, Form); 5] = [
    ("html", Form::Html),
    ("htm", Form::Html),
    ("md", Form::Markdown),
    ("json", Form::Json),
    ("txt", Form::Text),
];

/// Characters on a line of a text file.
const WIDTH: usize = 100;

impl Form {
    /// The form that a file's ending names.
    ///
    /// # Errors
    /// [`Error::Setting`] if it names none.
    ///
    /// ```
    /// use fanin::report::Form;
    /// assert_eq!(Form::of("report.md".as_ref())?, Form::Markdown);
    /// assert!(Form::of("report.doc".as_ref()).is_err());
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
        let form = ENDINGS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known));
        form.map(|(_, form)| *form).ok_or_else(|| Error::Setting {
            place: format!("report {}", path.display()),
            found: if ending.is_empty() { "no ending".to_owned() } else { format!(".{ending}") },
            expected: "one of .html, .md, .json, .txt".to_owned(),
        })
    }

    /// The report in this form.
    pub fn write(self, report: &Report) -> String {
        match self {
            Self::Html => html(report),
            Self::Markdown => markdown(report),
            Self::Json => report.to_json(),
            Self::Text => terminal::report(report, WIDTH),
        }
    }
}

/// Writes `report` in the form that the file's ending names, in place of an older one.
///
/// # Errors
/// As [`Form::of`] and [`write_whole`].
pub fn write(report: &Report, path: &Path) -> Result<()> {
    write_as(report, Form::of(path)?, path)
}

/// Writes `report` in one form, whatever the file's ending, in place of an older one.
///
/// # Errors
/// As [`write_whole`].
pub fn write_as(report: &Report, form: Form, path: &Path) -> Result<()> {
    let text = form.write(report);
    write_whole(path, Existing::Replace, |file| file.write_all(text.as_bytes()))
}

/// The report that [`write()`] wrote as JSON.
///
/// # Errors
/// [`Error::Io`], or as [`Report::from_json`].
pub fn read(path: &Path) -> Result<Report> {
    Report::from_json(&fs::read_to_string(path).map_err(Error::io("read", path))?)
}

/// A form of pictures that stand alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureForm {
    /// Lines and letters, sharp at any size.
    Svg,
    /// Pixels, four for a unit; behind the feature `png`.
    Png,
}

/// Writes every picture alone into `folder`, with light colors; the files, in order.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be made, or as [`write_whole`]; for PNG [`Error::Setting`] if
/// this build or machine cannot draw letters.
pub fn write_pictures(report: &Report, form: PictureForm, folder: &Path) -> Result<Vec<PathBuf>> {
    let draw = painter(form)?;
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut files = Vec::new();
    for (name, drawing) in drawings(report) {
        let (ending, bytes) = match &draw {
            Some(draw) => ("png", draw(&drawing)?),
            None => ("svg", drawing.into_bytes()),
        };
        let path = folder.join(format!("{name}.{ending}"));
        write_whole(&path, Existing::Replace, |file| file.write_all(&bytes))?;
        files.push(path);
    }
    Ok(files)
}

/// Makes pixels of a drawing.
type Painter = Box<dyn Fn(&str) -> Result<Vec<u8>>>;

/// What makes pixels of drawings; none where they stay as they are.
fn painter(form: PictureForm) -> Result<Option<Painter>> {
    if form == PictureForm::Svg {
        return Ok(None);
    }
    #[cfg(feature = "png")]
    {
        let painter = super::png::Painter::new()?;
        Ok(Some(Box::new(move |drawing| painter.png(drawing))))
    }
    #[cfg(not(feature = "png"))]
    Err(Error::Setting {
        place: "pictures as png".to_owned(),
        found: "a build without the feature `png`".to_owned(),
        expected: "one with it (cargo install --path crates/cli --features png), or pictures as \
                   svg"
        .to_owned(),
    })
}

/// Every picture as a drawing of its own, with the name of its file.
fn drawings(report: &Report) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for section in &report.sections {
        let figures = section.blocks.iter().filter_map(|block| match block {
            super::document::Block::Figure(figure) => Some(figure),
            _ => None,
        });
        for (number, figure) in figures.enumerate() {
            for (index, frame) in figure.frames.iter().enumerate() {
                let title = match settings(figure, index).as_str() {
                    "" => figure.title.clone(),
                    setting => format!("{}: {setting}", figure.title),
                };
                let (section, part) = (file_name(&section.id), number + 1);
                let name = format!("{section}-{part}-{:03}", index + 1);
                found.push((name, standalone(&frame.picture, &title)));
            }
        }
    }
    found
}

/// What the controls of a figure say at one of its frames.
fn settings(figure: &super::document::Figure, frame: usize) -> String {
    let mut rest = frame;
    let mut values: Vec<&str> = Vec::new();
    for control in figure.controls.iter().rev() {
        values.push(&control.values[rest % control.values.len()]);
        rest /= control.values.len();
    }
    values.reverse();
    values.join(", ")
}

/// The letters, digits and hyphens of a name that may come from anywhere.
fn file_name(id: &str) -> String {
    let name: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if name.is_empty() { "picture".to_owned() } else { name.chars().take(64).collect() }
}
