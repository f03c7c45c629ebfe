//! The tree of an expression, and its value over any number type.

use fanin_kernels::Scalar;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    X,
    Constant(f64),
    Apply(Function, Box<Node>),
    Combine(Operator, Box<Node>, Box<Node>),
    /// A whole power.
    Power(Box<Node>, i32),
}

/// A function of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Negate,
    Exp,
    ExpM1,
    Ln,
    Ln1p,
    Sqrt,
    Sin,
    Cos,
    Tanh,
    Erf,
    Erfc,
    Abs,
    Sign,
    Step,
    Relu,
    Sigmoid,
    Softplus,
    Silu,
    Gelu,
}

/// A function of two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Max,
    Min,
}

impl Function {
    /// The names in texts.
    pub const NAMES: [(&'static str, Self); 19] = [
        ("exp", Self::Exp),
        ("expm1", Self::ExpM1),
        ("log", Self::Ln),
        ("ln", Self::Ln),
        ("log1p", Self::Ln1p),
        ("sqrt", Self::Sqrt),
        ("sin", Self::Sin),
        ("cos", Self::Cos),
        ("tanh", Self::Tanh),
        ("erf", Self::Erf),
        ("erfc", Self::Erfc),
        ("abs", Self::Abs),
        ("sign", Self::Sign),
        ("step", Self::Step),
        ("relu", Self::Relu),
        ("sigmoid", Self::Sigmoid),
        ("softplus", Self::Softplus),
        ("silu", Self::Silu),
        ("gelu", Self::Gelu),
    ];

    /// Its value over any number.
    pub fn value<S: Scalar>(self, u: S) -> S {
        let constant = S::constant;
        match self {
            Self::Negate => -u,
            Self::Exp => u.exp(),
            Self::ExpM1 => u.exp_m1(),
            Self::Ln => u.ln(),
            Self::Ln1p => u.ln_1p(),
            // As of every power: at 0 alone no slope, beside it what it is.
            Self::Sqrt if u.value() == 0.0 => constant(0.0),
            Self::Sqrt => u.sqrt(),
            Self::Sin => u.sin(),
            Self::Cos => u.cos(),
            Self::Tanh => u.tanh(),
            Self::Erf => u.erf(),
            Self::Erfc => u.erfc(),
            Self::Abs => u.abs(),
            Self::Sign | Self::Step if u.value().is_nan() => u,
            Self::Sign if u.value() == 0.0 => constant(0.0),
            Self::Sign => constant(u.value().signum()),
            Self::Step => constant(if u.value() > 0.0 { 1.0 } else { 0.0 }),
            Self::Relu => {
                if u.value() <= 0.0 {
                    constant(0.0)
                } else {
                    u
                }
            }
            Self::Sigmoid => sigmoid(u),
            // max(u, 0) + ln(1 + exp(−|u|)) never overflows.
            Self::Softplus => {
                let rest = (-u.abs()).exp().ln_1p();
                if u.value() < 0.0 { rest } else { u + rest }
            }
            Self::Silu => u * sigmoid(u),
            Self::Gelu => u * u.normal()[0],
        }
    }
}

/// 1/(1 + e⁻ᵘ), of which only a negative number is exponentiated.
fn sigmoid<S: Scalar>(u: S) -> S {
    let e = (-u.abs()).exp();
    let larger = S::constant(1.0) / (S::constant(1.0) + e);
    if u.value() < 0.0 { e * larger } else { larger }
}

impl Operator {
    /// Its value over any numbers.
    pub fn value<S: Scalar>(self, u: S, v: S) -> S {
        match self {
            Self::Add => u + v,
            Self::Subtract => u - v,
            Self::Multiply => u * v,
            Self::Divide => u / v,
            Self::Power if u.value() == 0.0 && v.value() > 0.0 => S::constant(0.0),
            Self::Power => (v * u.ln()).exp(),
            Self::Max => take(u, v, u.value() > v.value()),
            Self::Min => take(u, v, u.value() < v.value()),
        }
    }
}

/// `u` if `is_first` or it is no number, else `v`.
fn take<S: Scalar>(u: S, v: S, is_first: bool) -> S {
    if is_first || u.value().is_nan() { u } else { v }
}

impl Node {
    /// Its value at `x`.
    pub fn value<S: Scalar>(&self, x: S) -> S {
        match self {
            Self::X => x,
            Self::Constant(constant) => S::constant(*constant),
            Self::Apply(function, u) => function.value(u.value(x)),
            Self::Combine(operator, u, v) => operator.value(u.value(x), v.value(x)),
            Self::Power(u, power) => {
                let product = whole_power(u.value(x), power.unsigned_abs());
                if *power < 0 { S::constant(1.0) / product } else { product }
            }
        }
    }

