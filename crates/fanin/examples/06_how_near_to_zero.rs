//! Steps to learn against the size of the starting weights: a quick look at the U-curve.

use fanin::compare::sweep::{ScaleOptions, scale};
use fanin::report::terminal;
use fanin::train::Interrupt;

/// One to three hidden layers, five scales, three seeds; the defaults try more of each.
pub fn main() -> fanin::Result<()> {
    let options = ScaleOptions {
        scales: vec![0.0, 0.01, 1.0, 2.0, 100.0],
        seeds: vec![0, 1, 2],
        cap: 2000,
        ..ScaleOptions::default()
    };
    let sweep = scale(&options, &(), &Interrupt::default())?;
    print!("{}", terminal::sweep(&sweep));
    println!("{}", sweep.to_csv());
    Ok(())
}
