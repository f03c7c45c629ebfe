//! One matrix product on the calling thread.
//!
//! On x86-64 with AVX2 or AVX-512 it is made by our own [`tiles`], elsewhere by gemmkit. By the
//! first, an element of the result is one sum along the inner dimension in the same order whatever
//! the number of rows or columns, so a product may be cut into blocks without a change of bits.

use std::marker::PhantomData;
use std::ops::Range;

use crate::threads::PRODUCT_CHUNK;

#[cfg(target_arch = "x86_64")]
mod tiles;

/// An element type that products are made of.
pub trait Product: Sized {
    /// `c = a · b + beta · c` for a `beta` of 0 or 1; with 0, what `c` held does not matter.
    ///
    /// # Panics
    /// If the sizes do not fit each other, or a view reaches beyond its data.
    #[doc(hidden)]
    fn multiply(a: MatRef<'_, Self>, b: MatRef<'_, Self>, beta: Self, c: MatMut<'_, Self>);

    /// Whether [`multiply_in_pieces`](Self::multiply_in_pieces) makes products that sum over `k`.
    #[doc(hidden)]
    fn comes_in_pieces(k: usize) -> bool;

    /// Calls `take(row, columns, elements)` for pieces of `a · b`: all rows from `row` on that the
    /// elements make, of these columns. Each element comes once, with the bits that
    /// [`multiply`](Self::multiply) gives it.
    ///
    /// # Panics
    /// If the sizes do not fit each other, or the product does not come in pieces.
    #[doc(hidden)]
    fn multiply_in_pieces(a: MatRef<'_, Self>, b: MatRef<'_, Self>, take: &mut Take<'_, Self>);
}

/// Takes a piece of a product: its first row, its columns, its elements.
pub type Take<'a, T> = dyn FnMut(usize, Range<usize>, &[T]) + 'a;

/// Rows of a result of `rows` that one thread takes at a time, as few blocks as keep all threads of
/// the pool busy, for every block packs the whole second factor again. `by_shape` where only blocks
/// of the same size are known to give the same bits.
pub(crate) fn rows_per_thread(rows: usize, by_shape: usize) -> usize {
    /// A coarse grain, so that equal shares stay equal.
    const STEP: usize = 16;
    #[cfg(target_arch = "x86_64")]
    if <f32 as tiles::Tiled>::kernel().is_some() {
        return rows.div_ceil(rayon::current_num_threads()).next_multiple_of(STEP);
    }
    by_shape
}

/// Rows and columns of the blocks into which a result of m × n, with k summed over, is cut for the
/// threads of the pool; no block is less work than is worth handing over.
///
/// Cut is the longer side, since every block packs its part of the one factor and all of the other.
/// Where only blocks of whole rows are known to give the same bits, blocks are those rows.
pub(crate) fn block_size(m: usize, n: usize, k: usize) -> (usize, usize) {
    /// A multiple of the micro-kernels' tile heights.
    const TILE: usize = 48;
    let least_rows = PRODUCT_CHUNK.div_ceil(n * k).next_multiple_of(TILE).min(m);
    #[cfg(target_arch = "x86_64")]
    if <f32 as tiles::Tiled>::kernel().is_some() {
        /// Lanes of the widest vector.
        const STEP: usize = 16;
        let threads = rayon::current_num_threads();
        let share = |side: usize| side.div_ceil(threads).next_multiple_of(STEP);
        let least_columns = PRODUCT_CHUNK.div_ceil(m * k).next_multiple_of(STEP);
        return if threads == 1 {
            (m, n)
        } else if n > m {
            (m, share(n).max(least_columns).min(n))
        } else {
            (share(m).max(least_rows).min(m), n)
        };
    }
    (least_rows, n)
}

/// Rows of the blocks of whole rows into which a result of m × n, with k summed over, is cut for the
/// threads of the pool, if it [comes in pieces](Product::comes_in_pieces).
pub(crate) fn rows_of_block(m: usize, n: usize, k: usize) -> usize {
    const STEP: usize = 16;
    let least = PRODUCT_CHUNK.div_ceil(n * k).next_multiple_of(STEP);
    rows_per_thread(m, m).max(least).min(m)
}

/// A matrix to read: element (i, j) is `data[i · row_stride + j · column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, T> {
    data: &'a [T],
    layout: Layout,
}

/// A matrix to write.
#[derive(Debug)]
pub struct MatMut<'a, T> {
    start: *mut T,
    layout: Layout,
    data: PhantomData<&'a mut [T]>,
}

