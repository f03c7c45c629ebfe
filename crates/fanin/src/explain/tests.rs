//! Facts that the topics tell, measured on their small grids.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::*;
use crate::train::Interrupt;

/// Every lesson, taken once for all tests.
static LESSONS: LazyLock<Vec<Lesson>> =
    LazyLock::new(|| TOPICS.iter().map(|topic| taken(*topic)).collect());

fn taken(topic: &dyn Topic) -> Lesson {
    let laboratory =
        Laboratory { size: Size::Small, seed: 0, observer: &(), interrupt: &Interrupt::default() };
    topic.lesson(&laboratory).unwrap()
}

fn lesson(name: &str) -> &'static Lesson {
    LESSONS.iter().find(|lesson| lesson.topic == name).unwrap()
}

/// The frames at one position of one slider.
fn at(lesson: &Lesson, slider: usize, position: usize) -> Vec<&Frame> {
    let sliders = &lesson.figure.sliders;
    let inner: usize = sliders[slider + 1..].iter().map(|s| s.positions.len()).product();
    let count = sliders[slider].positions.len();
    let frames = lesson.figure.frames.iter().enumerate();
    frames.filter(|(index, _)| index / inner % count == position).map(|(_, f)| f).collect()
}

fn position(lesson: &Lesson, slider: usize, text: &str) -> usize {
    lesson.figure.sliders[slider].positions.iter().position(|p| p == text).unwrap()
}

fn reading(frame: &Frame, name: &str) -> Option<f64> {
    frame.readings.iter().find(|r| r.name == name).unwrap_or_else(|| panic!("no {name}")).value
}

fn chart(frame: &Frame) -> &Chart {
    match &frame.picture {
        Picture::Chart(chart) => chart,
        Picture::Tiles(_) => panic!("tiles instead of a chart"),
    }
}

#[test]
fn every_topic_answers_with_a_frame_for_every_setting() {
    let mut names = HashSet::new();
    for topic in TOPICS {
        assert!(names.insert(topic.name()), "{} is there twice", topic.name());
        let lesson = lesson(topic.name());
        assert_eq!((lesson.topic, lesson.question), (topic.name(), topic.question()));
        let settings = lesson.figure.sliders.iter().map(|s| s.positions.len()).product::<usize>();
        assert_eq!(lesson.figure.frames.len(), settings, "{}", topic.name());
        assert!(lesson.figure.first() < settings);
        assert!(lesson.table.rows.iter().all(|row| row.len() == lesson.table.head.len()));
        for frame in &lesson.figure.frames {
            assert!(!frame.sentence.is_empty() && !frame.readings.is_empty());
            if let Picture::Chart(chart) = &frame.picture {
                let points = chart.lines.iter().flat_map(|line| &line.points).flatten();
                assert!(points.into_iter().all(|x| x.is_finite()), "{}", topic.name());
                chart.lines.iter().for_each(check_band);
            }
        }
        for next in lesson.next.iter().filter_map(|n| n.command.strip_prefix("fanin explain ")) {
            find(next).unwrap();
        }
    }
    let error = find("zerro").err().unwrap().to_string();
    assert!(error.starts_with("unknown topic `zerro`; did you mean `zero`?"), "{error}");
}

/// A measured line lies in a band from the least to the largest of its seeds.
#[track_caller]
fn check_band(line: &Line) {
    if line.is_theory {
        return assert!(line.band.is_empty());
    }
    assert_eq!(line.band.len(), line.points.len(), "{}", line.name);
    for ([_, y], [least, largest]) in line.points.iter().zip(&line.band) {
        assert!(least <= y && y <= largest, "{}: {y} in {least} to {largest}", line.name);
    }
    assert!(line.band.iter().any(|[least, largest]| least < largest), "{}: one seed", line.name);
}

/// A run of which only the steps to learn, none for never, and the end matter here.
fn record(learned: Option<u64>, end: f64) -> Record {
    let moment = |step, accuracy| Moment { step, loss: 1.0 - accuracy, accuracy };
    let learned = learned.map(|step| moment(step, trial::LEARNED));
    let moments = learned.into_iter().chain([moment(300, end)]).collect();
    let start = Start::default();
    Record { start, units: (2, 2), moments, diverged: None }
}

#[test]
fn the_run_in_the_middle_stands_for_all_and_the_others_are_told_beside_it() {
    let runs = Runs::new(vec![record(None, 0.2), record(Some(9), 0.9), record(Some(4), 0.95)]);
    assert_eq!((runs.middle().learned(), runs.learned()), (Some(9), (2, 3)));
    assert_eq!(runs.steps("never"), "9 (4 to never)");
    assert_eq!(runs.ends(|run| Some(run.accuracy())), Some([0.2, 0.95]));
    assert_eq!(runs.losses(), [[1.0 - trial::LEARNED; 2], [1.0 - 0.95, 0.8]]);
    let lost = Runs::new(vec![record(None, 0.1), record(None, f64::NAN), record(None, 0.3)]);
    assert_eq!((lost.middle().accuracy(), lost.steps("too slow")), (0.1, "too slow".to_owned()));
}

#[test]
fn equal_starts_stay_one_class_to_the_last_bit_and_random_ones_do_not() {
    let lesson = lesson("zero");
    for start in ["all 0", "all 0.1"] {
        for frame in at(lesson, 0, position(lesson, 0, start)) {
            let Picture::Tiles(tiles) = &frame.picture else { panic!("no tiles") };
            assert!(tiles.units.iter().flatten().all(|tile| tile.class == 0), "{start}");
            assert_eq!(reading(frame, "largest gap between units"), Some(0.0));
            assert_eq!(frame.zone, Zone::Stuck);
        }
    }
    for frame in at(lesson, 0, position(lesson, 0, "random, ε = 0.2")) {
        let Picture::Tiles(tiles) = &frame.picture else { panic!("no tiles") };
        for layer in &tiles.units {
            let classes: HashSet<usize> = layer.iter().map(|tile| tile.class).collect();
            assert_eq!(classes.len(), layer.len());
        }
    }
}

