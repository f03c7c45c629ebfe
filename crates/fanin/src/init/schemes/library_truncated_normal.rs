//! What libraries give who ask them for a truncated normal of some deviation.

use super::truncated_normal::{Cut, TruncatedNormal};
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, non_negative};
use crate::init::{Distribution, Parameter};

/// A library's reading of "truncated normal" with mean 0.
#[derive(Clone, Debug)]
pub struct LibraryTruncatedNormal {
    facts: &'static Facts,
    deviation: f64,
    cut: fn(f64) -> Cut,
}

/// Cut at weights of ±2, whatever the deviation.
pub const TORCH: LibraryTruncatedNormal = LibraryTruncatedNormal {
    facts: &Facts {
        name: "torch-truncated-normal",
        aliases: &["torch-trunc-normal", "timm-trunc-normal"],
        example: "torch-truncated-normal:0.02",
        argument: "DEVIATION",
        needs: "",
        formula: "W ~ N(0, σ²) given |W| ≤ 2; as good as uncut for σ = 0.02, where 2 is 100σ",
        source: "torch.nn.init.trunc_normal_ and timm's, with their default a = −2, b = 2",
        when: "to reproduce a network of PyTorch or timm",
        avoid: "if far values should be cut: truncated-normal:std=…,cut=2sigma does it",
    },
    deviation: 1.0,
    cut: Cut::Absolute,
};

/// Cut at ±2σ, σ before the cut.
pub const KERAS: LibraryTruncatedNormal = LibraryTruncatedNormal {
    facts: &Facts {
        name: "keras-truncated-normal",
        aliases: &["tensorflow-truncated-normal", "jax-truncated-normal", "timm-trunc-normal-tf"],
        example: "keras-truncated-normal:0.05",
        argument: "DEVIATION",
        needs: "",
        formula: "W ~ N(0, σ²) given |W| ≤ 2σ, not corrected: the deviation left is 0.8796σ",
        source: "Keras' TruncatedNormal, jax.nn.initializers.truncated_normal, timm's trunc_normal_tf_",
        when: "to reproduce a network of Keras, JAX or timm",
        avoid: "if σ should be the deviation of the weights: `corrected` makes it so",
    },
    deviation: 1.0,
    cut: Cut::Sigma,
};

/// Where both cut, each in its unit.
const CUT: f64 = 2.0;

impl Scheme for LibraryTruncatedNormal {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn label(&self) -> String {
        format!("{}:{}", self.facts.name, self.deviation)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let deviation = non_negative(argument).filter(|&deviation| deviation > 0.0);
        let deviation = deviation.ok_or("a positive standard deviation")?;
        Ok(Box::new(Self { deviation, ..self.clone() }))
    }

    fn distribution(&self, _parameter: &Parameter) -> Result<Distribution> {
        let truncated_normal = TruncatedNormal {
            mean: 0.0,
            deviation: self.deviation,
            low: (self.cut)(-CUT),
            high: (self.cut)(CUT),
            is_corrected: false,
        };
        Ok(truncated_normal.drawn())
    }
}

#[cfg(test)]
mod tests {
    use crate::init::{Parameter, find};

    /// N(0, 1) cut at ±2 keeps 0.87962566 of its deviation; at 100 deviations nothing is cut.
    #[test]
    fn libraries_differ_in_the_unit_of_the_cut() {
        let deviation = |text| {
            let parameter = Parameter::linear("w", 3, 4);
            find(text).unwrap().distribution(&parameter).unwrap().deviation()
        };
        assert_eq!(deviation("torch-truncated-normal:0.02"), 0.02);
        assert!((deviation("torch-truncated-normal:1") - 0.879_625_661).abs() < 1e-9);
        for keras in ["keras_truncated_normal:0.02", "jax-truncated-normal:0.02"] {
            assert!((deviation(keras) - 0.02 * 0.879_625_661).abs() < 1e-10);
        }
    }
}