    /// Operations of one value.
    pub fn operations(&self) -> usize {
        match self {
            Self::X | Self::Constant(_) => 0,
            Self::Apply(_, u) => 1 + u.operations(),
            Self::Power(u, power) => multiplications(*power) + u.operations(),
            Self::Combine(_, u, v) => 1 + u.operations() + v.operations(),
        }
    }

    /// Levels of the tree.
    pub fn depth(&self) -> usize {
        match self {
            Self::X | Self::Constant(_) => 1,
            Self::Apply(_, u) | Self::Power(u, _) => 1 + u.depth(),
            Self::Combine(_, u, v) => 1 + u.depth().max(v.depth()),
        }
    }

    /// `function` of `u`, in the form that neither overflows nor loses digits.
    pub fn apply(function: Function, u: Self) -> Self {
        match (function, u) {
            (function, Self::Constant(constant)) => Self::Constant(function.value(constant)),
            (Function::Ln, u) => match one_plus(&u) {
                Some(Self::Apply(Function::Exp, v)) => Self::Apply(Function::Softplus, v.clone()),
                Some(v) => Self::Apply(Function::Ln1p, Box::new(v.clone())),
                None => Self::Apply(Function::Ln, Box::new(u)),
            },
            (Function::Ln1p, Self::Apply(Function::Exp, v)) => Self::Apply(Function::Softplus, v),
            (function, u) => Self::Apply(function, Box::new(u)),
        }
    }

    /// `operator` of `u` and `v`, in the form that neither overflows nor loses digits.
    pub fn combine(operator: Operator, u: Self, v: Self) -> Self {
        match (operator, u, v) {
            (Operator::Power, Self::Constant(u), Self::Constant(v)) => Self::Constant(u.powf(v)),
            (operator, Self::Constant(u), Self::Constant(v)) => {
                Self::Constant(operator.value(u, v))
            }
            (Operator::Power, u, Self::Constant(power)) if is_small_whole(power) => {
                Self::Power(Box::new(u), power as i32)
            }
            (Operator::Subtract, Self::Apply(Function::Exp, u), Self::Constant(1.0)) => {
                Self::Apply(Function::ExpM1, u)
            }
            (Operator::Divide, u, v) => match one_plus(&v) {
                // u/(1 + eʷ) = u·sigmoid(−w).
                Some(Self::Apply(Function::Exp, w)) => {
                    let minus = Self::apply(Function::Negate, (**w).clone());
                    let gate = Self::Apply(Function::Sigmoid, Box::new(minus));
                    Self::Combine(Operator::Multiply, Box::new(u), Box::new(gate))
                }
                _ => Self::Combine(Operator::Divide, Box::new(u), Box::new(v)),
            },
            (operator, u, v) => Self::Combine(operator, Box::new(u), Box::new(v)),
        }
    }
}

/// u·u·…, `power` times: one by one up to 32, then by halves.
fn whole_power<S: Scalar>(u: S, power: u32) -> S {
    if power <= ONE_BY_ONE {
        return (0..power).fold(S::constant(1.0), |product, _| product * u);
    }
    let half = whole_power(u, power / 2);
    if power % 2 == 1 { half * half * u } else { half * half }
}

fn multiplications(power: i32) -> usize {
    let (mut power, mut count) = (power.unsigned_abs(), 0);
    while power > ONE_BY_ONE {
        count += 1 + (power % 2) as usize;
        power /= 2;
    }
    count + power as usize
}

/// w where the node is 1 + w or w + 1.
fn one_plus(node: &Node) -> Option<&Node> {
    const ONE: Node = Node::Constant(1.0);
    match node {
        Node::Combine(Operator::Add, u, v) if **u == ONE => Some(v),
        Node::Combine(Operator::Add, u, v) if **v == ONE => Some(u),
        _ => None,
    }
}

/// Whole powers up to which factors are multiplied one by one.
const ONE_BY_ONE: u32 = 32;

fn is_small_whole(power: f64) -> bool {
    const MOST: f64 = 1000.0;
    power.fract() == 0.0 && power.abs() <= MOST
}
