//! How the numbers came about: formulas, seeds, versions, limits.

use super::Material;
use crate::report::document::{Block, Section, Table};
use crate::spec::Spec;

/// The last section of every report.
#[expect(clippy::unnecessary_wraps, reason = "an entry of the registry")]
pub fn section(material: &Material<'_>) -> Option<Section> {
    let mut rows: Vec<[String; 2]> =
        vec![["fanin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()]];
    if let Some(spec) = material.spec {
        let seeds: Vec<String> = trained(material, spec).iter().map(u64::to_string).collect();
        let name = if seeds.len() == 1 { "seed of training" } else { "seeds of training" };
        if !seeds.is_empty() {
            rows.push([name.to_owned(), seeds.join(", ")]);
        }
        rows.push(["epochs planned".to_owned(), spec.train.epochs.to_string()]);
        rows.push(["optimizer".to_owned(), spec.optimizer.name.clone()]);
        let target = material.target().unwrap_or(spec.train.target_accuracy);
        rows.push(["score that counts as learned".to_owned(), target.to_string()]);
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

/// The seeds that were trained: of a run the first of its spec, of a comparison all.
fn trained<'a>(material: &Material<'_>, spec: &'a Spec) -> &'a [u64] {
    let seeds: &[u64] = &spec.train.seeds;
    match (material.epochs, material.networks) {
        (Some(_), _) => seeds.get(..1).unwrap_or_default(),
        (None, []) => &[],
        (None, _) => seeds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_names_the_one_seed_that_it_trains() {
        let mut spec = Spec::default();
        spec.train.seeds = vec![7, 8, 9];
        let seed = |material: &Material<'_>| {
            let blocks = section(material).unwrap().blocks;
            let rows = blocks.into_iter().find_map(|block| match block {
                Block::Table(table) => Some(table.rows),
                _ => None,
            });
            rows.unwrap().into_iter().find(|row| row[0].contains("of training"))
        };
        let material = Material { spec: Some(&spec), epochs: Some(&[]), ..Material::default() };
        assert_eq!(seed(&material), Some(vec!["seed of training".to_owned(), "7".to_owned()]));
        let untrained = Material { spec: Some(&spec), ..Material::default() };
        assert_eq!(seed(&untrained), None);
    }
}
