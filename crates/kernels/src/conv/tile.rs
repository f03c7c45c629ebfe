//! The product of a few rows with a few vectors, in registers: the innermost loop of convolution.
//!
//! c[r, v] = Σ over steps of a[step, r] · b[step, v], for [`ROWS`] rows and up to [`GROUPS`]
//! groups of [`LANES`] elements. The steps form three nested loops (planes, lines, steps of a
//! line), each with a stride of its own in a and b, so that b may be a packed matrix or a padded
//! image that is read where it lies. Compiled for AVX-512, AVX2 and plain loops; the best that the
//! machine has is chosen when it runs. Bits may differ between these, as products are rounded
//! apart in plain loops alone.

use super::panel::{self, Piece, Repeat};

/// Rows of a tile.
pub const ROWS: usize = 8;

/// Elements of a group that is loaded together.
pub const LANES: usize = 16;

/// The most groups of a tile.
pub const GROUPS: usize = 3;

/// The groups of a tile with a single row: enough sums to hide how long a product takes.
pub const WIDE: usize = 6;

/// How often, and how far a and b move, in the outermost loop first.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// Turns of each loop.
    pub count: [usize; 3],
    /// Elements that a turn moves in a.
    pub a: [usize; 3],
    /// Elements that a turn moves in b.
    pub b: [usize; 3],
}

impl Steps {
    /// A single loop over a packed a and a packed b.
    pub fn packed(count: usize) -> Self {
        Self { count: [1, 1, count], a: [0, 0, ROWS], b: [0, 0, GROUPS * LANES] }
    }

    fn reach(&self, strides: &[usize; 3]) -> usize {
        self.count.iter().zip(strides).map(|(count, stride)| (count - 1) * stride).sum()
    }
}

/// Where the groups of a tile begin in b and c, and how far the rows of c lie apart.
#[derive(Clone, Copy, Debug)]
pub struct Places<const N: usize> {
    /// Where each group begins in b.
    pub b: [usize; N],
    /// Where each group begins in c.
    pub c: [usize; N],
    /// Elements from one row of c to the next.
    pub row: usize,
    /// Add to c, instead of overwriting it.
    pub accumulate: bool,
}

/// An element type that tiles are computed in.
pub trait Tile: Sized {
    /// Computes a tile.
    ///
    /// # Panics
    /// If the steps or places leave the slices.
    #[doc(hidden)]
    fn tile<const N: usize>(
        steps: &Steps,
        a: &[Self],
        b: &[Self],
        c: &mut [Self],
        places: &Places<N>,
    );

    /// Computes a single row of [`WIDE`] groups: a tile with one row.
    ///
    /// # Panics
    /// If the steps or places leave the slices.
    #[doc(hidden)]
    fn row(steps: &Steps, a: &[Self], b: &[Self], c: &mut [Self], places: &Places<WIDE>);

    /// Copies pieces of lines.
    ///
    /// # Panics
    /// If the pieces leave the slices.
    #[doc(hidden)]
    fn copy_pieces(pieces: &[Piece], repeat: &Repeat, x: &[Self], out: &mut [Self]);

    /// Asks the processor to fetch `count` elements from `start` on, as far as they are there.
    #[doc(hidden)]
    fn prefetch(x: &[Self], start: isize, count: usize) {
        #[cfg(target_arch = "x86_64")]
        if let Ok(start) = usize::try_from(start) {
            const LINE: usize = 64;
            let line = LINE / size_of::<Self>();
            for at in (start..(start + count + line - 1).min(x.len())).step_by(line) {
                x86::prefetch(x, at);
            }
        }
    }
}

/// Checks what the unsafe loops rely on.
fn check<T, const N: usize>(rows: usize, steps: &Steps, [a, b, c]: [&[T]; 3], places: &Places<N>) {
    assert!(steps.count.iter().all(|&count| count > 0), "a tile has steps");
    assert!(steps.reach(&steps.a) + rows <= a.len(), "the steps of a tile stay inside a");
    let (b_reach, c_reach) = (steps.reach(&steps.b), (rows - 1) * places.row);
    for (b_start, c_start) in places.b.iter().zip(&places.c) {
        assert!(b_start + b_reach + LANES <= b.len(), "the steps of a tile stay inside b");
        assert!(c_start + c_reach + LANES <= c.len(), "a tile stays inside c");
    }
}

