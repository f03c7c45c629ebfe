//! Truncated Taylor series: one formula gives a value and all of its derivatives.
//!
//! A jet holds the coefficients c₀ + c₁t + … + c₄t⁴ of a function along x + t. Evaluating φ on
//! the jet of x gives φ(x) and its first four derivatives, exactly up to rounding, so an
//! activation is written once and can be differentiated as often as Hessian–vector products and
//! their gradients need. Recurrences: Griewank & Walther, Evaluating Derivatives, 2008, ch. 13.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::scalar::{Float, Scalar};

/// Number of Taylor coefficients: the value and derivatives up to the fourth.
pub const COEFFICIENTS: usize = 5;

/// The highest order of derivative that a jet carries.
pub const HIGHEST_ORDER: usize = COEFFICIENTS - 1;

/// Taylor coefficients of a function along a line: `c[k]` is the k-th derivative over k!.
///
/// ```
/// use fanin_kernels::{Jet, Scalar};
/// let x = Jet::variable(0.5_f64);
/// let y = x * x * x;
/// assert_eq!(y.derivative(0), 0.125);
/// assert_eq!(y.derivative(1), 0.75);
/// assert_eq!(y.derivative(3), 6.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jet<T> {
    c: [T; COEFFICIENTS],
}

impl<T: Float> Jet<T> {
    /// The jet of the identity at `x`: value `x`, slope 1.
    pub fn variable(x: T) -> Self {
        let mut c = [T::ZERO; COEFFICIENTS];
        c[0] = x;
        c[1] = T::ONE;
        Self { c }
    }

    /// The derivative of the given order, 0 to [`HIGHEST_ORDER`].
    ///
    /// # Panics
    /// If `order` exceeds [`HIGHEST_ORDER`].
    pub fn derivative(&self, order: usize) -> T {
        let factorial: usize = (1..=order).product();
        self.c[order] * T::from_f64(factorial as f64)
    }

    fn fixed(value: T) -> Self {
        let mut c = [T::ZERO; COEFFICIENTS];
        c[0] = value;
        Self { c }
    }

    fn with_value(mut self, value: T) -> Self {
        self.c[0] = value;
        self
    }

    /// f(self) where f(self)′ = `slope`(f(self) so far) · self′: fills coefficient k + 1 from
    /// coefficient k of the slope's series.
    fn follow(self, start: T, slope: impl Fn(Self) -> Self) -> Self {
        let mut f = Self::fixed(start);
        for k in 0..HIGHEST_ORDER {
            f.c[k + 1] = self.integrate(&slope(f), k);
        }
        f
    }

    /// Coefficient k + 1 of f where f′ = `slope` · self′.
    fn integrate(&self, slope: &Self, k: usize) -> T {
        let mut sum = T::ZERO;
        for j in 0..=k {
            sum += slope.c[k - j] * self.c[j + 1] * T::from_f64((j + 1) as f64);
        }
        sum / T::from_f64((k + 1) as f64)
    }
}

impl<T: Float> Add for Jet<T> {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self.c.iter_mut().zip(other.c).for_each(|(a, b)| *a += b);
        self
    }
}

impl<T: Float> Sub for Jet<T> {
    type Output = Self;
    fn sub(mut self, other: Self) -> Self {
        self.c.iter_mut().zip(other.c).for_each(|(a, b)| *a -= b);
        self
    }
}

impl<T: Float> Neg for Jet<T> {
    type Output = Self;
    fn neg(mut self) -> Self {
        self.c.iter_mut().for_each(|a| *a = -*a);
        self
    }
}

impl<T: Float> Mul for Jet<T> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let mut c = [T::ZERO; COEFFICIENTS];
        for (k, sum) in c.iter_mut().enumerate() {
            for j in 0..=k {
                *sum += self.c[j] * other.c[k - j];
            }
        }
        Self { c }
    }
}

impl<T: Float> Div for Jet<T> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let mut c = [T::ZERO; COEFFICIENTS];
        for (k, &numerator) in self.c.iter().enumerate() {
            let mut sum = numerator;
            for (&known, &factor) in c[..k].iter().zip(other.c[1..=k].iter().rev()) {
                sum -= known * factor;
            }
            c[k] = sum / other.c[0];
        }
        Self { c }
    }
}

impl<T: Float> Scalar for Jet<T> {
    fn constant(value: f64) -> Self {
        Self::fixed(T::from_f64(value))
    }

    fn value(self) -> f64 {
        self.c[0].to_f64()
    }

    fn exp(self) -> Self {
        self.follow(self.c[0].exp(), |f| f)
    }

    fn exp_m1(self) -> Self {
        self.exp().with_value(self.c[0].exp_m1())
    }