/// Where the elements of a matrix lie.
#[derive(Clone, Copy, Debug)]
struct Layout {
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl Layout {
    /// The number of elements that the data must have; `usize::MAX` beyond any slice.
    fn reach(self) -> usize {
        if self.rows == 0 || self.columns == 0 {
            return 0;
        }
        let rows = (self.rows - 1).checked_mul(self.row_stride);
        let columns = (self.columns - 1).checked_mul(self.column_stride);
        let last = rows.zip(columns).and_then(|(rows, columns)| rows.checked_add(columns));
        last.map_or(usize::MAX, |last| last.saturating_add(1))
    }

    fn strides(self) -> (isize, isize) {
        (self.row_stride as isize, self.column_stride as isize)
    }
}

impl<'a, T> MatRef<'a, T> {
    /// A matrix with these strides.
    ///
    /// # Panics
    /// If an element lies beyond the data.
    pub(crate) fn new(
        data: &'a [T],
        rows: usize,
        columns: usize,
        row_stride: usize,
        column_stride: usize,
    ) -> Self {
        // The stride of a single row or column says nothing, and need not fit any arithmetic.
        let row_stride = if rows > 1 { row_stride } else { 0 };
        let column_stride = if columns > 1 { column_stride } else { 0 };
        let layout = Layout { rows, columns, row_stride, column_stride };
        assert!(layout.reach() <= data.len(), "a matrix lies within its data");
        Self { data, layout }
    }

    /// Rows one after another.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub(crate) fn from_row_major(data: &'a [T], rows: usize, columns: usize) -> Self {
        Self::new(data, rows, columns, columns, 1)
    }

    /// Columns one after another.
    #[cfg(test)]
    fn from_col_major(data: &'a [T], rows: usize, columns: usize) -> Self {
        Self::new(data, rows, columns, 1, rows)
    }
}

impl<'a, T> MatMut<'a, T> {
    /// A matrix with these strides, rows apart from each other.
    ///
    /// # Panics
    /// If an element lies beyond the data, or two rows overlap.
    pub(crate) fn new(data: &'a mut [T], rows: usize, columns: usize, row_stride: usize) -> Self {
        let row_stride = if rows > 1 { row_stride } else { columns };
        let layout = Layout { rows, columns, row_stride, column_stride: 1 };
        assert!(layout.reach() <= data.len(), "a matrix lies within its data");
        assert!(rows <= 1 || row_stride >= columns, "rows that are written do not overlap");
        Self { start: data.as_mut_ptr(), layout, data: PhantomData }
    }

    /// The block of these rows and columns, to be written beside other blocks.
    ///
    /// # Safety
    /// While it lives, no other block with an element of it does, and the matrix is not used.
    ///
    /// # Panics
    /// If it does not lie within the matrix.
    pub(crate) unsafe fn block(&self, rows: Range<usize>, columns: Range<usize>) -> Self {
        let Layout { row_stride, column_stride, .. } = self.layout;
        assert!(rows.end <= self.layout.rows && columns.end <= self.layout.columns);
        let start =
            self.start.wrapping_add(rows.start * row_stride + columns.start * column_stride);
        let layout = Layout { rows: rows.len(), columns: columns.len(), ..self.layout };
        Self { start, layout, data: PhantomData }
    }

