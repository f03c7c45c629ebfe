//! A network in a file some of whose operators are not read: what comes before them, and all weights.

use crate::Result;
use crate::check::evidence::Horizon;
use crate::check::{Diagnosis, Finding};
use crate::data::{self, Targets, Task};
use crate::error::Error;
use crate::formats::{Dtype, StoredTensor};
use crate::import::{Upstream, fitting_data};
use crate::init::{self, Parameter, Rules};
use crate::spec::{Loss, Spec, framework_names};
use crate::weights::Weights;

use super::{agree, findings, guessed, judge};

/// What is known of the network in a file of which `part` can be computed: findings of a forward pass
/// through that part on the rows that `spec` names, and of all weights, also of layers behind; draws of its
/// schemes from `seeds`, of which the first is looked at behind, or, without any, the weights in the file.
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
    let rules: Rules = (&spec.init_rules()).into();
    let named = parameters(part)?;
    let others = match seeds.first() {
        Some(&seed) => of_weights(part, &init::initialize(&named, &rules, seed)?, Some(seed)),
        None => of_weights(part, &part.weights, None),
    };
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
            expected: format!(
                "{} numbers in a row: {}",
                model.inputs(),
                fitting_data(&model.architecture().feeds())
            ),
        });
    }
    let columns = Loss::MeanSquaredError.target_columns(&model.architecture().output());
    let names = (0..columns).map(|column| format!("value {column}")).collect();
    rows.targets = Targets::Values { values: vec![0.0; rows.rows() * columns], names };
    let own = model.parameters()?.len();
    let draw = |number: usize| {
        let mut drawn = init::initialize(&named, &rules, seeds.get(number).copied().unwrap_or(0))?;
        drawn.tensors.truncate(own);
        Ok(drawn)
    };
    let loss = &Loss::MeanSquaredError;
    let found = if let Some(weights) = model.weights().filter(|_| seeds.is_empty()) {
        Diagnosis::new(model, loss, weights, rows, horizon)?
    } else {
        let (count, extent) = (seeds.len(), spec.check.extent);
        Diagnosis::over_seeds(model, loss, count, draw, rows, horizon, extent)?
    };
    Ok(found.of_part(others, &part.skipped))
}

/// All that schemes draw: the parameters of the network that can be run, in its order, and those of
/// layers behind.
fn parameters(part: &Upstream) -> Result<Vec<Parameter>> {
    let mut all = match &part.model {
        Some(model) => model.parameters()?,
        None => Vec::new(),
    };
    let is_own = |name: &str| all.iter().any(|own| own.name == name);
    let behind = part.parameters.iter().filter(|parameter| !is_own(&parameter.name));
    let behind: Vec<Parameter> = behind.cloned().collect();
    all.extend(behind);
    Ok(all)
}

/// What is wrong with these weights of the file's initializers, whatever becomes of them; `seed` is the
/// one that they were drawn from.
fn of_weights(part: &Upstream, weights: &Weights, seed: Option<u64>) -> Vec<Finding> {
    let tensors = weights.tensors.iter().filter_map(|(name, tensor)| {
        let (shape, values) = (tensor.shape().axes(), tensor.data());
        let stored = StoredTensor { name, shape, dtype: Dtype::F32, values };
        let known = part.parameters.iter().find(|own| own.name == *name)?;
        let guessed = guessed(&stored);
        let fits = known.shape.axes() == shape;
        Some(judge(&stored, if fits { known } else { &guessed }, seed))
    });
    let mut tensors: Vec<super::Tensor> = tensors.collect();
    agree(&mut tensors);
    // As layers are called; draws need the names of before.
    let mut parameters = part.parameters.clone();
    for (own, there) in parameters.iter_mut().zip(framework_names(&part.parameters)) {
        if let Some(tensor) = tensors.iter_mut().find(|tensor| tensor.name == own.name) {
            tensor.name.clone_from(&there);
        }
        own.name = there;
    }
    findings::all(&tensors, &parameters)
}
