//! Activations and elementary functions, element by element.

use fanin_engine::activations::{self, Activation};

use crate::Result;
use crate::formats::onnx::{Attribute, Node};
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(
    &[
        "Relu",
        "LeakyRelu",
        "Sigmoid",
        "Tanh",
        "Elu",
        "Selu",
        "Celu",
        "Mish",
        "Softplus",
        "Softsign",
        "HardSigmoid",
        "HardSwish",
        "Swish",
        "Gelu",
        "Erf",
        "Erfc",
        "Sin",
        "Cos",
        "Exp",
        "Log",
        "Sqrt",
        "Reciprocal",
        "ThresholdedRelu",
        "Tan",
        "Asin",
        "Acos",
        "Atan",
        "Sinh",
        "Cosh",
        "Asinh",
        "Acosh",
        "Atanh",
    ],
    lower,
)
.activates(named);

/// The engine's activation of this name, with a parameter where it takes one.
pub(super) fn activation(name: &str, parameter: Option<f64>) -> Box<dyn Activation> {
    let text = parameter.map_or_else(|| name.to_owned(), |p| format!("{name}:{p}"));
    activations::find(&text).expect("the engine has this activation")
}

/// The engine's name for the activation that a node is, with what it is set to.
fn named(node: &Node<'_>) -> Option<String> {
    let alpha = |usual| node.attribute("alpha").and_then(Attribute::float).unwrap_or(usual);
    let is_one = (alpha(1.0) - 1.0).abs() < 1e-6;
    Some(match node.op_type {
        "Relu" => "relu".to_owned(),
        "LeakyRelu" => format!("leaky_relu:{}", alpha(0.01)),
        "Elu" if !is_one => format!("elu:{}", alpha(1.0)),
        "Elu" => "elu".to_owned(),
        "Celu" if is_one => "elu".to_owned(),
        "Selu" => "selu".to_owned(),
        "Tanh" => "tanh".to_owned(),
        "Sigmoid" => "sigmoid".to_owned(),
        "Swish" => "silu".to_owned(),
        "HardSwish" => "hardswish".to_owned(),
        "Mish" => "mish".to_owned(),
        "Softplus" => "softplus".to_owned(),
        "Softsign" => "softsign".to_owned(),
        "Sin" => "sin".to_owned(),
        "Gelu" => match node.attribute("approximate").and_then(Attribute::string) {
            Some("tanh") => "gelu_tanh".to_owned(),
            _ => "gelu".to_owned(),
        },
        _ => return None,
    })
}

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    if !x.is_float() {
        return Err(call.refuse("whole numbers", "floating-point numbers"));
    }
    Ok(vec![apply(call.node.op_type, x, &Settings::of(call)?, lowering)?])
}

/// Settings that a function may have.
pub(super) struct Settings {
    pub alpha: Option<f64>,
    pub beta: Option<f64>,
    pub gamma: Option<f64>,
    pub tanh: bool,
}

impl Settings {
    fn of(call: &Call<'_, '_>) -> Result<Self> {
        let number = |name| call.attribute(name).map(|_| call.float(name, 0.0)).transpose();
        let tanh = call.text("approximate", "none")? == "tanh";
        Ok(Self { alpha: number("alpha")?, beta: number("beta")?, gamma: number("gamma")?, tanh })
    }
}

/// A function by ONNX's name; alpha and beta default to what ONNX says.
pub(super) fn apply(
    name: &str,
    x: &Value,
    set: &Settings,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    let alpha = |default: f64| set.alpha.unwrap_or(default);
    let beta = |default: f64| set.beta.unwrap_or(default);
    let chosen = match name {
        "Relu" => activation("relu", None),
        "LeakyRelu" => activation("leaky_relu", Some(alpha(0.01))),
        "Sigmoid" => activation("sigmoid", None),
        "Tanh" => activation("tanh", None),
        "Elu" => activation("elu", Some(alpha(1.0))),
        "Mish" => activation("mish", None),
        "Softplus" => activation("softplus", None),
        "Softsign" => activation("softsign", None),
        "HardSwish" => activation("hardswish", None),
        "Gelu" if set.tanh => activation("gelu_tanh", None),
        "Gelu" => activation("gelu", None),
        "Erf" => activation("erf", None),
        "Sin" => activation("sin", None),
        _ => return compose(name, x, set, (alpha(1.0), beta(1.0)), lowering),
    };
    lowering.apply(&[x], |g, w| g.activate(w[0], &*chosen))
}

