//! How an activation is written down, and what the engine makes of it.

use std::fmt::Debug;

use fanin_kernels::elementwise::{self, Function};
use fanin_kernels::{Float, Jet, Scalar};

/// An activation as its file states it: one formula over any [`Scalar`].
pub trait Formula: Clone + Debug + Send + Sync + 'static {
    /// The name in specs, tables and reports.
    const NAME: &'static str;
    /// One line on what it is and where it comes from.
    const ABOUT: &'static str;

    /// φ(x); pieces are chosen by `x.value()`, and NaN must give NaN.
    fn value<S: Scalar>(&self, x: S) -> S;

    /// φ′(x); the default differentiates the formula, a closed form is several times faster.
    ///
    /// At a kink it is what `PyTorch` takes it for, and what the jet of [`Formula::value`] gives.
    fn slope<T: Float>(&self, x: T) -> T {
        self.value(Jet::variable(x)).derivative(1)
    }

    /// φ′(x) from y = φ(x), where that is simpler: then a backward pass needs x no more. What rounds
    /// in y may round to 0 here, as it does in `PyTorch`.
    fn slope_of_value<T: Float>(&self, _y: T) -> Option<T> {
        None
    }

    /// The points, ascending, at which φ or a derivative of it jumps: quadrature must be split
    /// there, and finite differences must not reach across.
    fn kinks(&self) -> &[f64] {
        &[]
    }

    /// The name with its parameter, as a spec would say it.
    fn label(&self) -> String {
        match self.parameter() {
            Some(parameter) => format!("{}:{parameter}", Self::NAME),
            None => Self::NAME.to_owned(),
        }
    }

    /// The parameter in `name:parameter`, if it takes one.
    fn parameter(&self) -> Option<f64> {
        None
    }

    /// The same activation with another parameter; `None` if it takes none or not this one.
    #[must_use]
    fn with_parameter(&self, _parameter: f64) -> Option<Self> {
        None
    }
}

/// An activation as the engine uses it; every [`Formula`] is one.
///
/// `order` is 0 for φ, 1 for φ′, … up to [`fanin_kernels::jet::HIGHEST_ORDER`]; a higher one
/// panics, and so do slices of different lengths.
pub trait Activation: Debug + Send + Sync {
    /// The name in specs, tables and reports.
    fn name(&self) -> &'static str;
    /// One line on what it is and where it comes from.
    fn about(&self) -> &'static str;
    /// The name with its parameter, as a spec would say it.
    fn label(&self) -> String;
    /// The points, ascending, at which φ or a derivative of it jumps.
    fn kinks(&self) -> &[f64];
    /// The same activation with the parameter given, or as it is for `None`.
    fn with_parameter(&self, parameter: Option<f64>) -> Option<Box<dyn Activation>>;
    /// The derivative of the given order (0: the value) at `x`.
    fn at(&self, order: usize, x: f64) -> f64;
    /// The derivative of the given order at every element of `x`.
    fn apply_f32(&self, order: usize, x: &[f32], out: &mut [f32]);
    /// The derivative of the given order at every element of `x`.
    fn apply_f64(&self, order: usize, x: &[f64], out: &mut [f64]);
    /// The derivative of the given order at every element of `x`, in its place.
    fn change_f32(&self, order: usize, x: &mut [f32]);
    /// The derivative of the given order at every element of `x`, in its place.
    fn change_f64(&self, order: usize, x: &mut [f64]);
    /// The derivative of the given order at every element of `x`, times `factor`.
    fn scale_f32(&self, order: usize, x: &[f32], factor: &[f32], out: &mut [f32]);
    /// The derivative of the given order at every element of `x`, times `factor`.
    fn scale_f64(&self, order: usize, x: &[f64], factor: &[f64], out: &mut [f64]);
    /// The derivative of the given order at every element of `x`, times `factor`, in its place.
    fn rescale_f32(&self, order: usize, x: &[f32], factor: &mut [f32]);
    /// The derivative of the given order at every element of `x`, times `factor`, in its place.
    fn rescale_f64(&self, order: usize, x: &[f64], factor: &mut [f64]);
    /// A copy of this activation.
    fn boxed(&self) -> Box<dyn Activation>;

