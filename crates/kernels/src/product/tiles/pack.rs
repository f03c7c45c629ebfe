//! Factors laid out in the order in which tiles read them.

#[allow(clippy::wildcard_imports, reason = "nearly all names of the module are instructions")]
use std::arch::x86_64::*;

use super::{Factor, Tiled};

/// Positions that are transposed together where there is no better way.
const STEP: usize = 16;

/// Packs `count` rows of a factor, from `from` on, into groups of `width`: element (i, k) goes to
/// `to[k · width + i]`, and the places of rows that do not exist become 0.
///
/// # Safety
/// `to` has room for `depth` groups, `from` is within the factor, which has `count` rows and `depth`
/// positions from there on, and the machine has AVX2.
pub(super) unsafe fn pack<T: Tiled>(
    to: *mut T,
    width: usize,
    count: usize,
    depth: usize,
    from: *const T,
    factor: &Factor<T>,
) {
    let (across, along) = (factor.across, factor.along);
    // SAFETY: all places are among those that the caller vouches for.
    unsafe {
        if across == 1 {
            // Vectors of a known length are copied without a call.
            match count {
                32 => copy_lanes::<T, 32>(to, width, depth, from, along),
                16 => copy_lanes::<T, 16>(to, width, depth, from, along),
                8 => copy_lanes::<T, 8>(to, width, depth, from, along),
                _ => {
                    for k in 0..depth {
                        let from = from.wrapping_offset(k as isize * along);
                        std::ptr::copy_nonoverlapping(from, to.add(k * width), count);
                    }
                }
            }
        } else {
            let blocks = if along == 1 { count / T::SQUARE * T::SQUARE } else { 0 };
            let even = depth / T::SQUARE * T::SQUARE;
            for i in (0..blocks).step_by(T::SQUARE) {
                for k in (0..even).step_by(T::SQUARE) {
                    let from = from.wrapping_offset(i as isize * across + k as isize);
                    T::transpose(from, across, to.add(k * width + i), width);
                }
            }
            let copy = |rows: std::ops::Range<usize>, positions: std::ops::Range<usize>| {
                for i in rows {
                    for k in positions.clone() {
                        let step = i as isize * across + k as isize * along;
                        *to.add(k * width + i) = *from.wrapping_offset(step);
                    }
                }
            };
            copy(0..blocks, even..depth);
            for k in (0..depth).step_by(STEP) {
                copy(blocks..count, k..depth.min(k + STEP));
            }
        }
        if count < width {
            for k in 0..depth {
                std::slice::from_raw_parts_mut(to.add(k * width + count), width - count)
                    .fill(T::ZERO);
            }
        }
    }
}

/// Copies `LANES` numbers at each of `depth` positions.
///
/// # Safety
/// As [`pack`].
#[target_feature(enable = "avx2")]
unsafe fn copy_lanes<T: Tiled, const LANES: usize>(
    to: *mut T,
    width: usize,
    depth: usize,
    from: *const T,
    along: isize,
) {
    for k in 0..depth {
        let from = from.wrapping_offset(k as isize * along).cast::<[T; LANES]>();
        // SAFETY: by the caller's word.
        unsafe { to.add(k * width).cast::<[T; LANES]>().write_unaligned(from.read_unaligned()) };
    }
}

/// Transposes eight rows of eight numbers.
///
/// # Safety
/// Rows `across` apart from `from` on can be read, and rows `width` apart from `to` on written; the
/// machine has AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn transpose_f32(from: *const f32, across: isize, to: *mut f32, width: usize) {
    // SAFETY: by the caller's word.
    unsafe {
        let row = |i: usize| _mm256_loadu_ps(from.wrapping_offset(i as isize * across));
        let pairs = |i: usize| {
            let (a, b) = (row(i), row(i + 1));
            [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)]
        };
        let fours = |i: usize| {
            let ([a, b], [c, d]) = (pairs(i), pairs(i + 2));
            [
                _mm256_shuffle_ps::<0x44>(a, c),
                _mm256_shuffle_ps::<0xEE>(a, c),
                _mm256_shuffle_ps::<0x44>(b, d),
                _mm256_shuffle_ps::<0xEE>(b, d),
            ]
        };
        for (k, (upper, lower)) in fours(0).into_iter().zip(fours(4)).enumerate() {
            let (near, far) = (to.add(k * width), to.add((k + 4) * width));
            _mm256_storeu_ps(near, _mm256_permute2f128_ps::<0x20>(upper, lower));
            _mm256_storeu_ps(far, _mm256_permute2f128_ps::<0x31>(upper, lower));
        }
    }
}

/// Transposes four rows of four numbers.
///
/// # Safety
/// As [`transpose_f32`].
#[target_feature(enable = "avx2")]
pub(super) unsafe fn transpose_f64(from: *const f64, across: isize, to: *mut f64, width: usize) {
    // SAFETY: by the caller's word.
    unsafe {
        let row = |i: usize| _mm256_loadu_pd(from.wrapping_offset(i as isize * across));
        let pairs = |i: usize| {
            let (a, b) = (row(i), row(i + 1));
            [_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b)]
        };
        for (k, (upper, lower)) in pairs(0).into_iter().zip(pairs(2)).enumerate() {
            let (near, far) = (to.add(k * width), to.add((k + 2) * width));
            _mm256_storeu_pd(near, _mm256_permute2f128_pd::<0x20>(upper, lower));
            _mm256_storeu_pd(far, _mm256_permute2f128_pd::<0x31>(upper, lower));
        }
    }
}
