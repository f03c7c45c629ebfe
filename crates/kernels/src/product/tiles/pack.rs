//! Factors laid out in the order in which tiles read them.

#[allow(clippy::wildcard_imports, reason = "nearly all names of the module are instructions")]
use std::arch::x86_64::*;
use std::ops::Range;

use super::{Factor, Kernel, LINE, Panels, Tiled};

/// Packs `groups` of `2 · lanes` rows each of a factor, from `from` on: element (i, k) of a group goes
/// to `to[k · 2 · lanes + i]`, that of the next group `apart` further on.
///
/// # Safety
/// As [`pack`], for all groups.
pub(super) unsafe fn pack_groups<T: Tiled>(
    kernel: &Kernel<T>,
    to: *mut T,
    groups: usize,
    [depth, apart]: [usize; 2],
    from: *const T,
    factor: &Factor<T>,
) {
    let width = 2 * kernel.lanes;
    // SAFETY: all places are among those that the caller vouches for.
    unsafe {
        match (factor.across, width) {
            (1, 32) => copy_groups::<T, 32>(to, groups, [depth, apart], from, factor.along),
            (1, 16) => copy_groups::<T, 16>(to, groups, [depth, apart], from, factor.along),
            (1, 8) => copy_groups::<T, 8>(to, groups, [depth, apart], from, factor.along),
            _ => {
                for group in 0..groups {
                    let from = from.wrapping_offset((group * width) as isize * factor.across);
                    pack(kernel, to.add(group * apart), width, width, depth, from, factor);
                }
            }
        }
    }
}

/// Packs some panels, the first of which begins at `from`: element (i, k) of a panel goes to
/// `to[k · height + i]`, that of the next panel `apart` further on.
///
/// # Safety
/// As [`pack`], for all panels.
pub(super) unsafe fn pack_panels<T: Tiled>(
    kernel: &Kernel<T>,
    to: *mut T,
    (panels, some): (Panels, Range<usize>),
    [depth, apart]: [usize; 2],
    from: *const T,
    factor: &Factor<T>,
) {
    // SAFETY: all places are among those that the caller vouches for.
    unsafe {
        if factor.across == 1 {
            copy_panels(to, (panels, some), [depth, apart], from, factor.along);
        } else {
            let first = panels.start(some.start);
            for (place, index) in some.enumerate() {
                let height = panels.height(index);
                let step = (panels.start(index) - first) as isize * factor.across;
                let (to, from) = (to.add(place * apart), from.wrapping_offset(step));
                pack(kernel, to, height, height, depth, from, factor);
            }
        }
    }
}

/// Packs `count` rows of a factor, from `from` on, into groups of `width`: element (i, k) goes to
/// `to[k · width + i]`, and the places of rows that do not exist become 0.
///
/// # Safety
/// `to` has room for `depth` groups, `from` is within the factor, which has `count` rows and `depth`
/// positions from there on, and the machine has the instructions of the kernel.
pub(super) unsafe fn pack<T: Tiled>(
    kernel: &Kernel<T>,
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
            for k in 0..depth {
                let from = from.wrapping_offset(k as isize * along);
                std::ptr::copy_nonoverlapping(from, to.add(k * width), count);
            }
        } else if along == 1 {
            for i in (0..count).step_by(kernel.square) {
                let rows = (count - i).min(kernel.square);
                let from = from.wrapping_offset(i as isize * across);
                (kernel.transpose)(from, across, [rows, depth], to.add(i), width);
            }
        } else {
            copy(from, [across, along], [count, depth], to, width);
        }
        if count < width {
            for k in 0..depth {
                std::slice::from_raw_parts_mut(to.add(k * width + count), width - count)
                    .fill(T::ZERO);
            }
        }
    }
}

/// Copies numbers that lie side by side at each of `depth` positions into panels, position by position.
///
/// # Safety
/// As [`pack_panels`].
#[target_feature(enable = "avx2")]
unsafe fn copy_panels<T: Tiled>(
    to: *mut T,
    (panels, some): (Panels, Range<usize>),
    [depth, apart]: [usize; 2],
    from: *const T,
    along: isize,
) {
    for k in 0..depth {
        let mut from = from.wrapping_offset(k as isize * along);
        for (place, index) in some.clone().enumerate() {
            let height = panels.height(index);
            // SAFETY: by the caller's word.
            unsafe { copy_few(from, to.wrapping_add(place * apart + k * height), height) };
            from = from.wrapping_add(height);
        }
    }
}

/// Copies the rows of a tile: by two arrays that may overlap, since a call would take longer.
///
/// # Safety
/// As many numbers can be read and written.
#[inline]
unsafe fn copy_few<T: Tiled>(from: *const T, to: *mut T, count: usize) {
    // SAFETY: by the caller's word; arrays are no longer than `count`.
    unsafe {
        match count {
            8..=16 => {
                let last = count - 8;
                let (first, second) = (
                    from.cast::<[T; 8]>().read_unaligned(),
                    from.add(last).cast::<[T; 8]>().read_unaligned(),
                );
                to.cast::<[T; 8]>().write_unaligned(first);
                to.add(last).cast::<[T; 8]>().write_unaligned(second);
            }
            _ => std::ptr::copy_nonoverlapping(from, to, count),
        }
    }
}

/// Copies rows and positions one by one.
///
/// # Safety
/// As [`pack`], with the steps of the factor.
unsafe fn copy<T: Copy>(
    from: *const T,
    [across, along]: [isize; 2],
    [rows, positions]: [usize; 2],
    to: *mut T,
    width: usize,
) {
    /// Positions that are taken from one row after another.
    const STEP: usize = 16;
    for first in (0..positions).step_by(STEP) {
        for i in 0..rows {
            for k in first..positions.min(first + STEP) {
                let step = i as isize * across + k as isize * along;
                // SAFETY: by the caller's word.
                unsafe { *to.add(k * width + i) = *from.wrapping_offset(step) };
            }
        }
    }
}

