//! Pictures keep their gaps, colors and frames, and stand alone.

use super::*;

fn chart(series: Vec<Series>, log: bool) -> Picture {
    let y = Axis { log, ..Axis::linear("y") };
    Picture::LineChart(LineChart {
        x: Axis::whole("x"),
        y,
        at: vec![1.0, 2.0],
        series,
        ..LineChart::default()
    })
}

#[test]
fn lines_break_where_there_is_no_value_and_bands_are_drawn() {
    let line = Series::new("a", 0, [1.0, f64::NAN]).within([(0.5, 2.0), (f64::NAN, f64::NAN)]);
    let drawing = chart(vec![line], true).svg("label");
    assert!(drawing.contains("class=\"line s0\"") && !drawing.contains("NaN"), "{drawing}");
    assert!(drawing.contains("class=\"band f0\""));
}

/// What lies far below presses the rest together no more.
#[test]
fn an_axis_that_begins_somewhere_draws_what_lies_below_at_its_edge() {
    let values = [-50.0, 0.9];
    let axis = |values: &[f64]| Axis::linear("R²").at_least(-1.0, values.iter().copied());
    assert_eq!(axis(&[-0.5, 0.9]), Axis::linear("R²"));
    let y = axis(&values);
    assert_eq!(y.label, "R², below −1 at the edge");
    let at = vec![1.0, 2.0];
    let series = vec![Series::new("a", 0, values)];
    let chart = LineChart { x: Axis::whole("epoch"), y, at, series, ..LineChart::default() };
    let drawing = Picture::LineChart(chart).svg("label");
    assert!(drawing.contains(">0.5<") && !drawing.contains(">−50<"), "{drawing}");
}

#[test]
fn a_chart_without_any_value_says_so() {
    let drawing = chart(vec![Series::new("a", 0, [0.0, 0.0])], true).svg("label");
    assert!(drawing.contains("no value above 0"), "{drawing}");
}

#[test]
fn forty_lines_are_told_apart_by_color_and_dash() {
    let series: Vec<Series> = (0..32).map(|i| Series::new("a", i, [1.0, 2.0])).collect();
    let keys = chart(series, false).keys();
    let mut classes: Vec<String> = keys.into_iter().map(|key| key.class).collect();
    classes.sort();
    classes.dedup();
    assert_eq!(classes.len(), 32);
}

#[test]
fn units_of_one_class_have_one_color_and_others_are_gray() {
    let column =
        Column { name: "layer 1".to_owned(), classes: vec![0, 1, 0, 2], ..Column::default() };
    assert_eq!(column.effective_width(), 3);
    let drawing = Picture::Tiles(Tiles { columns: vec![column] }).svg("label");
    assert_eq!(drawing.matches("tile twin f0").count(), 2);
    assert_eq!(drawing.matches("tile own").count(), 2);
    assert!(drawing.contains("3 of 4"));
}

#[test]
fn a_picture_alone_carries_plain_colors() {
    let drawing = standalone(&chart(vec![Series::new("<a>", 0, [1.0, 2.0])], false), "a & b");
    assert!(drawing.starts_with("<svg xmlns=") && drawing.contains("a &amp; b"));
    assert!(drawing.contains("#0072b2") && !drawing.contains("var("));
    assert!(drawing.contains("&lt;a&gt;"));
}

/// Of the largest letters, of 18 units, a tail hangs 5 below its line and a digit stands 14 high.
#[test]
fn the_label_of_an_axis_keeps_clear_of_its_highest_number() {
    let (x, y) = (Axis::linear("before"), Axis::linear("after"));
    let web = Cobweb { x, y, curve: vec![[0.0, 0.0], [1.0, 1.0]], ..Cobweb::default() };
    let drawing = Picture::Cobweb(web).svg("label");
    let line = |text: &str| -> f64 {
        let is_of = |element: &&str| element.contains(&format!(">{text}<"));
        let element = drawing.split("<text ").find(is_of).unwrap();
        element.split(" y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    };
    assert!(line("1.0") - 14.0 > line("after") + 5.0 + 6.0, "{drawing}");
}

#[test]
fn the_program_of_a_page_knows_the_area_of_pictures() {
    use super::axes::{BOTTOM, LEFT, RIGHT, TOP};
    let area = format!(
        "{{ left: {LEFT}, right: width - {RIGHT}, top: {TOP}, bottom: height - {BOTTOM} }}"
    );
    assert!(include_str!("../html/page.js").contains(&area), "{area}");
}

/// WCAG asks 4.5 for text and 3 for graphics.
#[test]
fn colors_stand_out_from_their_ground() {
    let luminance = |hex: &str| {
        let part = |i: usize| {
            let c = f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    };
    for colors in [LIGHT, DARK] {
        let named = |name: &str| {
            let line =
                colors.split(';').find(|line| line.starts_with(&format!("{name}:"))).unwrap();
            luminance(line.split_once(':').unwrap().1)
        };
        let contrast = |name: &str| {
            let (a, b) = (named(name), named("--paper"));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for name in ["--ink", "--soft"] {
            assert!(contrast(name) >= 4.5, "{name} {}", contrast(name));
        }
        for number in 0..COLORS {
            let name = format!("--c{number}");
            assert!(contrast(&name) >= 3.0, "{name} {}", contrast(&name));
        }
    }
}
