//! Trains as `bench/training.py` says, a few steps at a time, and tells how long they took; or runs
//! a model forward and backward for `bench/models.py`.
//!
//! The driver starts one such process per library, gives all the same job, weights and data, and
//! has them work in turn. The talk, line by line: the job's path as the only argument; `losses` of
//! the first steps with the `bytes` and the seconds to `plan` that network and optimizer took, or
//! what is told of a model; then for every line `n` on standard input the seconds that `n` steps
//! took.
#![forbid(unsafe_code)]

mod network;
mod job;
mod steps;
mod convolution;
mod model;

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

use convolution::ConvolutionPass;
use job::Job;
use model::{ModelJob, ModelPass};
use serde_json::json;
use steps::{Rows, Steps};

/// Why a run failed.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    const USAGE: &str = "usage: fanin-training-bench JOB.json | model JOB.json";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [path] => {
            let job = Job::read(path.as_ref())?;
            fanin::with_threads(Some(job.threads), || talk(&job))?
        }
        [word, path] if word == "model" => {
            let job: ModelJob = serde_json::from_str(&std::fs::read_to_string(path)?)?;
            fanin::with_threads(Some(job.threads), || talk_of_model(&job))?
        }
        _ => Err(USAGE.into()),
    }
}

fn talk(job: &Job) -> Result<(), Failure> {
    if job.optimizer == "none" {
        let mut pass = ConvolutionPass::new(job)?;
        pass.advance();
        say(&json!({"losses": pass.mean_squares()}).to_string())?;
        return serve(|| pass.advance());
    }
    let weights = fanin::formats::read_weights(&job.weights)?;
    // What the first step of a thread makes for all that follow is no network's own: room for
    // products, most of which no one ever touches.
    let mut first = Steps::new(job, &weights, Rows::read(job)?)?;
    first.advance();
    let rows = first.into_rows();
    let mut made = None;
    let started = Instant::now();
    let mut plan = 0.0;
    let memory = allocation_counter::measure(|| {
        let steps = Steps::new(job, &weights, rows);
        plan = started.elapsed().as_secs_f64();
        made = Some(steps.map(|mut steps| (steps.advance(), steps)));
    });
    let (first, mut steps) = made.expect("the closure ran")?;
    let further = (1..job.compared).map(|_| steps.advance());
    let losses: Vec<f64> = std::iter::once(first).chain(further).collect();
    say(&json!({"losses": losses, "bytes": memory.bytes_max, "plan": plan}).to_string())?;
    serve(|| steps.advance())
}

fn talk_of_model(job: &ModelJob) -> Result<(), Failure> {
    let (mut pass, said) = ModelPass::new(job)?;
    say(&serde_json::to_string(&said)?)?;
    serve(|| pass.advance())
}

/// Works as often as each line says, and tells the seconds.
fn serve(mut advance: impl FnMut() -> f64) -> Result<(), Failure> {
    for line in std::io::stdin().lock().lines() {
        let count: usize = line?.trim().parse()?;
        let started = Instant::now();
        (0..count).for_each(|_| {
            advance();
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
