//! The rows of a file.

use csv::{ReaderBuilder, StringRecord};
use panda_oidc_sdk::Subject;

use super::header::{self, Column};
use super::{MAX_BYTES, MAX_ROWS, Mistake, cell};
use crate::csv_text;
use crate::links::Edit;
use crate::oauth::phone::e164;
use crate::people::{Attribute, id_of};

/// A table that has been read: every row of it can be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its rows, but for those with nothing in them.
    pub rows: Vec<Row>,
    /// The columns that were taken for free attributes, in their order.
    pub attributes: Vec<String>,
}

/// One row: who has which account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Where it stands in the file.
    pub line: u64,
    /// Whose it is, if that is said outright.
    pub subject: Option<Subject>,
    /// Their telephone number, as it is written.
    pub phone: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// The client it is an account in; `None` is all of them.
    pub client: Option<String>,
    /// What is said of the account.
    pub edit: Edit,
}

impl Sheet {
    /// Reads a file. A row that names no client, or has no column for it, is about `client`;
    /// `is_client` knows which there are.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn read(
        bytes: &[u8],
        client: Option<&str>,
        is_client: &dyn Fn(&str) -> bool,
    ) -> Result<Self, Vec<Mistake>> {
        if bytes.len() > MAX_BYTES {
            return Err(vec![Mistake::of_file(
                format!("the file is larger than {} MiB", MAX_BYTES >> 20),
                "split it, and import the parts one by one",
            )]);
        }
        let text = csv_text::text(bytes)
            .map_err(|error| vec![Mistake::of_file(error.to_string(), csv_text::REMEDY)])?;
        let first = text.lines().find(|line| !line.trim().is_empty());
        let mut reader = ReaderBuilder::new()
            .delimiter(csv_text::separator(first.unwrap_or_default()))
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut lines = Lines::new(&text);
        let mut records = reader.records().map(|record| {
            // The text is UTF-8 and rows may be of any length: nothing is left to fail.
            let record = record.unwrap_or_default();
            let line = lines.of(&record);
            (line, record)
        });
        let headings = records.find(|(_, record)| !is_blank(record));
        let Some((line, headings)) = headings else {
            return Err(vec![Mistake::of_file(
                "the file is empty",
                "begin it with a line of headings, such as id,username",
            )]);
        };
        let columns = header::columns(headings.iter(), line)?;
        let mut sheet = Self {
            rows: Vec::new(),
            attributes: attributes(&columns),
        };
        let mut mistakes = Vec::new();
        for (line, record) in records.filter(|(_, record)| !is_blank(record)) {
            if sheet.rows.len() + mistakes.len() >= MAX_ROWS {
                mistakes.push(Mistake::at(
                    line,
                    format!("there are more than {MAX_ROWS} rows"),
                    "split the file, and import the parts one by one",
                ));
                break;
            }
            let read = Reading {
                line,
                client,
                is_client,
            };
            match read.row(&columns, &record) {
                Ok(row) => sheet.rows.extend(row),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() {
            Ok(sheet)
        } else {
            Err(mistakes)
        }
    }
}

fn is_blank(record: &StringRecord) -> bool {
    record.iter().all(|cell| cell.trim().is_empty())
}

fn attributes(columns: &[Column]) -> Vec<String> {
    let named = columns.iter().filter_map(|column| match column {
        Column::One(name) => Some(name.clone()),
        Column::Many(name) => Some(format!("{name}[]")),
        _ => None,
    });
    named.collect()
}

/// How one row is read.
struct Reading<'a> {
    line: u64,
    client: Option<&'a str>,
    is_client: &'a dyn Fn(&str) -> bool,
}

