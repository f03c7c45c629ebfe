//! From the rule that an optimizer's file states to an [`Optimizer`].

use fanin_engine::tensor::Shape;
use fanin_kernels::Float;
use fanin_kernels::change::{Change, MOST};
use fanin_kernels::memory::zeros;

use crate::error::Result;

use super::state::tensor_of;
use super::{Layout, Optimizer, OptimizerState};

/// The change of one parameter in one step, with `N` buffers of memory per parameter.
pub(super) trait Rule<const N: usize>: Send + Sync + 'static {
    /// What each buffer of memory is called in a saved state; all start at 0.
    const SLOTS: [&'static str; N];

    /// Changes the parameter and its memory by the gradient; all slices have equal lengths.
    fn update<T: Float>(
        &self,
        step: Step,
        parameter: &mut [T],
        slots: [&mut [T]; N],
        gradient: &[T],
    );
}

/// Which step it is and how far it goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Counted from 1.
    pub number: u64,
    /// α of this step.
    pub learning_rate: f64,
    /// λ of this parameter.
    pub decay: f64,
}

/// The optimizer that follows `rule` for parameters of this layout.
pub(super) fn optimizer<T: Float, const N: usize>(
    name: &'static str,
    rule: impl Rule<N>,
    layout: &Layout,
) -> Box<dyn Optimizer<T>> {
    let slots =
        layout.iter().map(|(_, shape)| std::array::from_fn(|_| zeros(shape.elements()))).collect();
    Box::new(Ruled { name, rule, layout: layout.to_vec(), slots, steps: 0, learning_rate: 0.0 })
}

/// base^exponent by repeated squaring: the same bits on every machine, which `powi` does not vow.
pub(super) fn power(base: f64, exponent: u64) -> f64 {
    let (mut result, mut square, mut rest) = (1.0, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    result
}

struct Ruled<T, R, const N: usize> {
    name: &'static str,
    rule: R,
    layout: Vec<(String, Shape)>,
    slots: Vec<[Vec<T>; N]>,
    steps: u64,
    learning_rate: f64,
}

impl<T: Float, R: Rule<N>, const N: usize> Ruled<T, R, N> {
    /// For every parameter and slot: the tensor's name, its shape, its position.
    fn tensors(&self) -> impl Iterator<Item = (String, &Shape, usize, usize)> {
        self.layout.iter().enumerate().flat_map(move |(index, (parameter, shape))| {
            let name = move |slot| format!("{}.{slot}.{parameter}", self.name);
            R::SLOTS.iter().enumerate().map(move |(k, slot)| (name(slot), shape, index, k))
        })
    }
}

impl<T: Float, R: Rule<N>, const N: usize> Optimizer<T> for Ruled<T, R, N> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn begin_step(&mut self, learning_rate: f64) {
        self.steps += 1;
        self.learning_rate = learning_rate;
    }

    fn change(
        &mut self,
        index: usize,
        parameter: &mut [T],
        decay: f64,
        make: &mut dyn FnMut(Change<'_, T>),
    ) {
        const { assert!(N < MOST, "a parameter and its memory change together") };
        let step = Step { number: self.steps, learning_rate: self.learning_rate, decay };
        let rule = |_, [parameter, slots @ ..]: [&mut [T]; MOST], gradient: &[T]| {
            let mut slots = slots.into_iter();
            let slots = std::array::from_fn(|_| slots.next().expect("there are enough"));
            self.rule.update(step, parameter, slots, gradient);
        };
        let mut buffers = [parameter, &mut [], &mut []];
        for (buffer, slot) in buffers[1..].iter_mut().zip(&mut self.slots[index]) {
            *buffer = slot;
        }
        make(Change { buffers, rule: &rule });
    }

    fn state(&self) -> OptimizerState<T> {
        let tensors = self.tensors();
        let tensors =
            tensors.map(|(name, shape, i, k)| (name, tensor_of(shape, &self.slots[i][k])));
        let tensors = tensors.collect();
        OptimizerState { method: self.name.to_owned(), steps: self.steps, tensors }
    }

    fn restore(&mut self, state: &OptimizerState<T>) -> Result<()> {
        state.must_be(self.name, N * self.layout.len())?;
        let found: Vec<&[T]> = self
            .tensors()
            .map(|(name, shape, _, _)| state.elements(&name, shape))
            .collect::<Result<_>>()?;
        for (slot, elements) in self.slots.iter_mut().flatten().zip(found) {
            slot.copy_from_slice(elements);
        }
        self.steps = state.steps;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::power;

    #[test]
    fn power_equals_repeated_multiplication() {
        assert_eq!(power(0.5, 0), 1.0);
        assert_eq!(power(0.5, 10), 1.0 / 1024.0);
        let product = (0..1000).fold(1.0, |product, _| product * 0.999);
        assert!((power(0.999, 1000) / product - 1.0).abs() < 1e-12);
    }
}
