//! From numbers to places on a picture, with ticks that are few, round and apart.

use std::ops::RangeInclusive;

/// A line of numbers laid along a line of places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
    log: bool,
}

/// A number that is marked on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The number.
    pub value: f64,
    /// How it is written.
    pub label: String,
}

impl Scale {
    /// The scale that holds all of `values`, between the places `start` and `end`; with `log`, of
    /// their logarithms, where numbers that are not positive have no place.
    pub fn of(values: impl Iterator<Item = f64>, log: bool, start: f64, end: f64) -> Self {
        let known = values.filter(|v| v.is_finite() && (!log || *v > 0.0));
        let known = known.map(|v| if log { v.log10() } else { v });
        let (low, high) = known
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        let least = if log { 0.3 } else { 1e-9_f64.max(1e-6 * high.abs().max(low.abs())) };
        let missing = (least - (high - low)).max(0.0) / 2.0;
        Self { from: low - missing, to: high + missing, start, end, log }
    }

    /// The same with a margin of this share at both ends.
    pub fn padded(self, share: f64) -> Self {
        let margin = share * (self.to - self.from);
        Self { from: self.from - margin, to: self.to + margin, ..self }
    }

    /// The place of a number.
    pub fn place(&self, value: f64) -> Option<f64> {
        let value = if self.log { value.log10() } else { value };
        let share = (value - self.from) / (self.to - self.from);
        value.is_finite().then_some(self.start + share * (self.end - self.start))
    }

    /// Round numbers on the scale, at most about `most`.
    pub fn ticks(&self, most: usize) -> Vec<Tick> {
        if self.log { self.powers(most) } else { self.round(most, 0.0) }
    }

    /// As [`ticks`](Self::ticks), whole numbers only.
    pub fn whole_ticks(&self, most: usize) -> Vec<Tick> {
        self.round(most, 1.0)
    }

    fn round(&self, most: usize, least_step: f64) -> Vec<Tick> {
        let step = round_step((self.to - self.from) / most.max(1) as f64).max(least_step);
        let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let far = self.from.abs().max(self.to.abs()) >= 1e5;
        let places = (self.from / step).ceil() as i64..=(self.to / step).floor() as i64;
        let tick = |place: i64| {
            let value = place as f64 * step;
            let label =
                if far { format!("{value:.0e}") } else { format!("{:.decimals$}", value + 0.0) };
            Tick { value, label: label.replace('-', "−") }
        };
        places.map(tick).collect()
    }

    fn powers(&self, most: usize) -> Vec<Tick> {
        let powers = whole(self.from, self.to);
        if self.to - self.from < 1.5 {
            let factors = [1.0, 2.0, 5.0];
            let first = self.from.floor() as i32;
            let values = (first..=first + 2)
                .flat_map(|power| factors.map(|factor| factor * 10_f64.powi(power)));
            let inside = |v: &f64| (self.from..=self.to).contains(&v.log10());
            let ticks: Vec<Tick> =
                values.filter(inside).map(|value| Tick { value, label: plain(value) }).collect();
            return if ticks.len() > 1 { ticks } else { self.even(most) };
        }
        let count = (powers.end() - powers.start() + 1) as f64;
        let stride = round_step((count / most.max(1) as f64).ceil()).ceil() as i64;
        let on = powers.filter(|power| power.rem_euclid(stride) == 0);
        on.map(|power| Tick { value: 10_f64.powi(power as i32), label: power_of_ten(power) })
            .collect()
    }

    /// Ticks of a scale so short that hardly one of 1, 2 and 5 lies on it: round numbers at even
    /// distances.
    fn even(&self, most: usize) -> Vec<Tick> {
        let (from, to) = (10_f64.powf(self.from), 10_f64.powf(self.to));
        Self { from, to, log: false, ..*self }.round(most, 0.0)
    }
}

fn whole(from: f64, to: f64) -> RangeInclusive<i64> {
    from.ceil() as i64..=to.floor() as i64
}

/// The least of 1, 2, 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.max(1e-300).log10().floor());
    let fits = |factor: &f64| factor * power >= step * (1.0 - 1e-9);
    [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0) * power
}

/// `10⁻³`, and `1` and `10` as they are.
pub fn power_of_ten(power: i64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    match power {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        _ => {
            let raised = power
                .to_string()
                .chars()
                .map(|c| match c.to_digit(10) {
                    Some(digit) => DIGITS[digit as usize],
                    None => '⁻',
                })
                .collect::<String>();
            format!("10{raised}")
        }
    }
}

fn plain(value: f64) -> String {
    if (1e-3..1e5).contains(&value) {
        let decimals = (-value.log10().floor()).max(0.0) as usize;
        return format!("{value:.decimals$}");
    }
    format!("{value:.0e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: [f64; 2], log: bool, most: usize, expected: &[&str]) {
        let scale = Scale::of(values.into_iter(), log, 0.0, 100.0);
        let labels: Vec<String> = scale.ticks(most).into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, expected);
    }

    #[test]
    fn ticks_are_round_and_few() {
        check([0.0, 1.0], false, 5, &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        check([-3.0, 3.0], false, 3, &["−2", "0", "2"]);
        check([1e-12, 1.0], true, 5, &["10⁻¹⁰", "10⁻⁵", "1"]);
        check([0.5, 3.0], true, 5, &["0.5", "1", "2"]);
        check([1.1, 1.9], true, 4, &["1.5", "2.0"]);
    }

    #[test]
    fn what_has_no_logarithm_has_no_place() {
        let scale = Scale::of([0.0, f64::NAN, 1.0, 10.0].into_iter(), true, 0.0, 100.0);
        assert_eq!([scale.place(1.0), scale.place(10.0)], [Some(0.0), Some(100.0)]);
        assert_eq!([scale.place(0.0), scale.place(f64::NAN)], [None, None]);
    }

    #[test]
    fn whole_numbers_are_never_parted() {
        let scale = Scale::of([1.0, 2.0].into_iter(), false, 0.0, 1.0);
        assert_eq!(scale.whole_ticks(6).len(), 2);
    }
}
