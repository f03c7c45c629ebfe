//! What suggested commands repeat of a command line beside its spec.

use std::path::{Path, PathBuf};

use fanin::Result;
use fanin::report::Asked;

use crate::args::{Common, is_spec, spec_of};

/// The spec's file, the options of every command, and `own`, those of one command.
pub fn asked(
    model: Option<&str>,
    common: &Common,
    own: Vec<(&'static str, Option<String>)>,
) -> Result<Asked> {
    let file = model.filter(|path| is_spec(Path::new(path)));
    let read = |path: &str| spec_of(Some(path)).map(|spec| (PathBuf::from(path), spec));
    let file = file.map(read).transpose()?;
    let mut options = own;
    options.extend(common.seed.map(|seed| ("seed", Some(seed.to_string()))));
    options.extend(common.threads.map(|threads| ("threads", Some(threads.to_string()))));
    Ok(Asked { file, options })
}

#[cfg(test)]
mod tests;
