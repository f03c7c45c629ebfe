//! Whether weights are what a scheme's name says.

use fanin_kernels::reduce;
use serde::Serialize;

use super::estimate::Estimate;
use crate::init::Explanation;
use crate::weights::Weights;

/// A tensor beside the scheme that is said to have made it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    /// The tensor.
    pub tensor: String,
    /// The scheme that is said to have made it.
    pub scheme: String,
    /// The standard deviation that the scheme gives.
    pub expected_deviation: f64,
    /// The standard deviation found.
    pub deviation: f64,
    /// ln of the variance found over the variance that the scheme gives; its standard error is
    /// √((κ − 1)/n) for n elements of kurtosis κ.
    pub log_ratio: Estimate,
}

/// Every matrix of `weights` beside what `explanations` say was drawn.
pub fn claims(weights: &Weights, explanations: &[Explanation]) -> Vec<Claim> {
    let matrices = weights.tensors.iter().filter(|(_, tensor)| tensor.shape().rank() > 1);
    matrices
        .filter_map(|(name, tensor)| {
            let said = explanations.iter().find(|said| said.name == *name)?;
            Some(claim(name, tensor.data(), said, said.scheme.clone()?))
        })
        .collect()
}

fn claim(tensor: &str, values: &[f32], said: &Explanation, scheme: String) -> Claim {
    let count = values.len() as f64;
    let centered = |power: i32| {
        values.iter().map(|&v| (f64::from(v) - said.mean).powi(power)).sum::<f64>() / count
    };
    let second = centered(2);
    let kurtosis = if second > 0.0 { centered(4) / (second * second) } else { 1.0 };
    let log_ratio = if second == 0.0 && said.deviation == 0.0 {
        0.0
    } else {
        (second / said.deviation.powi(2)).ln()
    };
    Claim {
        tensor: tensor.to_owned(),
        scheme,
        expected_deviation: said.deviation,
        deviation: reduce::variance(values).sqrt(),
        log_ratio: Estimate::single(log_ratio, ((kurtosis - 1.0).max(0.0) / count).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{self, Rules};
    use crate::spec::Model;

    /// ln of the variance over that of `claimed`, in standard errors off `expected`.
    fn off(drawn: &str, claimed: &str, expected: f64) -> f64 {
        let model: Model = "64 -> 256 relu -> 10".parse().unwrap();
        let weights = init::for_model(&model, &Rules::new(drawn), 0).unwrap();
        let parameters = init::parameters(&model).unwrap();
        let said = init::explain(&parameters, &Rules::new(claimed)).unwrap();
        let claim = &claims(&weights, &said)[0];
        (claim.log_ratio.value - expected) / claim.log_ratio.standard_error
    }

    #[test]
    fn a_scheme_is_told_from_its_double_by_many_errors() {
        for scheme in ["he-normal", "he-uniform", "xavier-uniform", "lecun-normal"] {
            let own = off(scheme, scheme, 0.0);
            assert!(own.abs() < 4.0, "{scheme}: {own} errors off itself");
        }
        let twice = off("he-normal", "lecun-normal", 2.0_f64.ln());
        assert!(twice.abs() < 4.0, "{twice}");
        assert!(off("he-normal", "lecun-normal", 0.0) > 30.0);
    }

    #[test]
    fn zeros_are_zeros_and_nothing_else() {
        assert!(off("he-normal", "zeros", 0.0) > 1e6);
        let model: Model = "4 -> 3 relu -> 2".parse().unwrap();
        let weights = init::for_model(&model, &Rules::new("zeros"), 0).unwrap();
        let parameters = init::parameters(&model).unwrap();
        let said = init::explain(&parameters, &Rules::new("zeros")).unwrap();
        assert_eq!(claims(&weights, &said)[0].log_ratio, Estimate::single(0.0, 0.0));
    }
}
