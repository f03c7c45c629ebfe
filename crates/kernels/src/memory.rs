//! Large memory on large pages.
//!
//! Where a buffer is far larger than the caches, much time goes into finding the places of its
//! pages. Linux backs memory by pages of 2 MB instead of 4 kB where it is asked to, before the
//! memory is touched. Elsewhere nothing happens, and results never depend on it.

use crate::scalar::Float;

/// Bytes of a large page, on the machines where they are asked for.
const PAGE: usize = 2 << 20;

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
        }
    }
}
