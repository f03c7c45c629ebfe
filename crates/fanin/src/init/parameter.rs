//! What schemes ask of a [`Parameter`]: its fans, its elements, its parts.

use fanin_engine::Shape;
use fanin_kernels::memory::prefer_large_pages;

use super::fans::{self, Axes};
use crate::error::{Error, Result};
use crate::spec::{Parameter, Place, Role};

impl Parameter {
    /// A weight of shape (out, in), its fans taken from it.
    ///
    /// ```
    /// use fanin::init::Parameter;
    /// let weight = Parameter::linear("0.weight", 256, 784);
    /// assert_eq!((weight.fan_in, weight.fan_out), (784, 256));
    /// ```
    pub fn linear(name: &str, out: usize, input: usize) -> Self {
        let parameter = Self::new(name, [out, input], Role::Weight);
        Self { axes: Axes::linear(), fan_in: input, fan_out: out, ..parameter }
    }

    /// A weight whose axes mean what `axes` says, its fans taken from them.
    ///
    /// # Errors
    /// As for [`fans::fans`].
    ///
    /// ```
    /// use fanin::init::{Parameter, fans::Axes};
    /// let depthwise = Parameter::weight("conv.weight", [4, 1, 3, 3], Axes::convolution(4))?;
    /// assert_eq!((depthwise.fan_in, depthwise.fan_out), (9, 9));
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn weight(name: &str, shape: impl Into<Shape>, axes: Axes) -> Result<Self> {
        let parameter = Self::new(name, shape, Role::Weight);
        let fans = fans::fans(&parameter.described(), parameter.shape.axes(), &axes)?;
        Ok(Self { axes, fan_in: fans.fan_in, fan_out: fans.fan_out, ..parameter })
    }

    /// The same parameter followed by this activation.
    pub fn followed_by(self, activation: &str) -> Self {
        Self { activation: Some(activation.to_owned()), ..self }
    }

    /// How messages name it.
    pub fn described(&self) -> String {
        format!("parameter `{}`", self.name)
    }

    /// The fan-in as a factor of formulas.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is 0: no formula divides by it.
    pub fn positive_fan_in(&self) -> Result<f64> {
        self.positive("fan-in", self.fan_in)
    }

    /// The fan-out as a factor of formulas.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is 0.
    pub fn positive_fan_out(&self) -> Result<f64> {
        self.positive("fan-out", self.fan_out)
    }

    /// The number of elements.
    ///
    /// # Errors
    /// [`Error::Setting`] if it has none, [`Error::Engine`] beyond the most elements that a tensor
    /// may have.
    pub fn elements(&self) -> Result<usize> {
        match self.shape.checked_elements(&self.described())? {
            0 => Err(self.unfit(format!("shape {} of 0 elements", self.shape), "at least 1")),
            elements => Ok(elements),
        }
    }

    /// As many copies of `value` as the parameter has elements.
    ///
    /// # Errors
    /// As [`Self::elements`], and [`Error::Setting`] if memory does not hold them.
    pub fn filled<T: Clone>(&self, value: T) -> Result<Vec<T>> {
        let elements = self.elements()?;
        let mut data = Vec::new();
        if data.try_reserve_exact(elements).is_err() {
            let found = format!("shape {} of {elements} elements", self.shape);
            return Err(self.unfit(found, "fewer: memory does not hold them"));
        }
        prefer_large_pages(data.spare_capacity_mut());
        data.resize(elements, value);
        Ok(data)
    }

    /// Part `index` of a packed parameter as a parameter of its own; its fan-out is its own, unless
    /// a library's convention has set one for all parts.
    ///
    /// A component that is met again is none: it is the second bias of a recurrent cell, which is
    /// added to the first.
    ///
    /// # Panics
    /// If it is not packed into more than `index` parts.
    pub fn part(&self, index: usize) -> Self {
        let packing = self.packing.as_ref().expect("only a packed parameter has parts");
        let (component, size) = packing.parts[index];
        let mut axes = self.shape.axes().to_vec();
        axes[packing.axis] = size;
        let is_again = packing.parts[..index].iter().any(|(before, _)| *before == component);
        let place = Place { component: (!is_again).then_some(component), ..self.place.clone() };
        let first = packing.parts[0].1;
        let fan_out = if size != first && self.has_exact_fan_out() {
            self.fan_out / first * size
        } else {
            self.fan_out
        };
        let part_of = self.packing.clone();
        Self { shape: axes.into(), packing: None, part_of, place, fan_out, ..self.clone() }
    }

    fn has_exact_fan_out(&self) -> bool {
        fans::by("exact", self).is_ok_and(|exact| exact.fan_out == self.fan_out)
    }

    /// Units of all parts of a packed parameter that one input reaches, asked of it or of a part.
    pub fn fan_out_of_all_parts(&self) -> usize {
        let (packing, own) = match (&self.packing, &self.part_of) {
            (Some(packing), _) => (packing, packing.parts.first().map_or(1, |(_, size)| *size)),
            (None, Some(packing)) => (packing, self.shape.axes()[packing.axis]),
            (None, None) => return self.fan_out,
        };
        let all = packing.parts.iter().fold(0_usize, |sum, (_, size)| sum.saturating_add(*size));
        self.fan_out.saturating_mul(all) / own.max(1)
    }

    /// An error that says what is wrong with this parameter.
    pub fn unfit(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::Setting { place: self.described(), found: found.into(), expected: expected.into() }
    }

    fn positive(&self, what: &str, fan: usize) -> Result<f64> {
        if fan > 0 {
            return Ok(fan as f64);
        }
        let found = format!("{what} 0 for shape {}", self.shape);
        Err(self.unfit(found, format!("a {what} of at least 1, by which this scheme divides")))
    }
}
