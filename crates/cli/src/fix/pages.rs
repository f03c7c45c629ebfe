//! The report of a repair: before, after, what changed, and the start as code.

use fanin::Result;
use fanin::report::sections::{self, Material, Mended};
use fanin::report::{self, Checked, Fixed};

use super::{Case, Fix};
use crate::report_args::command_line;

impl Fix {
    /// Writes the report, if it was asked for.
    pub(super) fn write_report(&self, case: &Case, fixed: &Fixed<'_>) -> Result<()> {
        let repair = fixed.repair;
        let Case { spec, asked, data, model, weights, start, .. } = case;
        self.report.write(|| {
            let diagnosis = &repair.before;
            let (model_text, start) = (model.to_string(), start.clone());
            let checked = Checked { model: model_text, start, spec, asked, diagnosis };
            let trace = fanin::trace(spec, model, weights, data)?;
            let found = repair.recommendation.as_ref();
            let after = found.zip(repair.after.as_ref());
            let new = after.map(|(found, _)| fanin::trace(spec, model, &found.weights, data));
            let new = new.transpose()?;
            let changed = found.map(|found| sections::Repair::new(model, fixed, found, data.task));
            Ok(report::report(&Material {
                title: checked.model.clone(),
                subtitle: format!("repair of a start from {}, on {}", checked.start, data.source),
                command: command_line(),
                spec: Some(spec),
                data: Some(data),
                checked: Some(&checked),
                trace: Some(&trace),
                mended: after.map(|(found, diagnosis)| Mended {
                    start: found.method,
                    diagnosis,
                    trace: new.as_ref(),
                }),
                repair: changed.as_ref(),
                ..Material::default()
            }))
        })
    }
}
