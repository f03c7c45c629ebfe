//! `fanin schemes`.

use clap::Args;
use fanin::Result;
use fanin::init::{self, SCHEMES};
use fanin::report::{Json, terminal};

use crate::args::{Common, SchemeParser};
use crate::output::{self, Exit};

/// List the schemes: formula, paper, when to use, when not
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin schemes
  fanin schemes he-normal")]
pub struct Schemes {
    /// Tell all that is known of one scheme
    #[arg(value_parser = SchemeParser, hide_possible_values = true)]
    name: Option<String>,
}

impl Schemes {
    /// Lists all, or tells of one.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let text = match &self.name {
            Some(name) => {
                let facts = init::facts(name)?;
                if common.json {
                    output::json(&Json::new("scheme", facts));
                    return Ok(Exit::Done);
                }
                terminal::scheme(facts)
            }
            None if common.json => {
                let facts: Vec<_> = SCHEMES.iter().map(|scheme| scheme.facts()).collect();
                output::json(&Json::new("schemes", &facts));
                return Ok(Exit::Done);
            }
            None => terminal::schemes(),
        };
        output::text(&text);
        Ok(Exit::Done)
    }
}
