//! Passes over buffers, element by element, split over threads when that pays.

use crate::scalar::Float;
use crate::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

/// `out[i] = f(x[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn map<T: Float>(x: &[T], out: &mut [T], f: impl Fn(T) -> T + Sync) {
    assert_eq!(x.len(), out.len(), "map needs equal lengths");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let x = &x[start..start + piece.len()];
        for (o, &x) in piece.iter_mut().zip(x) {
            *o = f(x);
        }
    });
}

/// `out[i] = f(out[i])`.
pub fn map_in_place<T: Float>(out: &mut [T], f: impl Fn(T) -> T + Sync) {
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|_, piece| {
        for o in piece {
            *o = f(*o);
        }
    });
}

/// `out[i] = f(x[i], y[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn zip<T: Float>(x: &[T], y: &[T], out: &mut [T], f: impl Fn(T, T) -> T + Sync) {
    assert!(x.len() == out.len() && y.len() == out.len(), "zip needs equal lengths");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let end = start + piece.len();
        for ((o, &x), &y) in piece.iter_mut().zip(&x[start..end]).zip(&y[start..end]) {
            *o = f(x, y);
        }
    });
}

/// `out[i] = f(out[i], y[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn zip_in_place<T: Float>(out: &mut [T], y: &[T], f: impl Fn(T, T) -> T + Sync) {
    assert_eq!(y.len(), out.len(), "zip needs equal lengths");
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let y = &y[start..start + piece.len()];
        for (o, &y) in piece.iter_mut().zip(y) {
            *o = f(*o, y);
        }
    });
}
