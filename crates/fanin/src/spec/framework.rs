//! Parameters of a file as the framework has them that wrote it: its names, its layout.
//!
//! An exporter may call a weight otherwise (`val_3` for `fc.weight`) and turn it to (inputs, units),
//! where the module has (units, inputs). What it did not rename lies as in the module.

use std::collections::{HashMap, HashSet};

use fanin_engine::Tensor;

use super::parameter::Parameter;
use super::role::Role;
use crate::error::Result;
use crate::weights::Weights;

/// The names of `parameters` in the framework, in their order.
///
/// A parameter keeps its own name where no other is known, and where the other would not be its alone.
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
    let own = |parameter: &Parameter| parameter.framework.clone();
    let said: Vec<String> = parameters.iter().filter_map(own).collect();
    let is_alone = |name: &String| {
        said.iter().filter(|other| *other == name).count() == 1
            && parameters.iter().all(|other| other.name != *name)
    };
    let name = |parameter: &Parameter| {
        own(parameter).filter(is_alone).unwrap_or_else(|| parameter.name.clone())
    };
    parameters.iter().map(name).collect()
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
        && parameter.shape.rank() == 2
        && (&axes.input[..], &axes.output[..]) == (&[0], &[1])
}

/// Pairs of places of a last matrix and of the table that it is in the framework: an exporter that turns
/// a tied table for the last product keeps both.
pub fn tied(parameters: &[Parameter]) -> Vec<(usize, usize)> {
    let table_of = |head: &Parameter| {
        let name = head.framework.as_ref()?;
        let is_table = |table: &Parameter| {
            let turned = table.shape.axes().iter().rev();
            table.role == Role::Embedding
                && (table.name == *name || table.framework.as_ref() == Some(name))
                && turned.eq(head.shape.axes())
        };
        let is_head = head.role == Role::Weight && is_turned(head);
        parameters.iter().position(is_table).filter(|_| is_head)
    };
    let heads = parameters.iter().enumerate();
    heads.filter_map(|(head, own)| Some((head, table_of(own)?))).collect()
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
    let is_there = |at: usize| weights.get(&parameters[at].name).is_some();
    let tied =
        tied(parameters).into_iter().filter(|(head, table)| is_there(*head) && is_there(*table));
    let (heads, tables): (HashSet<usize>, HashMap<usize, usize>) =
        tied.map(|(head, table)| (head, (table, head))).unzip();
    let mut tensors = Vec::new();
    for (name, tensor) in &weights.tensors {
        let Some(&at) = places.get(&**name) else {
            tensors.push((name.clone(), tensor.clone()));
            continue;
        };
        if heads.contains(&at) {
            continue;
        }
        let source = &parameters[tables.get(&at).copied().unwrap_or(at)];
        let tensor = weights.get(&source.name).unwrap_or(tensor);
        let is_moved = names[at] != *name || source.name != *name;
        let tensor = if is_moved { laid(source, tensor)? } else { tensor.clone() };
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
    let is_own = |name: &str| parameters.iter().any(|own| own.name == name);
    let there: Vec<String> = weights.tensors.iter().map(|(name, _)| name.clone()).collect();
    let moved = |(name, tensor): (String, Tensor<f32>)| {
        let at = names.iter().position(|other| *other == name).filter(|_| !is_own(&name));
        match at.filter(|at| !there.contains(&parameters[*at].name)) {
            None => Ok((name, tensor)),
            Some(at) => Ok((parameters[at].name.clone(), laid(&parameters[at], &tensor)?)),
        }
    };
    let tensors = weights.tensors.into_iter().map(moved).collect::<Result<_>>()?;
    let mut weights = Weights { tensors };
    for (head, table) in tied(parameters) {
        let (head, table) = (&parameters[head].name, &parameters[table]);
        if let (None, Some(one)) = (weights.get(head), weights.get(&table.name)) {
            weights.tensors.push((head.clone(), transposed(one)?));
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
    use crate::spec::Axes;

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

    #[test]
    fn a_table_and_the_last_matrix_in_one_are_one_tensor_in_the_module() {
        let table = Parameter::new("head.weight", [3, 2], Role::Embedding);
        let mut head = Parameter::new("val_6", [2, 3], Role::Weight);
        head.axes = Axes::new(0, 1);
        head.framework = Some("head.weight".to_owned());
        let parameters = [table, head];
        assert_eq!(tied(&parameters), [(1, 0)]);
        let tensor = |shape: [usize; 2], from: u8| {
            Tensor::new(shape, (from..from + 6).map(f32::from).collect()).unwrap()
        };
        let own = [("head.weight", tensor([3, 2], 10)), ("val_6", tensor([2, 3], 0))];
        let own = Weights { tensors: own.map(|(name, own)| (name.to_owned(), own)).to_vec() };
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
