//! What is wrong with a table, for whoever wrote it.

use std::fmt;

/// Something that has to be put right before anything is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line of the file, from 1, where there is one to name.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl Mistake {
    /// One in a line.
    pub(crate) fn at(line: u64, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::of_file(what, remedy)
        }
    }

    /// One of the whole file.
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
