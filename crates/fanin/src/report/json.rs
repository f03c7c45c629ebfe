//! Results for programs: one JSON object with a name and version of its form.

use std::fmt;

use serde::Serialize;

/// A result as JSON, with the name and version of its form in `schema`.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(serde_json::Value);

impl Json {
    /// `content` under the form `fanin.NAME/1`; numbers that are no numbers become `null`.
    ///
    /// # Panics
    /// If `content` is no plain data: every type of this crate's results is.
    pub fn new(name: &str, content: &impl Serialize) -> Self {
        let content = serde_json::to_value(content).expect("results are plain data");
        let mut object = serde_json::Map::new();
        object.insert("schema".to_owned(), format!("fanin.{name}/1").into());
        object.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        match content {
            serde_json::Value::Object(fields) => object.extend(fields),
            list => {
                object.insert(name.to_owned(), list);
            }
        }
        Self(serde_json::Value::Object(object))
    }

    /// A value of a form that is not fanin's own.
    pub(super) fn plain(value: serde_json::Value) -> Self {
        Self(value)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}