    /// Rows one after another.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub(crate) fn from_row_major(data: &'a mut [T], rows: usize, columns: usize) -> Self {
        Self::new(data, rows, columns, columns)
    }
}

macro_rules! implement_product {
    ($type:ident) => {
        impl Product for $type {
            fn multiply(a: MatRef<'_, Self>, b: MatRef<'_, Self>, beta: Self, c: MatMut<'_, Self>) {
                assert_eq!(a.layout.columns, b.layout.rows, "inner dimensions agree");
                let (m, n) = (a.layout.rows, b.layout.columns);
                assert_eq!((c.layout.rows, c.layout.columns), (m, n), "the result is m × n");
                assert!(beta == 0.0 || beta == 1.0, "a product replaces or adds");
                if m == 0 || n == 0 {
                    return;
                }
                #[cfg(target_arch = "x86_64")]
                if let Some(kernel) = <$type as tiles::Tiled>::kernel()
                    && a.layout.columns > 0
                {
                    return tiles::multiply(kernel, &a, &b, beta == 1.0, &c);
                }
                let view = |x: &MatRef<'_, Self>| x.layout.strides();
                let ((a_rows, a_columns), (b_rows, b_columns)) = (view(&a), view(&b));
                let k = a.layout.columns;
                let (c_rows, c_columns) = c.layout.strides();
                // SAFETY: the matrix is borrowed to be written; no other block of its rows lives,
                // for `block_size` cuts whole rows where the machine has no tiles.
                let data = unsafe { std::slice::from_raw_parts_mut(c.start, c.layout.reach()) };
                gemmkit::gemm(
                    1.0,
                    gemmkit::MatRef::new(a.data, m, k, a_rows, a_columns),
                    gemmkit::MatRef::new(b.data, k, n, b_rows, b_columns),
                    beta,
                    gemmkit::MatMut::new(data, m, n, c_rows, c_columns),
                    gemmkit::Parallelism::Serial,
                );
            }

            fn comes_in_pieces(k: usize) -> bool {
                #[cfg(target_arch = "x86_64")]
                return <$type as tiles::Tiled>::kernel().is_some() && tiles::comes_in_pieces(k);
                #[cfg(not(target_arch = "x86_64"))]
                return {
                    let _ = k;
                    false
                };
            }

            fn multiply_in_pieces(
                a: MatRef<'_, Self>,
                b: MatRef<'_, Self>,
                take: &mut Take<'_, Self>,
            ) {
                assert_eq!(a.layout.columns, b.layout.rows, "inner dimensions agree");
                assert!(Self::comes_in_pieces(a.layout.columns), "the product comes in pieces");
                #[cfg(target_arch = "x86_64")]
                if let Some(kernel) = <$type as tiles::Tiled>::kernel() {
                    tiles::multiply_in_pieces(kernel, &a, &b, take);
                }
                #[cfg(not(target_arch = "x86_64"))]
                let _ = take;
            }
        }
    };
}

