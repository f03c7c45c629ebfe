//! How the numbers came about: formulas, seeds, versions, limits.

use super::Material;
use crate::report::document::{Block, Section, Table};

/// The last section of every report.
#[expect(clippy::unnecessary_wraps, reason = "an entry of the registry")]
pub fn section(material: &Material<'_>) -> Option<Section> {
    let mut rows: Vec<[String; 2]> =
        vec![["fanin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()]];
    if let Some(spec) = material.spec {
        let seeds: Vec<String> = spec.train.seeds.iter().map(u64::to_string).collect();
        rows.push(["seeds of training".to_owned(), seeds.join(", ")]);
        rows.push(["epochs planned".to_owned(), spec.train.epochs.to_string()]);
        rows.push(["optimizer".to_owned(), spec.optimizer.name.clone()]);
        rows.push([
            "score that counts as learned".to_owned(),
            spec.train.target_accuracy.to_string(),
        ]);
    }
    if let Some(checked) = material.checked {
        rows.push(["draws of the weights".to_owned(), checked.diagnosis.seeds.to_string()]);
        rows.push(["rows measured on".to_owned(), checked.diagnosis.measurement.rows.to_string()]);
    }
    if let Some(data) = material.data {
        rows.push(["data".to_owned(), data.source.clone()]);
        rows.extend(
            data.license.clone().map(|license| ["license of the data".to_owned(), license]),
        );
    }
    let table = Table {
        head: ["what", "value"].map(str::to_owned).to_vec(),
        rows: rows.into_iter().map(|row| row.to_vec()).collect(),
    };
    let formulas = "Signal is E z² over units and rows, gradient E δ² with δ = ∂loss/∂z of the \
                    batch. Theory follows q ↦ σ_w² E φ(√q x)² + σ_b² and multiplies gradients by \
                    χ = σ_w² E φ′(√q x)² for x ~ N(0, 1), at infinite width; a layer of N units \
                    strays from it by about 1/√N.";
    let limits = "Forecasts are made before any training and say what is likeliest under the planned \
                  training, not what must come; how often they were right is in docs/verdict.md. A \
                  band says how much seeds or rows differ, not how another data set would.";
    Some(
        Section::new("method", "Method", "How these numbers came about, and what they do not say.")
            .with(Block::Table(table))
            .with(Block::text(formulas))
            .with(Block::text(limits))
            .with(Block::text(
                "Derivations: docs/theory/signal-propagation.md, symmetry.md, escape-time.md, \
                 instruments.md.",
            )),
    )
}