#[test]
fn of_the_sizes_tried_the_one_next_to_hes_learns_fastest() {
    let lesson = lesson("scale");
    let deep = position(lesson, 1, "3");
    let frames = at(lesson, 1, deep);
    let he = reading(frames[0], "He's √(2/d)").unwrap();
    let learned = |frame: &&&Frame| reading(frame, "steps to 80 %").is_some();
    let fastest = frames.iter().enumerate().filter(|(_, frame)| learned(frame)).min_by(|a, b| {
        let steps = |frame: &Frame| reading(frame, "steps to 80 %").unwrap();
        steps(a.1).total_cmp(&steps(b.1))
    });
    let (best, _) = fastest.expect("some size learns");
    let best: f64 = lesson.figure.sliders[0].positions[best].parse().unwrap();
    assert!(best / he < 4.0 && he / best < 4.0, "fastest at {best}, He says {he}");
}

#[test]
fn sizes_below_the_valley_are_stuck_or_slow_and_those_above_too_large() {
    let lesson = lesson("scale");
    let zone = |epsilon: &str| {
        let index = position(lesson, 0, epsilon);
        at(lesson, 0, index)[position(lesson, 1, "3")].zone
    };
    assert_eq!(zone("0"), Zone::Stuck);
    assert_eq!(zone("0.001"), Zone::Slow);
    assert_eq!(zone("0.2"), Zone::Learns);
    assert!([Zone::TooLarge, Zone::Diverges].contains(&zone("100")));
}

#[test]
fn small_weights_lose_the_gradient_over_depth_and_those_of_he_keep_it() {
    let lesson = lesson("depth");
    let deep = position(lesson, 1, "8");
    let lines = &chart(at(lesson, 1, deep)[0]).lines;
    let ratio = |line: &Line| line.points[0][1] / line.points[line.points.len() - 1][1];
    assert!(ratio(&lines[0]) < 1e-6, "ε = 0.01: {}", ratio(&lines[0]));
    assert!((0.1..10.0).contains(&ratio(&lines[2])), "He: {}", ratio(&lines[2]));
}

/// The slope of ln y over ln x between the ends of a line.
fn slope(line: &Line) -> f64 {
    let ([x0, y0], [x1, y1]) = (line.points[0], line.points[line.points.len() - 1]);
    (y1 / y0).ln() / (x1 / x0).ln()
}

/// Four draws of ten outputs leave a deviation of 0.4 in ln E[z²], so of 0.2 in a slope over the
/// sixteenfold width; bounds are three of them.
#[test]
fn the_mean_square_of_a_sum_grows_with_its_terms_unless_divided_by_the_root() {
    let lesson = lesson("fan-in");
    for (depth, layers) in [(0, 1.0), (1, 2.0)] {
        let lines = &chart(at(lesson, 1, depth)[0]).lines;
        let [plain, plain_theory, divided, divided_theory] = &lines[..] else { panic!("lines") };
        assert!((slope(plain_theory) - layers).abs() < 1e-9);
        assert!(slope(divided_theory).abs() < 1e-9);
        assert!((slope(plain) - layers).abs() < 0.6, "{}", slope(plain));
        assert!(slope(divided).abs() < 0.6, "{}", slope(divided));
        let apart = |(a, b): (&[f64; 2], &[f64; 2])| (a[1] / b[1]).ln().abs();
        let far = plain.points.iter().zip(&plain_theory.points).map(apart).fold(0.0, f64::max);
        assert!(far < 1.2, "measured and theory are e^{far} apart");
    }
}

#[test]
fn features_in_larger_units_start_at_a_loss_as_much_larger_and_do_not_learn() {
    let lesson = lesson("data");
    let frame = at(lesson, 0, position(lesson, 0, "× 10"))[0];
    assert!(reading(frame, "loss at the start").unwrap() > 30.0);
    assert!(matches!(frame.zone, Zone::TooLarge | Zone::Diverges));
    assert!(reading(frame, "accuracy, normalized").unwrap() > 0.8);
    let tiny = at(lesson, 0, position(lesson, 0, "× 0.001"))[0];
    assert_eq!(tiny.zone, Zone::Slow);
}

#[test]
fn results_do_not_depend_on_the_threads() {
    let run = |n| fanin_kernels::threads::pool(n).unwrap().install(|| taken(find("zero").unwrap()));
    assert_eq!(run(1), run(3));
}

#[test]
fn a_stopped_lesson_says_so() {
    let interrupt = Interrupt::default();
    interrupt.request();
    let laboratory =
        Laboratory { size: Size::Small, seed: 0, observer: &(), interrupt: &interrupt };
    for topic in TOPICS {
        assert!(matches!(topic.lesson(&laboratory), Err(Error::Interrupted)));
    }
}

#[test]
fn runs_are_looked_at_in_growing_strides_up_to_the_last_step() {
    assert_eq!(trial::stops(7), [0, 1, 2, 3, 4, 5, 6, 7]);
    let stops = trial::stops(300);
    assert_eq!((stops[0], stops[stops.len() - 1]), (0, 300));
    assert!(stops.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(stops.len() < 32, "{}", stops.len());
}
