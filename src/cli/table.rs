//! Tables for people: columns stay aligned, whatever characters the cells hold.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::mem;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How many rows are buffered to compute the column widths. A long table is written in such batches.
const BATCH_SIZE: usize = 500;

/// The greatest column width. Longer cells overflow their column.
const MAX_COLUMN_WIDTH: usize = 48;

/// A table that is being written.
pub(super) struct Table<W, const N: usize> {
    out: W,
    widths: [usize; N],
    buffered: Vec<[String; N]>,
}

impl<W: Write, const N: usize> Table<W, N> {
    /// Begins a table with its headings.
    pub(super) fn new(out: W, headings: [&str; N]) -> Self {
        Self {
            out,
            widths: [0; N],
            buffered: vec![headings.map(sanitize)],
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: [&str; N]) -> io::Result<()> {
        self.buffered.push(cells.map(sanitize));
        if self.buffered.len() < BATCH_SIZE {
            return Ok(());
        }
        self.flush()
    }

    /// Writes the buffered rows.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        for cells in &self.buffered {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = cell.width().min(MAX_COLUMN_WIDTH).max(*width);
            }
        }
        let mut line = String::new();
        for cells in mem::take(&mut self.buffered) {
            line.clear();
            for (width, cell) in self.widths.iter().zip(&cells) {
                let padding = width.saturating_sub(cell.width());
                let _ = write!(line, "{cell}{:padding$}  ", "");
            }
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Makes `text` safe for a terminal. Characters that would move the cursor, change colours or change
/// the writing direction are replaced. So are zero-width characters, because two names could differ in
/// them and look the same. An empty cell becomes a dash.
fn sanitize(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    let shown = |c: char| match c.width() {
        Some(width) if width > 0 => c,
        _ if is_accent(c) => c,
        _ => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(shown).collect()
}

/// Whether `c` is an accent that combines with the letter before it.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table<const N: usize>(headings: [&str; N], rows: &[[&str; N]]) -> String {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, headings);
        for row in rows {
            table.row(*row).unwrap();
        }
        table.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn chinese_letters_take_two_columns() {
        assert_eq!(
            table(
                ["ID", "NAME", "PHONE"],
                &[["1", "陈涛", "1822199904"], ["3", "新耀分公司", ""]]
            ),
            "ID  NAME        PHONE\n\
             1   陈涛        1822199904\n\
             3   新耀分公司  -\n"
        );
    }

    #[test]
    fn a_cell_cannot_control_the_terminal() {
        let shown = table(["NAME"], &[["a\u{1b}[31m\nb\u{202e}c\u{200b}e\u{301}"]]);
        assert_eq!(
            shown,
            "NAME\na\u{fffd}[31m\u{fffd}b\u{fffd}c\u{fffd}e\u{301}\n"
        );
    }

    #[test]
    fn a_long_cell_does_not_widen_its_column() {
        let long = "x".repeat(100);
        let shown = table(["A", "B"], &[[&long, "1"], ["y", "2"]]);
        let last = shown.lines().last().unwrap();
        assert_eq!(last.len(), MAX_COLUMN_WIDTH + 3);
    }

    #[test]
    fn a_long_table_is_written_in_batches() {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, ["ID"]);
        for _ in 0..BATCH_SIZE {
            table.row(["1"]).unwrap();
        }
        drop(table);
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), BATCH_SIZE);
    }
}
