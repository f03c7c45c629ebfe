//! A team of threads that share pieces of work and stay awake between them.
//!
//! One thread leads: it cuts work into numbered pieces, and takes them itself as the others do, one
//! after another, until none is left. Handing over costs a few hundred cycles, and whoever comes
//! late leaves his pieces to the others, so the leader never waits longer than for one piece.
//!
//! The leader takes the first pieces and the others the last ones, so that what a core has changed
//! in one pass lies in its own cache in the next.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::hint::spin_loop;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Looks of a leader for the last pieces before it lets other threads have its core: some tenths of
/// a millisecond, longer than a piece takes.
const LOOKS: usize = 1 << 12;

/// Does the piece of this number.
type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// Work under way.
#[derive(Clone, Copy)]
struct Job(*const Work<'static>);

/// Pieces that nobody has taken: those from `first` on and before `end`.
#[derive(Clone, Copy)]
struct Open {
    first: u32,
    end: u32,
}

impl Open {
    fn read(ticket: u64) -> Self {
        Self { first: (ticket >> 32) as u32, end: ticket as u32 }
    }

    fn ticket(self) -> u64 {
        u64::from(self.first) << 32 | u64::from(self.end)
    }

    /// One of them, and the rest.
    fn take(self, side: Side) -> Option<(u32, Self)> {
        let Self { first, end } = self;
        (first < end).then(|| match side {
            Side::First => (first, Self { first: first + 1, end }),
            Side::Last => (end - 1, Self { first, end: end - 1 }),
        })
    }
}

/// Which of the open pieces a thread takes.
#[derive(Clone, Copy)]
enum Side {
    First,
    Last,
}

/// The pieces that a leader has and its helpers take.
pub(super) struct Team {
    /// The pieces that nobody has taken, see [`Open`].
    ticket: AtomicU64,
    /// Pieces that are not done.
    open: AtomicUsize,
    job: UnsafeCell<Option<Job>>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: the job is written only while no piece is open, and read only by those who hold one.
unsafe impl Send for Team {}
// SAFETY: as for `Send`.
unsafe impl Sync for Team {}

thread_local! {
    /// The team that this thread leads, while it does not lead it.
    static OWN: Cell<Option<Arc<Team>>> = const { Cell::new(None) };
    static IN_PIECE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread does a piece just now: what a piece cuts again it does alone, so that no
/// piece ever waits for other work.
pub(super) fn is_in_piece() -> bool {
    IN_PIECE.get()
}

/// Does `work` on this thread alone, as if it were a piece.
pub(super) fn alone(work: impl FnOnce()) {
    /// What the thread was in before, set again even if the work panics.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            IN_PIECE.set(self.0);
        }
    }
    let _before = Before(IN_PIECE.replace(true));
    work();
}

/// Ends the program where a panic drops it, by a second one while the first unwinds.
struct AbortsAtEnd;

impl Drop for AbortsAtEnd {
    fn drop(&mut self) {
        panic!("a leader may not leave work that others still do");
    }
}

impl Team {
    pub fn new() -> Self {
        Self {
            ticket: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            panic: Mutex::new(None),
        }
    }

    /// Makes this thread the leader until what is returned goes.
    pub fn led(self: &Arc<Self>) -> Leads {
        OWN.set(Some(Arc::clone(self)));
        Leads(PhantomData)
    }

    /// Does all pieces, numbered from 0, with the team that this thread leads; `false` if it leads
    /// none, or does a piece of other work just now.
    pub fn share(pieces: usize, work: &(dyn Fn(usize) + Sync)) -> bool {
        let Ok(pieces) = u32::try_from(pieces) else { return false };
        let Some(team) = OWN.take() else { return false };
        let outcome = team.lead(pieces, work);
        OWN.set(Some(team));
        if let Some(panic) = outcome {
            resume_unwind(panic);
        }
        true
    }

    /// What a piece panicked with.
    fn lead(&self, pieces: u32, work: &(dyn Fn(usize) + Sync)) -> Option<Box<dyn Any + Send>> {
        let unwinding = AbortsAtEnd;
        // SAFETY: only the lifetime changes; nobody calls it after this function, which waits until
        // all pieces are done, or ends the program.
        let work = unsafe { std::mem::transmute::<&Work<'_>, *const Work<'static>>(work) };
        // SAFETY: no piece is open, so nobody reads.
        unsafe { *self.job.get() = Some(Job(work)) };
        self.open.store(pieces as usize, Ordering::Relaxed);
        self.ticket.store(Open { first: 0, end: pieces }.ticket(), Ordering::Release);
        while self.do_piece(Side::First) {}
        while self.open.load(Ordering::Acquire) > 0 {
            let is_done = |_| {
                spin_loop();
                self.open.load(Ordering::Acquire) == 0
            };
            // Where threads outnumber cores, whoever holds the last piece needs this one.
            if !(0..LOOKS).any(is_done) {
                std::thread::yield_now();
            }
        }
        std::mem::forget(unwinding);
        self.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes the last piece that is left and does it; `false` if there is none.
    pub fn help(&self) -> bool {
        self.do_piece(Side::Last)
    }

    fn do_piece(&self, side: Side) -> bool {
        let mut ticket = self.ticket.load(Ordering::Acquire);
        let number = loop {
            let Some((number, rest)) = Open::read(ticket).take(side) else { return false };
            let order = (Ordering::AcqRel, Ordering::Acquire);
            match self.ticket.compare_exchange_weak(ticket, rest.ticket(), order.0, order.1) {
                Ok(_) => break number as usize,
                Err(now) => ticket = now,
            }
        };
        // SAFETY: a piece that this thread took is open, so the leader waits, and the job stays what
        // it was when the ticket was written.
        let work = unsafe { (*self.job.get()).map(|Job(work)| &*work) };
        let work = work.expect("a ticket belongs to a job");
        let outer = IN_PIECE.replace(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| work(number)));
        IN_PIECE.set(outer);
        if let Err(panic) = outcome {
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
        }
        self.open.fetch_sub(1, Ordering::Release);
        true
    }
}

/// While it lives, its thread leads a team; it stays on that thread.
pub(super) struct Leads(PhantomData<*const ()>);

impl Drop for Leads {
    fn drop(&mut self) {
        OWN.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn every_piece_is_done_once_whoever_comes() {
        let team = Arc::new(Team::new());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(Ordering::Acquire) {
                        team.help();
                    }
                });
            }
            let leads = team.led();
            for round in 0..2000 {
                let counts: Vec<AtomicUsize> =
                    (0..round % 7).map(|_| AtomicUsize::new(0)).collect();
                let add = |piece: usize| {
                    counts[piece].fetch_add(1, Ordering::Relaxed);
                };
                assert!(Team::share(counts.len(), &add));
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            }
            drop(leads);
            assert!(!Team::share(2, &|_| ()), "it leads no more");
            done.store(true, Ordering::Release);
        });
    }

    #[test]
    fn a_leader_takes_the_first_pieces_and_its_helpers_the_last() {
        let mut open = Open { first: 0, end: 5 };
        let sides = [Side::First, Side::Last, Side::Last, Side::First, Side::Last];
        let taken = sides.map(|side| {
            let (number, rest) = open.take(side).expect("a piece is open");
            open = Open::read(rest.ticket());
            number
        });
        assert_eq!(taken, [0, 4, 3, 1, 2]);
        assert!(open.take(Side::First).is_none() && open.take(Side::Last).is_none());
    }

    #[test]
    fn a_panic_comes_to_the_leader_and_ends_no_team() {
        let team = Arc::new(Team::new());
        let _leads = team.led();
        let ended = catch_unwind(|| Team::share(5, &|piece| assert_ne!(piece, 3)));
        assert!(ended.is_err());
        let nested = AtomicBool::new(true);
        assert!(Team::share(1, &|_| nested.store(Team::share(1, &|_| ()), Ordering::Relaxed)));
        assert!(!nested.load(Ordering::Relaxed), "a piece is not cut again by the same team");
    }
}
