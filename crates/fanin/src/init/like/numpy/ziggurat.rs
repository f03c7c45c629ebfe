//! Normal numbers by the ziggurat, with the very tables of NumPy.
//!
//! Marsaglia and Tsang 2000, "The ziggurat method for generating random variables". The tables
//! follow from R by a recursion, but not to the last bit, so they were measured from a running
//! NumPy 2.4.6: `crates/fanin/data/make_numpy_ziggurat.py` tells how.
//!
//! Key: layer i has width w (of one position), first position k that needs a test, and height f
//! of the bell exp(−x²/2) at its end.

use std::sync::LazyLock;

use super::pcg64::Pcg64;

const LAYERS: usize = 256;
/// Where the tail begins: the layers' common area of 1/256 of the bell follows from it.
const R: f64 = 3.654_152_885_361_009;
const INVERSE_R: f64 = 0.273_661_237_329_758_3;
const R_SINGLE: f32 = 3.654_152_9;
const INVERSE_R_SINGLE: f32 = 0.273_661_23;

static MEASURED: &[u8] = include_bytes!("../../../../data/numpy_ziggurat.bin");

struct Tables<Float, Position> {
    w: [Float; LAYERS],
    k: [Position; LAYERS],
    f: [Float; LAYERS],
}

static DOUBLE: LazyLock<Tables<f64, u64>> = LazyLock::new(|| Tables {
    w: numbers(0, f64::from_le_bytes),
    k: numbers(8 * LAYERS, u64::from_le_bytes),
    f: numbers(16 * LAYERS, f64::from_le_bytes),
});

static SINGLE: LazyLock<Tables<f32, u32>> = LazyLock::new(|| Tables {
    w: numbers(24 * LAYERS, f32::from_le_bytes),
    k: numbers(28 * LAYERS, u32::from_le_bytes),
    f: numbers(32 * LAYERS, f32::from_le_bytes),
});

/// The table that begins at byte `start`.
fn numbers<const SIZE: usize, N>(start: usize, number: fn([u8; SIZE]) -> N) -> [N; LAYERS] {
    let (chunks, _) = MEASURED[start..].as_chunks::<SIZE>();
    std::array::from_fn(|layer| number(chunks[layer]))
}

/// One number of `Generator.standard_normal()`.
pub(super) fn normal(bits: &mut Pcg64) -> f64 {
    let tables = &*DOUBLE;
    loop {
        let word = bits.next_u64();
        let layer = (word & 0xff) as usize;
        let position = (word >> 9) & ((1 << 52) - 1);
        let size = position as f64 * tables.w[layer];
        let x = if word & 0x100 == 0 { size } else { -size };
        if position < tables.k[layer] {
            return x;
        }
        if layer == 0 {
            let tail = tail(bits);
            return if position & 0x100 == 0 { tail } else { -tail };
        }
        let (above, below) = (tables.f[layer - 1], tables.f[layer]);
        if (above - below) * bits.next_f64() + below < (-0.5 * x * x).exp() {
            return x;
        }
    }
}

fn tail(bits: &mut Pcg64) -> f64 {
    loop {
        let beyond = -INVERSE_R * (-bits.next_f64()).ln_1p();
        let y = -(-bits.next_f64()).ln_1p();
        if y + y > beyond * beyond {
            return R + beyond;
        }
    }
}

/// One number of `Generator.standard_normal(dtype=numpy.float32)`.
pub(super) fn normal_f32(bits: &mut Pcg64) -> f32 {
    let tables = &*SINGLE;
    loop {
        let word = bits.next_u32();
        let layer = (word & 0xff) as usize;
        let position = word >> 9;
        let size = position as f32 * tables.w[layer];
        let x = if word & 0x100 == 0 { size } else { -size };
        if position < tables.k[layer] {
            return x;
        }
        if layer == 0 {
            let tail = tail_f32(bits);
            return if position & 0x100 == 0 { tail } else { -tail };
        }
        let (above, below) = (tables.f[layer - 1], tables.f[layer]);
        let edge = (above - below) * bits.next_f32() + below;
        let wide = f64::from(x);
        if f64::from(edge) < (-0.5 * wide * wide).exp() {
            return x;
        }
    }
}

fn tail_f32(bits: &mut Pcg64) -> f32 {
    loop {
        let beyond = -INVERSE_R_SINGLE * (-bits.next_f32()).ln_1p();
        let y = -(-bits.next_f32()).ln_1p();
        if y + y > beyond * beyond {
            return R_SINGLE + beyond;
        }
    }
}
