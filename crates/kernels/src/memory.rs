//! Large memory on large pages.
//!
//! Where a buffer is far larger than the caches, much time goes into finding the places of its
//! pages. Linux backs memory by pages of 2 MB instead of 4 kB where it is asked to, before the
//! memory is touched. Elsewhere nothing happens, and results never depend on it.

use std::alloc::{Layout, alloc_zeroed};
use std::collections::BTreeMap;
use std::ptr::slice_from_raw_parts_mut;

use crate::scalar::Float;

/// Bytes of a large page, on the machines where they are asked for.
pub(crate) const PAGE: usize = 2 << 20;

/// `count` zeros.
///
/// ```
/// assert_eq!(fanin_kernels::memory::zeros::<f32>(3), [0.0; 3]);
/// ```
pub fn zeros<T: Float>(count: usize) -> Vec<T> {
    let mut memory = vec![T::ZERO; count];
    prefer_large_pages(&mut memory);
    memory
}

/// `count` zeros, or nothing if memory does not hold them, where [`zeros`] would end the process.
///
/// ```
/// use fanin_kernels::memory::try_zeros;
/// assert_eq!(try_zeros::<f32>(3), Some(vec![0.0; 3]));
/// assert_eq!(try_zeros::<f32>(1 << 60), None);
/// ```
pub fn try_zeros<T: Float>(count: usize) -> Option<Vec<T>> {
    let layout = Layout::array::<T>(count).ok()?;
    if layout.size() == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the size is not 0.
    let start = unsafe { alloc_zeroed(layout) }.cast::<T>();
    if start.is_null() {
        return None;
    }
    // SAFETY: the memory has the layout of a slice of so many elements, and no bit of it is set, as
    // in the 0 of `f32` and `f64`, the only types that are `Float`.
    let mut memory = unsafe { Box::from_raw(slice_from_raw_parts_mut(start, count)) }.into_vec();
    prefer_large_pages(&mut memory);
    Some(memory)
}

/// Asks for large pages where they fit wholly into `memory`, which nothing has touched yet, or
/// little of it.
///
/// ```
/// use fanin_kernels::memory::prefer_large_pages;
/// let mut memory = Vec::<f32>::with_capacity(5_000_000);
/// prefer_large_pages(memory.spare_capacity_mut());
/// memory.resize(5_000_000, 0.0);
/// ```
pub fn prefer_large_pages<T>(memory: &mut [T]) {
    let start = memory.as_mut_ptr().cast::<u8>();
    let skipped = start.align_offset(PAGE);
    let whole = size_of_val(memory).saturating_sub(skipped) / PAGE * PAGE;
    if whole > 0 {
        advise(start.wrapping_add(skipped), whole);
    }
}

/// Where a buffer lies.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    start: usize,
    bytes: usize,
}

impl Extent {
    /// The place of a buffer.
    pub fn of<T>(buffer: &[T]) -> Self {
        Self { start: buffer.as_ptr() as usize, bytes: size_of_val(buffer) }
    }
}

/// Puts buffers that are used again and again, such as those of a network in training, on large
/// pages: every block of 2 MB of which they fill more than a quarter, with whatever else lies in it.
///
/// Each may be smaller than a large page, since those that were made one after another lie side by
/// side; scattered over memory by small pages, the places of 15 MB no longer fit into what a
/// processor remembers of them. Takes a fraction of a millisecond for a block. Linux does so from 6.1 on.
///
/// ```
/// use fanin_kernels::memory::{Extent, gather};
/// let buffers = vec![vec![1.0_f32; 100_000]; 20];
/// gather(buffers.iter().map(|buffer| Extent::of(buffer)));
/// assert!(buffers.iter().flatten().all(|&x| x == 1.0));
/// ```
pub fn gather(extents: impl IntoIterator<Item = Extent>) {
    for block in well_filled(extents) {
        collapse(block as *mut u8);
    }
}

/// The starts of blocks of which more than a quarter is filled.
fn well_filled(extents: impl IntoIterator<Item = Extent>) -> impl Iterator<Item = usize> {
    let mut filled = BTreeMap::<usize, usize>::new();
    for Extent { start, bytes } in extents {
        let end = start + bytes;
        for block in (start / PAGE * PAGE..end).step_by(PAGE) {
            *filled.entry(block).or_default() += end.min(block + PAGE) - start.max(block);
        }
    }
    filled.into_iter().filter(|(_, bytes)| 4 * bytes > PAGE).map(|(block, _)| block)
}

#[cfg(target_os = "linux")]
fn collapse(block: *mut u8) {
    /// Not named by all versions of libc.
    const MADV_COLLAPSE: libc::c_int = 25;
    // SAFETY: the advice changes nothing that any memory holds, whoever uses it meanwhile; of what is
    // no memory of this process it is refused.
    unsafe { libc::madvise(block.cast(), PAGE, MADV_COLLAPSE) };
}

#[cfg(not(target_os = "linux"))]
fn collapse(_block: *mut u8) {}

#[cfg(target_os = "linux")]
fn advise(start: *mut u8, bytes: usize) {
    // SAFETY: whole pages of memory that the caller may write; the advice changes nothing that it
    // holds. A refusal leaves small pages.
    unsafe { libc::madvise(start.cast(), bytes, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_start: *mut u8, _bytes: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_any_size_stays_what_it_was() {
        for count in [0, 1, PAGE / 4 - 1, PAGE / 4, PAGE, 3 * PAGE / 4 + 5] {
            let mut numbers: Vec<u32> = (0..count as u32).collect();
            prefer_large_pages(&mut numbers);
            assert!(numbers.iter().copied().eq(0..count as u32), "{count}");
            assert!(zeros::<f64>(count).iter().all(|&x| x == 0.0), "{count}");
            assert_eq!(try_zeros::<f64>(count), Some(zeros(count)), "{count}");
        }
    }

    /// No address space has so many places.
    #[test]
    fn zeros_that_memory_does_not_hold_are_refused() {
        for count in [1 << 59, usize::MAX / 8, usize::MAX] {
            assert_eq!(try_zeros::<f64>(count), None, "{count}");
        }
    }

    #[test]
    fn blocks_that_buffers_fill_by_more_than_a_quarter_are_gathered() {
        let at = |start, bytes| Extent { start, bytes };
        let blocks = |extents: &[Extent]| well_filled(extents.to_vec()).collect::<Vec<_>>();
        assert_eq!(blocks(&[at(5 * PAGE, PAGE / 4)]), []);
        assert_eq!(blocks(&[at(5 * PAGE, PAGE / 4), at(6 * PAGE - 1, 1)]), [5 * PAGE]);
        let wide = at(7 * PAGE - PAGE / 5, 2 * PAGE);
        assert_eq!(blocks(&[wide]), [7 * PAGE, 8 * PAGE]);
        assert_eq!(
            blocks(&[wide, at(6 * PAGE, PAGE / 8), at(0, 0)]),
            [6 * PAGE, 7 * PAGE, 8 * PAGE]
        );
    }
}