impl Reading<'_> {
    /// The row; `None` when it says nothing of an account.
    fn row(&self, columns: &[Column], record: &StringRecord) -> Result<Option<Row>, Mistake> {
        if record.len() < columns.len() {
            let (has, wants) = (record.len(), columns.len());
            return Err(self.mistake(
                format!("the row has {has} cells, the first line {wants}"),
                "separate the cells as in the first line, and quote those that hold the separator",
            ));
        }
        let mut row = Row {
            line: self.line,
            client: self.client.map(str::to_owned),
            ..Row::default()
        };
        let beyond = std::iter::repeat(&Column::Nothing);
        for (column, cell) in columns.iter().chain(beyond).zip(record) {
            let refused = |error: cell::CellError| self.mistake(error.what, error.remedy);
            let text = cell::text(cell).map_err(refused)?;
            if !text.is_empty() {
                self.put(&mut row, column, &text)?;
            }
        }
        if row.edit == Edit::default() {
            return Ok(None);
        }
        if row.subject.is_none() && row.phone.is_none() && row.name.is_none() {
            return Err(self.mistake(
                "the row does not say who it is about",
                "write an id, or a telephone number or name to look for",
            ));
        }
        if row.edit.email_verified == Some(true) && row.edit.email.is_none() {
            return Err(self.mistake(
                "it vouches for an address, and has none",
                "write the address beside it",
            ));
        }
        Ok(Some(row))
    }

    fn put(&self, row: &mut Row, column: &Column, text: &str) -> Result<(), Mistake> {
        let refused = |error: cell::CellError| self.mistake(error.what, error.remedy);
        match column {
            Column::Id => {
                let subject = id_of(text).and_then(|id| Subject::new(id).ok());
                let subject = subject.ok_or_else(|| {
                    self.mistake(
                        format!("{text:?} is not an ID of the portal"),
                        "write the id as GetUsers lists it, in a column formatted as text",
                    )
                })?;
                row.subject = Some(subject);
            }
            Column::Phone => row.phone = Some(text.to_owned()),
            Column::Name => row.name = Some(text.to_owned()),
            Column::Client => row.client = self.client(text)?,
            Column::Username => row.edit.username = Some(cell::username(text).map_err(refused)?),
            Column::Email => row.edit.email = Some(cell::email(text).map_err(refused)?),
            Column::EmailVerified => row.edit.email_verified = cell::flag(text).map_err(refused)?,
            Column::One(name) => self.attribute(row, name, Attribute::One(text.to_owned()))?,
            Column::Many(name) => self.attribute(row, name, Attribute::Many(cell::list(text)))?,
            Column::Nothing => {
                return Err(self.mistake(
                    format!("{text:?} stands in a column without a heading"),
                    "give the column one, or quote a cell that holds the separator",
                ));
            }
        }
        Ok(())
    }

    fn client(&self, text: &str) -> Result<Option<String>, Mistake> {
        if text == "*" {
            return Ok(None);
        }
        if !(self.is_client)(text) {
            return Err(self.mistake(
                format!("no client is registered as {text:?}"),
                "write a client_id of the configuration, or * for all clients",
            ));
        }
        Ok(Some(text.to_owned()))
    }

    fn attribute(&self, row: &mut Row, name: &str, value: Attribute) -> Result<(), Mistake> {
        match row.edit.attributes.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(self.mistake(
                format!("it has both {name:?} and {name:?}[]"),
                "leave one of them empty: an attribute is one text or a list",
            )),
        }
    }

    fn mistake(&self, what: impl Into<String>, remedy: &str) -> Mistake {
        Mistake::at(self.line, what, remedy)
    }
}

impl Row {
    /// The telephone number to look for.
    pub(super) fn e164(&self) -> Option<String> {
        self.phone.as_deref().and_then(e164)
    }
}

/// The numbers of lines. The parser's own are off where there are empty lines.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line on which `record` begins; records come in their order.
    fn of(&mut self, record: &StringRecord) -> u64 {
        let begin = record.position().map_or(0, csv::Position::byte);
        let begin = usize::try_from(begin).unwrap_or(usize::MAX);
        while let Some(byte) = self.text.get(self.at)
            && (self.at < begin || matches!(byte, b'\r' | b'\n'))
        {
            let next = self.text.get(self.at + 1);
            self.line += u64::from(*byte == b'\n' || (*byte == b'\r' && next != Some(&b'\n')));
            self.at += 1;
        }
        self.line
    }
}
