//! Work split over threads, the same way whatever their number.
//!
//! A piece of work is cut into chunks by its size alone; the threads of the current pool then share
//! the chunks, by a team that is awake (see [`run_on`]) or else by rayon's `join`. A caller chooses
//! the number of threads by installing a pool once around a whole computation: entering a pool costs
//! microseconds.

mod team;

use std::hint::spin_loop;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use team::Team;

/// Elements below which an elementwise pass is not worth splitting: about 2 µs of work.
pub const ELEMENTWISE_CHUNK: usize = 1 << 13;

/// Multiply–adds below which a product is not worth splitting: about 10 µs of work.
pub const PRODUCT_CHUNK: usize = 1 << 19;

/// Calls `work(start, piece)` for consecutive pieces of `out`, each `chunk` elements long except
/// the last, on the threads of the current pool.
pub fn for_each_chunk<T: Send>(
    out: &mut [T],
    chunk: usize,
    work: &(impl Fn(usize, &mut [T]) + Sync),
) {
    let chunk = chunk.max(1);
    let (length, parts) = (out.len(), Parts::of(out));
    for_each_piece(length.div_ceil(chunk), &|number| {
        let start = number * chunk;
        // SAFETY: pieces lie within `out` and do not overlap, and each number is given once.
        work(start, unsafe { parts.part(start, chunk.min(length - start)) });
    });
}

/// Calls `work(pieces, x)` for consecutive pieces of `N` buffers to change and of `x` to read, all
/// cut at the same places, each `chunk` elements long except the last, on the threads of the
/// current pool.
///
/// # Panics
/// If a buffer is shorter than `x`.
pub fn for_each_chunk_together<T: Send, U: Sync, const N: usize>(
    out: [&mut [T]; N],
    x: &[U],
    chunk: usize,
    work: &(impl Fn([&mut [T]; N], &[U]) + Sync),
) {
    let (chunk, length) = (chunk.max(1), x.len());
    let parts = out.map(|out| Parts::of(&mut out[..length]));
    for_each_piece(length.div_ceil(chunk), &|number| {
        let (start, count) = (number * chunk, chunk.min(length - number * chunk));
        // SAFETY: as in `for_each_chunk`.
        let pieces = parts.each_ref().map(|parts| unsafe { parts.part(start, count) });
        work(pieces, &x[start..start + count]);
    });
}

/// Calls `work(start, piece of a, piece of b)` for consecutive pieces of two buffers, as
/// [`for_each_chunk`].
///
/// # Panics
/// If `b` is shorter than `a`.
pub(crate) fn for_each_chunk_of_two<A: Send, B: Send>(
    a: &mut [A],
    b: &mut [B],
    chunk: usize,
    work: &(impl Fn(usize, &mut [A], &mut [B]) + Sync),
) {
    let (chunk, length) = (chunk.max(1), a.len());
    let (a, b) = (Parts::of(a), Parts::of(&mut b[..length]));
    for_each_piece(length.div_ceil(chunk), &|number| {
        let (start, count) = (number * chunk, chunk.min(length - number * chunk));
        // SAFETY: as in `for_each_chunk`.
        unsafe { work(start, a.part(start, count), b.part(start, count)) };
    });
}

/// Calls `work(group, its part of each of `few`, its blocks of `out`)` for every group of a tensor of
/// these sizes (blocks, groups, elements of a group in a block), `together` of them on one thread;
/// of `few` every group has an equal part.
///
/// # Panics
/// If `out` has not the sizes.
pub(crate) fn for_each_group<A: Send, B: Send, const N: usize>(
    few: [&mut [A]; N],
    out: &mut [B],
    [blocks, groups, elements]: [usize; 3],
    together: usize,
    work: &(impl Fn(usize, [&mut [A]; N], &mut dyn Iterator<Item = &mut [B]>) + Sync),
) {
    assert_eq!(out.len(), blocks * groups * elements, "every group has its blocks");
    let (each, together) = (few.each_ref().map(|few| few.len() / groups.max(1)), together.max(1));
    let (few, out) = (few.map(|few| Parts::of(few)), Parts::of(out));
    for_each_piece(groups.div_ceil(together), &|number| {
        for group in number * together..groups.min((number + 1) * together) {
            // SAFETY: parts of different groups and blocks do not overlap, all lie within their
            // buffers, and each group and block comes once.
            let few = std::array::from_fn(|i| unsafe { few[i].part(group * each[i], each[i]) });
            let mut blocks = (0..blocks)
                // SAFETY: as above.
                .map(|block| unsafe { out.part((block * groups + group) * elements, elements) });
            work(group, few, &mut blocks);
        }
    });
}

