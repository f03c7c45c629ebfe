//! Ctrl-C, and other requests to end, as polite requests; a file that may not grow, as an error.

use std::io::{self, Write};
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard};

use fanin::train::Interrupt;

/// What is said to a signal, and what can be asked to stop; without the latter it ends the program.
struct Running {
    message: &'static str,
    interrupt: Option<Interrupt>,
}

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

/// Work that a signal asks to stop as long as this lives; a second one ends the program at once.
pub struct Stoppable(Interrupt);

/// Work that cannot be asked to stop: as long as this lives, a signal is told what that means.
pub struct Told;

/// An interrupt that Ctrl-C requests, or a signal to end, while steps are done.
pub fn interrupt() -> Stoppable {
    interrupt_saying("finishing the step; press Ctrl-C again to stop at once")
}

/// The same, where Ctrl-C is answered by `message`.
pub fn interrupt_saying(message: &'static str) -> Stoppable {
    let interrupt = Interrupt::default();
    *running() = Some(Running { message, interrupt: Some(interrupt.clone()) });
    Stoppable(interrupt)
}

/// Has the first signal answered by `message`, and end the program at once.
pub fn ending_with(message: &'static str) -> Told {
    *running() = Some(Running { message, interrupt: None });
    Told
}

impl Deref for Stoppable {
    type Target = Interrupt;

    fn deref(&self) -> &Interrupt {
        &self.0
    }
}

impl Drop for Stoppable {
    fn drop(&mut self) {
        *running() = None;
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        *running() = None;
    }
}

fn running() -> MutexGuard<'static, Option<Running>> {
    RUNNING.lock().expect("no thread panics while it holds this")
}

/// Answers signals from here on: what runs is asked to stop; where nothing can be asked, or it was
/// asked before, the program ends at once and leaves no temporary file.
pub fn listen() {
    if let Err(error) = system::listen() {
        eprintln!("warning: a signal to stop will end this without saving ({error})");
    }
}

/// Asks what runs to stop, and says so. False if there is nothing to ask, or it was asked before.
fn ask() -> bool {
    let (message, is_asked) = wish();
    if let Some(message) = message {
        // The terminal may be what went away.
        let _ = writeln!(io::stderr(), "\n{message}");
    }
    is_asked
}

/// What is to be said, and whether something was asked to stop for the first time.
fn wish() -> (Option<&'static str>, bool) {
    let running = running();
    let Some(Running { message, interrupt }) = &*running else { return (None, false) };
    match interrupt {
        Some(interrupt) if interrupt.request() => (None, false),
        interrupt => (Some(*message), interrupt.is_some()),
    }
}

#[cfg(unix)]
mod system {
    use std::ffi::c_int;
    use std::{fs, io, process, thread};

    use fanin::formats::remove_temporary_files;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals;
    use signal_hook::{flag, low_level};

    use crate::output::Exit;

    pub fn listen() -> io::Result<()> {
        // It is handled, if by nothing: writing beyond `ulimit -f` fails and does not kill.
        flag::register(SIGXFSZ, std::sync::Arc::default())?;
        let mut signals = Signals::new(handled(ignored_from_start()))?;
        let answer_all = move || signals.forever().for_each(answer);
        thread::Builder::new().name("signals".to_owned()).spawn(answer_all).map(drop)
    }

    fn answer(signal: c_int) {
        if super::ask() {
            return;
        }
        remove_temporary_files();
        // The shell sees which signal it was, and ends a loop around this program.
        let _ = low_level::emulate_default_handler(signal);
        process::exit(Exit::Interrupted.code().into());
    }

    /// The signals to answer, where those of a mask were ignored when the program began: the end
    /// of the terminal, as `nohup` asks, and Ctrl-C, as a shell asks for what it runs in the
    /// background, stay ignored. A system that does not tell keeps its own way with the former.
    pub fn handled(ignored: Option<u64>) -> Vec<c_int> {
        let is_left = |signal: c_int| match (signal, ignored) {
            (SIGTERM, _) => false,
            (_, Some(mask)) => (mask >> (signal - 1)) & 1 == 1,
            (_, None) => signal == SIGHUP,
        };
        [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_left(*signal)).collect()
    }

    /// A bit for every signal, the first one lowest. Only Linux tells.
    fn ignored_from_start() -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }
}

#[cfg(not(unix))]
mod system {
    use std::{io, process};

    use fanin::formats::remove_temporary_files;

    use crate::output::Exit;

    pub fn listen() -> io::Result<()> {
        let answer = || {
            if !super::ask() {
                remove_temporary_files();
                process::exit(Exit::Interrupted.code().into());
            }
        };
        ctrlc::set_handler(answer).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::{ending_with, interrupt_saying, wish};

    #[test]
    fn a_signal_is_answered_by_what_is_done_now() {
        assert_eq!(wish(), (None, false));
        let steps = interrupt_saying("finishing");
        assert_eq!(wish(), (Some("finishing"), true));
        assert!(steps.requested());
        assert_eq!(wish(), (None, false));
        drop(steps);
        assert_eq!(wish(), (None, false));
        let told = ending_with("no report");
        assert_eq!(wish(), (Some("no report"), false));
        drop(told);
        assert_eq!(wish(), (None, false));
    }

    #[cfg(unix)]
    #[test]
    fn what_was_ignored_stays_ignored() {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

        use super::system::handled;

        assert_eq!(handled(Some(0)), [SIGINT, SIGTERM, SIGHUP]);
        assert_eq!(handled(Some(1 << (SIGHUP - 1))), [SIGINT, SIGTERM]);
        assert_eq!(handled(Some(1 << (SIGINT - 1))), [SIGTERM, SIGHUP]);
        assert_eq!(handled(Some(!0)), [SIGTERM]);
        assert_eq!(handled(None), [SIGINT, SIGTERM]);
    }
}
