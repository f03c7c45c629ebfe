//! Tiles by AVX-512 and by AVX2.
//!
//! Thirty-two registers hold tiles of fourteen rows of two vectors, sixteen hold six rows of two;
//! what is left is for the two vectors of the dense factor and a spread element.

#[allow(clippy::wildcard_imports, reason = "nearly all names of the module are instructions")]
use std::arch::x86_64::*;
use std::cell::RefCell;

use super::{Kernel, pack};
use crate::scalar::Float;

/// Element types of which tiles can be made.
pub(in super::super) trait Tiled: Float {
    /// The tiles that this machine makes fastest, if it makes any.
    fn kernel() -> Option<&'static Kernel<Self>>;

    /// All sets of tiles that this machine can make.
    #[cfg(test)]
    fn kernels() -> Vec<&'static Kernel<Self>>;

    /// `self · b + c`, rounded once.
    #[cfg(test)]
    fn fused(self, b: Self, c: Self) -> Self;

    /// Calls `run` with this thread's buffers for packed factors, which stay as large as they grew.
    fn with_buffers(run: impl FnOnce(&mut [Vec<Self>; 3]));
}

macro_rules! implement_tiled {
    ($type:ident, $avx512:ident, $avx2:ident) => {
        impl Tiled for $type {
            fn kernel() -> Option<&'static Kernel<Self>> {
                if !is_x86_feature_detected!("avx2") || !is_x86_feature_detected!("fma") {
                    None
                } else if is_x86_feature_detected!("avx512f") {
                    Some(&$avx512::KERNEL)
                } else {
                    Some(&$avx2::KERNEL)
                }
            }

            #[cfg(test)]
            fn kernels() -> Vec<&'static Kernel<Self>> {
                let Some(best) = Self::kernel() else { return Vec::new() };
                if std::ptr::eq(best, &$avx2::KERNEL) {
                    vec![best]
                } else {
                    vec![best, &$avx2::KERNEL]
                }
            }

            #[cfg(test)]
            fn fused(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }

            fn with_buffers(run: impl FnOnce(&mut [Vec<Self>; 3])) {
                thread_local! {
                    static BUFFERS: RefCell<[Vec<$type>; 3]> =
                        const { RefCell::new([Vec::new(), Vec::new(), Vec::new()]) };
                }
                BUFFERS.with_borrow_mut(run);
            }
        }
    };
}

implement_tiled!(f32, avx512_f32, avx2_f32);
implement_tiled!(f64, avx512_f64, avx2_f64);

/// Positions ahead at which the dense factor is asked for: its block is in the second-level cache.
/// It made products 4 to 10 % faster.
const AHEAD: isize = 8;

/// Positions of a turn of the loop over a packed factor; one that is not packed would need an
/// address for every row and position.
const GROUP: usize = 4;

/// Turns between asking for the last row of the result and writing it.
const WAIT: usize = 8;

