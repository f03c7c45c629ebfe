use super::*;
use crate::train::Interrupt;

fn reduced() -> ScaleOptions {
    ScaleOptions {
        scales: vec![0.0, 1e-6, 1e-3, 0.1, 2.0, 1e8],
        seeds: vec![0, 1, 2],
        cap: 3000,
        ..ScaleOptions::default()
    }
}

fn run(options: &ScaleOptions) -> Sweep {
    scale(options, &(), &Interrupt::default()).unwrap()
}

#[test]
fn show() {
    let sweep = run(&ScaleOptions::default());
    println!("{}", crate::report::terminal::sweep(&sweep));
    println!("{}", sweep.to_csv());
}
