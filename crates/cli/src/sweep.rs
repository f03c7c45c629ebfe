//! `fanin compare --sweep`: the same network from starts of many sizes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fanin::Result;
use fanin::compare::sweep::{self, ScaleOptions};
use fanin::formats::{Existing, check_target, write_whole};
use fanin::report::{self, Json, Material, terminal};

use crate::args::Common;
use crate::output::{self, Exit};
use crate::progress::{SweepBar, interrupt};
use crate::report_args::{ReportArgs, command_line};

/// A sweep instead of a comparison of schemes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sweep")]
pub struct SweepArgs {
    /// Steps to learn against the size of the starting weights, from 0 to 100, for one to three
    /// hidden layers, on a small problem of its own
    #[arg(long, value_name = "WHAT", conflicts_with_all = ["model", "depths", "width", "activation", "schemes", "seeds", "TensorBoardArgs", "DataArgs", "TrainArgs"])]
    pub sweep: Option<What>,
    /// File for the sweep's table, .csv or .json [default: sweep-scale.csv, or with a number]
    #[arg(long, value_name = "FILE", requires = "sweep")]
    output: Option<PathBuf>,
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
    pub fn run(&self, common: &Common, report: &ReportArgs) -> Result<Exit> {
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let options = ScaleOptions::default();
        let output = self.output.clone().unwrap_or_else(free_name);
        check_target(&output, existing)?;
        report.check()?;
        let interrupt = interrupt();
        let bar = SweepBar::new();
        let found = sweep::scale(&options, &bar, &interrupt)?;
        let is_interrupted = interrupt.requested();
        drop(interrupt);
        bar.clear();
        let json = Json::new("sweep", &found);
        let table = if is_json(&output) { format!("{json}\n") } else { found.to_csv() };
        write_whole(&output, Existing::Replace, |file| {
            std::io::Write::write_all(file, table.as_bytes())
        })?;
        if common.json {
            output::json(&json);
        } else {
            output::text(&terminal::sweep(&found));
            output::text(&format!("\nsaved as {}\n", output.display()));
        }
        report.write(|| {
            Ok(report::report(&Material {
                title: "Steps to learn against the size of the weights".to_owned(),
                subtitle: format!(
                    "{} sizes, {} depths",
                    options.scales.len(),
                    options.depths.len()
                ),
                command: command_line(),
                sweep: Some(&found),
                ..Material::default()
            }))
        })?;
        Ok(if is_interrupted { Exit::Interrupted } else { Exit::Done })
    }
}

/// The first of sweep-scale.csv, sweep-scale-2.csv, … that is free.
fn free_name() -> PathBuf {
    let numbered = (2_u64..).map(|n| PathBuf::from(format!("sweep-scale-{n}.csv")));
    let mut names = std::iter::once(PathBuf::from("sweep-scale.csv")).chain(numbered);
    names.find(|name| !name.exists()).expect("some number is free")
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}
