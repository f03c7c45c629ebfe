//! Uniform, normal and truncated normal numbers, element by element.

use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use super::erf_inv::erf_inv;
use super::fused::fused;
use super::key::Key;

const SQRT_2: f32 = std::f32::consts::SQRT_2;

/// ±2 standard deviations: the cut of every truncated normal that JAX's initializers draw.
pub const CUT: f32 = 2.0;

/// erf(2/√2), as XLA gives it.
const ERF_OF_CUT: f32 = f32::from_bits(0x3F74_5A18);

/// `jax.random.uniform(key, shape, minval=low, maxval=high)`; `out[i]` is element `start` + i.
///
/// A draw is one of 2²³ numbers, and can be `high` itself by rounding.
///
/// ```
/// use fanin::init::like::jax::{Key, fill_uniform};
/// let mut out = [0.0; 4];
/// fill_uniform(Key::new(42), 0, 0.0, 1.0, &mut out);
/// let bits = [0x3efa_3824, 0x3f2e_0730, 0x3f1d_c3f8, 0x3f0f_9ec0];
/// assert_eq!(out.map(f32::to_bits), bits);
/// ```
pub fn fill_uniform(key: Key, start: u64, low: f32, high: f32, out: &mut [f32]) {
    fill(key, start, out, |bits| uniform(bits, low, high));
}

/// `jax.random.normal(key, shape)`; `out[i]` is element `start` + i, counted row by row.
pub fn fill_normal(key: Key, start: u64, out: &mut [f32]) {
    let low = (-1.0_f32).next_up();
    fill(key, start, out, |bits| SQRT_2 * erf_inv(uniform(bits, low, 1.0)));
}

/// `jax.random.truncated_normal(key, -2, 2, shape)`; `out[i]` is element `start` + i.
pub fn fill_truncated_normal(key: Key, start: u64, out: &mut [f32]) {
    let largest = CUT.next_down();
    fill(key, start, out, |bits| {
        let z = SQRT_2 * erf_inv(uniform(bits, -ERF_OF_CUT, ERF_OF_CUT));
        z.clamp(-largest, largest)
    });
}

/// 23 bits as a number in [1, 2), less 1, stretched to the range.
fn uniform(bits: u32, low: f32, high: f32) -> f32 {
    let share = f32::from_bits(bits >> 9 | 1.0_f32.to_bits()) - 1.0;
    low.max(fused(share, high - low, low))
}

fn fill(key: Key, start: u64, out: &mut [f32], value: impl Fn(u32) -> f32 + Sync) {
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|offset, piece| {
        for (index, x) in (start + offset as u64..).zip(piece) {
            *x = value(key.bits(index));
        }
    });
}
