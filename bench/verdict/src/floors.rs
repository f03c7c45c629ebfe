//! What networks one unit wide reach: the origin of [`Task::floor`].

use fanin::Result;

use crate::cases::{Case, Form, Group, OPTIMIZERS};
use crate::label::train;
use crate::starts;
use crate::tasks::{Task, Tasks};

/// Trains networks one unit wide, monotone and not, on every task and prints the best of each.
///
/// # Errors
/// If one cannot be trained.
pub fn print(tasks: &Tasks) -> Result<()> {
    println!("{:20} {:>6} {:>12} {:>12}", "task", "floor", "monotone", "not monotone");
    for task in Task::all() {
        let Some(data) = tasks.get(&task) else { continue };
        let best = |activations: &[&'static str]| -> Result<f64> {
            let mut best = 0.0_f64;
            for case in activations.iter().flat_map(|activation| narrow(task, activation)) {
                for seed in 0..3 {
                    best = best.max(train(&case, data, 1.0, seed)?.score.unwrap_or(0.0));
                }
            }
            Ok(best)
        };
        let (monotone, others) = (best(&["relu", "tanh", "sigmoid"])?, best(&["gelu", "sin"])?);
        println!("{:20} {:6} {monotone:12.3} {others:12.3}", task.name, task.floor);
    }
    Ok(())
}

/// Networks one unit wide with one and two hidden layers, by every optimizer at its usual rate
/// and at ten times that.
fn narrow(task: Task, activation: &'static str) -> impl Iterator<Item = Case> {
    let networks = [1, 2].into_iter().flat_map(|depth| [(depth, 1.0), (depth, 10.0)]);
    networks.flat_map(move |(depth, rate_factor)| {
        OPTIMIZERS.iter().map(move |&(optimizer, _)| {
            let group = Group {
                number: 0,
                task,
                activation,
                depth,
                width: 1,
                form: Form::Plain,
                model: format!("features -> {depth}x1 {activation} -> outputs"),
                optimizer,
                rate_factor,
                batch: 64,
            };
            let start = starts::textbook(&group);
            Case { group, start }
        })
    })
}