/// Calls `work` with each number below `pieces`, on the threads of the current pool: by the
/// [`Team`] that this thread leads, or by rayon's `join`.
pub(crate) fn for_each_piece(pieces: usize, work: &(dyn Fn(usize) + Sync)) {
    match pieces {
        0 => {}
        1 => work(0),
        _ if team::is_in_piece() => (0..pieces).for_each(work),
        _ if Team::share(pieces, work) => {}
        _ => join(0, pieces, work),
    }
}

/// Does `work` on this thread alone, whatever could be split in it: where a thread may not wait for
/// others, since it holds what their work could need.
pub(crate) fn alone(work: impl FnOnce()) {
    team::alone(work);
}

fn join(start: usize, pieces: usize, work: &(dyn Fn(usize) + Sync)) {
    if pieces == 1 {
        return work(start);
    }
    let left = pieces / 2;
    rayon::join(|| join(start, left, work), || join(start + left, pieces - left, work));
}

/// A buffer whose parts different threads change.
struct Parts<'a, T> {
    start: *mut T,
    buffer: PhantomData<&'a mut [T]>,
}

// SAFETY: threads get parts that do not overlap, of elements that may be sent to them.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    fn of(buffer: &'a mut [T]) -> Self {
        Self { start: buffer.as_mut_ptr(), buffer: PhantomData }
    }

    /// # Safety
    /// The part lies within the buffer, and no two parts that live at the same time overlap.
    #[allow(clippy::mut_from_ref, reason = "parts do not overlap, by the caller's word")]
    unsafe fn part(&self, start: usize, count: usize) -> &'a mut [T] {
        // SAFETY: by the caller's word.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), count) }
    }
}

/// A pool of `threads` threads; 0 means one per core.
///
/// # Errors
/// If the operating system refuses to start a thread.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build()
}

/// Runs `work` on one of `threads` new threads (0: one per core), while the others look for pieces
/// of it without falling asleep: waking one up takes as long as many a piece.
///
/// A thread that finds nothing looks less often, and then costs about a percent of a core.
///
/// # Errors
/// As [`pool`].
pub fn run_on<R: Send>(
    threads: usize,
    work: impl FnOnce() -> R + Send,
) -> Result<R, rayon::ThreadPoolBuildError> {
    let run = || {
        let own = rayon::current_thread_index();
        let (done, team) = (AtomicBool::new(false), Arc::new(Team::new()));
        let arrived = AtomicUsize::new(0);
        rayon::in_place_scope(|scope| {
            let _finished = SetAtEnd(&done);
            scope.spawn_broadcast(|_, thread| {
                if Some(thread.index()) != own {
                    arrived.fetch_add(1, Ordering::Release);
                    look_for_work(&team, &done);
                }
            });
            // A helper that met other work first could wait in it for the leader, and the leader for
            // it.
            while arrived.load(Ordering::Acquire) + 1 < rayon::current_num_threads() {
                std::thread::yield_now();
            }
            let _leads = team.led();
            work()
        })
    };
    Ok(pool(threads)?.install(run))
}

/// Takes pieces of the team's work, and of other threads', until all is done; looks the less often,
/// the longer it found nothing.
fn look_for_work(team: &Team, done: &AtomicBool) {
    /// A few microseconds.
    const LOOKS: usize = 64;
    const PATIENCE: u32 = 200;
    const PAUSE: Duration = Duration::from_micros(20);
    const LONGEST_PAUSE: Duration = Duration::from_millis(1);
    let mut idle = 0_u32;
    while !done.load(Ordering::Acquire) {
        let looked = || {
            spin_loop();
            team.help()
        };
        let found =
            (0..LOOKS).any(|_| looked()) || rayon::yield_now() == Some(rayon::Yield::Executed);
        idle = if found { 0 } else { idle.saturating_add(1) };
        if !found {
            std::thread::yield_now();
        }
        if idle > PATIENCE {
            let pause = PAUSE.saturating_mul(idle - PATIENCE);
            std::thread::sleep(pause.min(LONGEST_PAUSE));
        }
    }
}

