//! Imported models against the frameworks that exported them: outputs, losses and gradients.
//!
//! A few small models are carried along; the others are read where the folder is present.

mod backend;
mod derivatives;
mod hostile;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fanin::formats::onnx::OnnxFile;
use fanin::formats::read_weights;
use fanin::import::{Arrays, BatchNorm, Imported, Loss, Options, Run, import_model, run};
use fanin::weights::Weights;
use serde_json::Value;

/// How far results may be from the framework's.
const FORWARD: f32 = 1e-4;
const GRADIENT: (f32, f32) = (1e-3, 1e-4);
/// A gradient below this share of the model's largest is 0 but for rounding, as that of a key's bias
/// before a softmax is: it may differ by as much.
const ROUNDING: f32 = 1e-6;

struct Report {
    forward: f32,
    gradient: f32,
    compared: usize,
    uncompared: Vec<String>,
    worst: String,
}

fn json(path: &Path) -> Value {
    // Python writes NaN and Infinity, which JSON does not have.
    let mut text = std::fs::read_to_string(path).unwrap();
    for word in ["NaN", "-Infinity", "Infinity"] {
        text = text.replace(word, "null");
    }
    serde_json::from_str(&text).unwrap()
}

fn import_variant(
    folder: &Path,
    name: &str,
    file: &str,
    batch_norm: BatchNorm,
) -> fanin::Result<(Imported, Arrays)> {
    let arrays = Arrays::read(&folder.join(format!("{name}.input.npz")))?;
    let file = OnnxFile::read(&folder.join(file))?;
    let model = file.model()?;
    let options = Options {
        batch_norm,
        inputs: arrays.shapes(&model, &Options::default()).unwrap(),
        ..Options::default()
    };
    Ok((import_model(&file, &model, &options)?, arrays))
}

fn results(model: &Imported, arrays: &Arrays) -> fanin::Result<Weights> {
    let target = arrays.get("target_0").map(|target| (Loss::HalfSquared, target.clone()));
    run(model, &arrays.feeds(model), &Run { gradients: target.is_some(), loss: target })
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// The worst |g − r| as a share of what is allowed; 1 or less passes.
fn gradient_share(found: &[f32], wanted: &[f32], model_top: f32) -> f32 {
    let top = largest(wanted);
    let share = |(g, r): (&f32, &f32)| {
        if g.is_nan() {
            return f32::INFINITY;
        }
        let near = GRADIENT.0 * r.abs() + GRADIENT.1 * top;
        let allowed = if top < ROUNDING * model_top { ROUNDING * model_top } else { near };
        (g - r).abs() / allowed.max(f32::MIN_POSITIVE)
    };
    assert_eq!(found.len(), wanted.len());
    found.iter().zip(wanted).map(share).fold(0.0, f32::max)
}

fn transposed(data: &[f32], axes: &[usize]) -> Vec<f32> {
    let &[rows, columns] = axes else { return data.to_vec() };
    (0..data.len()).map(|i| data[i % rows * columns + i / rows]).collect()
}

fn report(folder: &Path, name: &str, variant: &str, mode: BatchNorm) -> fanin::Result<Report> {
    let meta = json(&folder.join(format!("{name}.meta.json")));
    let reference = read_weights(&folder.join(format!("{name}.ref.safetensors")))?;
    let described = &meta["variants"][variant];
    let file = described["file"].as_str().unwrap();
    let (model, arrays) = import_variant(folder, name, file, mode)?;
    let found = results(&model, &arrays)?;
    let prefix = if variant == "train" || mode == BatchNorm::Batch { "train/" } else { "" };
    let mut report = Report {
        forward: 0.0,
        gradient: 0.0,
        compared: 0,
        uncompared: Vec::new(),
        worst: String::new(),
    };
    for i in 0.. {
        let Some(wanted) = reference.get(&format!("{prefix}output/{i}")) else { break };
        let found = found.get(&format!("output/{i}")).unwrap();
        assert_eq!(found.shape().elements(), wanted.shape().elements(), "output {i}");
        let apart = found.data().iter().zip(wanted.data()).map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0, |m: f32, d| if d.is_nan() { f32::INFINITY } else { m.max(d) });
        report.forward = report.forward.max(apart / largest(wanted.data()));
    }
    let is_gradient = |name: &str| name.starts_with(&format!("{prefix}grad/"));
    let gradients = reference.tensors.iter().filter(|(name, _)| is_gradient(name));
    let top = gradients.map(|(_, tensor)| largest(tensor.data())).fold(0.0, f32::max);
    let mut groups: BTreeMap<String, Vec<(String, Vec<f32>)>> = BTreeMap::new();
    for parameter in &model.parameters {
        let own = format!("grad/{}", parameter.name);
        let Some(gradient) = found.get(&own) else { continue };
        let said = &described["init"][&parameter.name];
        let (target, change) = (said[0].as_str(), said[1].as_str().unwrap_or(""));
        if change == "buffer" {
            continue;
        }
        if let Some(wanted) = reference.get(&format!("{variant}:{own}")) {
            let share = gradient_share(gradient.data(), wanted.data(), top);
            report.add(&parameter.name, share);
            continue;
        }
        let turned = change == "transposed";
        let data = if turned {
            transposed(gradient.data(), gradient.shape().axes())
        } else {
            gradient.data().to_vec()
        };
        let group = target.filter(|t| *t != "?").unwrap_or(&parameter.name).to_owned();
        groups.entry(group).or_default().push((parameter.name.clone(), data));
    }
    for (target, members) in groups {
        let own = members.iter().map(|(name, _)| name.as_str());
        let wanted = std::iter::once(target.as_str())
            .chain(own)
            .find_map(|name| reference.get(&format!("{prefix}grad/{name}")));
        match wanted {
            Some(wanted) => {
                let mut sum = vec![0.0; wanted.data().len()];
                for (_, data) in &members {
                    sum.iter_mut().zip(data).for_each(|(sum, x)| *sum += x);
                }
                let share = gradient_share(&sum, wanted.data(), top);
                report.add(&target, share);
            }
            None => report.uncompared.push(members[0].0.clone()),
        }
    }
    Ok(report)
}

