//! Bits equal those of a plain chain of fused products, on every set of instructions.

use super::*;

fn numbers<T: Tiled>(count: usize, seed: usize) -> Vec<T> {
    let number = |i: usize| ((i * 7919 + seed * 104_729) % 1009) as f64 / 504.0 - 1.0;
    (0..count).map(|i| T::constant(number(i))).collect()
}

/// Slice by slice, one chain of fused multiply-adds each, added to what was `before`.
fn plain<T: Tiled>(
    a: &MatRef<'_, T>,
    b: &MatRef<'_, T>,
    (i, j): (usize, usize),
    before: Option<T>,
) -> T {
    let at = |x: &MatRef<'_, T>, i: usize, j: usize| {
        x.data[i * x.layout.row_stride + j * x.layout.column_stride]
    };
    let k = a.layout.columns;
    let slices = (0..k).step_by(SLICE).map(|first| {
        let slice = first..k.min(first + SLICE);
        slice.fold(T::ZERO, |sum, p| at(a, i, p).fused(at(b, p, j), sum))
    });
    before.into_iter().chain(slices).reduce(|sum, slice| sum + slice).unwrap()
}

#[track_caller]
fn check<T: Tiled>((m, k, n): (usize, usize, usize), spare: usize) {
    let (x, y) =
        (numbers::<T>(m * (k + spare) + k * m, 1), numbers::<T>(k * (n + spare) + k * n, 2));
    let lefts = [MatRef::new(&x, m, k, k + spare, 1), MatRef::new(&x, m, k, 1, m)];
    let rights = [MatRef::new(&y, k, n, n + spare, 1), MatRef::new(&y, k, n, 1, k)];
    for kernel in T::kernels() {
        for (a, b) in lefts.iter().flat_map(|a| rights.iter().map(move |b| (a, b))) {
            for before in [None, Some(T::ONE)] {
                let mut c = vec![before.unwrap_or(T::constant(f64::NAN)); m * n];
                let view = &mut MatMut::from_row_major(&mut c, m, n);
                multiply(kernel, a, b, before.is_some(), view);
                for (index, &got) in c.iter().enumerate() {
                    let place = (index / n, index % n);
                    let want = plain(a, b, place, before);
                    assert!(got == want, "{} lanes, {m}×{k}×{n} {place:?}", kernel.lanes);
                }
            }
        }
    }
}

#[test]
fn bits_are_those_of_the_plain_chain_of_fused_products_on_every_set_of_instructions() {
    for size in [(1, 1, 1), (14, 3, 32), (15, 8, 33), (29, 19, 17), (3, 700, 5), (70, 40, 10)] {
        check::<f32>(size, 0);
        check::<f64>(size, 3);
    }
    for size in
        [(10, 33, 128), (200, 5, 10), (40, 520, 70), (31, 7, 1100), (1, 90, 70), (90, 30, 1)]
    {
        check::<f32>(size, 5);
        check::<f64>(size, 0);
    }
}

#[test]
fn bits_hold_where_rows_lie_whole_pages_apart() {
    for size in [(33, 1024, 40), (20, 64, 1024), (50, 512, 16), (1100, 20, 40), (1025, 70, 48)] {
        check::<f32>(size, 0);
        check::<f64>(size, 0);
    }
}
