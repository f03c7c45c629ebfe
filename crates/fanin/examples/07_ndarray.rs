//! Starting weights in ndarray: one line each. Run with `--features ndarray`.

use fanin::init::{Parameter, tensors::ndarray::array};

fn main() -> fanin::Result<()> {
    let hidden = Parameter::linear("hidden.weight", 256, 784).followed_by("relu");
    let output = Parameter::linear("output.weight", 10, 256);
    let (w1, w2) = (array("he-normal", &hidden, 42)?, array("xavier-uniform", &output, 42)?);
    for (name, weights) in [("hidden", &w1), ("output", &w2)] {
        println!("{name}: shape {:?}, standard deviation {:.4}", weights.shape(), weights.std(0.0));
    }
    Ok(())
}