/// Checks a tile and computes it by the widest of the loops that the machine has.
macro_rules! run_widest {
    (
        $wide:ident, $narrow:ident, $plain:expr, $rows:expr,
        $steps:ident, $a:ident, $b:ident, $c:ident, $places:ident
    ) => {{
        check($rows, $steps, [$a, $b, $c], $places);
        #[cfg(target_arch = "x86_64")]
        {
            let (a, b, c) = ($a.as_ptr(), $b.as_ptr(), $c.as_mut_ptr());
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the feature is there, and `check` has seen that all steps and places
                // stay inside the slices.
                return unsafe { x86::$wide($steps, a, b, c, $places) };
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: as above, with these features.
                return unsafe { x86::$narrow($steps, a, b, c, $places) };
            }
        }
        $plain($rows, $steps, $a, $b, $c, $places)
    }};
}

macro_rules! implement_tile {
    ($type:ident, $wide:ident, $narrow:ident, $wide_row:ident, $narrow_row:ident, $copy:path) => {
        impl Tile for $type {
            #[inline]
            fn tile<const N: usize>(
                steps: &Steps,
                a: &[Self],
                b: &[Self],
                c: &mut [Self],
                places: &Places<N>,
            ) {
                let plain = plain::<Self, 4, N>;
                run_widest!($wide, $narrow, plain, ROWS, steps, a, b, c, places)
            }

            fn row(steps: &Steps, a: &[Self], b: &[Self], c: &mut [Self], places: &Places<WIDE>) {
                let plain = plain::<Self, 1, WIDE>;
                run_widest!($wide_row, $narrow_row, plain, 1, steps, a, b, c, places)
            }

            fn copy_pieces(pieces: &[Piece], repeat: &Repeat, x: &[Self], out: &mut [Self]) {
                $copy(pieces, repeat, x, out);
            }
        }
    };
}

implement_tile!(f32, wide_f32, narrow_f32, wide_row_f32, narrow_row_f32, copy_pieces_f32);
implement_tile!(f64, wide_f64, narrow_f64, wide_row_f64, narrow_row_f64, panel::copy_pieces);

/// Lines are short, so masked vectors beat calls.
fn copy_pieces_f32(pieces: &[Piece], repeat: &Repeat, x: &[f32], out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if repeat.stride <= 2 && repeat.count > 0 && is_x86_feature_detected!("avx512f") {
        let last = repeat.count - 1;
        let (from, to) = (last * repeat.from, last * repeat.to);
        for piece in pieces {
            let [count, start, end] = [piece.count, piece.start, piece.end].map(usize::from);
            assert!(start <= end && end <= count && count <= LANES, "a piece fits a vector");
            assert!(to + piece.to + count <= out.len(), "pieces are written inside");
            if start < end {
                let first = piece.from + (start * repeat.stride) as isize;
                let last = piece.from + ((end - 1) * repeat.stride) as isize;
                assert!(first >= 0 && from + (last as usize) < x.len(), "pieces are read inside");
            }
        }
        // SAFETY: the feature is there, and all pieces have been seen to stay inside.
        unsafe { x86::copy_pieces(pieces, repeat, x.as_ptr(), out.as_mut_ptr()) };
        return;
    }
    panel::copy_pieces(pieces, repeat, x, out);
}

