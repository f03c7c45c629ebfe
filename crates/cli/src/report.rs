//! `fanin report`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fanin::Result;
use fanin::report::{self, Form, Json, PictureForm};
use fanin::train::RunFolder;
use serde_json::json;

use crate::args::Common;
use crate::output::{self, Exit};
use crate::report_args::{command_line, open};

/// Write the report of a run, or a saved report in another form
///
/// A page opens offline, prints, and is complete without scripts. `--format svg` or `png`
/// writes every picture alone, with light colors, for a paper.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin report first --open                          # the run in runs/first as a page
  fanin check --report start.json; fanin report start.json --format markdown
  fanin report start.json --format svg --output pictures")]
pub struct Report {
    /// Name or folder of a run, or a report that was saved as .json
    run: PathBuf,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    /// What to write
    #[arg(long, value_name = "FORM", default_value = "html")]
    format: Format,
    /// File, or folder for svg and png; what is there is replaced [default: for html report.html in
    /// the run's folder or beside the saved report, for svg and png a folder pictures there; else the
    /// terminal]
    #[arg(long, short, alias = "report", value_name = "PATH")]
    output: Option<PathBuf>,
    /// Show what was written in the system's program for it
    #[arg(long)]
    open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One page that needs no network
    Html,
    /// Texts, tables and code
    Markdown,
    /// All of it, as docs/schema/report.json says
    Json,
    /// Lines for a terminal
    Text,
    /// Every picture alone
    Svg,
    /// The same in pixels; needs a build with the feature `png`, and a font on this machine
    Png,
}

impl Report {
    /// Reads, and writes in the form asked for.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let is_saved = self.run.extension().is_some_and(|ending| ending == "json");
        let (report, folder) = if is_saved {
            let folder = self.run.parent().unwrap_or(Path::new("")).to_owned();
            (report::read(&self.run)?, folder)
        } else {
            let run = self.run_folder()?;
            (fanin::report_run(&run, None, &command_line())?, run.path().to_owned())
        };
        let form = match self.format {
            Format::Svg | Format::Png => {
                let form = match self.format {
                    Format::Png => PictureForm::Png,
                    _ => PictureForm::Svg,
                };
                let folder = self.output.clone().unwrap_or_else(|| folder.join("pictures"));
                let files = report::write_pictures(&report, form, &folder)?;
                let told = format!("{} pictures in {}\n", files.len(), folder.display());
                self.finish(&files, &told, &folder, common);
                return Ok(Exit::Done);
            }
            Format::Html => Form::Html,
            Format::Markdown => Form::Markdown,
            Format::Json => Form::Json,
            Format::Text => Form::Text,
        };
        let page = (form == Form::Html).then(|| folder.join("report.html"));
        match self.output.clone().or(page) {
            Some(path) => {
                report::write_as(&report, form, &path)?;
                let told = format!("report: {}\n", path.display());
                self.finish(std::slice::from_ref(&path), &told, &path, common);
            }
            None if common.json => output::text(&report.to_json()),
            None => output::text(&form.write(&report)),
        }
        Ok(Exit::Done)
    }

    /// Tells what was written, and shows it if that was asked for.
    fn finish(&self, files: &[PathBuf], told: &str, shown: &Path, common: &Common) {
        if common.json {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            output::json(&Json::new("written", &json!({ "files": files })));
        } else {
            output::text(told);
        }
        if self.open {
            open(shown);
        }
    }

    fn run_folder(&self) -> Result<RunFolder> {
        if self.run.is_dir() {
            return RunFolder::at(&self.run);
        }
        RunFolder::open(&self.runs, &self.run.to_string_lossy())
    }
}
