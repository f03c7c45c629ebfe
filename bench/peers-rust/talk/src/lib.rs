//! The talk between `bench/training.py` and a library in Rust: see `bench/training/src/main.rs`.

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::Value;

/// Why a peer ends.
pub type Failure = Box<dyn Error + Send + Sync>;

/// One workload with one optimizer.
#[derive(Debug, Deserialize)]
pub struct Job {
    /// Kind and sizes of each layer, as `bench/training/workloads.py` says them.
    pub layers: Vec<Vec<Value>>,
    /// `sgd`, `adam`, or `none` for passes without steps.
    pub optimizer: String,
    pub learning_rate: f64,
    pub momentum: f64,
    pub batch: usize,
    pub compared: usize,
    pub weights: PathBuf,
    pub data: PathBuf,
}

/// A tensor of the job's files.
#[derive(Debug)]
pub struct Array {
    pub shape: Vec<usize>,
    pub numbers: Vec<f32>,
}

impl Job {
    /// The job that the first argument names.
    ///
    /// # Errors
    /// If the file is missing or says something else.
    pub fn read() -> Result<Self, Failure> {
        let path = std::env::args().nth(1).ok_or("usage: PEER JOB.json")?;
        Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
    }

    /// Kind and sizes of a layer.
    #[must_use]
    pub fn layer(&self, index: usize) -> (&str, Vec<usize>) {
        let (kind, sizes) = self.layers[index].split_first().expect("a layer has a kind");
        let sizes = sizes.iter().filter_map(Value::as_u64).map(|size| size as usize).collect();
        (kind.as_str().unwrap_or_default(), sizes)
    }

    /// A starting weight: `0.weight`.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn weight(&self, name: &str) -> Result<Array, Failure> {
        array(&self.weights, name)
    }

    /// `features` or `targets`.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn data(&self, name: &str) -> Result<Array, Failure> {
        array(&self.data, name)
    }

    /// The class of every row.
    ///
    /// # Errors
    /// If there are no targets.
    pub fn labels(&self) -> Result<Vec<usize>, Failure> {
        let targets = self.data("targets")?;
        let rows = targets.numbers.chunks(targets.shape[1]);
        Ok(rows.map(|row| row.iter().position(|&x| x == 1.0).unwrap_or(0)).collect())
    }

    /// Works step by step as asked; a loss stays where it is until `loss_of` asks for it.
    ///
    /// # Errors
    /// If a step fails, or the driver is gone.
    pub fn serve<T>(
        &self,
        mut step: impl FnMut(usize) -> Result<T, Failure>,
        loss_of: impl Fn(T) -> Result<f64, Failure>,
    ) -> Result<(), Failure> {
        let losses =
            (0..self.compared).map(|n| loss_of(step(n)?)).collect::<Result<Vec<_>, _>>()?;
        say(&losses)?;
        let mut done = self.compared;
        for line in std::io::stdin().lock().lines() {
            let count: usize = line?.trim().parse()?;
            let started = Instant::now();
            let mut last = None;
            for number in done..done + count {
                last = Some(step(number)?);
            }
            last.map(&loss_of).transpose()?;
            done += count;
            say(&started.elapsed().as_secs_f64())?;
        }
        Ok(())
    }

    /// Works pass by pass; `results` gives what is computed, and its gradients.
    ///
    /// # Errors
    /// If a pass fails, or the driver is gone.
    pub fn serve_passes<T>(
        &self,
        mut pass: impl FnMut() -> Result<T, Failure>,
        results: impl Fn(T) -> Result<Vec<Vec<f32>>, Failure>,
    ) -> Result<(), Failure> {
        let mean_square = |part: Vec<f32>| {
            let sum: f64 = part.iter().map(|&x| f64::from(x).powi(2)).sum();
            sum / part.len() as f64
        };
        let squares: Vec<f64> = results(pass()?)?.into_iter().map(mean_square).collect();
        say(&squares)?;
        for line in std::io::stdin().lock().lines() {
            let count: usize = line?.trim().parse()?;
            let started = Instant::now();
            for _ in 0..count {
                pass()?;
            }
            say(&started.elapsed().as_secs_f64())?;
        }
        Ok(())
    }
}

fn array(path: &PathBuf, name: &str) -> Result<Array, Failure> {
    let bytes = std::fs::read(path)?;
    let file = SafeTensors::deserialize(&bytes)?;
    let tensor = file.tensor(name)?;
    let numbers =
        tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Ok(Array { shape: tensor.shape().to_vec(), numbers: numbers.collect() })
}

fn say<T: serde::Serialize>(thing: &T) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(thing)?)?;
    Ok(out.flush()?)
}
