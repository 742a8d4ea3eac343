//! Parses the rows of a file.

use csv::StringRecord;
use panda_oidc_sdk::Subject;

use super::header::{Column, Columns};
use super::{MAX_BYTES, MAX_ROWS, Mistake, cell};
use crate::csv_text;
use crate::csv_text::table::{Table, cell_at};
use crate::links::Edit;
use crate::oauth::phone::e164;
use crate::people::{Attribute, parse_user_id};

/// A parsed table. Every row of it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The rows, without those that set nothing.
    pub rows: Vec<Row>,
    /// The columns that were read as free attributes, in their order.
    pub attributes: Vec<String>,
    /// Whether a column has usernames or addresses.
    pub names_accounts: bool,
    /// The heading of the number of the personnel office that was read as the username.
    pub employee_number: Option<String>,
    /// The lines that say who they are about, and set nothing.
    pub blank_lines: Vec<u64>,
    /// The lines for all clients because their cell in the column of clients is empty.
    pub lines_without_client: Vec<u64>,
}

/// One row: who has which account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The line of the file on which the row begins.
    pub line: u64,
    /// The person's identifier, if the row has it.
    pub subject: Option<Subject>,
    /// The person's telephone number, as it is written.
    pub phone: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// The client that the account is in; `None` means all clients.
    pub client: Option<String>,
    /// What the row sets in the link.
    pub edit: Edit,
}

impl Sheet {
    /// Reads a file. `client` applies to rows that name no client; `is_client` says whether a client
    /// is registered.
    ///
    /// # Errors
    ///
    /// Every mistake in the file.
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
        let text = csv_text::decode(bytes)
            .map_err(|error| vec![Mistake::of_file(error.to_string(), csv_text::REMEDY)])?;
        let Some(table) = Table::read(&text) else {
            return Err(vec![Mistake::of_file(
                "the file is empty",
                "begin it with a line of headings, such as id,username",
            )]);
        };
        let columns = Columns::read(&table.headings, table.line)?;
        let mut sheet = Self {
            rows: Vec::new(),
            attributes: columns.attributes(),
            names_accounts: columns.has(&Column::Username) || columns.has(&Column::Email),
            employee_number: columns.employee_number.clone(),
            blank_lines: Vec::new(),
            lines_without_client: Vec::new(),
        };
        let client_column = columns.all.iter().position(|it| *it == Column::Client);
        let mut mistakes = Vec::new();
        for (line, record) in table.rows {
            if sheet.rows.len() + mistakes.len() >= MAX_ROWS {
                mistakes.push(Mistake::at(
                    line,
                    format!("there are more than {MAX_ROWS} rows"),
                    "split the file, and import the parts one by one",
                ));
                break;
            }
            let reader = RowReader {
                line,
                client,
                is_client,
            };
            match reader.row(&columns, &record) {
                Ok(Some(row)) => {
                    let is_unnamed = |index| cell_at(&record, index).is_empty();
                    if client.is_none() && client_column.is_some_and(is_unnamed) {
                        sheet.lines_without_client.push(line);
                    }
                    sheet.rows.push(row);
                }
                Ok(None) => sheet.blank_lines.push(line),
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

/// Reads one row.
struct RowReader<'a> {
    line: u64,
    client: Option<&'a str>,
    is_client: &'a dyn Fn(&str) -> bool,
}

impl RowReader<'_> {
    /// The row; `None` when it sets nothing.
    fn row(&self, columns: &Columns, record: &StringRecord) -> Result<Option<Row>, Mistake> {
        let mut row = Row {
            line: self.line,
            client: self.client.map(str::to_owned),
            ..Row::default()
        };
        // Spreadsheets leave out the last cells of a row if they are empty.
        let without_heading = std::iter::repeat(&Column::Nothing);
        let columns_of_cells = columns.all.iter().chain(without_heading);
        for (index, (column, cell)) in columns_of_cells.zip(record).enumerate() {
            let heading = columns.headings.get(index).map_or("", String::as_str);
            let to_mistake = |error: cell::CellError| self.mistake(error.what, error.remedy);
            let text = cell::text(cell).map_err(to_mistake);
            let text = text.map_err(|mistake| mistake.in_column(heading))?;
            if !text.is_empty() {
                let set = self.set(&mut row, column, &text);
                set.map_err(|mistake| mistake.in_column(heading))?;
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

    fn set(&self, row: &mut Row, column: &Column, text: &str) -> Result<(), Mistake> {
        let to_mistake = |error: cell::CellError| self.mistake(error.what, error.remedy);
        match column {
            Column::Id => {
                let subject = parse_user_id(text).map_err(|error| {
                    let what = format!("{:?} {}", error.written, error.why);
                    self.mistake(what, error.remedy)
                })?;
                row.subject = Some(subject);
            }
            Column::Phone => row.phone = Some(cell::phone(text).map_err(to_mistake)?),
            Column::Name => row.name = Some(text.to_owned()),
            Column::Client => row.client = self.client(text)?,
            Column::Username => row.edit.username = Some(cell::username(text).map_err(to_mistake)?),
            Column::Email => row.edit.email = Some(cell::email(text).map_err(to_mistake)?),
            Column::EmailVerified => {
                row.edit.email_verified = cell::flag(text).map_err(to_mistake)?;
            }
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
