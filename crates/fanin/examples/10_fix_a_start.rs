//! A start from which a network does not learn, mended and proven.

use fanin::compare::proof::{ProofOptions, Proven};
use fanin::recommend::{self, Language, Options, fold};
use fanin::spec::Spec;
use fanin::train::Interrupt;

/// Mends what a common library starts ten layers with, and trains from both.
pub fn main() -> fanin::Result<()> {
    let mut spec = Spec { model: "features -> 10x32 relu -> outputs".parse()?, ..Spec::default() };
    "torch-default".clone_into(&mut spec.init.scheme);
    spec.train.epochs = 5;
    let data = fanin::load(&spec)?;
    let model = fanin::resolve(&spec, &data)?;
    let weights = fanin::initialize(&spec, &model, 0)?;
    let repair = fanin::recommend(&spec, &model, &weights, &data, &Options::default())?;
    println!("before: {}, after: {}", repair.before.forecast, repair.result().forecast);
    let Some(found) = &repair.recommendation else { return Ok(()) };
    for line in fold(&found.changes) {
        println!("  {} ({}): {}, {}", line.name, line.count, line.scheme, line.reason);
    }
    println!("\n{}", recommend::code(&model, found, Language::Torch)?);

    let seconds = None;
    let usual = ProofOptions::default();
    let options = ProofOptions { seeds: vec![0, 1], factors: vec![1.0], seconds, ..usual };
    let interrupt = Interrupt::default();
    let proof = fanin::prove(&spec, &model, None, found, &data, &options, &(), &interrupt)?;
    if let Proven::Trained(proof) = proof {
        println!(
            "{}: scores {:.2} and {:.2}",
            proof.conclusion, proof.before.score, proof.after.score
        );
    }
    Ok(())
}
