//! An error in a table, reported to the person who wrote the table.

use std::fmt;

/// An error that has to be corrected before anything is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line of the file, counted from 1; `None` when the error concerns the whole file.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl Mistake {
    /// A mistake on one line.
    pub(crate) fn at(line: u64, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::of_file(what, remedy)
        }
    }

    /// The mistake, with the `heading` of the column that it is in.
    pub(crate) fn in_column(mut self, heading: &str) -> Self {
        if !heading.is_empty() {
            self.what = format!("{} (column {})", self.what, heading.escape_debug());
        }
        self
    }

    /// A mistake of the whole file.
    pub(crate) fn of_file(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            line: None,
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}; {}", self.what, self.remedy)
    }
}
