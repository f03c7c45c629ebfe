//! What suggested commands repeat of a command line beside its spec.

use std::path::{Path, PathBuf};

use fanin::report::Asked;
use fanin::spec::Spec;

use crate::args::{Common, is_spec};

/// The spec's file with what was `read` from it, the options of every command, and `own`, those of
/// one command.
pub fn asked(
    model: Option<&str>,
    read: Spec,
    common: &Common,
    own: Vec<(&'static str, Option<String>)>,
) -> Asked {
    let file = model.filter(|path| is_spec(Path::new(path)));
    let file = file.map(|path| (PathBuf::from(path), read));
    let mut options = own;
    options.extend(common.seed.map(|seed| ("seed", Some(seed.to_string()))));
    options.extend(common.threads.map(|threads| ("threads", Some(threads.to_string()))));
    Asked { file, options }
}

#[cfg(test)]
mod tests;
