//! The `fanin` command: arguments in, one façade call, output.
#![forbid(unsafe_code)]

mod args;
mod asked;
mod output;
mod signals;
mod progress;
mod report_args;
mod tensorboard;

mod welcome;
mod compare;
mod run;
mod sweep;
mod explain;
mod check;
mod fix;
mod init;
mod train;
mod data;
mod model;
mod export;
mod schemes;
mod theory;
mod report;
mod completions;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::args::Common;
use crate::output::Exit;

/// Starting weights from which neural networks can learn.
///
/// fanin initializes a network by any published scheme, checks the weights before the first
/// training step, says in plain words what is wrong, and proves it by training.
///
/// Start with `fanin compare`: one network, nine starting points, backpropagation on real data.
#[derive(Debug, Parser)]
#[command(name = "fanin", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compare(compare::Compare),
    Explain(explain::Explain),
    Check(check::Check),
    Fix(fix::Fix),
    Init(init::Init),
    Train(train::Train),
    Run(run::Run),
    Data(data::Data),
    Model(model::Model),
    #[command(hide = true)]
    Export(export::Export),
    Schemes(schemes::Schemes),
    Theory(theory::Theory),
    Report(report::Report),
    Completions(completions::Completions),
}

fn main() -> ExitCode {
    let Cli { command, common } = Cli::parse();
    let Some(command) = command else { return welcome::welcome(&common).into() };
    signals::listen();
    let run = || match &command {
        Command::Compare(compare) => compare.run(&common),
        Command::Explain(explain) => explain.run(&common),
        Command::Check(check) => check.run(&common),
        Command::Fix(fix) => fix.run(&common),
        Command::Init(init) => init.run(&common),
        Command::Train(train) => train.run(&common),
        Command::Run(run) => run.run(&common),
        Command::Data(data) => data.run(&common),
        Command::Model(model) => model.run(&common),
        Command::Export(_) => Ok(export::Export::run()),
        Command::Schemes(schemes) => schemes.run(&common),
        Command::Theory(theory) => theory.run(&common),
        Command::Report(report) => report.run(&common),
        Command::Completions(completions) => Ok(completions.run()),
    };
    match fanin::with_threads(common.threads.map(usize::from), run).and_then(|result| result) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::error(&error);
            match error {
                fanin::Error::Interrupted => Exit::Interrupted.into(),
                _ => Exit::Error.into(),
            }
        }
    }
}
