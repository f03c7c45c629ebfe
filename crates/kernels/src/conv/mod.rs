//! Convolution over up to three spatial axes, and its two adjoints.
//!
//! The output is y(b, o, p) = Σ over c, t of w(o, c, t) · x(b, c, p·stride + t·dilation − pad).
//! With the output's gradient this is linear in each of three tensors, so the three functions here
//! are all that derivatives of any order need.
//!
//! | file | computes | how |
//! |---|---|---|
//! | `forward.rs` | the convolution, and the gradient to the input where the stride is 1 | tiles of packed weights and panels of input |
//! | `few.rs` | the same where channels are few | tiles of packed weights and padded images |
//! | `in_place.rs` | the same where lines are long | tiles of packed weights and padded images |
//! | `products.rs` | the gradient to the input with a stride | products of matrices, whose columns are added to the input |
//! | `weights.rs` | the gradient to the weight | tiles of interleaved channels |
//! | `depthwise.rs` | all three where a group has a single input channel | sums over taps, line by line |
//!
//! A tile (`tile.rs`) is the product of eight rows with up to 48 columns in registers. It reads
//! what lies in a cache: panels and interleaved channels are made a few at a time, in memory that
//! a thread keeps, so a call allocates nothing once its thread has worked. What all threads share,
//! packed weights and sums over parts of the batch, lies in `room`, which the caller gives.
//!
//! Work is cut by sizes alone, or where it is cut changes no sum, so bits do not depend on the number
//! of threads.

pub(crate) mod lines;
pub(crate) mod tile;
mod columns;
mod depthwise;
mod panel;
mod split;
mod forward;
mod few;
mod in_place;
mod weights;
mod products;

#[cfg(test)]
mod tests;

use crate::scalar::Float;
use crate::window::{AXES, Window};

use self::forward::Reading;

/// Sizes of a convolution; the weight has shape (groups·O, C, kernel…).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Images.
    pub batch: usize,
    /// Groups of channels that see only each other.
    pub groups: usize,
    /// Input channels of one group.
    pub channels_in: usize,
    /// Output channels of one group.
    pub channels_out: usize,
    /// The window over the spatial axes.
    pub window: Window,
}

impl Convolution {
    /// Elements of the input.
    pub fn input_elements(&self) -> usize {
        self.batch * self.groups * self.channels_in * self.window.input_plane()
    }

    /// Elements of the output.
    pub fn output_elements(&self) -> usize {
        self.batch * self.groups * self.channels_out * self.window.output_plane()
    }

    /// Elements of the weight.
    pub fn weight_elements(&self) -> usize {
        self.groups * self.channels_out * self.channels_in * self.window.taps()
    }

    /// Rows of the columns of one group.
    fn depth(&self) -> usize {
        self.channels_in * self.window.taps()
    }

    /// The convolution of the output gradient that gives the gradient to the input, if the window
    /// moves by single steps: channels exchanged, taps in reverse.
    fn reversed(&self) -> Option<Self> {
        let window = self.window;
        let mut pad = [0; AXES];
        for (axis, pad) in pad.iter_mut().enumerate() {
            let reach = window.dilation[axis] * (window.kernel[axis] - 1);
            *pad = reach.checked_sub(window.pad[axis])?;
        }
        let (input, output) = (window.output, window.input);
        let reversed = Window { input, output, pad, ..window };
        let (channels_in, channels_out) = (self.channels_out, self.channels_in);
        (window.stride == [1; AXES]).then_some(Self {
            channels_in,
            channels_out,
            window: reversed,
            ..*self
        })
    }

    fn is_depthwise(&self) -> bool {
        self.channels_in == 1 && (self.groups > 1 || self.channels_out <= 4)
    }
}

/// The convolution of `x` with the weight `w`; `room` has [`convolve_room`] elements.
///
/// # Panics
/// If a length is not that of the sizes.
pub fn convolve<T: Float>(size: &Convolution, x: &[T], w: &[T], out: &mut [T], room: &mut [T]) {
    check(size, x.len(), w.len(), out.len());
    if size.is_depthwise() {
        depthwise::convolve(size, x, w, out);
    } else {
        let packed = &mut room[..forward::packed_elements(size)];
        forward::pack(size, w, Reading::Plain, packed);
        convolve_packed(size, x, packed, out);
    }
}

fn convolve_packed<T: Float>(size: &Convolution, x: &[T], packed: &[T], out: &mut [T]) {
    if few::fits(size) {
        few::convolve(size, x, packed, out);
    } else if in_place::fits(size) {
        in_place::convolve(size, x, packed, out);
    } else {
        forward::convolve(size, x, packed, out);
    }
}

/// How many elements [`convolve`] needs beside its result.
pub fn convolve_room(size: &Convolution) -> usize {
    if size.is_depthwise() { 0 } else { forward::packed_elements(size) }
}

/// The gradient with respect to the input: of `convolve` for the output gradient `d_out`; `room`
/// has [`input_gradient_room`] elements.
///
/// # Panics
/// If a length is not that of the sizes.
pub fn input_gradient<T: Float>(
    size: &Convolution,
    d_out: &[T],
    w: &[T],
    d_x: &mut [T],
    room: &mut [T],
) {
    check(size, d_x.len(), w.len(), d_out.len());
    if size.is_depthwise() {
        depthwise::input_gradient(size, d_out, w, d_x);
    } else if let Some(reversed) = size.reversed() {
        let packed = &mut room[..forward::packed_elements(&reversed)];
        forward::pack(&reversed, w, Reading::Reversed, packed);
        convolve_packed(&reversed, d_out, packed, d_x);
    } else {
        products::input_gradient(size, d_out, w, d_x);
    }
}

/// How many elements [`input_gradient`] needs beside its result.
pub fn input_gradient_room(size: &Convolution) -> usize {
    match size.reversed() {
        Some(reversed) if !size.is_depthwise() => forward::packed_elements(&reversed),
        _ => 0,
    }
}

/// The gradient with respect to the weight: of `convolve` for the output gradient `d_out`;
/// `room` has [`weight_gradient_room`] elements.
///
/// # Panics
/// If a length is not that of the sizes.
pub fn weight_gradient<T: Float>(
    size: &Convolution,
    x: &[T],
    d_out: &[T],
    d_w: &mut [T],
    room: &mut [T],
) {
    check(size, x.len(), d_w.len(), d_out.len());
    if size.is_depthwise() {
        depthwise::weight_gradient(size, x, d_out, d_w);
    } else {
        weights::gradient(size, x, d_out, d_w, room);
    }
}

/// How many elements [`weight_gradient`] needs beside its result.
pub fn weight_gradient_room(size: &Convolution) -> usize {
    if size.is_depthwise() { 0 } else { weights::room(size) }
}

fn check(size: &Convolution, x: usize, w: usize, out: usize) {
    assert_eq!(x, size.input_elements(), "the input of a convolution must fit its sizes");
    assert_eq!(w, size.weight_elements(), "the weight of a convolution must fit its sizes");
    assert_eq!(out, size.output_elements(), "the output of a convolution must fit its sizes");
}
