//! What the program prints and the code it ends with.

use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Healthy, or done.
    Done,
    /// Findings at or above the severity asked for.
    Findings,
    /// An error.
    Error,
    /// Stopped by Ctrl-C, or by a request to end.
    Interrupted,
}

impl Exit {
    /// The code that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Findings => 1,
            Self::Error => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Prints text; a reader that went away (`| head`) ends the program quietly.
pub fn text(text: &str) {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprintln!("error: cannot write to standard output: {error}");
            std::process::exit(2);
        }
        Ok(()) => {}
    }
}

/// Characters on a line of the terminal; plenty where there is none.
pub fn width() -> usize {
    const PLENTY: usize = 132;
    terminal_size::terminal_size().map_or(PLENTY, |(width, _)| usize::from(width.0))
}

/// Prints a value of JSON on lines of its own.
pub fn json(value: &fanin::report::Json) {
    text(&format!("{value}\n"));
}

/// Tells what was decided, beside the results.
pub fn note(note: &str) {
    eprintln!("note: {note}");
}

/// Prints an error with its causes, once.
pub fn error(error: &fanin::Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        eprintln!("  because: {inner}");
        cause = inner.source();
    }
    if let Some(hint) = error.hint() {
        eprintln!("  {hint}");
    }
}
