//! How a window moves over the spatial axes of a convolution or a pool.

use fanin_kernels::window as kernels;

/// Steps and padding of a window, one item for each of one to three spatial axes.
///
/// Output position o sees, at tap t, the input position o·stride + t·dilation − pad before;
/// positions outside the input are padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Input positions from one output position to the next, 1 or more.
    pub strides: Vec<usize>,
    /// Input positions from one tap to the next, 1 or more.
    pub dilations: Vec<usize>,
    /// Padding before and after the input.
    pub pads: Vec<(usize, usize)>,
}

/// What a window does with a last step that reaches beyond the padded input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// It is left out.
    Down,
    /// It is taken, cut off at the end, if it begins before the padding after the input.
    Up,
}

impl Window {
    /// A window over so many axes that moves by single steps, without gaps or padding.
    pub fn new(axes: usize) -> Self {
        Self { strides: vec![1; axes], dilations: vec![1; axes], pads: vec![(0, 0); axes] }
    }

    /// The number of spatial axes.
    pub fn axes(&self) -> usize {
        self.strides.len()
    }

    /// Output positions along each axis for a kernel of this many taps; `None` where the window
    /// does not fit into the padded input, or the attributes make no sense.
    pub fn output(&self, input: &[usize], kernel: &[usize], round: Rounding) -> Option<Vec<usize>> {
        let axes = self.axes();
        let counts = [self.dilations.len(), self.pads.len(), input.len(), kernel.len()];
        if !(1..=kernels::AXES).contains(&axes) || counts.iter().any(|&count| count != axes) {
            return None;
        }
        (0..axes).map(|axis| self.output_along(axis, input[axis], kernel[axis], round)).collect()
    }

    fn output_along(
        &self,
        axis: usize,
        input: usize,
        taps: usize,
        round: Rounding,
    ) -> Option<usize> {
        let (before, after) = self.pads[axis];
        let (stride, dilation) = (self.strides[axis], self.dilations[axis]);
        if stride == 0 || dilation == 0 || input == 0 {
            return None;
        }
        let extent = taps.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
        let padded = input.checked_add(before)?.checked_add(after)?;
        let limit = isize::MAX as usize / 4;
        if padded.max(extent).max(stride) > limit {
            return None;
        }
        let room = padded.checked_sub(extent)?;
        Some(match round {
            Rounding::Down => room / stride + 1,
            Rounding::Up => {
                let steps = room.div_ceil(stride);
                if steps * stride < input + before { steps + 1 } else { steps }
            }
        })
    }

    /// The same window as the kernels take it.
    pub(super) fn sizes(
        &self,
        input: &[usize],
        kernel: &[usize],
        output: &[usize],
    ) -> kernels::Window {
        let lead = kernels::AXES - self.axes();
        let filled = |items: &[usize], lacking: usize| {
            std::array::from_fn(|axis| axis.checked_sub(lead).map_or(lacking, |own| items[own]))
        };
        kernels::Window {
            input: filled(input, 1),
            output: filled(output, 1),
            kernel: filled(kernel, 1),
            stride: filled(&self.strides, 1),
            dilation: filled(&self.dilations, 1),
            pad: std::array::from_fn(|axis| axis.checked_sub(lead).map_or(0, |a| self.pads[a].0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(window: &Window, (input, kernel): (usize, usize), round: Rounding, want: usize) {
        assert_eq!(window.output(&[input], &[kernel], round), Some(vec![want]));
    }

    #[test]
    fn outputs_are_counted_as_in_pytorch() {
        let strided = Window { strides: vec![2], pads: vec![(1, 1)], ..Window::new(1) };
        check(&strided, (112, 3), Rounding::Down, 56);
        check(&strided, (112, 3), Rounding::Up, 57);
        check(&strided, (5, 2), Rounding::Up, 4 - 1);
        check(&Window { strides: vec![2], ..Window::new(1) }, (6, 3), Rounding::Up, 3);
        check(&Window { dilations: vec![3], ..Window::new(1) }, (9, 3), Rounding::Down, 3);
    }

    #[test]
    fn attributes_without_sense_are_refused() {
        let window = Window::new(1);
        assert_eq!(window.output(&[3], &[4], Rounding::Down), None);
        assert_eq!(window.output(&[3], &[0], Rounding::Down), None);
        assert_eq!(window.output(&[3, 3], &[1, 1], Rounding::Down), None);
        let still = Window { strides: vec![0], ..Window::new(1) };
        assert_eq!(still.output(&[3], &[1], Rounding::Down), None);
        let huge = Window { pads: vec![(usize::MAX, 1)], ..Window::new(1) };
        assert_eq!(huge.output(&[3], &[1], Rounding::Down), None);
        assert_eq!(Window::new(4).output(&[3; 4], &[1; 4], Rounding::Down), None);
    }
}
