//! Published activations that the registry has under another name, or not at all.

/// What one writes for an activation of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// A name of the registry, or an expression.
    Written(&'static str),
    /// It takes several numbers at once, so it is no function of x.
    OfSeveral,
}

/// Names without `_` and `-`.
const NAMES: &[(&str, Published)] = &[
    ("swish", Published::Written("silu")),
    ("linear", Published::Written("identity")),
    ("logistic", Published::Written("sigmoid")),
    ("sine", Published::Written("sin")),
    ("siren", Published::Written("sin(30*x)")),
    ("squaredrelu", Published::Written("relu2")),
    ("prelu", Published::Written("leaky_relu:0.25")),
    ("relu6", Published::Written("clip(x, 0, 6)")),
    ("hardsigmoid", Published::Written("clip(x/6 + 0.5, 0, 1)")),
    ("celu", Published::Written("max(x, 0) + exp(min(x, 0)) - 1")),
    ("logsigmoid", Published::Written("-log(1+exp(-x))")),
    ("tanhshrink", Published::Written("x - tanh(x)")),
    ("softshrink", Published::Written("x - clip(x, -0.5, 0.5)")),
    ("quickgelu", Published::Written("x*sigmoid(1.702*x)")),
    ("tanhexp", Published::Written("x*tanh(exp(x))")),
    ("serf", Published::Written("x*erf(log(1+exp(x)))")),
    ("logish", Published::Written("x*log(1+sigmoid(x))")),
    ("smish", Published::Written("x*tanh(log(1+sigmoid(x)))")),
    ("phish", Published::Written("x*tanh(gelu(x))")),
    ("lisht", Published::Written("x*tanh(x)")),
    ("snake", Published::Written("x + sin(x)^2")),
    ("gaussian", Published::Written("exp(-x^2)")),
    ("sinc", Published::Written("sin(x+1e-6)/(x+1e-6)")),
    ("bentidentity", Published::Written("x + (sqrt(x^2+1)-1)/2")),
    ("squareplus", Published::Written("(x + sqrt(x^2+4))/2")),
    ("isru", Published::Written("x/sqrt(1+x^2)")),
    ("isrlu", Published::Written("max(x, 0) + min(x, 0)/sqrt(1+min(x, 0)^2)")),
    ("elish", Published::Written("(max(x, 0) + exp(min(x, 0)) - 1)*sigmoid(x)")),
    ("softexponential", Published::Written("(exp(0.5*x)-1)/0.5 + 0.5")),
    ("maxout", Published::OfSeveral),
    ("softmax", Published::OfSeveral),
    ("logsoftmax", Published::OfSeveral),
    ("crelu", Published::OfSeveral),
    ("glu", Published::OfSeveral),
    ("swiglu", Published::OfSeveral),
    ("geglu", Published::OfSeveral),
    ("reglu", Published::OfSeveral),
];

/// What is known of the activation of this name, in any case, with `_` and `-` or without.
pub fn find(name: &str) -> Option<Published> {
    let plain = name.to_lowercase().replace(['_', '-'], "");
    NAMES.iter().find(|(known, _)| *known == plain).map(|(_, published)| *published)
}

impl Published {
    /// In words, for one who gave `name`.
    pub fn says(&self, name: &str) -> String {
        match self {
            Self::Written(text) => format!("`{name}` is written `{text}` here"),
            Self::OfSeveral => format!(
                "`{name}` takes several numbers at once, expected the name of a function of one x, or such a \
                 function written out"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::activation;

    #[test]
    fn what_is_suggested_can_be_asked_for() {
        for (name, published) in NAMES {
            assert!(fanin_engine::activations::find(name).is_none(), "{name} is registered");
            if let Published::Written(text) = published {
                activation(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }

    #[test]
    fn what_is_suggested_is_what_was_published() {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let softplus = |x: f64| (1.0 + x.exp()).ln();
        let wanted = |name: &str, x: f64| match name {
            "swish" => x * sigmoid(x),
            "prelu" => x.max(0.25 * x),
            "celu" => x.max(0.0) + x.exp_m1().min(0.0),
            "hardsigmoid" => ((x + 3.0) / 6.0).clamp(0.0, 1.0),
            "serf" => x * libm::erf(softplus(x)),
            "smish" => x * (1.0 + sigmoid(x)).ln().tanh(),
            "sinc" => x.sin() / x,
            "elish" => sigmoid(x) * if x < 0.0 { x.exp_m1() } else { x },
            "softexponential" => ((0.5 * x).exp() - 1.0) / 0.5 + 0.5,
            "softshrink" => x.signum() * (x.abs() - 0.5).max(0.0),
            _ => unreachable!("{name}"),
        };
        for name in [
            "swish",
            "prelu",
            "celu",
            "hardsigmoid",
            "serf",
            "smish",
            "sinc",
            "elish",
            "softexponential",
            "softshrink",
        ] {
            let Some(Published::Written(text)) = find(name) else { panic!("{name}") };
            let written = activation(text).unwrap();
            for x in [-3.7, -0.2, 0.3, 5.1] {
                let (got, want) = (written.at(0, x), wanted(name, x));
                assert!(
                    (got - want).abs() < 2e-6 * want.abs().max(1.0),
                    "{name}, {x}: {got} {want}"
                );
            }
        }
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        assert!(find("Bent_Identity").is_some_and(|own| Some(own) == find("bentidentity")));
        assert_eq!(find("log-softmax"), Some(Published::OfSeveral));
        assert_eq!(find("tanh"), None);
        let message = |name: &str| activation(name).unwrap_err().to_string();
        assert!(
            message("swish").contains("`swish` is written `silu` here"),
            "{}",
            message("swish")
        );
        assert!(message("maxout").contains("several numbers at once"), "{}", message("maxout"));
    }
}
