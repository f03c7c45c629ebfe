//! Complex numbers, as far as spectra need them.

use std::ops::{Add, Div, Mul, Sub};

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Complex {
    pub real: f64,
    pub imaginary: f64,
}

impl Complex {
    pub const ZERO: Self = Self { real: 0.0, imaginary: 0.0 };

    pub fn new(real: f64, imaginary: f64) -> Self {
        Self { real, imaginary }
    }

    pub fn scaled(self, factor: f64) -> Self {
        Self::new(factor * self.real, factor * self.imaginary)
    }

    pub fn size(self) -> f64 {
        self.real.hypot(self.imaginary)
    }

    /// The logarithm with an angle from −π to π.
    pub fn ln(self) -> Self {
        Self::new(self.size().ln(), self.imaginary.atan2(self.real))
    }

    pub fn exp(self) -> Self {
        let (sine, cosine) = self.imaginary.sin_cos();
        Self::new(cosine, sine).scaled(self.real.exp())
    }
}

impl Add for Complex {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.real + other.real, self.imaginary + other.imaginary)
    }
}

impl Sub for Complex {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.real - other.real, self.imaginary - other.imaginary)
    }
}

impl Mul for Complex {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::new(
            self.real * other.real - self.imaginary * other.imaginary,
            self.real * other.imaginary + self.imaginary * other.real,
        )
    }
}

impl Div for Complex {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        // By the larger part of the divisor, so that squares do not overflow (Smith 1962).
        let (c, d) = (other.real, other.imaginary);
        if c.abs() >= d.abs() {
            let (ratio, below) = (d / c, c + d * (d / c));
            let real = self.real + self.imaginary * ratio;
            Self::new(real / below, (self.imaginary - self.real * ratio) / below)
        } else {
            let (ratio, below) = (c / d, c * (c / d) + d);
            let real = self.real * ratio + self.imaginary;
            Self::new(real / below, (self.imaginary * ratio - self.real) / below)
        }
    }
}