/// The same in loops that need no instruction set: some rows of one group at a time.
fn plain<T: crate::Float, const PART: usize, const N: usize>(
    rows: usize,
    steps: &Steps,
    a: &[T],
    b: &[T],
    c: &mut [T],
    places: &Places<N>,
) {
    for (group, first) in (0..N).flat_map(|g| (0..rows).step_by(PART).map(move |row| (g, row))) {
        let mut sums = [[T::ZERO; LANES]; PART];
        for plane in 0..steps.count[0] {
            for line in 0..steps.count[1] {
                let a_start = plane * steps.a[0] + line * steps.a[1] + first;
                let b_start = places.b[group] + plane * steps.b[0] + line * steps.b[1];
                for step in 0..steps.count[2] {
                    let a = &a[a_start + step * steps.a[2]..][..PART];
                    let b = &b[b_start + step * steps.b[2]..][..LANES];
                    for (sums, &a) in sums.iter_mut().zip(a) {
                        sums.iter_mut().zip(b).for_each(|(sum, &b)| *sum += a * b);
                    }
                }
            }
        }
        for (row, sums) in (first..).zip(&sums) {
            let c = &mut c[places.c[group] + row * places.row..][..LANES];
            for (c, &sum) in c.iter_mut().zip(sums) {
                *c = if places.accumulate { *c + sum } else { sum };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        _MM_HINT_T0, _mm_prefetch, _mm256_add_pd, _mm256_add_ps, _mm256_fmadd_pd, _mm256_fmadd_ps,
        _mm256_loadu_pd, _mm256_loadu_ps, _mm256_set1_pd, _mm256_set1_ps, _mm256_setzero_pd,
        _mm256_setzero_ps, _mm256_storeu_pd, _mm256_storeu_ps, _mm512_add_pd, _mm512_add_ps,
        _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_mask_storeu_ps,
        _mm512_maskz_loadu_ps, _mm512_permutex2var_ps, _mm512_set_epi32, _mm512_set1_pd,
        _mm512_set1_ps, _mm512_setzero_pd, _mm512_setzero_ps, _mm512_storeu_pd, _mm512_storeu_ps,
    };

    use super::{LANES, Piece, Places, Repeat, Steps};

    /// Fetches the cache line of an element, for reading or writing.
    pub fn prefetch<T>(x: &[T], at: usize) {
        // SAFETY: the instruction is in every processor of this kind and reads nothing that a
        // program could see, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(x.as_ptr().wrapping_add(at).cast()) };
    }

    /// Copies pieces with a stride of 1 or 2, every vector masked.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn copy_pieces(pieces: &[Piece], repeat: &Repeat, x: *const f32, out: *mut f32) {
        let even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
        for number in 0..repeat.count {
            // SAFETY: the caller has checked that pieces stay inside, and elements that a mask
            // leaves out are not touched.
            unsafe {
                let (x, out) = (x.add(number * repeat.from), out.add(number * repeat.to));
                for piece in pieces {
                    let (from, to) = (x.wrapping_offset(piece.from), out.add(piece.to));
                    let values = if repeat.stride == 1 {
                        _mm512_maskz_loadu_ps(piece.read() as u16, from)
                    } else {
                        let low = _mm512_maskz_loadu_ps(apart(piece.read()), from);
                        let high = from.wrapping_add(LANES);
                        let high = _mm512_maskz_loadu_ps(apart(piece.read() >> 8), high);
                        _mm512_permutex2var_ps(low, even, high)
                    };
                    _mm512_mask_storeu_ps(to, piece.written() as u16, values);
                }
            }
        }
    }

    /// The lowest eight bits, each followed by a 0.
    fn apart(bits: u32) -> u16 {
        let bits = bits & 0xff;
        let bits = (bits | (bits << 4)) & 0x0f0f;
        let bits = (bits | (bits << 2)) & 0x3333;
        ((bits | (bits << 1)) & 0x5555) as u16
    }

    /// A tile in registers: `$part` rows at a time, of vectors of `$lanes` elements.
    macro_rules! tile {
        (
            $name:ident, $features:literal, $type:ident, $lanes:literal, $rows:literal, $part:literal,
            $zero:ident, $load:ident, $set:ident, $multiply_add:ident, $add:ident, $store:ident
        ) => {
            #[target_feature(enable = $features)]
            pub unsafe fn $name<const N: usize>(
                steps: &Steps,
                a: *const $type,
                b: *const $type,
                c: *mut $type,
                places: &Places<N>,
            ) {
                const VECTORS: usize = LANES / $lanes;
                let [planes, lines, count] = steps.count;
                for first in (0..$rows).step_by($part) {
                    let mut sums = [[[$zero(); VECTORS]; N]; $part];
                    for plane in 0..planes {
                        for line in 0..lines {
                            // SAFETY: the caller has checked that every step stays inside.
                            unsafe {
                                let mut a = a.add(plane * steps.a[0] + line * steps.a[1] + first);
                                let mut b = b.add(plane * steps.b[0] + line * steps.b[1]);
                                for _ in 0..count {
                                    let mut right = [[$zero(); VECTORS]; N];
                                    for group in 0..N {
                                        for vector in 0..VECTORS {
                                            let at = places.b[group] + vector * $lanes;
                                            right[group][vector] = $load(b.add(at));
                                        }
                                    }
                                    for row in 0..$part {
                                        let left = $set(*a.add(row));
                                        for group in 0..N {
                                            for vector in 0..VECTORS {
                                                let sum = &mut sums[row][group][vector];
                                                *sum =
                                                    $multiply_add(left, right[group][vector], *sum);
                                            }
                                        }
                                    }
                                    a = a.wrapping_add(steps.a[2]);
                                    b = b.wrapping_add(steps.b[2]);
                                }
                            }
                        }
                    }
                    for row in 0..$part {
                        for group in 0..N {
                            for vector in 0..VECTORS {
                                let at =
                                    places.c[group] + (first + row) * places.row + vector * $lanes;
                                // SAFETY: the caller has checked that the tile stays inside c.
                                unsafe {
                                    let c = c.add(at);
                                    let mut sum = sums[row][group][vector];
                                    if places.accumulate {
                                        sum = $add(sum, $load(c));
                                    }
                                    $store(c, sum);
                                }
                            }
                        }
                    }
                }
            }
        };
    }

    macro_rules! tiles {
        (
            $tile:ident, $row:ident, $features:literal, $type:ident, $lanes:literal, $part:literal,
            $zero:ident, $load:ident, $set:ident, $multiply_add:ident, $add:ident, $store:ident
        ) => {
            tile!(
                $tile,
                $features,
                $type,
                $lanes,
                8,
                $part,
                $zero,
                $load,
                $set,
                $multiply_add,
                $add,
                $store
            );
            tile!(
                $row,
                $features,
                $type,
                $lanes,
                1,
                1,
                $zero,
                $load,
                $set,
                $multiply_add,
                $add,
                $store
            );
        };
    }

    tiles!(
        wide_f32,
        wide_row_f32,
        "avx512f",
        f32,
        16,
        8,
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        _mm512_storeu_ps
    );
    tiles!(
        wide_f64,
        wide_row_f64,
        "avx512f",
        f64,
        8,
        4,
        _mm512_setzero_pd,
        _mm512_loadu_pd,
        _mm512_set1_pd,
        _mm512_fmadd_pd,
        _mm512_add_pd,
        _mm512_storeu_pd
    );
    tiles!(
        narrow_f32,
        narrow_row_f32,
        "avx2,fma",
        f32,
        8,
        2,
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        _mm256_storeu_ps
    );
    tiles!(
        narrow_f64,
        narrow_row_f64,
        "avx2,fma",
        f64,
        4,
        1,
        _mm256_setzero_pd,
        _mm256_loadu_pd,
        _mm256_set1_pd,
        _mm256_fmadd_pd,
        _mm256_add_pd,
        _mm256_storeu_pd
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every instruction set that the machine has, beside the plain loop.
    #[test]
    fn all_agree_with_the_plain_loop() {
        let steps = Steps { count: [2, 3, 5], a: [200, 60, 9], b: [500, 130, 25] };
        let a: Vec<f32> = (0..500).map(|i| ((i * 37 + 5) % 41) as f32 / 8.0 - 2.0).collect();
        let b: Vec<f32> = (0..1200).map(|i| ((i * 29 + 3) % 43) as f32 / 8.0 - 2.0).collect();
        for accumulate in [false, true] {
            let places = Places { b: [0, 20, 77], c: [0, 16, 320], row: 40, accumulate };
            let mut want = vec![1.0_f32; 700];
            let mut got = want.clone();
            plain::<f32, 4, 3>(ROWS, &steps, &a, &b, &mut want, &places);
            f32::tile(&steps, &a, &b, &mut got, &places);
            assert_eq!(got, want, "these products are exact");
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                let mut got = vec![1.0_f32; 700];
                check(ROWS, &steps, [&a, &b, &got], &places);
                // SAFETY: the features are there and the places have been checked.
                unsafe {
                    x86::narrow_f32(&steps, a.as_ptr(), b.as_ptr(), got.as_mut_ptr(), &places);
                }
                assert_eq!(got, want);
            }
        }
    }

    #[test]
    #[should_panic(expected = "inside b")]
    fn steps_that_leave_a_slice_are_refused() {
        let steps = Steps::packed(3);
        let places = Places { b: [0], c: [0], row: 16, accumulate: false };
        f64::tile(&steps, &[0.0; 24], &[0.0; 111], &mut [0.0; 128], &places);
    }
}
