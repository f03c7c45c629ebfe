//! The report of a check, and its event files.

use fanin::Result;
use fanin::report::sections::Mended;
use fanin::report::{self, Asked, Checked, Material};

use super::Check;
use super::start::{Drawn, Judged};
use crate::report_args::command_line;
use crate::tensorboard::{Names, board};

impl Check {
    /// Writes the report, if one was asked for.
    pub(super) fn write_report(&self, judged: &Judged, asked: &Asked) -> Result<()> {
        let Judged { spec, start, diagnosis, .. } = judged;
        self.report.write(|| {
            let (text, start) = (judged.model.clone(), start.clone());
            let checked = Checked { model: text, start, spec, asked, diagnosis };
            let material = Material {
                title: checked.model.clone(),
                command: command_line(),
                spec: Some(spec),
                checked: Some(&checked),
                ..Material::default()
            };
            let Some(Drawn { model, data, weights }) = &judged.drawn else {
                let source = &spec.data.source;
                let subtitle =
                    format!("judged in part, starting from {}, on {source}", checked.start);
                return Ok(report::report(&Material { subtitle, ..material }));
            };
            let mended = fanin::mend(&checked, model, data)?;
            let mended = mended.as_ref();
            let trace = fanin::trace(spec, model, weights, data)?;
            Ok(report::report(&Material {
                subtitle: format!("starting from {}, on {}", checked.start, data.source),
                data: Some(data),
                trace: Some(&trace),
                mended: mended.map(|(start, diagnosis, trace)| Mended {
                    start,
                    diagnosis,
                    trace: Some(trace),
                }),
                ..material
            }))
        })
    }

    /// Writes event files, if they were asked for.
    pub(super) fn write_events(&self, judged: &Judged) -> Result<()> {
        let Judged { spec, start, diagnosis, .. } = judged;
        let Some(folder) = self.tensorboard.folder()? else { return Ok(()) };
        let Some(Drawn { model, data, weights }) = &judged.drawn else { return Ok(()) };
        let values = fanin::layer_values(spec, model, weights, data)?;
        let board = board().with_measurement(&diagnosis.measurement).with_values(0, &values);
        board.write(&folder.join(Names::default().free(start)))?;
        Ok(())
    }
}