    fn ln(self) -> Self {
        let slope = Self::constant(1.0) / self;
        self.follow(self.c[0].ln(), |_| slope)
    }

    fn ln_1p(self) -> Self {
        let slope = Self::constant(1.0) / (Self::constant(1.0) + self);
        self.follow(self.c[0].ln_1p(), |_| slope)
    }

    fn sqrt(self) -> Self {
        self.follow(self.c[0].sqrt(), |f| Self::constant(0.5) / f)
    }

    fn sin(self) -> Self {
        self.sine_and_cosine().0
    }

    fn cos(self) -> Self {
        self.sine_and_cosine().1
    }

    fn tan(self) -> Self {
        self.follow(self.c[0].tan(), |f| Self::constant(1.0) + f * f)
    }

    fn asin(self) -> Self {
        let slope = Self::constant(1.0) / self.root_of_one_minus_square();
        self.follow(self.c[0].asin(), |_| slope)
    }

    fn acos(self) -> Self {
        let slope = Self::constant(-1.0) / self.root_of_one_minus_square();
        self.follow(self.c[0].acos(), |_| slope)
    }

    fn atan(self) -> Self {
        let slope = Self::constant(1.0) / (Self::constant(1.0) + self * self);
        self.follow(self.c[0].atan(), |_| slope)
    }

    fn sinh(self) -> Self {
        self.hyperbolic_sine_and_cosine().0
    }

    fn cosh(self) -> Self {
        self.hyperbolic_sine_and_cosine().1
    }

    fn tanh(self) -> Self {
        // tanh′ = s and s′ = −2·tanh·s with s = sech² = 4e/(1 + e)², e = exp(−2|x|): unlike
        // 1 − tanh², s keeps its digits where tanh saturates.
        let x = self.c[0];
        let e = (-(x.abs() + x.abs())).exp();
        let rise = T::ONE + e;
        let mut f = Self::fixed(x.tanh());
        let mut s = Self::fixed(T::from_f64(4.0) * e / (rise * rise));
        for k in 0..HIGHEST_ORDER {
            let product = f * s;
            f.c[k + 1] = self.integrate(&s, k);
            s.c[k + 1] = T::from_f64(-2.0) * self.integrate(&product, k);
        }
        f
    }

    fn asinh(self) -> Self {
        let slope = Self::constant(1.0) / (Self::constant(1.0) + self * self).sqrt();
        self.follow(self.c[0].asinh(), |_| slope)
    }

    fn acosh(self) -> Self {
        // (x − 1)(x + 1) keeps the digits that x² − 1 loses near 1.
        let one = Self::constant(1.0);
        let slope = one / ((self - one) * (self + one)).sqrt();
        self.follow(self.c[0].acosh(), |_| slope)
    }

    fn atanh(self) -> Self {
        let one = Self::constant(1.0);
        let slope = one / ((one - self) * (one + self));
        self.follow(self.c[0].atanh(), |_| slope)
    }

    fn erf(self) -> Self {
        let slope = Self::constant(std::f64::consts::FRAC_2_SQRT_PI) * (-(self * self)).exp();
        self.follow(self.c[0].erf(), |_| slope)
    }

    fn erfc(self) -> Self {
        let slope = Self::constant(std::f64::consts::FRAC_2_SQRT_PI) * (-(self * self)).exp();
        self.follow(self.c[0].erfc(), |_| -slope)
    }

    fn normal(self) -> [Self; 2] {
        let [distribution, density] = self.c[0].normal();
        let density = self.follow(density, |density| -(self * density));
        [self.follow(distribution, |_| density), density]
    }
}

impl<T: Float> Jet<T> {
    fn root_of_one_minus_square(self) -> Self {
        let one = Self::constant(1.0);
        ((one - self) * (one + self)).sqrt()
    }

    fn hyperbolic_sine_and_cosine(self) -> (Self, Self) {
        let mut s = Self::fixed(self.c[0].sinh());
        let mut c = Self::fixed(self.c[0].cosh());
        for k in 0..HIGHEST_ORDER {
            s.c[k + 1] = self.integrate(&c, k);
            c.c[k + 1] = self.integrate(&s, k);
        }
        (s, c)
    }

