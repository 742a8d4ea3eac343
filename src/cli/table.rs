//! Tables for people: columns that stand under each other, whatever is written in them.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::mem;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How many rows are looked at together to find the widths: a long table comes out while it is made.
const TOGETHER: usize = 500;

/// The widest a cell may push its column; what is longer juts out.
const WIDEST: usize = 48;

/// A table on its way out.
pub(super) struct Table<W, const N: usize> {
    out: W,
    widths: [usize; N],
    waiting: Vec<[String; N]>,
}

impl<W: Write, const N: usize> Table<W, N> {
    /// Begins a table with its headings.
    pub(super) fn new(out: W, headings: [&str; N]) -> Self {
        Self {
            out,
            widths: [0; N],
            waiting: vec![headings.map(plain)],
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: [&str; N]) -> io::Result<()> {
        self.waiting.push(cells.map(plain));
        if self.waiting.len() < TOGETHER {
            return Ok(());
        }
        self.flush()
    }

    /// Writes what is left.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        for cells in &self.waiting {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = cell.width().min(WIDEST).max(*width);
            }
        }
        let mut line = String::new();
        for cells in mem::take(&mut self.waiting) {
            line.clear();
            for (width, cell) in self.widths.iter().zip(&cells) {
                let room = width.saturating_sub(cell.width());
                let _ = write!(line, "{cell}{:room$}  ", "");
            }
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `text` as a terminal may be given it: what would move the cursor, change colours or turn the
/// direction of writing is replaced, and so is what takes no room, behind which names could differ
/// unseen. A cell with nothing in it is a dash.
fn plain(text: &str) -> String {
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

/// What stands on the letter before it.
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
    fn nothing_in_a_cell_steers_the_terminal() {
        let shown = table(["NAME"], &[["a\u{1b}[31m\nb\u{202e}c\u{200b}e\u{301}"]]);
        assert_eq!(
            shown,
            "NAME\na\u{fffd}[31m\u{fffd}b\u{fffd}c\u{fffd}e\u{301}\n"
        );
    }

    #[test]
    fn a_long_cell_does_not_push_the_others_away() {
        let long = "x".repeat(100);
        let shown = table(["A", "B"], &[[&long, "1"], ["y", "2"]]);
        let last = shown.lines().last().unwrap();
        assert_eq!(last.len(), WIDEST + 3);
    }

    #[test]
    fn a_long_table_comes_out_while_it_is_made() {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, ["ID"]);
        for _ in 0..TOGETHER {
            table.row(["1"]).unwrap();
        }
        drop(table);
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), TOGETHER);
    }
}
