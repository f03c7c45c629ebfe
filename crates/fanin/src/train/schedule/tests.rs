//! Closed forms of the schedules, and laws of all of them.

use super::*;

fn schedule(name: &str, settings: &[(&str, f64)]) -> Schedule {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    Schedule::new(name, &settings).unwrap()
}

#[track_caller]
fn check(schedule: &Schedule, total: u64, expected: &[(u64, f64)]) {
    for (step, factor) in expected {
        let found = schedule.factor(*step, total);
        assert!((found - factor).abs() < 1e-12, "step {step}: {found} instead of {factor}");
    }
}

#[test]
fn constant_never_changes() {
    check(&schedule("constant", &[]), 10, &[(0, 1.0), (5, 1.0), (9, 1.0)]);
}

#[test]
fn step_falls_after_each_stair() {
    let thirds = schedule("step", &[]);
    check(&thirds, 30, &[(0, 1.0), (9, 1.0), (10, 0.1), (19, 0.1), (20, 0.01), (29, 0.01)]);
    let tenths = schedule("step", &[("every", 0.1), ("factor", 0.5)]);
    check(
        &tenths,
        1000,
        &[(99, 1.0), (100, 0.5), (299, 0.25), (300, 0.125), (999, 0.5_f64.powi(9))],
    );
    check(&tenths, 3, &[(0, 1.0), (1, 0.5), (2, 0.25)]);
}

#[test]
fn cosine_follows_its_closed_form() {
    let cosine = schedule("cosine", &[]);
    let quarter = f64::midpoint(1.0, 0.5_f64.sqrt());
    check(&cosine, 100, &[(0, 1.0), (25, quarter), (50, 0.5), (75, 1.0 - quarter)]);
    check(&schedule("cosine", &[("end", 0.2)]), 100, &[(0, 1.0), (50, 0.6)]);
}

#[test]
fn warm_up_rises_linearly_to_the_full_rate_and_then_the_form_begins() {
    let warm = schedule("cosine", &[]).with_warm_up(0.2).unwrap();
    check(&warm, 50, &[(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0), (30, 0.5)]);
    let only = schedule("step", &[]).with_warm_up(1.0).unwrap();
    check(&only, 4, &[(0, 0.25), (3, 1.0)]);
    let beyond = schedule("cosine", &[]).with_warm_up(2.0).unwrap();
    check(&beyond, 23, &[(0, 1.0 / 46.0), (22, 0.5), (50, 0.5)]);
    assert!(beyond.factor(0, 0).is_finite(), "a run without steps");
}

#[test]
fn every_schedule_starts_at_the_base_rate_and_stays_between_0_and_it() {
    for form in SCHEDULES {
        for warm_up in [0.0, 0.3, 1.0] {
            let schedule = schedule(form.name, &[]).with_warm_up(warm_up).unwrap();
            for total in [1, 2, 3, 7, 1000] {
                let factors: Vec<f64> = (0..total).map(|t| schedule.factor(t, total)).collect();
                let name = form.name;
                assert!(
                    factors.iter().all(|f| *f > 0.0 && *f <= 1.0),
                    "{name} {total} {factors:?}"
                );
                assert!(factors.contains(&1.0), "{name} {warm_up} {total} reaches the base rate");
                assert_eq!(schedule.factor(total + 5, total), factors[factors.len() - 1]);
            }
            assert!(schedule.factor(0, 0).is_finite(), "a run without steps");
        }
        assert!(!form.formula.is_empty() && !form.when.is_empty());
        assert_eq!(names().iter().filter(|n| **n == form.name).count(), 1);
    }
}

#[test]
fn mistakes_are_named() {
    let text = Schedule::new("cosin", &Settings::new()).unwrap_err().to_string();
    assert!(text.contains("did you mean `cosine`?"), "{text}");
    let text = schedule("cosine", &[]).with_warm_up(-5.0).unwrap_err().to_string();
    assert!(text.contains("warm_up") && text.contains("found -5"), "{text}");
    let settings = Settings::from([("every".to_owned(), 30.0)]);
    let text = Schedule::new("step", &settings).unwrap_err().to_string();
    assert!(text.starts_with("`every` of `step`: found 30, expected"), "{text}");
}
