//! How long a search for a start may take, who hears of it, and who may end it.

use std::fmt;
use std::time::Instant;

use crate::error::{Error, Result};

/// How long a search for a start may take, who hears of it, and who may end it.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Seconds that the methods behind the first may take together, or a single one that was asked
    /// for by name; without them each takes as long as it needs, and what is found depends on no
    /// clock.
    pub seconds: Option<f64>,
    /// Whether a method that would need more is left out; else it goes as far as it comes.
    pub must_fit: bool,
    /// Who hears of it.
    pub observer: &'a dyn SearchObserver,
}

/// What hears of a search, and may end it.
pub trait SearchObserver: Sync {
    /// A method that learns has done so many of so many iterations.
    fn on_iteration(&self, _method: &'static str, _done: usize, _most: usize) {}
    /// Whether somebody wants no more: what was found until then is kept.
    fn is_stopped(&self) -> bool {
        false
    }
}

impl SearchObserver for () {}

impl Default for Search<'_> {
    /// As long as it takes, and nobody hears of it.
    fn default() -> Self {
        Self { seconds: None, must_fit: false, observer: &() }
    }
}

impl fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, must_fit, .. } = self;
        f.debug_struct("Search").field("seconds", seconds).field("must_fit", must_fit).finish()
    }
}

/// The iterations of a method that learns: counted, told, and ended where time or patience is over.
pub(super) struct Iterations<'a> {
    search: &'a Search<'a>,
    method: &'static str,
    most: usize,
    done: usize,
    begun: Instant,
    last: Instant,
    /// Seconds of the fastest iteration.
    fastest: f64,
    is_cut: bool,
}

/// Iterations after which the time of all is foretold: the first one touches memory that later ones
/// find ready.
const TIMED: usize = 2;

/// A first iteration that foretells so many times the seconds that are left is not repeated.
const HOPELESS: f64 = 3.0;

impl<'a> Iterations<'a> {
    /// So many iterations of `method`; what it plans before the first counts, too.
    pub fn new(search: &'a Search<'a>, method: &'static str, most: usize) -> Self {
        let now = Instant::now();
        let (begun, last) = (now, now);
        Self { search, method, most, done: 0, begun, last, fastest: f64::INFINITY, is_cut: false }
    }

    /// Whether one more is to be done; called before each.
    ///
    /// # Errors
    /// [`Error::TooDear`] if all would take longer than the search has, where they must fit;
    /// [`Error::Interrupted`] if somebody wants no more before the first has ended.
    pub fn goes_on(&mut self, done: usize) -> Result<bool> {
        self.goes_on_at(done, self.begun.elapsed().as_secs_f64(), self.last.elapsed().as_secs_f64())
    }

    /// The same after so many seconds in all, and so many of the iteration that has just ended.
    fn goes_on_at(&mut self, done: usize, passed: f64, iteration: f64) -> Result<bool> {
        self.last = Instant::now();
        self.done = done;
        self.search.observer.on_iteration(self.method, done, self.most);
        if done > 0 {
            self.fastest = self.fastest.min(iteration);
        }
        if done >= self.most {
            return Ok(false);
        }
        if self.search.observer.is_stopped() {
            if done == 0 {
                return Err(Error::Interrupted);
            }
            self.is_cut = true;
            return Ok(false);
        }
        let Some(seconds) = self.search.seconds else { return Ok(true) };
        if self.search.must_fit && (1..=TIMED).contains(&done) {
            let needed = passed + (self.most - done) as f64 * self.fastest;
            let factor = if done < TIMED { HOPELESS } else { 1.0 };
            if needed > factor * seconds {
                let work = format!("{} iterations", self.most);
                let name = self.method;
                return Err(Error::TooDear { name, work, needed, left: seconds });
            }
        }
        self.is_cut = done > 0 && passed > seconds;
        Ok(!self.is_cut)
    }

    /// That not all were done, where that is so.
    pub fn told(&self) -> Option<String> {
        let Self { done, most, .. } = self;
        self.is_cut.then(|| format!("stopped after {done} of {most} iterations"))
    }

    /// Iterations done.
    pub fn done(&self) -> usize {
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stopped;

    impl SearchObserver for Stopped {
        fn is_stopped(&self) -> bool {
            true
        }
    }

    fn within(seconds: f64, must_fit: bool) -> Search<'static> {
        Search { seconds: Some(seconds), must_fit, ..Search::default() }
    }

    #[test]
    fn what_does_not_fit_is_not_begun_and_said() {
        let search = within(20.0, true);
        let mut all = Iterations::new(&search, "gradinit", 390);
        assert!(all.goes_on_at(0, 0.5, 0.5).unwrap());
        let error = all.goes_on_at(1, 1.6, 1.0).unwrap_err().to_string();
        assert!(error.contains("390 iterations would take about 391 s"), "{error}");
        assert!(error.contains("20 s") && error.contains("gradinit"), "{error}");
        // A first iteration that is slow for the last time.
        let mut all = Iterations::new(&search, "gradinit", 390);
        assert!(all.goes_on_at(1, 0.1, 0.1).unwrap());
        assert!(all.goes_on_at(2, 0.14, 0.04).unwrap());
        let mut all = Iterations::new(&search, "gradinit", 390);
        assert!(all.goes_on_at(1, 0.1, 0.1).unwrap());
        assert!(matches!(all.goes_on_at(2, 0.2, 0.1), Err(Error::TooDear { .. })));
    }

    #[test]
    fn what_was_asked_for_goes_as_far_as_it_comes() {
        let search = within(20.0, false);
        let mut all = Iterations::new(&search, "gradinit", 390);
        assert!(all.goes_on_at(1, 1.5, 1.0).unwrap() && all.goes_on_at(19, 19.5, 1.0).unwrap());
        assert_eq!(all.told(), None);
        assert!(!all.goes_on_at(20, 20.5, 1.0).unwrap());
        assert_eq!(all.told().unwrap(), "stopped after 20 of 390 iterations");
        let free = Search::default();
        let mut all = Iterations::new(&free, "gradinit", 2);
        assert!(all.goes_on_at(1, 1e9, 1e9).unwrap());
        assert!(!all.goes_on_at(2, 1e9, 1e9).unwrap());
        assert_eq!((all.told(), all.done()), (None, 2));
    }

    #[test]
    fn a_wish_to_stop_keeps_what_was_learned() {
        let search = Search { observer: &Stopped, ..Search::default() };
        let mut all = Iterations::new(&search, "gradinit", 390);
        assert!(matches!(all.goes_on(0), Err(Error::Interrupted)));
        assert!(!all.goes_on(3).unwrap());
        assert_eq!(all.told().unwrap(), "stopped after 3 of 390 iterations");
    }
}
