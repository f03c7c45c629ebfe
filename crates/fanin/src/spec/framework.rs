//! Parameters of a file as the framework has them that wrote it: its names, its layout.
//!
//! An exporter may call a weight otherwise (`val_3` for `fc.weight`) and turn it to (inputs, units),
//! where the module has (units, inputs). What it did not rename lies as in the module.

use std::collections::{HashMap, HashSet};

use fanin_engine::Tensor;

use super::axes::Axes;
use super::parameter::{Packing, Parameter};
use super::role::Role;
use crate::error::Result;
use crate::weights::Weights;

/// The names of `parameters` in the framework, in their order.
///
/// A parameter keeps its own name where no other is known, and where the other would not be its alone. A
/// head that is [`tied`] to a table keeps its own too: there it is the table.
///
/// ```
/// use fanin::spec::{Parameter, Role, framework_names};
/// let mut weight = Parameter::new("val_3", [4, 2], Role::Weight);
/// weight.framework = Some("fc.weight".to_owned());
/// let bias = Parameter::new("fc.bias", [2], Role::Bias);
/// assert_eq!(framework_names(&[weight.clone(), bias]), ["fc.weight", "fc.bias"]);
/// let twin = Parameter { name: "val_5".to_owned(), ..weight.clone() };
/// assert_eq!(framework_names(&[weight, twin]), ["val_3", "val_5"]);
/// ```
pub fn framework_names(parameters: &[Parameter]) -> Vec<String> {
    let heads: HashSet<usize> = tied(parameters).into_iter().map(|(head, _)| head).collect();
    // A head that is a table has no name beside the table's.
    let said = |at: usize| parameters[at].framework.as_deref().filter(|_| !heads.contains(&at));
    let mut claims: HashMap<&str, usize> = HashMap::new();
    for (at, own) in parameters.iter().enumerate() {
        for name in std::iter::once(&*own.name).chain(said(at)) {
            *claims.entry(name).or_default() += 1;
        }
    }
    let is_alone = |name: &&str| claims.get(name) == Some(&1);
    let name =
        |(at, own): (usize, &Parameter)| said(at).filter(is_alone).unwrap_or(&own.name).to_owned();
    parameters.iter().enumerate().map(name).collect()
}

/// Whether the framework has the matrix as (units, inputs) that lies here as (inputs, units).
///
/// ```
/// use fanin::spec::{Axes, Parameter, Role, is_turned};
/// let mut weight = Parameter::new("val_3", [4, 2], Role::Weight);
/// weight.axes = Axes::new(0, 1);
/// assert!(!is_turned(&weight));
/// weight.framework = Some("fc.weight".to_owned());
/// assert!(is_turned(&weight));
/// ```
pub fn is_turned(parameter: &Parameter) -> bool {
    let axes = &parameter.axes;
    parameter.framework.is_some()
        && parameter.role != Role::Embedding
        && parameter.shape.rank() == 2
        && (&axes.input[..], &axes.output[..]) == (&[0], &[1])
}

/// The parameters as the framework has them, in their order: under its names, and where it has another,
/// as they lie there; none in place of a head that is [`tied`], which is the table there.
///
/// ```
/// use fanin::spec::{Axes, Parameter, Role, in_framework};
/// let mut weight = Parameter::new("val_3", [4, 2], Role::Weight);
/// (weight.axes, weight.framework) = (Axes::new(0, 1), Some("fc.weight".to_owned()));
/// let there = in_framework(&[weight])[0].clone().unwrap();
/// assert_eq!((&*there.name, there.shape.axes(), there.axes), ("fc.weight", &[2, 4][..], Axes::linear()));
/// ```
pub fn in_framework(parameters: &[Parameter]) -> Vec<Option<Parameter>> {
    let heads: HashSet<usize> = tied(parameters).into_iter().map(|(head, _)| head).collect();
    let names = framework_names(parameters).into_iter().enumerate();
    let there = |(at, name): (usize, String)| {
        let own = &parameters[at];
        let is_there = !heads.contains(&at);
        is_there.then(|| if own.name == name { own.clone() } else { renamed(own, &name) })
    };
    names.map(there).collect()
}

/// A parameter under its name in the framework, and as it lies there.
pub(crate) fn renamed(own: &Parameter, name: &str) -> Parameter {
    let mut there = Parameter { name: name.to_owned(), framework: None, ..own.clone() };
    if let (&[inputs, units], true) = (own.shape.axes(), is_turned(own)) {
        there.shape = [units, inputs].into();
        there.axes = Axes::linear();
        there.packing = there.packing.map(|packing| Packing { axis: 0, ..packing });
    }
    there
}

