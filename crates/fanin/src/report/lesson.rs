//! A newcomer's lesson as a report: the live picture, the reasons, the numbers, what next.

use super::document::{Block, Control, Fact, Figure, Frame, Report, Section, Table};
use super::pictures::{self, Axis, Column, LineChart, Mark, Picture, Series, Style, Tiles};
use crate::explain::{self, Lesson, Line, SliderKind, Spacing};

/// Number of the color of what the sliders chose.
const CHOSEN: usize = 7;

/// The lesson as a report, made by `command`.
pub fn lesson(lesson: &Lesson, command: &str) -> Report {
    let next = lesson.next.iter().fold(Section::new("next", "What next", ""), |section, next| {
        let source = next.command.clone();
        section
            .with(Block::text(next.shows.clone()))
            .with(Block::Code { language: "console".to_owned(), source })
    });
    let why = Section::new("why", "Why", "");
    let why =
        lesson.reasons.iter().fold(why, |why, reason| why.with(Block::text(sentence(reason))));
    Report {
        subtitle: sentence(&lesson.answer),
        command: command.to_owned(),
        sections: vec![
            Section::new("picture", "Try it", "").with(Block::Figure(figure(&lesson.figure))),
            why,
            Section::new("numbers", "Measured just now", lesson.setting.clone())
                .with(Block::Table(table(&lesson.table)))
                .with(Block::text(lesson.table.note.clone())),
            next,
        ],
        ..Report::new(lesson.question)
    }
}

fn table(table: &explain::Table) -> Table {
    Table { head: table.head.clone(), rows: table.rows.clone() }
}

fn figure(figure: &explain::Figure) -> Figure {
    let control = |slider: &explain::Slider| {
        let make = match slider.kind {
            SliderKind::Numbers => Control::slider,
            SliderKind::Words => Control::choice,
        };
        make(slider.name, slider.positions.clone(), slider.shown)
    };
    Figure {
        title: figure.title.clone(),
        caption: figure.caption.clone(),
        controls: figure.sliders.iter().filter(|s| s.positions.len() > 1).map(control).collect(),
        frames: figure.frames.iter().map(frame).collect(),
    }
}

/// A sentence whose percentages are not parted from their sign.
fn sentence(text: &str) -> String {
    text.replace(" %", "\u{a0}%")
}

/// The sentence comes first, under the word for what happened.
fn frame(frame: &explain::Frame) -> Frame {
    let mut facts = vec![Fact::new(frame.zone.word(), sentence(&frame.sentence))];
    facts.extend(frame.readings.iter().map(|reading| Fact::new(&reading.name, &reading.text)));
    let picture = match &frame.picture {
        explain::Picture::Chart(chart) => Picture::LineChart(chart_of(chart)),
        explain::Picture::Tiles(tiles) => Picture::Tiles(tiles_of(tiles)),
    };
    Frame { picture, facts }
}

fn chart_of(chart: &explain::Chart) -> LineChart {
    let mut at: Vec<f64> = chart.lines.iter().flat_map(|l| &l.points).map(|[x, _]| *x).collect();
    at.sort_by(f64::total_cmp);
    at.dedup();
    let measured: Vec<&Line> = chart.lines.iter().filter(|line| !line.is_theory).collect();
    let mut series = Vec::new();
    for line in &chart.lines {
        let named = measured.iter().position(|m| line.name.ends_with(&m.name)).unwrap_or(0);
        let style = if line.is_theory { Style::Dashed } else { Style::Points };
        let drawn = Series::new(&line.name, named, values(&at, &line.points)).styled(style);
        series.push(if line.band.is_empty() { drawn } else { drawn.within(band(&at, line)) });
    }
    for line in &chart.lines {
        let here = line.chosen.map(|point| values(&at, &[point]));
        series.extend(here.map(|y| Series::new(&format!("here, {}", line.name), CHOSEN, y)));
    }
    LineChart {
        x: axis(&chart.x),
        y: axis(&chart.y),
        at,
        series,
        marks: Vec::new(),
        upright: chart.mark.iter().map(|mark| Mark::new(mark.at, &mark.label)).collect(),
    }
}

/// The ends of the line's band at each place; NaN where it has none.
fn band(at: &[f64], line: &Line) -> Vec<(f64, f64)> {
    let [low, high] = [0, 1].map(|end| {
        let ends = line.points.iter().zip(&line.band).map(|([x, _], ends)| [*x, ends[end]]);
        values(at, &ends.collect::<Vec<_>>())
    });
    low.into_iter().zip(high).collect()
}

