//! A figure of a page: the drawing, its controls, its numbers, and what the page's program needs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::super::document::{Control, ControlKind, Fact, Figure, Frame};
use super::super::pictures::{Key, Picture, escape};
use super::{facts, prose, table};

/// Values of a choice that are shown beside each other; more become a list.
const MOST_BESIDE: usize = 6;

/// What the page's program needs of a figure.
pub fn data(figure: &Figure) -> Value {
    let picture = serde_json::to_value(&figure.shown().picture).expect("a picture is plain data");
    let kind = picture["picture"].clone();
    let alive =
        |picture: &Picture| matches!(picture, Picture::LineChart(_) | Picture::PhasePlane(_));
    let frames: Vec<Value> = figure
        .frames
        .iter()
        .filter(|frame| alive(&frame.picture))
        .map(|frame| serde_json::to_value(&frame.picture).expect("a picture is plain data"))
        .collect();
    let fact = |fact: &Fact| json!([fact.name, fact.value]);
    let facts: Vec<Vec<Value>> = match figure.controls.as_slice() {
        [] => Vec::new(),
        _ => figure.frames.iter().map(|f| f.facts.iter().map(fact).collect()).collect(),
    };
    let sizes: Vec<usize> = figure.controls.iter().map(|c| c.values.len()).collect();
    let values: Vec<&Vec<String>> = figure.controls.iter().map(|c| &c.values).collect();
    json!({"kind": kind, "frames": frames, "facts": facts, "sizes": sizes, "values": values})
}

/// The drawings of all frames, where controls choose one and the page's program draws none itself.
pub fn drawings(figure: &Figure) -> Vec<String> {
    let is_drawn_there = |frame: &Frame| matches!(frame.picture, Picture::LineChart(_));
    if figure.controls.is_empty() || figure.frames.iter().all(is_drawn_there) {
        return Vec::new();
    }
    let label = label(figure);
    figure.frames.iter().map(|frame| frame.picture.svg(&label)).collect()
}

fn label(figure: &Figure) -> String {
    format!("{}. {}", figure.title, figure.caption)
}

/// The figure with number `number` of the page.
pub fn figure(figure: &Figure, number: usize) -> String {
    let shown = figure.shown();
    let drawing = shown.picture.svg(&label(figure));
    let mut text = format!(
        "<figure data-figure=\"{number}\"><figcaption><strong>{}</strong><span>{}</span></figcaption>",
        escape(&figure.title),
        prose(&figure.caption)
    );
    if !figure.controls.is_empty() {
        let controls = figure.controls.iter().enumerate();
        let controls: String =
            controls.map(|(c, control)| self::control(control, number, c)).collect();
        let _ = write!(text, "<div class=\"controls\" hidden>{controls}</div>");
    }
    if !shown.facts.is_empty() {
        text.push_str(&facts(&shown.facts));
    }
    let _ = write!(text, "<div class=\"drawing\">{drawing}</div>");
    let keys = shown.picture.keys();
    if !keys.is_empty() {
        let _ =
            write!(text, "<ul class=\"legend\">{}</ul>", keys.iter().map(key).collect::<String>());
    }
    let numbers = table(&shown.picture.table(), &figure.title);
    let _ = write!(text, "<details><summary>Numbers</summary>{numbers}</details>");
    text + "</figure>"
}

fn control(control: &Control, figure: usize, number: usize) -> String {
    let name = escape(&control.name);
    let id = format!("f{figure}c{number}");
    let values = control.values.iter().enumerate();
    match control.kind {
        ControlKind::Slider => format!(
            "<label class=\"slider\">{name} <input type=\"range\" data-control min=\"0\" max=\"{}\" \
             value=\"{}\"><output>{}</output></label>",
            control.values.len() - 1,
            control.shown,
            escape(&control.values[control.shown])
        ),
        ControlKind::Choice if control.values.len() > MOST_BESIDE => {
            let option = |(value, text): (usize, &String)| {
                let chosen = if value == control.shown { " selected" } else { "" };
                format!("<option value=\"{value}\"{chosen}>{}</option>", escape(text))
            };
            let options: String = values.map(option).collect();
            format!(
                "<label class=\"slider\">{name} <select data-control>{options}</select></label>"
            )
        }
        ControlKind::Choice => {
            let radio = |(value, text): (usize, &String)| {
                let chosen = if value == control.shown { " checked" } else { "" };
                format!(
                    "<label><input type=\"radio\" name=\"{id}\" value=\"{value}\"{chosen}><span>{}</span></label>",
                    escape(text)
                )
            };
            let radios: String = values.map(radio).collect();
            format!("<fieldset data-control><legend>{name}</legend>{radios}</fieldset>")
        }
    }
}

/// A sample of a line, or of a ring, with its name.
fn key(key: &Key) -> String {
    let sample = if let Some(ring) = key.ring() {
        format!("<circle class=\"{}\" cx=\"13\" cy=\"6\" r=\"4.5\"/>", escape(&ring))
    } else {
        let class = escape(&key.class);
        format!("<line class=\"{class}\" x1=\"3\" y1=\"6\" x2=\"23\" y2=\"6\"/>")
    };
    let name = escape(&key.name);
    format!("<li><svg viewBox=\"0 0 26 12\" aria-hidden=\"true\">{sample}</svg>{name}</li>")
}
