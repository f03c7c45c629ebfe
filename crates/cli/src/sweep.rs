//! `fanin compare --sweep`: the same network from starts of many sizes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fanin::Result;
use fanin::compare::sweep::{self, ScaleOptions};
use fanin::formats::{Existing, check_target, write_whole};
use fanin::report::{Json, terminal};

use crate::args::Common;
use crate::output::{self, Exit};
use crate::progress::{SweepBar, interrupt};

/// A sweep instead of a comparison of schemes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sweep")]
pub struct SweepArgs {
    /// Steps to learn against the size of the starting weights, from 0 to 100, for one to three
    /// hidden layers, on a small problem of its own
    #[arg(long, value_name = "WHAT")]
    pub sweep: Option<What>,
    /// File for the sweep's table, .csv or .json
    #[arg(long, value_name = "FILE", default_value = "sweep-scale.csv", requires = "sweep")]
    output: PathBuf,
    /// Replace the file if it exists
    #[arg(long, requires = "sweep")]
    force: bool,
}

/// What is swept.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum What {
    /// The factor ε on weights of variance 1/d.
    Scale,
}

impl SweepArgs {
    /// Runs the sweep, prints its table and saves it.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let options = ScaleOptions::default();
        check_target(&self.output, existing)?;
        let interrupt = interrupt();
        let bar = SweepBar::new();
        let found = sweep::scale(&options, &bar, &interrupt)?;
        bar.clear();
        let json = Json::new("sweep", &found);
        let table = if is_json(&self.output) { format!("{json}\n") } else { found.to_csv() };
        write_whole(&self.output, Existing::Replace, |file| {
            std::io::Write::write_all(file, table.as_bytes())
        })?;
        if common.json {
            output::json(&json);
        } else {
            output::text(&terminal::sweep(&found));
            output::text(&format!("\nsaved as {}\n", self.output.display()));
        }
        Ok(if interrupt.requested() { Exit::Interrupted } else { Exit::Done })
    }
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}