    /// φ′ as a function of φ, if it is known.
    fn of_value(&self) -> Option<&dyn SlopeOfValue> {
        None
    }

    /// Whether φ(−x) = −φ(x), up to rounding, wherever it is probed.
    ///
    /// ```
    /// use fanin_engine::activations::find;
    /// let odd = |name| find(name).expect("it is registered").is_odd();
    /// assert!(odd("tanh") && odd("identity") && !odd("relu") && !odd("gelu"));
    /// ```
    fn is_odd(&self) -> bool {
        probes().all(|x| same(self.at(0, -x), -self.at(0, x)))
    }

    /// The p with φ(k·x) = kᵖ·φ(x) for every k > 0, up to rounding, wherever it is probed: 1 for
    /// the rectifiers, 2 for `relu2`; `None` if there is none.
    fn homogeneity(&self) -> Option<f64> {
        let degree = (self.at(0, 2.0) / self.at(0, 1.0)).log2();
        let factors = [1.0_f64 / 16.0, 0.3, 3.0, 16.0].map(|k| (k, k.powf(degree)));
        let scales = |x: f64| {
            let value = self.at(0, x);
            factors.iter().all(|(k, power)| same(self.at(0, k * x), power * value))
        };
        (degree.is_finite() && probes().all(|x| scales(x) && scales(-x))).then_some(degree)
    }
}

/// An activation whose slope follows from its value.
pub trait SlopeOfValue {
    /// φ′ where φ is `y`, times `factor`.
    fn scale_f32(&self, y: &[f32], factor: &[f32], out: &mut [f32]);
    /// φ′ where φ is `y`, times `factor`.
    fn scale_f64(&self, y: &[f64], factor: &[f64], out: &mut [f64]);
    /// φ′ where φ is `y`, times `factor`, in its place.
    fn rescale_f32(&self, y: &[f32], factor: &mut [f32]);
    /// φ′ where φ is `y`, times `factor`, in its place.
    fn rescale_f64(&self, y: &[f64], factor: &mut [f64]);
}

impl<F: Formula> SlopeOfValue for F {
    fn scale_f32(&self, y: &[f32], factor: &[f32], out: &mut [f32]) {
        elementwise::apply([y, factor], out, &OfValue(self.clone()));
    }

    fn scale_f64(&self, y: &[f64], factor: &[f64], out: &mut [f64]) {
        elementwise::apply([y, factor], out, &OfValue(self.clone()));
    }

    fn rescale_f32(&self, y: &[f32], factor: &mut [f32]) {
        elementwise::change_by(y, factor, &OfValue(self.clone()));
    }

    fn rescale_f64(&self, y: &[f64], factor: &mut [f64]) {
        elementwise::change_by(y, factor, &OfValue(self.clone()));
    }
}

/// Points above 0 at which an activation is asked for its symmetries: 2⁻⁸ to 2⁵ in uneven steps,
/// so that no period and no grid of kinks fits them.
fn probes() -> impl Iterator<Item = f64> {
    (0..40).map(|i| f64::exp2(-8.0 + 0.325 * f64::from(i)))
}

/// Equal up to the rounding of a formula of a dozen operations.
fn same(a: f64, b: f64) -> bool {
    const ROUNDING: f64 = 32.0 * f64::EPSILON;
    (a - b).abs() <= ROUNDING * a.abs().max(b.abs())
}

