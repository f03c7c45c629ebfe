//! Where a command's report goes, and the program that shows it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use fanin::Result;
use fanin::report::{self, Form, Report};

use crate::signals::ending_with;

/// Arguments of commands that can end in a report.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// Write a report with pictures: .html opens offline and prints; .md, .json or .txt. A report
    /// can be made again, so a file of that name is replaced
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Show the report in the system's program for it
    #[arg(long, requires = "report")]
    pub open: bool,
}

impl ReportArgs {
    /// Refuses a file that no report could be written to, before any long computation.
    pub fn check(&self) -> Result<()> {
        match &self.report {
            Some(path) => {
                Form::of(path)?;
                fanin::formats::check_target(path, fanin::formats::Existing::Replace)
            }
            None => Ok(()),
        }
    }

    /// Writes what `make` gives, if it was asked for, and says where.
    pub fn write(&self, make: impl FnOnce() -> Result<Report>) -> Result<()> {
        let Some(path) = &self.report else { return Ok(()) };
        let told = ending_with("stopped; the report is not written");
        report::write(&make()?, path)?;
        drop(told);
        eprintln!("report: {}", path.display());
        if self.open {
            open(path);
        }
        Ok(())
    }
}

/// Shows a file in the system's program for it; a system without one is told, and no error.
pub fn open(path: &Path) {
    let (program, arguments): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        eprintln!("warning: {program} cannot open {} ({error})", path.display());
    }
}

/// The command as it was given, for the page that it makes; a shell reads it as it was meant.
pub fn command_line() -> String {
    let quoted = |argument: std::ffi::OsString| report::quoted(&argument.to_string_lossy());
    let arguments = std::env::args_os().skip(1).map(quoted);
    std::iter::once("fanin".to_owned()).chain(arguments).collect::<Vec<String>>().join(" ")
}