/// Pairs of places of a last matrix and of the table that it is in the framework: an exporter that turns
/// a tied table for the last product keeps both. Of several such matrices of one table the first leads.
pub fn tied(parameters: &[Parameter]) -> Vec<(usize, usize)> {
    let mut tables: HashMap<(&str, usize, usize), usize> = HashMap::new();
    for (at, own) in parameters.iter().enumerate().filter(|(_, own)| own.role == Role::Embedding) {
        let &[rows, width] = own.shape.axes() else { continue };
        for name in std::iter::once(&*own.name).chain(own.framework.as_deref()) {
            tables.entry((name, rows, width)).or_insert(at);
        }
    }
    let table_of = |head: &Parameter| {
        let &[width, rows] = head.shape.axes() else { return None };
        let is_head = head.role == Role::Weight && is_turned(head);
        let name = head.framework.as_deref().filter(|_| is_head)?;
        tables.get(&(name, rows, width)).copied()
    };
    let heads = parameters.iter().enumerate();
    heads.filter_map(|(head, own)| Some((head, table_of(own)?))).collect()
}

/// Gives every table the values of the last matrix that it is in the framework, turned as the table
/// lies; what is not [`tied`], or lacks one of both, stays as it is.
///
/// The last matrix leads, for it makes the first scores: as large as a table of tokens may be, it would
/// make them too large by the square root of the width. A table bears the scale of the matrix, by which
/// only the stream that it opens is smaller.
///
/// ```
/// use fanin::engine::Tensor;
/// use fanin::spec::{Axes, Parameter, Role, tie};
/// use fanin::weights::Weights;
/// let table = Parameter::new("wte.weight", [2, 1], Role::Embedding);
/// let mut head = Parameter::new("val_6", [1, 2], Role::Weight);
/// (head.axes, head.framework) = (Axes::new(0, 1), Some("wte.weight".to_owned()));
/// let mut weights = Weights {
///     tensors: vec![
///         ("wte.weight".to_owned(), Tensor::new([2, 1], vec![5.0, 6.0])?),
///         ("val_6".to_owned(), Tensor::new([1, 2], vec![0.5, 0.6])?),
///     ],
/// };
/// tie(&[table, head], &mut weights)?;
/// assert_eq!(weights.get("wte.weight").unwrap().data(), [0.5, 0.6]);
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// None: elements are moved, and their number stays.
pub fn tie(parameters: &[Parameter], weights: &mut Weights) -> Result<()> {
    let mut led: HashSet<usize> = HashSet::new();
    for (head, table) in tied(parameters) {
        let [head, own] = [head, table].map(|at| &*parameters[at].name);
        let (from, to) = if led.insert(table) { (head, own) } else { (own, head) };
        let Some(values) = weights.get(from).map(transposed).transpose()? else { continue };
        if let Some((_, tensor)) = weights.tensors.iter_mut().find(|(name, _)| name == to) {
            *tensor = values;
        }
    }
    Ok(())
}

/// `weights` of these parameters under the names and in the layout of the framework; what is [`tied`]
/// there is one tensor, that of the last matrix, whose scale makes the first scores.
///
/// ```
/// use fanin::engine::Tensor;
/// use fanin::spec::{Axes, Parameter, Role, from_framework, to_framework};
/// use fanin::weights::Weights;
/// let mut weight = Parameter::new("val_3", [1, 2], Role::Weight);
/// (weight.axes, weight.framework) = (Axes::new(0, 1), Some("fc.weight".to_owned()));
/// let tensor = Tensor::new([1, 2], vec![1.0, 2.0])?;
/// let own = Weights { tensors: vec![("val_3".to_owned(), tensor)] };
/// let there = to_framework(&[weight.clone()], &own)?;
/// assert_eq!(there.get("fc.weight").unwrap().shape().axes(), [2, 1]);
/// assert_eq!(from_framework(&[weight], there)?, own);
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// None: elements are moved, and their number stays.
pub fn to_framework(parameters: &[Parameter], weights: &Weights) -> Result<Weights> {
    let names = framework_names(parameters);
    let places: HashMap<&str, usize> =
        parameters.iter().enumerate().map(|(at, own)| (&*own.name, at)).collect();
    let values: HashMap<&str, &Tensor<f32>> =
        weights.tensors.iter().map(|(name, tensor)| (&**name, tensor)).collect();
    let is_there = |at: usize| values.contains_key(&*parameters[at].name);
    let mut pairs = tied(parameters);
    pairs.retain(|(head, table)| is_there(*head) && is_there(*table));
    let heads: HashSet<usize> = pairs.iter().map(|(head, _)| *head).collect();
    // Of several heads of a table the first is put in last, and so kept.
    let leading: HashMap<usize, usize> =
        pairs.iter().rev().map(|(head, table)| (*table, *head)).collect();
    let mut tensors = Vec::with_capacity(weights.tensors.len());
    for (name, tensor) in &weights.tensors {
        let Some(&at) = places.get(&**name) else {
            tensors.push((name.clone(), tensor.clone()));
            continue;
        };
        if heads.contains(&at) {
            continue;
        }
        let tensor = match leading.get(&at) {
            Some(&head) => transposed(values[&*parameters[head].name])?,
            None if names[at] != *name => laid(&parameters[at], tensor)?,
            None => tensor.clone(),
        };
        tensors.push((names[at].clone(), tensor));
    }
    Ok(Weights { tensors })
}