/// The y of the points at each place; NaN where a line has none.
fn values(at: &[f64], points: &[[f64; 2]]) -> Vec<f64> {
    let find = |place: &f64| points.iter().find(|[x, _]| x == place).map_or(f64::NAN, |[_, y]| *y);
    at.iter().map(find).collect()
}

fn axis(axis: &explain::Axis) -> Axis {
    match axis.spacing {
        Spacing::Even => Axis::whole(&axis.label),
        Spacing::Powers => Axis::log(&axis.label),
    }
}

fn tiles_of(tiles: &explain::Tiles) -> pictures::Tiles {
    let column = |(name, units): (&String, &Vec<explain::Tile>)| Column {
        name: name.clone(),
        classes: units.iter().map(|tile| tile.class).collect(),
        ..Column::default()
    };
    Tiles { columns: tiles.layers.iter().zip(&tiles.units).map(column).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Laboratory, Size, TOPICS};
    use crate::report::html;
    use crate::train::Interrupt;

    #[test]
    fn every_lesson_becomes_a_whole_report_whose_page_is_small() {
        let interrupt = Interrupt::default();
        let laboratory =
            Laboratory { size: Size::Small, seed: 0, observer: &(), interrupt: &interrupt };
        for topic in TOPICS {
            let found = topic.lesson(&laboratory).unwrap();
            let report = lesson(&found, "fanin explain");
            assert!(report.figures().all(Figure::is_whole), "{}", topic.name());
            let facts = &report.figures().next().unwrap().shown().facts;
            let shown = &found.figure.frames[found.figure.first()];
            assert_eq!(facts[0].value, sentence(&shown.sentence));
            let page = html(&report);
            assert!(page.len() < 2_000_000, "{} bytes", page.len());
        }
    }

    fn named(name: &str) -> Lesson {
        let texts = vec![name.to_owned(), name.to_owned()];
        let frame = explain::Frame {
            picture: explain::Picture::Chart(explain::Chart {
                x: explain::Axis::even(name),
                y: explain::Axis::powers(name),
                lines: vec![Line::measured(name, vec![[1.0, 1.0]])],
                mark: Some(explain::Mark::new(1.0, name)),
            }),
            readings: vec![explain::Reading::new(name, None, name)],
            zone: explain::Zone::Slow,
            sentence: name.to_owned(),
        };
        Lesson {
            topic: "zero",
            question: "?",
            answer: name.to_owned(),
            reasons: texts.clone(),
            setting: name.to_owned(),
            table: explain::Table {
                head: texts.clone(),
                rows: vec![texts.clone()],
                bars: Vec::new(),
                note: name.to_owned(),
            },
            figure: explain::Figure {
                title: name.to_owned(),
                caption: name.to_owned(),
                sliders: vec![explain::Slider::words("start", texts, 0)],
                frames: vec![frame.clone(), frame],
            },
            next: vec![explain::Next::new(name, name)],
        }
    }

    #[test]
    fn nothing_that_a_lesson_says_becomes_a_tag() {
        let tags = |name: &str| html(&lesson(&named(name), name)).matches('<').count();
        let hostile = "</script><img src=x onerror=\"alert(1)\"> & long enough for a sentence";
        let harmless: String = hostile.chars().map(|c| if c == '<' { 'x' } else { c }).collect();
        assert_eq!(tags(hostile), tags(&harmless));
    }

    #[test]
    fn lines_of_different_lengths_share_one_axis_and_leave_gaps() {
        let chart = explain::Chart {
            x: explain::Axis::even("step"),
            y: explain::Axis::powers("loss"),
            lines: vec![
                Line::measured("short", vec![[0.0, 2.0]]).within(vec![[1.5, 2.5]]),
                Line::measured("long", vec![[0.0, 3.0], [5.0, 1.0]]).choosing(Some([5.0, 1.0])),
                Line::theory("theory, long", vec![[5.0, 1.0]]),
            ],
            mark: None,
        };
        let chart = chart_of(&chart);
        assert_eq!(chart.at, [0.0, 5.0]);
        let values: Vec<_> = chart.series.iter().map(|s| s.values.clone()).collect();
        let (none, one) = (None, Some(1.0));
        assert_eq!(
            values,
            [vec![Some(2.0), none], vec![Some(3.0), one], vec![none, one], vec![none, one]]
        );
        assert_eq!(
            (&chart.series[0].low[..], &chart.series[0].high[1]),
            (&[Some(1.5), none][..], &none)
        );
        assert!(chart.series[1].low.is_empty());
        assert_eq!(chart.series.iter().map(|s| s.color).collect::<Vec<_>>(), [0, 1, 1, CHOSEN]);
    }
}