impl Report {
    fn add(&mut self, name: &str, share: f32) {
        self.compared += 1;
        if share > self.gradient {
            (self.gradient, self.worst) = (share, name.to_owned());
        }
    }

    fn passes(&self) -> bool {
        self.forward < FORWARD && self.gradient <= 1.0
    }
}

/// Every model and variant of a folder, with batch statistics too where there is a reference.
fn check_folder(folder: &Path) {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".meta.json").map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(!names.is_empty());
    let mut failed = Vec::new();
    for name in names {
        let only = std::env::var("FANIN_MODEL").ok();
        if only.is_some_and(|only| !name.contains(&only)) {
            continue;
        }
        let meta = json(&folder.join(format!("{name}.meta.json")));
        let reference = read_weights(&folder.join(format!("{name}.ref.safetensors"))).unwrap();
        let batch = reference.get("train/output/0").is_some();
        for variant in meta["variants"].as_object().unwrap().keys() {
            let file = meta["variants"][variant]["file"].as_str().unwrap();
            if !folder.join(file).exists() {
                continue;
            }
            let mut modes = vec![BatchNorm::File];
            if batch && variant == "raw" {
                modes.push(BatchNorm::Batch);
            }
            for mode in modes {
                let line = match report(folder, &name, variant, mode) {
                    Ok(report) => {
                        let line = format!(
                            "{name:20} {variant:7} {mode:?} forward {:.1e} gradient {:.3} ({}) compared {} without reference {:?}",
                            report.forward,
                            report.gradient,
                            report.worst,
                            report.compared,
                            report.uncompared,
                        );
                        if !report.passes() {
                            failed.push(line.clone());
                        }
                        line
                    }
                    Err(error) => {
                        let line = format!("{name:20} {variant:7} {mode:?} {error}");
                        failed.push(line.clone());
                        line
                    }
                };
                eprintln!("{line}");
            }
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn carried_models_agree_with_their_frameworks() {
    check_folder(&carried());
}

fn carried() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx")
}

/// All 25 models of the folder beside the repository, where there is one.
#[test]
fn models_beside_the_repository_agree_with_their_frameworks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = root.ancestors().map(|folder| folder.join("shared/models"));
    if let Some(folder) = folders.into_iter().find(|folder| folder.is_dir()) {
        check_folder(&folder);
    }
}

#[test]
fn operator_that_is_not_read_is_named_with_its_node() {
    let mut bytes = std::fs::read(carried().join("keras_mlp.onnx")).unwrap();
    for at in 0..bytes.len() - 4 {
        if &bytes[at..at + 4] == b"Erfc" {
            bytes[at..at + 4].copy_from_slice(b"Erfq");
        }
    }
    let file = OnnxFile { path: "changed.onnx".into(), bytes };
    let error = import_model(&file, &file.model().unwrap(), &Options::default()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("(Erfq)"), "{message}");
    assert!(message.contains("--output"), "{message}");
    assert!(message.contains("Gelu/Erfq"), "{message}");
}
