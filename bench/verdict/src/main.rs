//! Is the verdict right? Networks labelled by training, then judged without seeing the labels.
//!
//! ```text
//! cases ─► label (trains for real) ─► labels.jsonl ──┐
//!      └─► judge (fanin::check)    ─► verdicts.jsonl ─► publish ─► docs/verdict.md
//! ```
#![forbid(unsafe_code)]

mod tasks;
mod cases;
mod starts;
mod label;
mod floors;
mod judge;
mod score;
mod cost;
mod calibration;
mod reason;
mod disagreement;
mod publish;

use std::error::Error;
use std::path::{Path, PathBuf};

use cases::Case;
use clap::{Parser, Subcommand};
use tasks::Tasks;

/// Why a command failed.
type Failure = Box<dyn Error + Send + Sync>;

/// Is the verdict right?
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Only the cheapest groups: about two minutes on 2 cores.
    #[arg(long, global = true)]
    quick: bool,
    /// Cases side by side, each on one core.
    #[arg(long, global = true, default_value_t = 2)]
    threads: usize,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the cases.
    List,
    /// Trains networks one unit wide: below what they reach, nothing much is learned.
    Floors,
    /// Trains every case and writes what came of it to labels.jsonl; goes on where it stopped.
    Label,
    /// Checks every case and writes what was found to verdicts.jsonl.
    Judge,
    /// Compares the two and writes docs/verdict.md.
    Publish {
        /// The day to be named: 2026-01-31.
        #[arg(long)]
        date: String,
    },
}

/// Groups of the quick subset.
const QUICK_GROUPS: usize = 64;

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let cases = if arguments.quick { quick(cases::all()) } else { cases::all() };
    let threads = arguments.threads;
    let (labels, verdicts) = (file("labels.jsonl"), file("verdicts.jsonl"));
    match arguments.command {
        Command::List => cases.iter().for_each(|case| println!("{}", case.describe())),
        Command::Floors => floors::print(&Tasks::load())?,
        Command::Label => label::label(&cases, &Tasks::load(), &labels, threads)?,
        Command::Judge => judge::judge(&cases, &Tasks::load(), &verdicts, threads)?,
        Command::Publish { date } => {
            let (labels, verdicts) = (label::read(&labels)?, judge::read(&verdicts)?);
            let rows = score::join(&cases, &labels, &verdicts);
            let reasons = disagreement::reasons(&file("reasons.toml"))?;
            for name in disagreement::outdated(&rows, &reasons) {
                eprintln!("reasons.toml is out of date: {name} is not missed and no false alarm");
            }
            let page = publish::page(&rows, &reasons, &date);
            print!("{}", publish::summary(&rows));
            std::fs::write(file("../../docs/verdict.md"), page)?;
        }
    }
    Ok(())
}

/// Runs `work` on so many threads, each with a pool of one core.
fn side_by_side(
    threads: usize,
    work: impl Fn() -> Result<(), Failure> + Sync,
) -> Result<(), Failure> {
    std::thread::scope(|scope| {
        let on_one_core = || fanin::with_threads(Some(1), &work)?;
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(on_one_core)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no thread panics"))
    })
}

/// The cases of the cheapest groups.
fn quick(mut cases: Vec<Case>) -> Vec<Case> {
    let mut groups: Vec<(f64, usize)> =
        cases.iter().map(|case| (case.group.cost(), case.group.number)).collect();
    groups.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    groups.dedup();
    groups.truncate(QUICK_GROUPS);
    cases.retain(|case| groups.iter().any(|(_, number)| *number == case.group.number));
    cases
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
