//! Several starts, the same training: forecast against outcome.

use fanin::compare::{CompareOptions, Comparison};
use fanin::report::terminal;
use fanin::train::Interrupt;

/// Compares three schemes in two hidden layers on the embedded digits.
pub fn main() -> fanin::Result<()> {
    let mut options = CompareOptions {
        depths: vec![2],
        schemes: ["zeros", "normal:0.01", "he-normal"].map(str::to_owned).to_vec(),
        ..CompareOptions::default()
    };
    options.spec.train.epochs = 5;
    options.spec.train.seeds = vec![0];

    let data = fanin::load(&options.spec)?;
    let comparison = Comparison::new(&options, &data)?;
    let mut networks = comparison.check()?;
    print!("{}", terminal::before_training(&networks[0], 100));
    comparison.train(&mut networks, &(), &Interrupt::default())?;
    print!("{}", terminal::after_training(&networks[0], data.task, 0.9));
    Ok(())
}
