//! A network in a file some of whose operators are not read: what comes before them, and all weights.

use crate::Result;
use crate::check::evidence::Horizon;
use crate::check::{Diagnosis, Finding};
use crate::data::{self, Targets, Task};
use crate::error::Error;
use crate::formats::{Dtype, StoredTensor};
use crate::import::Upstream;
use crate::init;
use crate::spec::{Loss, Model, Spec};

use super::{agree, findings, guessed, judge};

/// What is known of the network in a file of which `part` can be computed: findings of a forward pass
/// through that part on the rows that `spec` names, and of all weights; draws of its schemes from
/// `seeds`, or, without any, the weights in the file.
///
/// `horizon` gives the training that is planned for a task on so many rows.
///
/// ```no_run
/// use fanin::import::{Options, upstream};
/// let spec = fanin::spec::Spec::default();
/// if let Some(part) = upstream("model.onnx".as_ref(), &Options::default())? {
///     println!("{:?}", fanin::check_upstream(&spec, &part, &[])?.findings);
/// }
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// If the rows cannot be read or are not as wide as the network's inputs, or a scheme does not fit.
pub fn partly(
    spec: &Spec,
    part: &Upstream,
    seeds: &[u64],
    horizon: &dyn Fn(Task, usize) -> Result<Horizon>,
) -> Result<Diagnosis> {
    let others = if seeds.is_empty() { of_weights(part) } else { Vec::new() };
    let Some(model) = &part.model else {
        let task = spec.task.unwrap_or(Task::Classification);
        return Ok(Diagnosis::of_nothing(horizon(task, 1)?).of_part(others, &part.skipped));
    };
    let mut prepared = data::for_network(spec, model.architecture())?;
    let horizon = horizon(prepared.task, prepared.train.rows())?;
    let rows = &mut prepared.train;
    if rows.columns() != model.inputs() {
        return Err(Error::Setting {
            place: model.to_string(),
            found: format!("data of {} numbers in a row", rows.columns()),
            expected: format!("{} numbers in a row", model.inputs()),
        });
    }
    let columns = Loss::MeanSquaredError.target_columns(&model.architecture().output());
    let names = (0..columns).map(|column| format!("value {column}")).collect();
    rows.targets = Targets::Values { values: vec![0.0; rows.rows() * columns], names };
    let found = diagnosis(spec, model, seeds, rows, horizon)?;
    Ok(found.of_part(others, &part.skipped))
}

fn diagnosis(
    spec: &Spec,
    model: &Model,
    seeds: &[u64],
    rows: &data::Dataset,
    horizon: Horizon,
) -> Result<Diagnosis> {
    let loss = &Loss::MeanSquaredError;
    if let (Some(weights), true) = (model.weights(), seeds.is_empty()) {
        return Diagnosis::new(model, loss, weights, rows, horizon);
    }
    let rules = (&spec.init_rules()).into();
    let draw =
        |number: usize| init::for_model(model, &rules, seeds.get(number).copied().unwrap_or(0));
    Diagnosis::over_seeds(model, loss, seeds.len(), draw, rows, horizon, spec.check.extent)
}

/// What is wrong with the weights of a file, whatever becomes of them.
fn of_weights(part: &Upstream) -> Vec<Finding> {
    let tensors = part.weights.tensors.iter().map(|(name, tensor)| {
        let (shape, values) = (tensor.shape().axes(), tensor.data());
        let stored = StoredTensor { name, shape, dtype: Dtype::F32, values };
        let known = part.parameters.iter().find(|p| p.name == *name && p.shape.axes() == shape);
        let guessed = guessed(&stored);
        judge(&stored, known.unwrap_or(&guessed), None)
    });
    let mut tensors: Vec<super::Tensor> = tensors.collect();
    agree(&mut tensors);
    findings::all(&tensors, &part.parameters)
}
