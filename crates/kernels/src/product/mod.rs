//! One matrix product on the calling thread, by the fastest crate that the machine can run.
//!
//! On x86-64 with AVX2 or AVX-512 that is private-gemm-x86, elsewhere gemmkit. An element of the
//! result is one sum along the inner dimension in the same order whatever the number of rows and
//! columns, so a product may be cut into blocks of rows without a change of bits.

#[cfg(target_arch = "x86_64")]
mod x86;

/// An element type that products are made of.
pub trait Product: Sized {
    /// `c = a · b + beta · c` for a `beta` of 0 or 1; with 0, what `c` held does not matter.
    ///
    /// # Panics
    /// If the sizes do not fit each other, or a view reaches beyond its data.
    #[doc(hidden)]
    fn multiply(a: MatRef<'_, Self>, b: MatRef<'_, Self>, beta: Self, c: MatMut<'_, Self>);
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
    data: &'a mut [T],
    layout: Layout,
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
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub(crate) fn from_col_major(data: &'a [T], rows: usize, columns: usize) -> Self {
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
        Self { data, layout }
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
    ($type:ident, $dtype:ident) => {
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
                if let Some(by) = x86::best().filter(|_| a.layout.columns > 0) {
                    return x86::multiply(by, private_gemm_x86::DType::$dtype, &a, &b, beta, c);
                }
                let view = |x: &MatRef<'_, Self>| x.layout.strides();
                let ((a_rows, a_columns), (b_rows, b_columns)) = (view(&a), view(&b));
                let k = a.layout.columns;
                let (c_rows, c_columns) = c.layout.strides();
                gemmkit::gemm(
                    1.0,
                    gemmkit::MatRef::new(a.data, m, k, a_rows, a_columns),
                    gemmkit::MatRef::new(b.data, k, n, b_rows, b_columns),
                    beta,
                    gemmkit::MatMut::new(c.data, m, n, c_rows, c_columns),
                    gemmkit::Parallelism::Serial,
                );
            }
        }
    };
}

implement_product!(f32, F32);
implement_product!(f64, F64);

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 % 1009) as f32 - 504.0) / 300.0).collect()
    }

    #[test]
    fn bits_of_a_row_do_not_depend_on_the_number_of_rows() {
        for (m, k, n) in [(200, 70, 64), (97, 1100, 33), (300, 784, 256), (5, 3, 700)] {
            let (a, b) = (numbers(m * k), numbers(k * n));
            let run = |rows: std::ops::Range<usize>| {
                let mut c = vec![f32::NAN; rows.len() * n];
                let part = MatRef::from_row_major(&a[rows.start * k..rows.end * k], rows.len(), k);
                let b = MatRef::from_row_major(&b, k, n);
                f32::multiply(part, b, 0.0, MatMut::from_row_major(&mut c, rows.len(), n));
                c
            };
            let whole = run(0..m);
            for rows in [0..1, 0..m / 2, m / 3..m, m - 1..m] {
                assert_eq!(run(rows.clone()), whole[rows.start * n..rows.end * n], "{m}×{k}×{n}");
            }
        }
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
