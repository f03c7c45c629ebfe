//! Trains as `bench/training.py` says, a few steps at a time, and tells how long they took.
//!
//! The driver starts one such process per library, gives all the same job, weights and data, and
//! has them work in turn. The talk, line by line: the job's path as the only argument; `losses` of
//! the first steps as a JSON list; then for every line `n` on standard input the seconds that `n`
//! steps took.
#![forbid(unsafe_code)]

mod job;
mod steps;

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

use job::Job;
use steps::Steps;

/// Why a run failed.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let path = std::env::args().nth(1).ok_or("usage: fanin-training-bench JOB.json")?;
    let job = Job::read(path.as_ref())?;
    fanin::with_threads(Some(job.threads), || talk(&job))?
}

fn talk(job: &Job) -> Result<(), Failure> {
    let mut steps = Steps::new(job)?;
    let losses: Vec<f64> = (0..job.compared).map(|_| steps.advance()).collect();
    say(&serde_json::to_string(&losses)?)?;
    for line in std::io::stdin().lock().lines() {
        let count: usize = line?.trim().parse()?;
        let started = Instant::now();
        (0..count).for_each(|_| {
            steps.advance();
        });
        say(&started.elapsed().as_secs_f64().to_string())?;
    }
    Ok(())
}

fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
