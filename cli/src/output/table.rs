//! Aligned columns.

use std::io;

use super::paint::Tone;
use super::printable;
use super::screen::Screen;
use super::text::cut;

/// Rows under a heading, each column as wide as its widest cell.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

struct Cell {
    text: String,
    tone: Option<Tone>,
}

/// The most characters of one cell; longer ones are cut.
const MAX_WIDTH: usize = 56;

impl Table {
    /// A table without rows.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; cells are made printable and cut here.
    pub(crate) fn row(&mut self, cells: &[(&str, Option<Tone>)]) {
        let cell = |(text, tone): &(&str, Option<Tone>)| Cell {
            text: cut(&printable(text), MAX_WIDTH).into(),
            tone: *tone,
        };
        self.rows.push(cells.iter().map(cell).collect());
    }

    /// Writes the table, `indent` spaces from the left.
    pub(crate) fn write(&self, indent: usize, screen: &mut Screen) -> io::Result<()> {
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| width(&cell.text)).fold(width(self.headings[column]), usize::max)
            })
            .collect();
        let headings =
            self.headings.iter().map(|text| ((*text).to_owned(), Some(Tone::Strong))).collect::<Vec<_>>();
        write_row(&headings, &widths, indent, screen)?;
        for row in &self.rows {
            let cells = row.iter().map(|cell| (cell.text.clone(), cell.tone)).collect::<Vec<_>>();
            write_row(&cells, &widths, indent, screen)?;
        }
        Ok(())
    }
}

fn write_row(
    cells: &[(String, Option<Tone>)],
    widths: &[usize],
    indent: usize,
    screen: &mut Screen,
) -> io::Result<()> {
    let mut line = " ".repeat(indent);
    for (at, (text, tone)) in cells.iter().enumerate() {
        // Padding stands outside the colour, and the last column has none.
        let padding = if at + 1 == cells.len() { 0 } else { widths[at] - width(text) + 2 };
        line.push_str(&tone.map_or_else(|| text.clone(), |tone| screen.tone(tone, text)));
        line.push_str(&" ".repeat(padding));
    }
    screen.line(line.trim_end())
}

fn width(text: &str) -> usize {
    text.chars().count()
}
