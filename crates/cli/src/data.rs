//! `fanin data`.

use clap::Args;
use fanin::Result;
use fanin::report::{Json, terminal};
use fanin::spec::{Missing, Spec};

use crate::args::{Common, DataArgs};
use crate::output::{self, Exit};

/// Show what is in a data set
///
/// Rows, features, means, deviations, constant columns, values that are no numbers, class
/// balance, and what stands in the way of training, in plain words.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin data                          # the embedded digits
  fanin data table.csv --target price
  fanin data fashion-mnist")]
pub struct Data {
    /// Name, file or folder [default: digits]
    source: Option<String>,
    #[command(flatten)]
    rows: DataArgs,
}

impl Data {
    /// Describes the data as they are, before any scaling.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let mut spec = Spec::default();
        spec.data.missing = Missing::Keep;
        self.rows.apply(&mut spec)?;
        if let Some(source) = &self.source {
            spec.data.source.clone_from(source);
        }
        let loaded = fanin::data::load(&spec.data.source, &fanin::data::load_options(&spec))?;
        let description = fanin::data::describe(&loaded.train);
        if common.json {
            output::json(&Json::new("data", &description));
        } else {
            output::text(&terminal::describe(&loaded, &description));
        }
        Ok(Exit::Done)
    }
}