/// Sets what it holds when it goes, by a panic too.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs `work` for every item on the threads of the current pool and keeps the order of results.
pub fn map<I: Sync, R: Send>(items: &[I], work: impl Fn(&I) -> R + Sync + Send) -> Vec<R> {
    use rayon::prelude::*;
    if items.len() < 2 || rayon::current_num_threads() == 1 {
        return items.iter().map(work).collect();
    }
    items.par_iter().with_max_len(1).map(work).collect()
}

/// As [`map`], with something that `make` makes and the work of one thread shares: the items are
/// cut into one part for each thread of the current pool.
pub fn map_with<I: Sync, S, R: Send>(
    items: &[I],
    make: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &I) -> R + Sync + Send,
) -> Vec<R> {
    let parts = rayon::current_num_threads().clamp(1, items.len().max(1));
    let parts: Vec<&[I]> = items.chunks(items.len().div_ceil(parts).max(1)).collect();
    let results = map(&parts, |part| {
        let mut shared = make();
        part.iter().map(|item| work(&mut shared, item)).collect::<Vec<R>>()
    });
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_stay_awake_do_all_work_and_end_with_it_even_by_a_panic() {
        for threads in [1, 2, 5] {
            let sum = run_on(threads, || {
                let outer: Vec<u64> = map(&[1, 2, 3], |factor| {
                    let mut products = vec![0_u64; 1000];
                    for_each_chunk(&mut products, 10, &|start, piece: &mut [u64]| {
                        for (i, x) in piece.iter_mut().enumerate() {
                            *x = factor * (start + i) as u64;
                        }
                    });
                    products.iter().sum()
                });
                outer.iter().sum::<u64>()
            });
            assert_eq!(sum.unwrap(), 6 * 999 * 1000 / 2);
            let ends = std::panic::catch_unwind(|| run_on(threads, || panic!("as asked")));
            assert!(ends.is_err());
        }
    }

    #[test]
    fn every_element_is_visited_once_at_its_own_index() {
        for length in [0, 1, 6, 7, 8, 100] {
            let mut out = vec![0; length];
            for_each_chunk(&mut out, 7, &|start, piece: &mut [usize]| {
                assert!(start % 7 == 0 && piece.len() <= 7);
                for (i, x) in piece.iter_mut().enumerate() {
                    *x += start + i + 1;
                }
            });
            assert_eq!(out, (1..=length).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_group_gets_its_parts_and_blocks() {
        for together in [1, 2, 7] {
            let (mut few, mut out) = ([0; 6], [0; 2 * 3 * 4]);
            for_each_group([&mut few], &mut out, [2, 3, 4], together, &|group, [few], blocks| {
                few.fill(group);
                blocks.enumerate().for_each(|(number, block)| block.fill(10 * number + group));
            });
            assert_eq!(few, [0, 0, 1, 1, 2, 2]);
            let blocks: Vec<usize> = out.chunks(4).map(|block| block[0]).collect();
            assert_eq!(blocks, [0, 1, 2, 10, 11, 12]);
            assert!(out.chunks(4).all(|block| block.iter().all(|x| *x == block[0])));
        }
    }

    #[test]
    fn shared_work_keeps_the_order_of_its_items() {
        for length in [0, 1, 2, 7, 100] {
            let items: Vec<usize> = (0..length).collect();
            let doubled = map_with(&items, || 0, |_, item| 2 * item);
            assert_eq!(doubled, items.iter().map(|item| 2 * item).collect::<Vec<_>>());
        }
        let of_one = pool(1).expect("a thread starts").install(|| {
            map_with(
                &[0; 5],
                || 0,
                |count, _| {
                    *count += 1;
                    *count
                },
            )
        });
        assert_eq!(of_one, [1, 2, 3, 4, 5]);
    }
}
