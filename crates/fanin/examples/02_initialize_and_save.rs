//! Starting weights by a scheme, with an exception, explained and saved for PyTorch.

use std::path::Path;

use fanin::formats::{Existing, read_weights, write_weights};
use fanin::spec::Spec;

const NETWORK: &str = r#"
model = "784 -> 256 relu -> 128 tanh -> 10"

[init]
scheme = "he-normal"

[[init.rules]] # the layer before tanh needs another factor
pattern = "2.weight"
scheme = "xavier-uniform"
"#;

/// Prints what each parameter gets, and writes the weights to a temporary folder.
pub fn main() -> fanin::Result<()> {
    let spec = Spec::from_toml(NETWORK, Path::new("network.toml"))?;
    let model = fanin::resolve_alone(&spec)?;
    for row in fanin::explain(&spec, &model)? {
        println!("{:10} {:?}: {} ({})", row.name, row.shape, row.distribution, row.reason);
    }
    let weights = fanin::initialize(&spec, &model, 42)?;
    let path = std::env::temp_dir().join(format!("fanin-{}.safetensors", std::process::id()));
    write_weights(&path, &weights, Existing::Replace)?;
    assert_eq!(read_weights(&path)?, weights);
    println!("{} numbers in {}", weights.elements(), path.display());
    Ok(())
}
