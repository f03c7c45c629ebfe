//! What is wrong, causes first, and what is sound.

use super::{Material, verdict::sentence};
use crate::check::Finding;
use crate::report::Checked;
use crate::report::checked::title;
use crate::report::document::{Block, Card, Fact, Section};
use crate::report::terminal::check::remedy;
use crate::report::terminal::number::{compact, steps};

/// What a page of a start leaves out that was judged in part.
const OF_WHOLE: &str = "Left out, for they need the whole network: the loss, gradients, which units can \
                        differ, pictures of activations, of rows and of Jacobians, and a mended start.";

/// What is wrong with a start that was checked.
pub fn section(material: &Material<'_>) -> Option<Section> {
    let checked = material.checked?;
    let diagnosis = checked.diagnosis;
    let lead = match diagnosis.findings.len() {
        0 if diagnosis.is_partial => "Nothing is wrong with the part that was judged.",
        0 => "Nothing is wrong with this start.",
        1 => "One thing stands out.",
        _ => "Causes stand before what follows from them.",
    };
    let heading = if material.repair.is_some() { "Findings before the repair" } else { "Findings" };
    let mut section = Section::new("findings", heading, lead);
    section.blocks.push(Block::Facts { facts: facts(checked) });
    let remarks = diagnosis.remarks.iter().map(|remark| Block::text(sentence(remark)));
    section.blocks.extend(remarks);
    let mut findings: Vec<&Finding> = diagnosis.findings.iter().collect();
    findings.sort_by_key(|f| (f.consequence_of.is_some(), std::cmp::Reverse(f.severity)));
    section.blocks.extend(findings.into_iter().map(|f| Block::Finding(card(checked, f))));
    let sound: Vec<&str> = diagnosis.passed.iter().map(|passed| title(passed.code)).collect();
    if !sound.is_empty() {
        let text = format!("Looked for and not found: {}.", sound.join("; "));
        section.blocks.push(Block::Text { text });
    }
    if diagnosis.is_partial {
        section.blocks.push(Block::text(OF_WHOLE));
    }
    for skipped in &diagnosis.skipped {
        section.blocks.push(Block::text(format!("Not looked at: {skipped}.")));
    }
    Some(section)
}

fn facts(checked: &Checked<'_>) -> Vec<Fact> {
    let diagnosis = checked.diagnosis;
    let factor = |f: Option<f64>| f.map_or_else(|| "–".to_owned(), |f| format!("× {}", compact(f)));
    let forecast = Fact::new("forecast", diagnosis.forecast.to_string());
    let signal = Fact::new("signal, per hidden layer", factor(diagnosis.signal_factor));
    if diagnosis.is_partial {
        return vec![forecast, signal];
    }
    let escape = diagnosis.escape_steps.map_or_else(|| "never".to_owned(), steps);
    vec![
        forecast,
        Fact::new(
            "units that can ever differ",
            format!("{} of {}", diagnosis.effective_units, diagnosis.units),
        ),
        signal,
        Fact::new("gradient, per hidden layer", factor(diagnosis.gradient_factor)),
        Fact::new(
            "gradient norm, first over last layer",
            compact(diagnosis.measurement.gradient_ratio()),
        ),
        Fact::new("to grow out of the start", escape),
    ]
}

fn card(checked: &Checked<'_>, finding: &Finding) -> Card {
    let follows = finding
        .consequence_of
        .map_or_else(String::new, |cause| format!(" It follows from {cause}."));
    Card {
        severity: finding.severity.word().to_lowercase(),
        title: match title(finding.code) {
            "" => finding.code.to_owned(),
            title => sentence(title).trim_end_matches('.').to_owned(),
        },
        place: finding.module.as_ref().map_or_else(String::new, |module| format!("at {module}")),
        why: sentence(&finding.why) + &follows,
        fix: sentence(&finding.fix),
        command: remedy::command(checked, finding).unwrap_or_default(),
        ignore: finding.ignore.to_owned(),
    }
}