/// `weights` as [`to_framework`] gives them, under the names and in the layout of these parameters;
/// what has such a name already, or no known one, stays as it is.
///
/// # Errors
/// None: elements are moved, and their number stays.
pub fn from_framework(parameters: &[Parameter], weights: Weights) -> Result<Weights> {
    let names = framework_names(parameters);
    let own: HashSet<&str> = parameters.iter().map(|own| &*own.name).collect();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (at, name) in names.iter().enumerate().filter(|(_, name)| !own.contains(name.as_str())) {
        places.entry(name).or_insert(at);
    }
    let there: HashSet<String> = weights.tensors.iter().map(|(name, _)| name.clone()).collect();
    let moved = |(name, tensor): (String, Tensor<f32>)| {
        let at = places.get(&*name).filter(|&&at| !there.contains(&parameters[at].name));
        match at.map(|&at| &parameters[at]) {
            None => Ok((name, tensor)),
            Some(own) => Ok((own.name.clone(), laid(own, &tensor)?)),
        }
    };
    let tensors = weights.tensors.into_iter().map(moved).collect::<Result<_>>()?;
    let mut weights = Weights { tensors };
    for (head, table) in tied(parameters) {
        let (head, table) = (&parameters[head].name, &parameters[table]);
        if let (None, Some(one)) = (weights.get(head), weights.get(&table.name)) {
            let turned = transposed(one)?;
            weights.tensors.push((head.clone(), turned));
        }
    }
    Ok(weights)
}

/// The transpose of a parameter's values where the framework has it turned, else the values.
fn laid(parameter: &Parameter, tensor: &Tensor<f32>) -> Result<Tensor<f32>> {
    if is_turned(parameter) { transposed(tensor) } else { Ok(tensor.clone()) }
}