macro_rules! tiles {
    (
        $name:ident, $type:ident, $features:literal, $lanes:literal, [$($rows:literal)+],
        $square:literal $transpose:ident, $zero:ident, $load:ident, $store:ident, $spread:ident, $fma:ident, $sum:ident
    ) => {
        mod $name {
            use super::super::{Factor, Kernel, Tile};
            use super::*;

            pub(super) static KERNEL: Kernel<$type> = Kernel {
                lanes: $lanes,
                strided: [&[$(tile::<$rows, 1, false>),+], &[$(tile::<$rows, 2, false>),+]],
                packed: [&[$(tile::<$rows, 1, true>),+], &[$(tile::<$rows, 2, true>),+]],
                square: $square,
                transpose: pack::$transpose,
            };
            const _: () = assert!([$($rows),+].len() <= super::super::MOST_ROWS);
            const _: () = assert!(2 * $lanes <= super::super::MOST_LANES);

            /// A tile of `H` rows of `W` vectors, of a spread factor that is packed for `H` rows if
            /// `PACKED`.
            ///
            /// # Safety
            /// The factors can be read and the tile written at the steps that are given, and the
            /// machine has the instructions.
            #[target_feature(enable = $features)]
            unsafe fn tile<const H: usize, const W: usize, const PACKED: bool>(tile: &Tile<$type>) {
                let Tile { a: Factor { start: mut a, across, along }, .. } = *tile;
                let Tile { depth, mut b, step, c, apart, add, .. } = *tile;
                let (across, along) = if PACKED { (1, H as isize) } else { (across, along) };
                // SAFETY: by the caller's word; pointers beyond the last position are not read.
                unsafe {
                    let at = |i: usize, w: usize| {
                        c.wrapping_offset(i as isize * apart).wrapping_add(w * $lanes)
                    };
                    let mut sums = [[$zero(); W]; H];
                    let mut steps = |count: usize| {
                        for u in 0..count {
                            let b = b.wrapping_offset(u as isize * step);
                            let a = a.wrapping_offset(u as isize * along);
                            let mut dense = [$zero(); W];
                            let ahead = b.wrapping_offset(AHEAD * step);
                            for (w, dense) in dense.iter_mut().enumerate() {
                                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(w * $lanes).cast());
                                *dense = $load(b.wrapping_add(w * $lanes));
                            }
                            for (i, sums) in sums.iter_mut().enumerate() {
                                let spread = $spread(*a.wrapping_offset(i as isize * across));
                                for (sum, dense) in sums.iter_mut().zip(dense) {
                                    *sum = $fma(spread, dense, *sum);
                                }
                            }
                        }
                        a = a.wrapping_offset(count as isize * along);
                        b = b.wrapping_offset(count as isize * step);
                    };
                    // The result is asked for late, lest the factors push it out of the cache again, and
                    // row by row: all at once would hold up the factors.
                    let group = if PACKED { GROUP } else { 1 };
                    let (groups, rest) = (depth / group, depth % group);
                    let after = groups.saturating_sub(H).min(WAIT);
                    let asked = (groups - after).min(H);
                    for _ in 0..groups - after - asked {
                        steps(group);
                    }
                    for row in 0..H {
                        for w in 0..W {
                            _mm_prefetch::<_MM_HINT_T0>(at(row, w).cast());
                        }
                        if row < asked {
                            steps(group);
                        }
                    }
                    for _ in 0..after {
                        steps(group);
                    }
                    for _ in 0..rest {
                        steps(1);
                    }
                    // All is read before anything is written: a load waits for stores under way
                    // whose addresses end alike, as those of rows do that lie whole pages apart.
                    if add {
                        for i in 0..H {
                            for w in 0..W {
                                sums[i][w] = $sum($load(at(i, w)), sums[i][w]);
                            }
                        }
                    }
                    for i in 0..H {
                        for w in 0..W {
                            $store(at(i, w), sums[i][w]);
                        }
                    }
                }
            }
        }
    };
}

tiles!(
    avx512_f32, f32, "avx512f", 16, [1 2 3 4 5 6 7 8 9 10 11 12 13 14],
    16 transpose_sixteen, _mm512_setzero_ps,
    _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps
);
tiles!(
    avx512_f64, f64, "avx512f", 8, [1 2 3 4 5 6 7 8 9 10 11 12 13 14],
    4 transpose_four, _mm512_setzero_pd,
    _mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd, _mm512_fmadd_pd, _mm512_add_pd
);
tiles!(
    avx2_f32, f32, "avx2,fma", 8, [1 2 3 4 5 6], 8 transpose_eight, _mm256_setzero_ps,
    _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps
);
tiles!(
    avx2_f64, f64, "avx2,fma", 4, [1 2 3 4 5 6], 4 transpose_four, _mm256_setzero_pd,
    _mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd, _mm256_fmadd_pd, _mm256_add_pd
);
