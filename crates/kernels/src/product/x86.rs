//! Products by private-gemm-x86.

use std::panic::catch_unwind;
use std::ptr::{from_ref, null};
use std::sync::OnceLock;

use private_gemm_x86::{Accum, DType, DstKind, IType, InstrSet, gemm};

use super::{MatMut, MatRef};

/// The instructions to multiply by; `None` where the machine lacks them, or the crate fails on it.
///
/// The crate sizes its blocks by the caches that the system names and panics if it cannot read
/// them, so it is tried once on a small product.
pub(super) fn best() -> Option<InstrSet> {
    static BEST: OnceLock<Option<InstrSet>> = OnceLock::new();
    *BEST.get_or_init(|| {
        let by = if is_x86_feature_detected!("avx512f") {
            InstrSet::Avx512
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            InstrSet::Avx256
        } else {
            return None;
        };
        let works = catch_unwind(|| {
            let ones = [1.0_f32; 64];
            let mut c = [f32::NAN; 64];
            let view = || MatRef::from_row_major(&ones, 8, 8);
            multiply(by, DType::F32, &view(), &view(), 0.0, MatMut::from_row_major(&mut c, 8, 8));
            c == [8.0; 64]
        });
        works.unwrap_or(false).then_some(by)
    })
}

/// `c = a · b`, or `c += a · b` for a `beta` of 1, of elements of type `dtype`, on this thread.
///
/// The inner dimension must not be 0, for then nothing would be written. The crate keeps two
/// buffers for each thread, sized for the caches and never wholly touched.
#[expect(clippy::needless_pass_by_value, reason = "what is written is lent for this product alone")]
pub(super) fn multiply<T: Copy + PartialEq + From<f32>>(
    by: InstrSet,
    dtype: DType,
    a: &MatRef<'_, T>,
    b: &MatRef<'_, T>,
    beta: T,
    c: MatMut<'_, T>,
) {
    let size = match dtype {
        DType::F32 => 4,
        DType::F64 => 8,
        DType::C32 | DType::C64 => unreachable!("no product of complex numbers is made"),
    };
    assert_eq!(size, size_of::<T>(), "the type of the elements is the one that is said");
    let (m, k, n) = (a.layout.rows, a.layout.columns, b.layout.columns);
    assert!(k > 0 && b.layout.rows == k && (c.layout.rows, c.layout.columns) == (m, n));
    let ((a_rows, a_columns), (b_rows, b_columns)) = (a.layout.strides(), b.layout.strides());
    let (c_rows, c_columns) = c.layout.strides();
    let one = T::from(1.0);
    let accumulate = if beta == one { Accum::Add } else { Accum::Replace };
    // SAFETY: the views were checked to lie within their data when they were made, their sizes fit
    // each other, no two elements of `c` are the same, `c` is borrowed alone, the elements have the
    // type that is said, and the machine has the instructions (see `best`).
    unsafe {
        gemm(
            dtype,
            IType::U64,
            by,
            m,
            n,
            k,
            c.data.as_mut_ptr().cast(),
            c_rows,
            c_columns,
            null(),
            null(),
            DstKind::Full,
            accumulate,
            a.data.as_ptr().cast(),
            a_rows,
            a_columns,
            false,
            null(),
            0,
            b.data.as_ptr().cast(),
            b_rows,
            b_columns,
            false,
            from_ref(&one).cast(),
            1,
        );
    }
}
