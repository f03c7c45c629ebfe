//! The λ vectors of differential attention.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// N(0, 0.1²) for the vectors of which λ is made.
#[derive(Clone, Debug)]
pub struct DiffTransformer;

/// Deviation of the entries of λ's vectors (Ye et al. 2024, §3.1).
const DEVIATION: f64 = 0.1;

const FACTS: Facts = Facts {
    name: "diff-transformer",
    aliases: &["differential-transformer"],
    example: "diff-transformer",
    argument: "",
    needs: "vectors named lambda_… and nothing else; a rule can name them among others",
    formula: "λ_q1, λ_k1, λ_q2, λ_k2 ~ N(0, 0.1²); λ_init = 0.8 − 0.6·e^{−0.3(l − 1)} is no parameter",
    source: "Ye et al. 2024 (2410.05258)",
    when: "differential attention: --rule \"*lambda_*=diff-transformer\" beside any scheme",
    avoid: "its other weights, for which the paper has no rule of its own",
};

impl Scheme for DiffTransformer {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::Buffer
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let own = parameter.name.rsplit(['.', '/']).next().unwrap_or_default();
        if own.starts_with("lambda") {
            return Ok(Distribution::normal(DEVIATION));
        }
        Err(parameter.unfit(
            "no λ vector of differential attention",
            "a name such as `lambda_q1`, or a rule that gives it another scheme",
        ))
    }

    fn samples(&self) -> Vec<Parameter> {
        let names = ["lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"];
        names.map(|n| Parameter::new(&format!("0.attn.{n}"), [4096], Role::Buffer)).into()
    }
}
