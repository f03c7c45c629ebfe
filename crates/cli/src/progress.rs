//! Progress on a terminal, and nothing where there is none.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fanin::compare::proof::ProofObserver;
use fanin::compare::sweep::SweepObserver;
use fanin::compare::{CompareObserver, RunId, Trained};
use fanin::recommend::SearchObserver;
use fanin::report::terminal;
use fanin::spec::Task;
use fanin::train::{Check, Interrupt, Metrics, Observer};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output;

pub use crate::signals::{interrupt, interrupt_saying};

fn bar(total: u64, name: String) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:<28} {bar:40} {percent:>3} %  {msg}")
        .expect("the template is well formed");
    let bar = ProgressBar::new(total).with_style(style).with_prefix(name);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// One bar per network of a comparison.
pub struct CompareBars {
    bars: Vec<ProgressBar>,
    schemes: Vec<String>,
}

impl CompareBars {
    /// Bars for networks that train so many steps each.
    pub fn new(networks: &[String], schemes: &[String], steps: u64) -> Self {
        let all = MultiProgress::new();
        let bars = networks.iter().map(|name| all.add(bar(steps, name.clone()))).collect();
        Self { bars, schemes: schemes.to_vec() }
    }

    /// Takes the bars away.
    pub fn clear(&self) {
        self.bars.iter().for_each(ProgressBar::finish_and_clear);
    }
}

impl CompareObserver for CompareBars {
    fn on_step(&self, run: RunId, _step: u64, _total: u64) {
        self.bars[run.network].inc(1);
    }

    fn on_end(&self, run: RunId, _trained: &Trained) {
        self.bars[run.network].set_message(self.schemes[run.scheme].clone());
    }
}

/// A bar over the runs of a sweep.
pub struct SweepBar(ProgressBar);

impl SweepBar {
    /// A bar whose length the first run tells.
    pub fn new() -> Self {
        Self(bar(0, "runs to learning".to_owned()))
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl SweepObserver for SweepBar {
    fn on_run(&self, ended: usize, total: usize) {
        self.0.set_length(total as u64);
        self.0.set_position(ended as u64);
    }
}

/// A bar over the steps of a proof, silent if asked for JSON.
pub struct ProofBar(ProgressBar);

impl ProofBar {
    /// A bar whose length the first step tells.
    pub fn new(quiet: bool) -> Self {
        Self(if quiet { ProgressBar::hidden() } else { bar(0, "training both".to_owned()) })
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl ProofObserver for ProofBar {
    fn on_steps(&self, done: u64, most: u64) {
        self.0.set_length(most);
        self.0.set_position(done);
    }
}

/// A bar over the iterations of methods that learn a start, which ends them on a wish to stop; silent
/// if asked for JSON.
pub struct SearchBar<'a> {
    bar: OnceLock<ProgressBar>,
    stop: &'a Interrupt,
    quiet: bool,
}

impl<'a> SearchBar<'a> {
    /// A bar that shows itself at the first iteration of a method.
    pub fn new(quiet: bool, stop: &'a Interrupt) -> Self {
        Self { bar: OnceLock::new(), stop, quiet }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }

    fn bar(&self) -> &ProgressBar {
        self.bar.get_or_init(|| {
            if self.quiet { ProgressBar::hidden() } else { bar(0, "learning a start".to_owned()) }
        })
    }
}

impl SearchObserver for SearchBar<'_> {
    fn on_iteration(&self, method: &'static str, done: usize, most: usize) {
        let bar = self.bar();
        bar.set_message(method);
        bar.set_length(most as u64);
        bar.set_position(done as u64);
    }

    fn is_stopped(&self) -> bool {
        self.stop.requested()
    }
}

/// A bar and a line per epoch of one run; silent if asked for JSON.
pub struct TrainBar {
    bar: ProgressBar,
    epochs: u64,
    task: Task,
    quiet: bool,
}

impl TrainBar {
    /// A bar for a run of so many epochs, whose score is that of `task`.
    pub fn new(epochs: usize, task: Task, quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { bar(0, "training".to_owned()) };
        Self { bar, epochs: epochs as u64, task, quiet }
    }
}

impl Observer for TrainBar {
    fn on_step(&mut self, step: u64, total: u64, _loss: f64) {
        self.bar.set_length(total);
        self.bar.set_position(step);
    }

    fn on_epoch(&mut self, metrics: &Metrics) {
        if !self.quiet {
            self.bar.suspend(|| output::text(&terminal::epoch(metrics, self.epochs, self.task)));
        }
    }

    fn on_check(&mut self, now: &Check, before: Option<&Check>) {
        if let Some(line) = terminal::watched(now, before) {
            self.bar.suspend(|| eprint!("{line}"));
        }
    }

    fn on_finish(&mut self, _finish: &fanin::train::Finish) {
        self.bar.finish_and_clear();
    }
}

/// A bar with the rate at which a file is written, for what takes longer than a second.
pub struct WriteBar {
    bar: ProgressBar,
    since: Instant,
    quiet: bool,
}

impl WriteBar {
    /// A bar that waits; silent if asked for JSON.
    pub fn new(quiet: bool) -> Self {
        Self { bar: ProgressBar::hidden(), since: Instant::now(), quiet }
    }

    /// Shows so many bytes of so many in all.
    pub fn show(&mut self, made: u64, total: u64) {
        const PATIENCE: Duration = Duration::from_secs(1);
        const STYLE: &str = "{bar:40} {percent:>3} %  {decimal_bytes}/{decimal_total_bytes}  \
                             {decimal_bytes_per_sec}  {eta} left";
        if self.bar.is_hidden() && !self.quiet && self.since.elapsed() >= PATIENCE {
            let style = ProgressStyle::with_template(STYLE).expect("the template is well formed");
            self.bar = ProgressBar::new(total).with_style(style).with_elapsed(self.since.elapsed());
        }
        self.bar.set_position(made);
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
