//! `fanin explain`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use fanin::Result;
use fanin::explain::{self, Laboratory, Size, TOPICS};
use fanin::report::{self, Json, terminal};
use serde_json::json;

use crate::args::Common;
use crate::output::{self, Exit};
use crate::progress::{SweepBar, interrupt_saying};
use crate::report_args::{ReportArgs, command_line};

/// Answer a newcomer's question by training small networks on the spot
///
/// Why not exactly zero, how near, why depth and the number of inputs matter, and the data too:
/// a few sentences with the numbers just measured.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin explain                    # the questions
  fanin explain zero               # why not exactly zero
  fanin explain scale --report scale.html --open
  fanin explain scale --seed 7     # how near, from other draws")]
pub struct Explain {
    /// What to explain; without it, the questions are listed
    #[arg(value_parser = PossibleValuesParser::new(explain::names()))]
    topic: Option<String>,
    /// Train a few networks only, for about a second
    #[arg(long, requires = "topic")]
    quick: bool,
    #[command(flatten)]
    report: ReportArgs,
}

impl Explain {
    /// Lists the topics, or answers one.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let Some(topic) = &self.topic else {
            return self.list(common);
        };
        let topic = explain::find(topic)?;
        self.report.check()?;
        let (bar, interrupt) = (SweepBar::new(), interrupt_saying("stopping"));
        let lesson = topic.lesson(&Laboratory {
            size: if self.quick { Size::Small } else { Size::Whole },
            seed: common.seed.unwrap_or(0),
            observer: &bar,
            interrupt: &interrupt,
        });
        bar.clear();
        drop(interrupt);
        let lesson = lesson?;
        self.report.write(|| Ok(report::lesson(&lesson, &command_line())))?;
        if common.json {
            output::json(&Json::new("explain", &lesson));
        } else {
            output::text(&terminal::lesson(&lesson, output::width()));
        }
        Ok(Exit::Done)
    }

    fn list(&self, common: &Common) -> Result<Exit> {
        if self.report.report.is_some() {
            return Err(fanin::Error::Setting {
                place: "--report".to_owned(),
                found: "no topic".to_owned(),
                expected: format!("one of {}", explain::names().join(", ")),
            });
        }
        if common.json {
            let topic = |topic: &&dyn explain::Topic| json!({ "topic": topic.name(), "question": topic.question() });
            let topics: Vec<_> = TOPICS.iter().map(topic).collect();
            output::json(&Json::new("topics", &topics));
        } else {
            output::text(&terminal::topics());
        }
        Ok(Exit::Done)
    }
}