    fn sine_and_cosine(self) -> (Self, Self) {
        let mut s = Self::fixed(self.c[0].sin());
        let mut c = Self::fixed(self.c[0].cos());
        for k in 0..HIGHEST_ORDER {
            s.c[k + 1] = self.integrate(&c, k);
            c.c[k + 1] = -self.integrate(&s, k);
        }
        (s, c)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_1_SQRT_2;

    use super::*;

    #[track_caller]
    fn check(f: impl Fn(Jet<f64>) -> Jet<f64>, x: f64, expected: [f64; COEFFICIENTS]) {
        let y = f(Jet::variable(x));
        for (order, want) in expected.into_iter().enumerate() {
            let got = y.derivative(order);
            assert!((got - want).abs() < 1e-12 * (1.0 + want.abs()), "order {order}: {got} {want}");
        }
    }

    #[test]
    fn derivatives_of_elementary_functions_are_exact() {
        let x = 0.7_f64;
        let (s, c, e) = (x.sin(), x.cos(), x.exp());
        check(Scalar::exp, x, [e; 5]);
        check(Scalar::exp_m1, x, [x.exp_m1(), e, e, e, e]);
        check(Scalar::sin, x, [s, c, -s, -c, s]);
        check(Scalar::cos, x, [c, -s, -c, s, c]);
        check(Scalar::ln, x, [x.ln(), 1. / x, -x.powi(-2), 2. * x.powi(-3), -6. * x.powi(-4)]);
        let y = 1.0 + x;
        check(Scalar::ln_1p, x, [y.ln(), 1. / y, -y.powi(-2), 2. * y.powi(-3), -6. * y.powi(-4)]);
        let r = x.sqrt();
        check(
            Scalar::sqrt,
            x,
            [r, 0.5 / r, -0.25 / r.powi(3), 0.375 / r.powi(5), -0.9375 / r.powi(7)],
        );
    }

    #[test]
    fn derivatives_of_inverse_and_hyperbolic_functions_are_exact() {
        let x = 0.7_f64;
        let (s, c) = (x.sinh(), x.cosh());
        check(Scalar::sinh, x, [s, c, s, c, s]);
        check(Scalar::cosh, x, [c, s, c, s, c]);
        let identity = [x, 1.0, 0.0, 0.0, 0.0];
        check(|x| x.sin().asin(), x, identity);
        check(|x| x.cos().acos(), x, identity);
        check(|x| x.tan().atan(), x, identity);
        check(|x| x.sinh().asinh(), x, identity);
        check(|x| x.cosh().acosh(), x, identity);
        check(|x| x.tanh().atanh(), x, identity);
    }

    #[test]
    fn derivatives_of_tanh_and_erf_are_exact() {
        let x = 0.4_f64;
        let t = x.tanh();
        let d = 1.0 - t * t;
        check(
            Scalar::tanh,
            x,
            [t, d, -2. * t * d, -2. * d * (1. - 3. * t * t), 8. * t * d * (2. - 3. * t * t)],
        );
        let g = std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
        check(
            Scalar::erf,
            x,
            [libm::erf(x), g, -2. * x * g, (4. * x * x - 2.) * g, (12. * x - 8. * x.powi(3)) * g],
        );
    }

    #[test]
    fn quotient_rule_holds_to_the_fourth_order() {
        let one = Jet::constant(1.0);
        check(|x| one / x, 2.0, [0.5, -0.25, 0.25, -0.375, 0.75]);
    }

    #[test]
    fn erfc_is_one_minus_erf_to_the_fourth_order() {
        let x = Jet::variable(0.4);
        let expected = Jet::constant(1.0) - x.erf();
        check(Scalar::erfc, 0.4, std::array::from_fn(|order| expected.derivative(order)));
    }

    #[test]
    fn the_normal_distribution_is_half_of_erfc_and_its_slope_the_density() {
        let x = Jet::variable(-0.7);
        let half = Jet::constant(0.5) * (Jet::constant(-FRAC_1_SQRT_2) * x).erfc();
        check(|x| x.normal()[0], -0.7, std::array::from_fn(|order| half.derivative(order)));
        let [distribution, density] = x.normal();
        for order in 0..HIGHEST_ORDER {
            let [got, want] = [density.derivative(order), distribution.derivative(order + 1)];
            assert!((got - want).abs() < 1e-14, "order {order}: {got} {want}");
        }
    }

    #[test]
    fn derivatives_keep_their_digits_where_the_value_saturates() {
        #[track_caller]
        fn close(got: f64, want: f64) {
            assert!((got / want - 1.0).abs() < 1e-12, "{got} {want}");
        }
        let e = (-40.0_f64).exp();
        let (tanh, exp_m1) = (Jet::variable(20.0).tanh(), Jet::variable(-40.0).exp_m1());
        for order in 1..COEFFICIENTS {
            // To one part in e^40, tanh(x) = 1 − 2 exp(−2x).
            close(tanh.derivative(order), -2.0 * (-2.0_f64).powi(order as i32) * e);
            close(exp_m1.derivative(order), e);
        }
    }

    #[test]
    fn cosine_keeps_its_derivatives_at_large_arguments() {
        let x = 12_345.678_f32;
        let y = Jet::variable(x).cos();
        assert_eq!(y.derivative(1), -x.sin());
        assert_eq!(y.derivative(2), -x.cos());
    }
}
