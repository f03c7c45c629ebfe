//! `fanin init --verify`.

use std::path::Path;

use fanin::Result;
use fanin::check::Severity;
use fanin::init::Outline;
use fanin::report::{Json, terminal};

use crate::args::Common;
use crate::output::{self, Exit};

/// Tells which scheme made the weights in `file`; roles come from `model`, or from the file itself.
pub fn run(file: &Path, model: Option<&str>, common: &Common) -> Result<Exit> {
    let outline = model.map(Outline::read).transpose()?;
    let verification = fanin::verify(file, outline.as_ref(), common.seed)?;
    if common.json {
        output::json(&Json::new("verify", &verification));
    } else {
        output::text(&terminal::verify(&file.display().to_string(), &verification));
    }
    let fails = verification.severity() == Some(Severity::Fail);
    Ok(if fails { Exit::Findings } else { Exit::Done })
}
