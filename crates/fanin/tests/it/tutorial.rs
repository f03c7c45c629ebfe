//! What the classic tutorial says of starting weights, each claim as a measured fact.

mod symmetry;
mod scale;
mod cost;

use std::path::Path;

use fanin::data::Prepared;
use fanin::spec::{Model, Spec};
use fanin::train::{Finish, Interrupt, Silent};
use fanin::weights::Weights;

/// Exclusive or, learned as a number by gradient descent on all of its 400 points.
fn spec(model: &str, optimizer: &str, epochs: usize, standardize: &str) -> Spec {
    let text = format!(
        "model = \"{model}\"\ntask = \"regression\"\nloss = {{ name = \"squared-error\" }}\n\
         data = {{ source = \"xor\", standardize = \"{standardize}\" }}\n\
         optimizer = {{ {optimizer} }}\n\
         train = {{ epochs = {epochs}, batch_size = \"full\" }}\n"
    );
    Spec::from_toml(&text, Path::new("test.toml")).unwrap()
}

fn network(spec: &Spec) -> (Prepared, Model) {
    let data = fanin::load(spec).unwrap();
    let model = fanin::resolve(spec, &data).unwrap();
    (data, model)
}

/// Training loss of the last epoch and the weights after it; `None` if training diverged.
fn train(spec: &Spec, model: &Model, weights: &Weights, data: &Prepared) -> Option<(f64, Weights)> {
    let run = fanin::train(spec, model, weights, data).unwrap();
    let trained = run.train_in_memory(&mut Silent, &Interrupt::default()).unwrap();
    let completed = trained.finish == Finish::Completed;
    completed.then(|| (trained.epochs.last().unwrap().train_loss, trained.weights))
}
