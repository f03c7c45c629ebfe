//! One node of an ONNX graph as its lowering sees it: inputs and settings.

use std::collections::HashMap;
use std::rc::Rc;

use crate::formats::onnx::{Attribute, AttributeValue, Node};
use crate::{Error, Result};

use super::batch::Beside;
use super::value::Value;

/// Settings that a call of a function gives to the nodes in it.
pub(super) type Bindings<'b, 'a> = HashMap<&'a str, &'b Attribute<'a>>;

/// One node with its inputs.
#[derive(Debug)]
pub struct Call<'b, 'a> {
    /// The node.
    pub node: &'b Node<'a>,
    /// Its inputs; none where one is left out.
    pub inputs: Vec<Option<Value>>,
    /// The version of the operator set that it follows.
    pub opset: i64,
    pub(super) bindings: Rc<Bindings<'b, 'a>>,
    /// The same node with the file's own batch, where this lowering has another.
    pub(super) beside: Option<Beside<'b>>,
}

impl<'b, 'a> Call<'b, 'a> {
    /// The input at `index`.
    ///
    /// # Errors
    /// If it is left out.
    pub fn input(&self, index: usize) -> Result<&Value> {
        self.optional(index).ok_or_else(|| {
            self.refuse(format!("{} inputs", self.inputs.len()), format!("input {index}"))
        })
    }

    /// The input at `index`, unless it is left out.
    pub fn optional(&self, index: usize) -> Option<&Value> {
        self.inputs.get(index)?.as_ref()
    }

    /// All inputs that are not left out.
    pub fn all(&self) -> Vec<&Value> {
        self.inputs.iter().flatten().collect()
    }

    /// The setting of this name: the node's, or the one that a function's call gives it.
    pub fn attribute(&self, name: &str) -> Option<&'b Attribute<'a>> {
        let own = self.node.attribute(name)?;
        match own.value {
            AttributeValue::Reference(outer) => self.bindings.get(outer).copied(),
            _ => Some(own),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// If the setting is of another kind.
    pub fn int(&self, name: &str, default: i64) -> Result<i64> {
        self.setting(name, "a whole number", Attribute::int).map(|set| set.unwrap_or(default))
    }

    /// Whether a whole number is not 0.
    ///
    /// # Errors
    /// As [`int`](Self::int).
    pub fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.int(name, 0)? != 0)
    }

    /// A floating number.
    ///
    /// # Errors
    /// If the setting is of another kind.
    pub fn float(&self, name: &str, default: f64) -> Result<f64> {
        let set = self.setting(name, "a floating number", |a| a.float().map(f64::from))?;
        Ok(set.unwrap_or(default))
    }

    /// Whole numbers.
    ///
    /// # Errors
    /// If the setting is of another kind.
    pub fn ints(&self, name: &str) -> Result<Option<Vec<i64>>> {
        self.setting(name, "whole numbers", |a| a.ints().map(<[i64]>::to_vec))
    }

    /// Whole numbers that are not negative.
    ///
    /// # Errors
    /// If the setting is of another kind or one is negative.
    pub fn sizes(&self, name: &str) -> Result<Option<Vec<usize>>> {
        let Some(ints) = self.ints(name)? else { return Ok(None) };
        let sizes: Option<Vec<usize>> = ints.iter().map(|n| usize::try_from(*n).ok()).collect();
        sizes.map(Some).ok_or_else(|| self.refuse(format!("{name} {ints:?}"), "none below 0"))
    }

    /// Floating numbers.
    ///
    /// # Errors
    /// If the setting is of another kind.
    pub fn floats(&self, name: &str) -> Result<Option<Vec<f64>>> {
        let wide =
            |a: &Attribute<'_>| a.floats().map(|all| all.iter().map(|x| f64::from(*x)).collect());
        self.setting(name, "floating numbers", wide)
    }

    /// A text.
    ///
    /// # Errors
    /// If the setting is of another kind.
    pub fn text(&self, name: &str, default: &'a str) -> Result<&'a str> {
        Ok(self.setting(name, "a text", Attribute::string)?.unwrap_or(default))
    }

    /// Texts.
    ///
    /// # Errors
    /// If the setting is of another kind.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>> {
        self.setting(name, "texts", Attribute::strings)
    }

    fn setting<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl Fn(&'b Attribute<'a>) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(attribute) = self.attribute(name) else { return Ok(None) };
        let wrong = || self.refuse(format!("{name} is {}", attribute.kind()), expected);
        read(attribute).map(Some).ok_or_else(wrong)
    }

    /// The axis that a number means, negative ones counting from the end.
    ///
    /// # Errors
    /// If there is no such axis.
    pub fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let from_start = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
        from_start
            .and_then(|axis| usize::try_from(axis).ok())
            .filter(|axis| *axis < rank)
            .ok_or_else(|| self.refuse(format!("axis {axis}"), format!("one of {rank} axes")))
    }

    /// The axes that numbers mean, each once.
    ///
    /// # Errors
    /// If there is no such axis, or one is named twice.
    pub fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>> {
        let axes: Vec<usize> =
            axes.iter().map(|axis| self.axis(*axis, rank)).collect::<Result<_>>()?;
        let twice = axes.iter().enumerate().any(|(i, axis)| axes[..i].contains(axis));
        if twice {
            return Err(self.refuse(format!("axes {axes:?}"), "each axis once"));
        }
        Ok(axes)
    }

    /// An error of this node.
    pub fn refuse(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::Setting {
            place: self.node.op_type.to_owned(),
            found: found.into(),
            expected: expected.into(),
        }
    }
}
