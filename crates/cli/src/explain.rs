//! `fanin explain`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use fanin::Result;
use fanin::explain::{self, Laboratory, Size, TOPICS};
use fanin::report::{Json, terminal};
use serde_json::json;

use crate::args::Common;
use crate::output::{self, Exit};
use crate::progress::{SweepBar, interrupt_saying};

/// Answer a newcomer's question by training small networks on the spot
///
/// Why not exactly zero, how near, why depth and the number of inputs matter, and the data too:
/// a few sentences with the numbers just measured.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin explain                    the questions
  fanin explain zero               why not exactly zero
  fanin explain scale --seed 7     how near, from other draws")]
pub struct Explain {
    /// What to explain; without it, the questions are listed
    #[arg(value_parser = PossibleValuesParser::new(explain::names()))]
    topic: Option<String>,
    /// Train a few networks only, for about a second
    #[arg(long, requires = "topic")]
    quick: bool,
}

impl Explain {
    /// Lists the topics, or answers one.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let Some(topic) = &self.topic else {
            Self::list(common);
            return Ok(Exit::Done);
        };
        let topic = explain::find(topic)?;
        let (bar, interrupt) = (SweepBar::new(), interrupt_saying("stopping"));
        let lesson = topic.lesson(&Laboratory {
            size: if self.quick { Size::Small } else { Size::Whole },
            seed: common.seed.unwrap_or(0),
            observer: &bar,
            interrupt: &interrupt,
        });
        bar.clear();
        let lesson = lesson?;
        if common.json {
            output::json(&Json::new("explain", &lesson));
        } else {
            output::text(&terminal::lesson(&lesson, output::width()));
        }
        Ok(Exit::Done)
    }

    fn list(common: &Common) {
        if common.json {
            let topic = |topic: &&dyn explain::Topic| json!({ "topic": topic.name(), "question": topic.question() });
            let topics: Vec<_> = TOPICS.iter().map(topic).collect();
            output::json(&Json::new("topics", &topics));
        } else {
            output::text(&terminal::topics());
        }
    }
}
