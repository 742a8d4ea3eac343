//! The rows of a table, with the line on which each begins.

use csv::{ReaderBuilder, StringRecord, StringRecordsIntoIter};

use super::{cell, detect_separator};

/// A table: its headings, and the rows below them.
pub(crate) struct Table<'a> {
    /// The line of the headings, counted from 1.
    pub(crate) line: u64,
    /// The headings, as they are written.
    pub(crate) headings: StringRecord,
    /// The rows below the headings, without blank ones.
    pub(crate) rows: Rows<'a>,
}

impl<'a> Table<'a> {
    /// Reads the headings of `text`. `None` when it has no row at all.
    ///
    /// A title above the headings, which fills one cell, is skipped. A heading needs a second one beside
    /// it: a table says something about somebody.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let filled = |record: &StringRecord| record.iter().filter(|it| !is_blank(it)).count();
        let mut first = None;
        let mut rows = Rows::of(text);
        while let Some((line, record)) = rows.next() {
            if filled(&record) > 1 {
                return Some(Self {
                    line,
                    headings: record,
                    rows,
                });
            }
            first.get_or_insert((line, record));
        }
        // No row has two cells: the first one shows best what is wrong with the file.
        let (line, headings) = first?;
        Some(Self {
            line,
            headings,
            rows,
        })
    }
}

/// The cell at `index`, trimmed. Spreadsheets leave out the last cells of a row if they are empty.
pub(crate) fn cell_at(record: &StringRecord, index: usize) -> &str {
    cell::trim(record.get(index).unwrap_or_default())
}

fn is_blank(cell: &str) -> bool {
    cell::trim(cell).is_empty()
}

/// The rows that are not blank.
pub(crate) struct Rows<'a> {
    records: StringRecordsIntoIter<&'a [u8]>,
    lines: Lines<'a>,
}

impl<'a> Rows<'a> {
    fn of(text: &'a str) -> Self {
        let named = text.lines().next().and_then(named_separator);
        let first = text.lines().find(|line| line.contains([',', ';', '\t']));
        let separator = named.unwrap_or_else(|| detect_separator(first.unwrap_or_default()));
        let reader = ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut rows = Self {
            records: reader.into_records(),
            lines: Lines::new(text),
        };
        if named.is_some() {
            rows.record();
        }
        rows
    }

    fn record(&mut self) -> Option<(u64, StringRecord)> {
        // Reading cannot fail: the text is UTF-8, and rows may have any number of cells.
        let record = self.records.next()?.unwrap_or_default();
        Some((self.lines.of(&record), record))
    }
}

impl Iterator for Rows<'_> {
    type Item = (u64, StringRecord);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, record) = self.record()?;
            if !record.iter().all(is_blank) {
                return Some((line, record));
            }
        }
    }
}

/// The separator of a first line such as `sep=;`, which tells Excel how to open the file.
fn named_separator(line: &str) -> Option<u8> {
    let line = line.trim_matches(['"', '\r', '\u{feff}']);
    let (name, separator) = line.split_at_checked(4)?;
    match (name.eq_ignore_ascii_case("sep="), separator.as_bytes()) {
        (true, [separator @ (b',' | b';' | b'\t')]) => Some(*separator),
        _ => None,
    }
}

/// Counts lines. The line numbers of the `csv` crate are wrong after empty lines.
struct Lines<'a> {
    text: &'a [u8],
    position: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            position: 0,
            line: 1,
        }
    }

    /// The line on which `record` begins. Records must be passed in the order of the file.
    fn of(&mut self, record: &StringRecord) -> u64 {
        let begin = record.position().map_or(0, csv::Position::byte);
        let begin = usize::try_from(begin).unwrap_or(usize::MAX);
        while let Some(byte) = self.text.get(self.position)
            && (self.position < begin || matches!(byte, b'\r' | b'\n'))
        {
            let next = self.text.get(self.position + 1);
            self.line += u64::from(*byte == b'\n' || (*byte == b'\r' && next != Some(&b'\n')));
            self.position += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (u64, Vec<u64>) {
        let table = Table::read(text).unwrap();
        (table.line, table.rows.map(|(line, _)| line).collect())
    }

    #[test]
    fn the_headings_are_the_first_row_with_two_cells() {
        assert_eq!(read("id,username\n1,a\n\n,,\n2,b\n"), (1, vec![2, 5]));
        assert_eq!(read("账号表;;\n\n编号;账号\n1;a\n"), (3, vec![4]));
        assert_eq!(read("sep=;\r\n编号;账号\r\n1;a\r\n"), (2, vec![3]));
        assert_eq!(read("id\n1\n2\n"), (1, vec![]));
        assert!(Table::read(" \n,,\n").is_none());
    }

    #[test]
    fn a_missing_last_cell_is_empty() {
        let mut table = Table::read("a,b\n 1 \u{200b}\n").unwrap();
        let (_, row) = table.rows.next().unwrap();
        assert_eq!((cell_at(&row, 0), cell_at(&row, 1)), ("1", ""));
    }
}
