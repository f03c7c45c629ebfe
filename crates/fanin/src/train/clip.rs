//! Gradient clipping: no step longer than asked for.

use fanin_kernels::{Float, elementwise, reduce};

/// How gradients are limited before the optimizer sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clip {
    /// Not at all.
    #[default]
    None,
    /// All gradients together are shortened to this Euclidean norm if they are longer
    /// (Pascanu, Mikolov & Bengio 2013; as `torch.nn.utils.clip_grad_norm_`).
    Norm(f64),
    /// Each element is brought into ±this.
    Value(f64),
}

impl Clip {
    /// Limits the gradients in place and gives their norm as it was before.
    ///
    /// A norm that is NaN or infinite leaves the gradients as they are: no factor mends them, and
    /// the caller stops the run.
    pub fn apply<T: Float, G: AsRef<[T]> + AsMut<[T]>>(self, gradients: &mut [G]) -> f64 {
        let norm = global_norm(gradients.iter().map(AsRef::as_ref));
        if norm.is_finite() {
            for gradient in gradients {
                self.apply_to_one(norm, gradient.as_mut());
            }
        }
        norm
    }

    /// Limits one of several gradients whose finite [`global_norm`] is `norm`.
    pub fn apply_to_one<T: Float>(self, norm: f64, gradient: &mut [T]) {
        match self {
            Self::None => {}
            Self::Norm(limit) => {
                let factor = shortening(norm, limit);
                if factor < 1.0 {
                    let factor = T::from_f64(factor);
                    elementwise::map_in_place(gradient, |g| factor * g);
                }
            }
            Self::Value(limit) => {
                let (low, high) = (T::from_f64(-limit), T::from_f64(limit));
                elementwise::map_in_place(gradient, |g| match g {
                    g if g > high => high,
                    g if g < low => low,
                    g => g,
                });
            }
        }
    }
}

/// Euclidean norm over all gradients together, accumulated in f64.
///
/// ```
/// let gradients = [vec![3.0_f32], vec![0.0, 4.0]];
/// assert_eq!(fanin::train::clip::global_norm(gradients.iter().map(Vec::as_slice)), 5.0);
/// ```
pub fn global_norm<'a, T: Float>(gradients: impl IntoIterator<Item = &'a [T]>) -> f64 {
    gradients.into_iter().map(reduce::sum_of_squares).sum::<f64>().sqrt()
}

/// The factor that brings a norm down to the limit, with the small floor that PyTorch uses.
fn shortening(norm: f64, limit: f64) -> f64 {
    const FLOOR: f64 = 1e-6;
    (limit / (norm + FLOOR)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_gradients_are_shortened_together_and_short_ones_kept() {
        let mut gradients = [vec![3.0_f64, 0.0], vec![4.0]];
        assert_eq!(Clip::Norm(1.0).apply(&mut gradients), 5.0);
        let after = global_norm(gradients.iter().map(Vec::as_slice));
        assert!((after - 1.0).abs() < 1e-6);
        assert!((gradients[0][0] / gradients[1][0] - 0.75).abs() < 1e-15);
        let kept = gradients.clone();
        assert_eq!(Clip::Norm(2.0).apply(&mut gradients), after);
        assert_eq!(gradients, kept);
    }

    #[test]
    fn elements_are_brought_into_the_interval() {
        let mut gradients = [vec![3.0_f32, -0.5], vec![-4.0]];
        assert_eq!(Clip::Value(1.0).apply(&mut gradients), (9.0_f64 + 0.25 + 16.0).sqrt());
        assert_eq!(gradients, [vec![1.0, -0.5], vec![-1.0]]);
    }

    #[test]
    fn a_norm_beyond_f32_is_still_measured() {
        let mut gradients = [vec![3e38_f32; 4]];
        let norm = Clip::Norm(1.0).apply(&mut gradients);
        assert!((norm / 6e38 - 1.0).abs() < 1e-6);
        assert!((gradients[0][0] - 0.5).abs() < 1e-6);
    }

    #[test]
    fn gradients_that_are_not_finite_are_left_for_the_caller_to_see() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut gradients = [vec![bad, 2.0]];
            assert!(!Clip::Norm(1.0).apply(&mut gradients).is_finite());
            assert_eq!(gradients[0][1], 2.0);
        }
    }

    #[test]
    fn no_clipping_only_measures() {
        let mut gradients = [vec![3.0_f32, 4.0]];
        assert_eq!(Clip::None.apply(&mut gradients), 5.0);
        assert_eq!(gradients, [vec![3.0, 4.0]]);
    }
}