/// Slope and middle of a hard sigmoid, where they are set or as ONNX says.
pub(super) fn hard_sigmoid(alpha: Option<f64>, beta: Option<f64>) -> (f64, f64) {
    (alpha.unwrap_or(f64::from(0.2_f32)), beta.unwrap_or(0.5))
}

/// Functions that are made of others.
fn compose(
    name: &str,
    x: &Value,
    set: &Settings,
    (alpha, beta): (f64, f64),
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    let relu = activation("relu", None);
    let sigmoid = activation("sigmoid", None);
    let hard = activation("hardtanh", None);
    let gamma = set.gamma.unwrap_or(1.050_700_987_355_480_5);
    let scale = set.alpha.unwrap_or(1.673_263_242_354_377_2);
    lowering.apply(&[x], |g, w| {
        let x = w[0];
        match name {
            "Exp" => g.exp(x),
            "Log" => g.ln(x),
            "Sqrt" => g.sqrt(x),
            "Reciprocal" => {
                let one = g.constant([], 1.0)?;
                g.divide(one, x)
            }
            "Erfc" => {
                let erf = g.activate(x, &*activation("erf", None))?;
                g.affine(erf, -1.0, 1.0)
            }
            "Cos" => g.cos(x),
            "Tan" => g.tan(x),
            "Asin" => g.asin(x),
            "Acos" => g.acos(x),
            "Atan" => g.atan(x),
            "Sinh" => g.sinh(x),
            "Cosh" => g.cosh(x),
            "Asinh" => g.asinh(x),
            "Acosh" => g.acosh(x),
            "Atanh" => g.atanh(x),
            "Selu" => {
                let elu = g.activate(x, &*activation("elu", Some(scale)))?;
                g.affine(elu, gamma, 0.0)
            }
            // α·elu(x/α) is the same with slope 1 at 0 (Barron 2017).
            "Celu" => {
                let inner = g.affine(x, 1.0 / alpha, 0.0)?;
                let elu = g.activate(inner, &*activation("elu", Some(1.0)))?;
                g.affine(elu, alpha, 0.0)
            }
            // clip(αx + β, 0, 1) = (hardtanh(2(αx + β) − 1) + 1) / 2.
            "HardSigmoid" => {
                let (slope, middle) = hard_sigmoid(set.alpha, set.beta);
                let inner = g.affine(x, 2.0 * slope, 2.0 * middle - 1.0)?;
                let clipped = g.activate(inner, &*hard)?;
                g.affine(clipped, 0.5, 0.5)
            }
            "Affine" => g.affine(x, alpha, set.beta.unwrap_or(0.0)),
            "ScaledTanh" => {
                let inner = g.affine(x, beta, 0.0)?;
                let tanh = g.activate(inner, &*activation("tanh", None))?;
                g.affine(tanh, alpha, 0.0)
            }
            "ThresholdedRelu" => {
                use fanin_engine::ops::Relation;
                let threshold = g.constant([], alpha)?;
                let above = g.compare(Relation::Greater, x, threshold)?;
                let above = g.to_float(above)?;
                g.multiply(above, x)
            }
            "Swish" => {
                let inner = g.affine(x, alpha, 0.0)?;
                let gate = g.activate(inner, &*sigmoid)?;
                g.multiply(x, gate)
            }
            _ => g.activate(x, &*relu),
        }
    })
}
