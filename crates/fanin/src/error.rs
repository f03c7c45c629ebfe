//! What a caller can get wrong: the place, what was found, what was expected, what to do.

mod nearest;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use nearest::nearest;

/// The result of a fanin call.
pub type Result<T> = std::result::Result<T, Error>;

/// A caller's mistake or a failure of the machine; a sick network is a finding, never an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read or write.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `read`, `write`, `create`, …
        action: &'static str,
        /// The system's own reason.
        source: io::Error,
    },
    /// A text that does not follow its grammar; shown with a caret under the place.
    #[error("{}", CaretMessage { what, text, start: *start, end: *end, expected })]
    Grammar {
        /// What kind of text it is: `model`, `scheme`, …
        what: &'static str,
        /// The whole text, on one line.
        text: String,
        /// The byte at which the mistake begins.
        start: usize,
        /// The byte after which it ends.
        end: usize,
        /// What is wrong and what was expected.
        expected: String,
    },
    /// A name that nothing in a registry has.
    #[error("{}", UnknownMessage { kind, name, nearest: nearest.as_deref(), known })]
    Unknown {
        /// What it should name: `scheme`, `activation`, `column`, …
        kind: &'static str,
        /// The name as given.
        name: String,
        /// The known name nearest to it, if one is near.
        nearest: Option<String>,
        /// Every known name.
        known: Vec<String>,
    },
    /// A setting whose value cannot be used.
    #[error("{place}: found {found}, expected {expected}")]
    Setting {
        /// The option, key or call.
        place: String,
        /// The value as given.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A file whose contents are not what its format promises.
    #[error("{}: {place}: found {found}, expected {expected}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in it: `byte 12`, `row 3, column "age"`, …
        place: String,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// A mistake inside a file, with the place in it.
    #[error("{place}: {mistake}")]
    Within {
        /// The file and the line: `fanin.toml, line 3`.
        place: String,
        /// What is wrong there.
        mistake: Box<Error>,
    },
    /// Nodes of a model whose operators are not read.
    #[error(
        "operators that fanin does not read: {nodes}; `fanin run --output-name NAME` leaves out what an earlier \
         value does not need, and `fanin help export` shows other ways to export a model"
    )]
    Unsupported {
        /// Each node with its operator and the module that it comes from.
        nodes: String,
    },
    /// A disk without room for what is to be written.
    #[error("{} needs {needed}, {free}; {remedy}", path.display())]
    NoSpace {
        /// The file to be written.
        path: PathBuf,
        /// What it takes: `14.0 GB`.
        needed: String,
        /// What the disk still has: `3.2 GB are free`.
        free: String,
        /// What can be done.
        remedy: &'static str,
    },
    /// Work that does not fit into the time that is left for it.
    #[error(
        "{work} would take about {needed:.0} s, and {left:.0} s are left; asked for by name, {name} takes \
         the time it needs"
    )]
    TooDear {
        /// What would do the work.
        name: &'static str,
        /// What would be done.
        work: String,
        /// Seconds that it would take.
        needed: f64,
        /// Seconds that are left.
        left: f64,
    },
    /// A wish to stop, which was followed.
    #[error("stopped before the end; nothing is left of it")]
    Interrupted,
    /// An output that exists already.
    #[error("{} exists already; use another name, or --force to replace it", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// A run that exists already.
    #[error(
        "{} exists already; use another name, --resume to continue it, or --force to replace it",
        path.display()
    )]
    RunExists {
        /// The run's folder.
        path: PathBuf,
    },
    /// A mistake found by the engine: shapes that do not fit, sizes that no machine holds.
    #[error(transparent)]
    Engine(#[from] fanin_engine::Error),
}

impl Error {
    /// An [`Error::Io`] for `path`, ready for `map_err`.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }

    /// How to go on where that can be seen: of a file that is not there, the folder that was searched
    /// and the name in it that is nearest; of one that may not grow, who sets the limit.
    pub fn hint(&self) -> Option<String> {
        let (path, source) = match self {
            Self::Io { path, source, .. } => (path, source),
            Self::Within { mistake, .. } => return mistake.hint(),
            _ => return None,
        };
        if source.kind() == io::ErrorKind::FileTooLarge {
            return Some("`ulimit -f` shows and sets how large a file may grow".to_owned());
        }
        if source.kind() != io::ErrorKind::NotFound || path.exists() {
            return None;
        }
        let parent = |path: &Path| match path.parent()? {
            parent if parent.as_os_str().is_empty() => Some(PathBuf::from(".")),
            parent => Some(parent.to_owned()),
        };
        let mut missing = path.clone();
        let mut folder = parent(path)?;
        while !folder.exists() {
            missing = folder;
            folder = parent(&missing)?;
        }
        let name = missing.file_name()?.to_string_lossy().into_owned();
        // A folder on the way is no file.
        let fits = |entry: &std::fs::DirEntry| missing == *path || entry.path().is_dir();
        let names = folder.read_dir().ok()?.flatten().filter(fits);
        let names: Vec<String> =
            names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        let near = nearest::nearest_file(&name, &names);
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let folder = folder.canonicalize().unwrap_or(folder);
        Some(format!("there is no `{name}` in {}{near}", folder.display()))
    }

    /// An [`Error::Malformed`] at `place` of the file `path`.
    pub fn malformed(
        path: &Path,
        place: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            place: place.into(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    /// An [`Error::Unknown`] that suggests the nearest of the known names.
    pub fn unknown(kind: &'static str, name: &str, known: &[impl AsRef<str>]) -> Self {
        Self::unknown_besides(kind, name, known, &[])
    }

    /// The same where `others` are names, too, and may be suggested, but are not listed.
    pub(crate) fn unknown_besides(
        kind: &'static str,
        name: &str,
        known: &[impl AsRef<str>],
        others: &[&str],
    ) -> Self {
        let known: Vec<String> = known.iter().map(|k| k.as_ref().to_owned()).collect();
        let others = others.iter().map(|&other| other.to_owned());
        let all: Vec<String> = known.iter().cloned().chain(others).collect();
        Self::Unknown { kind, name: name.to_owned(), nearest: nearest(name, &all), known }
    }
}

struct CaretMessage<'a> {
    what: &'a str,
    text: &'a str,
    start: usize,
    end: usize,
    expected: &'a str,
}

impl fmt::Display for CaretMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = |bytes: usize| self.text[..bytes].chars().count();
        let (start, end) = (columns(self.start), columns(self.end));
        writeln!(f, "cannot read the {}: {}", self.what, self.expected)?;
        writeln!(f, "  {}", self.text)?;
        write!(f, "  {}{}", " ".repeat(start), "^".repeat((end - start).max(1)))
    }
}

struct UnknownMessage<'a> {
    kind: &'a str,
    name: &'a str,
    nearest: Option<&'a str>,
    known: &'a [String],
}

impl fmt::Display for UnknownMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`", self.kind, self.name)?;
        match self.nearest {
            // A suggestion drowns in seventy names.
            Some(nearest) if self.kind == "scheme" => {
                return write!(f, "; did you mean `{nearest}`? `fanin schemes` lists all");
            }
            Some(nearest) => write!(f, "; did you mean `{nearest}`?")?,
            None => write!(f, ";")?,
        }
        write!(f, " known: {}", self.known.join(", "))
    }
}