impl<F: Formula> Activation for F {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn about(&self) -> &'static str {
        F::ABOUT
    }

    fn label(&self) -> String {
        Formula::label(self)
    }

    fn kinks(&self) -> &[f64] {
        Formula::kinks(self)
    }

    fn with_parameter(&self, parameter: Option<f64>) -> Option<Box<dyn Activation>> {
        let changed = match parameter {
            Some(parameter) => Formula::with_parameter(self, parameter)?,
            None => self.clone(),
        };
        Some(Box::new(changed))
    }

    fn at(&self, order: usize, x: f64) -> f64 {
        derivative(self, order, x)
    }

    fn apply_f32(&self, order: usize, x: &[f32], out: &mut [f32]) {
        apply(self, order, x, out);
    }

    fn apply_f64(&self, order: usize, x: &[f64], out: &mut [f64]) {
        apply(self, order, x, out);
    }

    fn change_f32(&self, order: usize, x: &mut [f32]) {
        change(self, order, x);
    }

    fn change_f64(&self, order: usize, x: &mut [f64]) {
        change(self, order, x);
    }

    fn scale_f32(&self, order: usize, x: &[f32], factor: &[f32], out: &mut [f32]) {
        scale(self, order, x, factor, out);
    }

    fn scale_f64(&self, order: usize, x: &[f64], factor: &[f64], out: &mut [f64]) {
        scale(self, order, x, factor, out);
    }

    fn rescale_f32(&self, order: usize, x: &[f32], factor: &mut [f32]) {
        rescale(self, order, x, factor);
    }

    fn rescale_f64(&self, order: usize, x: &[f64], factor: &mut [f64]) {
        rescale(self, order, x, factor);
    }

    fn boxed(&self) -> Box<dyn Activation> {
        Box::new(self.clone())
    }

    fn of_value(&self) -> Option<&dyn SlopeOfValue> {
        self.slope_of_value(0.5_f64).map(|_| self as &dyn SlopeOfValue)
    }
}

fn derivative<F: Formula, T: Float>(formula: &F, order: usize, x: T) -> T {
    match order {
        0 => formula.value(x),
        1 => formula.slope(x),
        _ => by_jet(formula, order, x),
    }
}

/// A derivative of any order; compiled once, as no loop over it is made faster by wide instructions.
#[inline(never)]
fn by_jet<F: Formula, T: Float>(formula: &F, order: usize, x: T) -> T {
    formula.value(Jet::variable(x)).derivative(order)
}

/// A formula's value, or with a second number that number times it.
///
/// It owns the formula, so that its parameter may be read once for a whole loop.
struct Value<F>(F);

/// A formula's slope, or with a second number that number times it.
struct Slope<F>(F);

/// A slope by the value there, times a second number.
struct OfValue<F>(F);

impl<F: Formula, T: Float> Function<T, 2> for OfValue<F> {
    #[inline(always)]
    fn at(&self, [y, factor]: [T; 2]) -> T {
        factor * self.0.slope_of_value(y).unwrap_or(T::ZERO)
    }
}

macro_rules! functions {
    ($type:ident, $method:ident) => {
        impl<F: Formula, T: Float> Function<T, 1> for $type<F> {
            #[inline(always)]
            fn at(&self, [x]: [T; 1]) -> T {
                self.0.$method(x)
            }
        }

        impl<F: Formula, T: Float> Function<T, 2> for $type<F> {
            #[inline(always)]
            fn at(&self, [x, factor]: [T; 2]) -> T {
                factor * self.0.$method(x)
            }
        }
    };
}

functions!(Value, value);
functions!(Slope, slope);

fn apply<F: Formula, T: Float>(formula: &F, order: usize, x: &[T], out: &mut [T]) {
    match order {
        0 => elementwise::apply([x], out, &Value(formula.clone())),
        1 => elementwise::apply([x], out, &Slope(formula.clone())),
        _ => elementwise::map(x, out, |x| by_jet(formula, order, x)),
    }
}

fn change<F: Formula, T: Float>(formula: &F, order: usize, x: &mut [T]) {
    match order {
        0 => elementwise::change(x, &Value(formula.clone())),
        1 => elementwise::change(x, &Slope(formula.clone())),
        _ => elementwise::map_in_place(x, |x| by_jet(formula, order, x)),
    }
}

fn scale<F: Formula, T: Float>(formula: &F, order: usize, x: &[T], factor: &[T], out: &mut [T]) {
    match order {
        0 => elementwise::apply([x, factor], out, &Value(formula.clone())),
        1 => elementwise::apply([x, factor], out, &Slope(formula.clone())),
        _ => elementwise::zip(x, factor, out, |x, f| f * by_jet(formula, order, x)),
    }
}

fn rescale<F: Formula, T: Float>(formula: &F, order: usize, x: &[T], factor: &mut [T]) {
    match order {
        0 => elementwise::change_by(x, factor, &Value(formula.clone())),
        1 => elementwise::change_by(x, factor, &Slope(formula.clone())),
        _ => elementwise::zip_in_place(factor, x, |f, x| f * by_jet(formula, order, x)),
    }
}
