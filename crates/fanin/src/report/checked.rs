//! A diagnosis with what was diagnosed: what every form of a check's report is made from.

use std::path::Path;

use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::Asked;
use super::terminal::check::remedy;
use crate::check::rules::RULES;
use crate::check::{Diagnosis, Finding};
use crate::spec::Spec;

/// A diagnosis with what was diagnosed.
///
/// As JSON it has the keys of its diagnosis beside its own, and `try` in every finding: the command
/// that [`command`](Self::command) gives, or null.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    /// The network as short text.
    pub model: String,
    /// Where the weights come from: a scheme, a file or a run.
    pub start: String,
    /// What was asked for; suggested commands repeat its data and training.
    pub spec: &'a Spec,
    /// What was asked for beside it; suggested commands repeat it too.
    pub asked: &'a Asked,
    /// What was found.
    pub diagnosis: &'a Diagnosis,
}

impl Checked<'_> {
    /// The start of a network whose file has its weights.
    pub const OF_FILE: &'static str = "the weights in the file";

    /// The scheme that the fix of the first cause names for this network, if it names one.
    pub fn other_scheme(&self) -> Option<String> {
        self.diagnosis.cause().and_then(|cause| remedy::other_scheme(self, cause))
    }

    /// The check of the same network with the fix of `finding` applied, where the fix names an
    /// option or a scheme.
    pub fn command(&self, finding: &Finding) -> Option<String> {
        remedy::command(self, finding)
    }

    /// The file that names the network: a spec or a model; none of a text.
    pub fn file(&self) -> Option<&Path> {
        let spec = self.asked.file.as_ref().map(|(path, _)| path.as_path());
        spec.or_else(|| self.spec.model.file())
    }
}

impl Serialize for Checked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut found = serde_json::to_value(self.diagnosis).map_err(S::Error::custom)?;
        let findings = found["findings"].as_array_mut().into_iter().flatten();
        for (told, finding) in findings.zip(&self.diagnosis.findings) {
            told["try"] = self.command(finding).into();
        }
        let own = [("model", &self.model), ("start", &self.start)];
        let own = own.map(|(key, text)| (key.to_owned(), Value::from(text.as_str())));
        let mut object: Map<String, Value> = own.into_iter().collect();
        object.extend(found.as_object().cloned().unwrap_or_default());
        object.serialize(serializer)
    }
}

/// What is wrong, in a few words: the title of the symptom with this code.
pub fn title(code: &str) -> &'static str {
    RULES.iter().find(|rule| rule.code() == code).map_or("", |rule| rule.title())
}
