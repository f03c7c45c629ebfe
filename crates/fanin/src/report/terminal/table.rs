//! Plain tables with aligned columns.

use std::fmt::Write;

use comfy_table::{CellAlignment, ColumnConstraint, Table, Width, presets};

/// A table with a line under its head; the first column is left-aligned, the rest right.
pub fn aligned(head: &[String], rows: Vec<Vec<String>>) -> String {
    let mut table = new(head, rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    finish(&table)
}

/// A table of texts, all left-aligned, whose columns but the first wrap at `width` characters.
pub fn texts(head: &[String], rows: Vec<Vec<String>>, width: u16) -> String {
    let mut table = new(head, rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(width)));
    }
    finish(&table)
}

fn new(head: &[String], rows: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(head);
    table.add_rows(rows);
    table
}

fn finish(table: &Table) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let widest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        text.push_str(line);
        text.push('\n');
        if index == 0 {
            let _ = writeln!(text, " {}", "─".repeat(widest.saturating_sub(1)));
        }
    }
    text
}
