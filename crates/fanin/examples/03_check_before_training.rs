//! What is wrong with a start, before any time is spent on training from it.

use fanin::spec::Spec;

/// Checks a common library's default start and a better one in ten layers.
pub fn main() -> fanin::Result<()> {
    let mut spec = Spec { model: "features -> 10x64 relu -> outputs".parse()?, ..Spec::default() };
    let data = fanin::load(&spec)?;
    let model = fanin::resolve(&spec, &data)?;
    for scheme in ["torch-default", "he-normal"] {
        scheme.clone_into(&mut spec.init.scheme);
        let weights = fanin::initialize(&spec, &model, 0)?;
        let diagnosis = fanin::check(&spec, &model, &weights, &data)?;
        println!("{scheme}: {}", diagnosis.forecast);
        for finding in &diagnosis.findings {
            println!("  {}: {}\n  fix: {}", finding.code, finding.why, finding.fix);
        }
    }
    Ok(())
}