/// The transpose of a matrix; anything else as it is.
fn transposed(tensor: &Tensor<f32>) -> Result<Tensor<f32>> {
    let &[rows, columns] = tensor.shape().axes() else { return Ok(tensor.clone()) };
    let data = tensor.data();
    let turned = (0..columns).flat_map(|column| (0..rows).map(move |row| (row, column)));
    let turned = turned.map(|(row, column)| data[row * columns + column]).collect();
    Ok(Tensor::new([columns, rows], turned)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_exporter_renamed_and_turned_goes_to_the_module_and_back() {
        let mut weight = Parameter::new("val_3", [3, 2], Role::Weight);
        weight.axes = Axes::new(0, 1);
        weight.framework = Some("fc.weight".to_owned());
        let parameters = [weight, Parameter::new("fc.bias", [2], Role::Bias)];
        let tensor = |shape: &[usize], data: &[f32]| Tensor::new(shape.to_vec(), data.to_vec());
        let own = Weights {
            tensors: vec![
                ("val_3".to_owned(), tensor(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap()),
                ("fc.bias".to_owned(), tensor(&[2], &[7.0, 8.0]).unwrap()),
            ],
        };
        let module = to_framework(&parameters, &own).unwrap();
        let there = module.get("fc.weight").unwrap();
        assert_eq!(there.shape().axes(), [2, 3]);
        assert_eq!(there.data(), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
        assert_eq!(module.get("fc.bias"), own.get("fc.bias"));
        assert_eq!(from_framework(&parameters, module).unwrap(), own);
        assert_eq!(from_framework(&parameters, own.clone()).unwrap(), own);
    }

    #[test]
    fn a_name_that_two_parameters_would_have_is_taken_by_the_one_whose_own_it_is() {
        let table = Parameter::new("head.weight", [5, 3], Role::Embedding);
        let mut head = Parameter::new("val_6", [3, 5], Role::Weight);
        head.framework = Some("head.weight".to_owned());
        assert_eq!(framework_names(&[table, head]), ["head.weight", "val_6"]);
    }

    /// A matrix of inputs and units that is a table in the framework.
    fn head(name: &str, table: &str) -> Parameter {
        let mut head = Parameter::new(name, [2, 3], Role::Weight);
        head.axes = Axes::new(0, 1);
        head.framework = Some(table.to_owned());
        head
    }

    /// Tensors of six numbers from these on.
    fn six<const N: usize>(tensors: [(&str, [usize; 2], u8); N]) -> Weights {
        let tensor = |(name, shape, from): (&str, [usize; 2], u8)| {
            let values = (from..from + 6).map(f32::from).collect();
            (name.to_owned(), Tensor::new(shape, values).unwrap())
        };
        Weights { tensors: tensors.map(tensor).to_vec() }
    }

    #[test]
    fn a_table_takes_the_values_of_the_first_matrix_that_it_is_and_gives_them_to_others() {
        let table = Parameter::new("head.weight", [3, 2], Role::Embedding);
        let parameters = [table, head("val_6", "head.weight"), head("val_7", "head.weight")];
        let of_head = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        let all = [("head.weight", [3, 2], 10), ("val_6", [2, 3], 0), ("val_7", [2, 3], 20)];
        let mut weights = six(all);
        tie(&parameters, &mut weights).unwrap();
        let data = |weights: &Weights, name: &str| weights.get(name).unwrap().data().to_vec();
        assert_eq!(data(&weights, "val_6"), of_head);
        assert_eq!(data(&weights, "head.weight"), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(data(&weights, "val_7"), of_head);
        let module = to_framework(&parameters, &six(all)).unwrap();
        assert_eq!(module.tensors, weights.tensors[..1], "as it is written");

        let [table, head, _] = all;
        let mut without = six([table]);
        tie(&parameters, &mut without).unwrap();
        assert_eq!(without, six([table]));
        let mut other = six([("fc.weight", [3, 2], 10), head]);
        tie(&parameters, &mut other).unwrap();
        assert_eq!(other, six([("fc.weight", [3, 2], 10), head]));
    }

    #[test]
    fn a_table_that_the_exporter_renamed_has_its_name_beside_the_last_matrix_and_is_not_turned() {
        let mut table = Parameter::new("onnx::Gather_5", [3, 2], Role::Embedding);
        table.axes = Axes::new(0, 1);
        table.framework = Some("emb.weight".to_owned());
        let parameters = [table, head("val_6", "emb.weight")];
        assert_eq!(tied(&parameters), [(1, 0)]);
        assert_eq!(framework_names(&parameters), ["emb.weight", "val_6"]);
        let mut own = six([("onnx::Gather_5", [3, 2], 10), ("val_6", [2, 3], 0)]);
        tie(&parameters, &mut own).unwrap();
        let module = to_framework(&parameters, &own).unwrap();
        assert_eq!(module.tensors.len(), 1);
        assert_eq!(module.get("emb.weight"), own.get("onnx::Gather_5"));
        assert_eq!(from_framework(&parameters, module).unwrap(), own);
    }

    #[test]
    fn a_table_and_the_last_matrix_in_one_are_one_tensor_in_the_module() {
        let table = Parameter::new("head.weight", [3, 2], Role::Embedding);
        let parameters = [table, head("val_6", "head.weight")];
        assert_eq!(tied(&parameters), [(1, 0)]);
        let own = six([("head.weight", [3, 2], 10), ("val_6", [2, 3], 0)]);
        let module = to_framework(&parameters, &own).unwrap();
        assert_eq!(module.tensors.len(), 1);
        let one = module.get("head.weight").unwrap();
        assert_eq!(
            (one.shape().axes(), one.data()),
            (&[3, 2][..], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0][..])
        );
        let read = from_framework(&parameters, module.clone()).unwrap();
        assert_eq!(read.get("val_6"), own.get("val_6"));
        assert_eq!(read.get("head.weight"), module.get("head.weight"));
    }
}