/// Copies groups of `LANES` numbers that lie side by side at each of `depth` positions, several groups
/// position by position: so the factor is read nearly in the order in which it lies, and few pages are
/// written at a time.
///
/// # Safety
/// As [`pack_groups`].
#[target_feature(enable = "avx2")]
unsafe fn copy_groups<T: Tiled, const LANES: usize>(
    to: *mut T,
    groups: usize,
    [depth, apart]: [usize; 2],
    from: *const T,
    along: isize,
) {
    const TOGETHER: usize = 8;
    /// Positions ahead at which numbers are asked for: where positions lie pages apart, the processor
    /// does not foresee them. A product of 512 × 2048 × 2048 took 5 % less.
    const AHEAD: isize = 4;
    for first in (0..groups).step_by(TOGETHER) {
        for k in 0..depth {
            let from = from.wrapping_offset(k as isize * along).cast::<[T; LANES]>();
            let ahead = from.cast::<T>().wrapping_offset(AHEAD * along).cast::<[T; LANES]>();
            for group in first..groups.min(first + TOGETHER) {
                for line in (0..size_of::<[T; LANES]>()).step_by(LINE) {
                    let place = ahead.wrapping_add(group).cast::<i8>().wrapping_add(line);
                    _mm_prefetch::<_MM_HINT_T0>(place);
                }
                let to = to.wrapping_add(group * apart + k * LANES).cast::<[T; LANES]>();
                // SAFETY: by the caller's word.
                unsafe { to.write_unaligned(from.add(group).read_unaligned()) };
            }
        }
    }
}

/// Transposes up to sixteen rows of any length.
///
/// Four quarters of a vector hold the same four positions of rows four apart; within a quarter four
/// by four numbers are transposed.
///
/// # Safety
/// Rows `across` apart from `from` on can be read, and for every position as many numbers as there are
/// rows written, `width` apart from `to` on; the machine has AVX-512.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn transpose_sixteen(
    from: *const f32,
    across: isize,
    [rows, positions]: [usize; 2],
    to: *mut f32,
    width: usize,
) {
    const FOUR: usize = 4;
    let written = u16::MAX >> (16 - rows);
    // Rows that do not exist are read from the first one, and not written.
    let starts: [*const f32; 16] = std::array::from_fn(|i| {
        from.wrapping_offset(if i < rows { i as isize * across } else { 0 })
    });
    let whole = positions / FOUR * FOUR;
    // SAFETY: by the caller's word.
    unsafe {
        for k in (0..whole).step_by(FOUR) {
            let quarter = |i: usize| _mm_loadu_ps(starts[i].add(k));
            let row = |i: usize| {
                let first = _mm512_castps128_ps512(quarter(i));
                let second = _mm512_insertf32x4::<1>(first, quarter(i + 4));
                let third = _mm512_insertf32x4::<2>(second, quarter(i + 8));
                _mm512_insertf32x4::<3>(third, quarter(i + 12))
            };
            let [a, b, c, d] = [row(0), row(1), row(2), row(3)];
            let (ab, cd) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
            let (above, below) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
            let columns = [
                _mm512_shuffle_ps::<0x44>(ab, cd),
                _mm512_shuffle_ps::<0xEE>(ab, cd),
                _mm512_shuffle_ps::<0x44>(above, below),
                _mm512_shuffle_ps::<0xEE>(above, below),
            ];
            for (u, column) in columns.into_iter().enumerate() {
                _mm512_mask_storeu_ps(to.add((k + u) * width), written, column);
            }
        }
        copy(from.add(whole), [across, 1], [rows, positions - whole], to.add(whole * width), width);
    }
}

/// Transposes up to eight rows of any length.
///
/// # Safety
/// As [`transpose_sixteen`], but that AVX2 is enough.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn transpose_eight(
    from: *const f32,
    across: isize,
    [rows, positions]: [usize; 2],
    to: *mut f32,
    width: usize,
) {
    let whole = if rows == 8 { positions / 8 * 8 } else { 0 };
    // SAFETY: by the caller's word.
    unsafe {
        for k in (0..whole).step_by(8) {
            square_of_eight(from.add(k), across, to.add(k * width), width);
        }
        copy(from.add(whole), [across, 1], [rows, positions - whole], to.add(whole * width), width);
    }
}

/// Transposes up to four rows of any length.
///
/// # Safety
/// As [`transpose_eight`].
#[target_feature(enable = "avx2")]
pub(super) unsafe fn transpose_four(
    from: *const f64,
    across: isize,
    [rows, positions]: [usize; 2],
    to: *mut f64,
    width: usize,
) {
    let whole = if rows == 4 { positions / 4 * 4 } else { 0 };
    // SAFETY: by the caller's word.
    unsafe {
        for k in (0..whole).step_by(4) {
            square_of_four(from.add(k), across, to.add(k * width), width);
        }
        copy(from.add(whole), [across, 1], [rows, positions - whole], to.add(whole * width), width);
    }
}

/// Transposes eight rows of eight numbers.
///
/// # Safety
/// Rows `across` apart from `from` on can be read, and rows `width` apart from `to` on written; the
/// machine has AVX2.
#[target_feature(enable = "avx2")]
unsafe fn square_of_eight(from: *const f32, across: isize, to: *mut f32, width: usize) {
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
/// As [`square_of_eight`].
#[target_feature(enable = "avx2")]
unsafe fn square_of_four(from: *const f64, across: isize, to: *mut f64, width: usize) {
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
