//! Why near zero, but not zero? The classic tutorial's network from four starting points.
//!
//! Units a = tanh(Wx + b) in two hidden layers, cost ½‖h − y‖² + (λ/2)·ΣW² (λ on W alone), batch
//! gradient descent with step α, gradients by backpropagation. All that changes is the start.

use std::path::Path;

use fanin::spec::Spec;
use fanin::train::{Interrupt, Silent};

/// Exclusive or on 400 noisy points; 2,000 steps, each on all of them.
const TUTORIAL: &str = r#"
model = "2 -> 8 tanh -> 8 tanh -> 1"
task = "regression"
data = { source = "xor" }
loss = { name = "squared-error" }
optimizer = { name = "gradient-descent", learning_rate = 0.3, weight_decay = 0.0001 }
train = { epochs = 2000 }
"#;

/// Shows what becomes of each start.
pub fn main() -> fanin::Result<()> {
    let mut spec = Spec::from_toml(TUTORIAL, Path::new("tutorial.toml"))?;
    let data = fanin::load(&spec)?;
    let model = fanin::resolve(&spec, &data)?;
    println!("start          cost by step 1 → 500 → 2000     units that can differ");
    for scheme in ["zeros", "constant:0.1", "normal:0.01", "fan-in-normal"] {
        scheme.clone_into(&mut spec.init.scheme);
        let weights = fanin::initialize(&spec, &model, 0)?;
        let check = fanin::check(&spec, &model, &weights, &data)?;
        let run = fanin::train(&spec, &model, &weights, &data)?;
        let trained = run.train_in_memory(&mut Silent, &Interrupt::default())?;
        let cost = |step: usize| trained.epochs[step - 1].train_loss;
        let (early, middle, late) = (cost(1), cost(500), cost(2000));
        let (effective, units) = (check.effective_units, check.units);
        println!("{scheme:14} {early:.4} → {middle:.4} → {late:.6}     {effective:>2} of {units}");
    }
    Ok(())
}
