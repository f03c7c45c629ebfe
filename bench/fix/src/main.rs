//! Are the starts that fanin recommends better than what people use?
//!
//! ```text
//! networks × starts ─► train (best of a few learning rates) ─► results.jsonl ─► publish ─► docs/fix.md
//! ```
#![forbid(unsafe_code)]

mod draft;
mod nets;
mod tasks;
mod networks;
mod starts;
mod record;
mod train;
mod score;
mod closer;
mod measured;
mod foresee;
mod publish;

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use networks::Network;
use train::Wish;

/// What theory foresees lies beside the results.
const FORESEEN: &str = "foreseen.jsonl";

/// What was measured of the same networks.
const MEASURED: &str = "measured.jsonl";

/// So does what a closer look says.
const CLOSER: &str = "closer.jsonl";

/// Why a command failed.
type Failure = Box<dyn Error + Send + Sync>;

/// Are the starts that fanin recommends better than what people use?
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Only the networks of the small subset: about two minutes on 2 cores
    #[arg(long, global = true)]
    small: bool,
    /// Runs side by side, each on one core
    #[arg(long, global = true, default_value_t = 2)]
    threads: usize,
    /// The folder of ONNX models to be trained too
    #[arg(long, global = true, env = "FANIN_MODELS")]
    models: Option<PathBuf>,
    /// The file of results
    #[arg(long, global = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results.jsonl"))]
    results: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the networks.
    List,
    /// Trains every network from every start and writes what came of it to results.jsonl; goes on
    /// where it stopped.
    Train {
        /// Only networks whose name contains this
        #[arg(long)]
        only: Option<String>,
        /// Only this start
        #[arg(long)]
        start: Option<String>,
        /// Train also what the file has; the last results count
        #[arg(long)]
        again: bool,
        /// Stop before a network once so many seconds have passed
        #[arg(long)]
        seconds: Option<f64>,
    },
    /// Times `auto` on the weights of an ONNX model: reading and training are not counted.
    Time {
        /// The file
        model: PathBuf,
        /// Repetitions, of which the median and the least are told
        #[arg(long, default_value_t = 7)]
        times: usize,
    },
    /// Holds what theory foresees of every network, 512 units wide, against what is measured, and
    /// writes it to foreseen.jsonl; goes on where it stopped. What was measured is kept in measured.jsonl, so that
    /// another theory needs foreseen.jsonl alone to be made anew.
    Foresee {
        /// Only networks whose name contains this
        #[arg(long)]
        only: Option<String>,
        /// Seconds to measure one network at most
        #[arg(long, default_value_t = 20.0)]
        seconds: f64,
    },
    /// Looks closer at networks on which `auto` and a framework's default are nearly as fast, and
    /// writes it to closer.jsonl; goes on where it stopped.
    Closer,
    /// Writes docs/fix.md.
    Publish {
        /// The day to be named: 2026-01-31
        #[arg(long)]
        date: String,
        /// The machine to be named
        #[arg(long)]
        machine: String,
    },
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    if arguments.models.is_none() {
        eprintln!("left out: models of other frameworks, as no folder is named by --models");
    }
    let all = networks::all(arguments.models.as_deref());
    let chosen: Vec<Network> =
        all.iter().filter(|network| network.is_small || !arguments.small).cloned().collect();
    let results = arguments.results;
    match arguments.command {
        Command::List => chosen.iter().for_each(|network| println!("{}", network.describe())),
        Command::Train { only, start, again, seconds } => {
            let fits = |n: &&Network| only.as_ref().is_none_or(|part| n.name.contains(part));
            let chosen: Vec<Network> = chosen.iter().filter(fits).cloned().collect();
            let wish = Wish { start, again, threads: arguments.threads, seconds };
            train::all(&chosen, &results, &wish)?;
        }
        Command::Time { model, times } => {
            let mut seconds = starts::time(&model, times)?;
            seconds.sort_by(f64::total_cmp);
            let (least, median) = (seconds[0], seconds[seconds.len() / 2]);
            println!("auto: {:.1} ms, at least {:.1} ms", 1e3 * median, 1e3 * least);
        }
        Command::Foresee { only, seconds } => {
            let fits = |n: &&Network| only.as_ref().is_none_or(|part| n.name.contains(part));
            let chosen: Vec<Network> = chosen.iter().filter(fits).cloned().collect();
            let store = measured::Store::open(&results.with_file_name(MEASURED), seconds)?;
            foresee::all(&chosen, &results.with_file_name(FORESEEN), store)?;
        }
        Command::Closer => {
            let records = record::read(&results)?;
            let rows = score::rows(&chosen, &records);
            closer::all(&rows, &results.with_file_name(CLOSER), arguments.threads)?;
        }
        Command::Publish { date, machine } => {
            let records = record::read(&results)?;
            let foreseen = record::read(&results.with_file_name(FORESEEN))?;
            let closer = record::read(&results.with_file_name(CLOSER))?;
            let page = publish::page(&all, (&records, &closer, &foreseen), &date, &machine);
            print!("{}", publish::summary(&all, &records));
            std::fs::write(file("../../docs/fix.md"), page)?;
        }
    }
    Ok(())
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