implement_product!(f32);
implement_product!(f64);

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 % 1009) as f32 - 504.0) / 300.0).collect()
    }

    /// Every row of the product, made with all the others, has the bits that it has in a block.
    #[cfg(target_arch = "x86_64")]
    #[track_caller]
    fn check_rows<T: crate::Float>((m, k, n): (usize, usize, usize), transposed: [bool; 2]) {
        let numbers = |count| numbers(count).into_iter().map(|x| T::constant(x.into())).collect();
        let (a, b): (Vec<T>, Vec<T>) = (numbers(m * k), numbers(k * n));
        let run = |rows: std::ops::Range<usize>| {
            let mut c = vec![T::constant(f64::NAN); rows.len() * n];
            let part = if transposed[0] {
                MatRef::new(&a[rows.start..], rows.len(), k, 1, m)
            } else {
                MatRef::from_row_major(&a[rows.start * k..rows.end * k], rows.len(), k)
            };
            let b = if transposed[1] {
                MatRef::from_col_major(&b, k, n)
            } else {
                MatRef::from_row_major(&b, k, n)
            };
            T::multiply(part, b, T::ZERO, MatMut::from_row_major(&mut c, rows.len(), n));
            c
        };
        let whole = run(0..m);
        for rows in [0..1, 0..m / 2, m / 3..m, m - 1..m] {
            assert!(
                run(rows.clone()) == whole[rows.start * n..rows.end * n],
                "{m}×{k}×{n} {rows:?}"
            );
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn bits_of_a_row_do_not_depend_on_the_number_of_rows() {
        if <f32 as tiles::Tiled>::kernel().is_none() {
            return;
        }
        let sizes = [(200, 70, 64), (97, 1100, 33), (300, 784, 256), (5, 3, 700), (61, 600, 1)];
        for size in sizes {
            for transposed in [[false, false], [false, true], [true, false], [true, true]] {
                check_rows::<f32>(size, transposed);
                check_rows::<f64>(size, transposed);
            }
        }
    }

    #[test]
    fn what_the_result_held_is_not_read_and_no_inner_dimension_gives_zeros() {
        let mut c = [f32::NAN; 6];
        let (a, b) = ([f32::INFINITY; 2], [1.0; 3]);
        let views = |k| (MatRef::new(&a, 2, k, 1, 1), MatRef::new(&b, k, 3, 3, 1));
        let (x, y) = views(1);
        f32::multiply(x, y, 0.0, MatMut::from_row_major(&mut c, 2, 3));
        assert_eq!(c, [f32::INFINITY; 6]);
        let (x, y) = views(0);
        f32::multiply(x, y, 0.0, MatMut::from_row_major(&mut c, 2, 3));
        assert_eq!(c, [0.0; 6]);
    }

    #[test]
    fn the_stride_of_a_single_row_may_be_any_number() {
        let mut c = [0.0_f64; 2];
        let a = MatRef::new(&[2.0], 1, 1, usize::MAX, usize::MAX);
        let b = MatRef::new(&[3.0, 4.0], 1, 2, usize::MAX, 1);
        f64::multiply(a, b, 0.0, MatMut::new(&mut c, 1, 2, usize::MAX));
        assert_eq!(c, [6.0, 8.0]);
        let nothing = MatRef::new(&[], 0, usize::MAX, usize::MAX, 1);
        let b = MatRef::new(&[], usize::MAX, 0, 1, 1);
        f64::multiply(nothing, b, 0.0, MatMut::from_row_major(&mut [], 0, 0));
    }

    #[test]
    fn strides_leave_what_lies_between_untouched() {
        let (m, k, n, stride) = (9, 40, 5, 8);
        let (a, b) = (numbers(m * k), numbers(k * n));
        let mut tight = vec![0.0; m * n];
        let views = || (MatRef::from_row_major(&a, m, k), MatRef::from_col_major(&b, k, n));
        let (x, y) = views();
        f32::multiply(x, y, 0.0, MatMut::from_row_major(&mut tight, m, n));
        let mut apart = vec![7.0; m * stride];
        let (x, y) = views();
        f32::multiply(x, y, 0.0, MatMut::new(&mut apart[..(m - 1) * stride + n], m, n, stride));
        for (row, tight) in apart.chunks(stride).zip(tight.chunks(n)) {
            assert_eq!(&row[..n], tight);
            assert!(row[n..].iter().all(|&x| x == 7.0));
        }
    }

    #[test]
    #[should_panic(expected = "a matrix lies within its data")]
    fn a_view_beyond_its_data_is_refused() {
        let _ = MatRef::new(&[0.0_f32; 11], 3, 4, 4, 1);
    }

    #[test]
    #[should_panic(expected = "rows that are written do not overlap")]
    fn rows_that_overlap_are_not_written() {
        let _ = MatMut::new(&mut [0.0_f32; 12], 3, 4, 2);
    }
}
