//! The scheme that another one builds on.

use std::sync::Arc;

use crate::error::Result;
use crate::init::{self, Scheme};

/// The scheme that another one builds on: one of its own choice, or the one that it is told.
#[derive(Clone, Debug)]
pub struct Base {
    default: &'static str,
    given: Option<Arc<dyn Scheme>>,
}

impl Base {
    /// The scheme that this text says, until another one is given.
    pub const fn new(default: &'static str) -> Self {
        Self { default, given: None }
    }

    /// The scheme that `text` says; without a text, the default.
    ///
    /// # Errors
    /// What was expected.
    pub fn read(&self, text: Option<&str>) -> std::result::Result<Self, String> {
        let Some(text) = text else { return Ok(Self::new(self.default)) };
        let expected = || format!("a scheme to build on, such as `{}`", self.default);
        let builds_on_another =
            init::facts(text).map_err(|_| expected())?.argument.contains("BASE");
        if builds_on_another {
            return Err(format!("{}, which builds on no other", expected()));
        }
        let given = init::find(text).map_err(|_| expected())?;
        Ok(Self { default: self.default, given: Some(Arc::from(given)) })
    }

    /// The text after the name and `separator`, if it is not the default.
    pub fn label(&self, separator: char) -> String {
        self.given.as_ref().map_or(String::new(), |scheme| format!("{separator}{}", scheme.label()))
    }

    /// The scheme.
    ///
    /// # Errors
    /// Never for a default that [`init::find`] reads.
    pub fn scheme(&self) -> Result<Arc<dyn Scheme>> {
        match &self.given {
            Some(scheme) => Ok(Arc::clone(scheme)),
            None => Ok(Arc::from(init::find(self.default)?)),
        }
    }

    /// Whether it gives elements only all together.
    pub fn is_whole(&self) -> bool {
        self.given.as_ref().is_some_and(|scheme| scheme.is_whole())
    }
}
