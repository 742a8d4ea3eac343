//! Reads the header line: what each column holds.

use std::collections::HashSet;

use csv::StringRecord;

use super::export::COLUMNS;
use super::{MAX_COLUMNS, Mistake, cell};
use crate::csv_text::heading::{self, Heading};

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Id,
    Phone,
    Name,
    Client,
    Username,
    Email,
    EmailVerified,
    /// A free attribute that is a single text.
    One(String),
    /// A free attribute that is a list.
    Many(String),
    /// A column without a heading; every row must leave it empty.
    Nothing,
}

/// The columns of a table.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The columns, in their order.
    pub(super) all: Vec<Column>,
    /// Their headings, as they are shown.
    pub(super) headings: Vec<String>,
    /// The heading of the number of the personnel office that was read as the username.
    pub(super) employee_number: Option<String>,
}

impl Columns {
    /// Whether one of the columns is `column`.
    pub(super) fn has(&self, column: &Column) -> bool {
        self.all.contains(column)
    }

    /// The columns that were read as free attributes, as their headings.
    pub(super) fn attributes(&self) -> Vec<String> {
        let named = self.all.iter().filter_map(|column| match column {
            Column::One(name) => Some(name.clone()),
            Column::Many(name) => Some(format!("{name}[]")),
            _ => None,
        });
        named.collect()
    }

    /// Reads the columns from the `headings` on `line`.
    pub(super) fn read(headings: &StringRecord, line: u64) -> Result<Self, Vec<Mistake>> {
        // An export has a column for every attribute that any link has.
        if headings.len() > MAX_COLUMNS && !is_export(headings) {
            let what = format!("there are more than {MAX_COLUMNS} columns");
            return Err(vec![Mistake::at(
                line,
                what,
                "leave out what is not needed",
            )]);
        }
        let context = Context::of(headings);
        let mut columns = Self::default();
        let mut mistakes = Vec::new();
        let mut seen = HashSet::new();
        for (index, heading) in headings.iter().enumerate() {
            match context.column(heading, index) {
                Ok(column) => {
                    if column != Column::Nothing && !seen.insert(column.clone()) {
                        let what = format!("two columns are headed {heading:?}, or mean the same");
                        mistakes.push(Mistake::at(line, what, "take one of them out"));
                    }
                    let is_employee_number = Heading::of(heading) == Some(Heading::EmployeeNumber);
                    if column == Column::Username && is_employee_number {
                        columns.employee_number = Some(heading::text(heading));
                    }
                    columns.all.push(column);
                    columns.headings.push(heading::text(heading));
                }
                Err(error) => mistakes.push(Mistake::at(line, error.what, error.remedy)),
            }
        }
        let has = |any: &[Column]| any.iter().any(|column| seen.contains(column));
        if !has(&[Column::Id, Column::Phone, Column::Name]) {
            mistakes.push(Mistake::at(
                line,
                "no column says who a row is about",
                "head one id, phone or name (编号, 电话, 姓名)",
            ));
        }
        let is_attribute = |column: &Column| matches!(column, Column::One(_) | Column::Many(_));
        if !has(&[Column::Username, Column::Email]) && !seen.iter().any(is_attribute) {
            mistakes.push(Mistake::at(
                line,
                "no column says which account a person has",
                "head one username or email (账号, 邮箱), or as the attribute that it holds",
            ));
        }
        if mistakes.is_empty() {
            Ok(columns)
        } else {
            Err(mistakes)
        }
    }
}

/// What the headings say about each other.
struct Context {
    /// `links export` wrote the table. Behind its own columns, a heading that means the same as one of
    /// them is an attribute's name.
    is_export: bool,
    /// A column is headed as the username.
    has_username: bool,
}

/// Whether the headings begin like those of `links export`.
fn is_export(headings: &StringRecord) -> bool {
    let begins = headings.iter().take(COLUMNS.len()).map(heading::text);
    begins.eq(COLUMNS.map(str::to_owned))
}

impl Context {
    fn of(headings: &StringRecord) -> Self {
        Self {
            is_export: is_export(headings),
            has_username: headings
                .iter()
                .any(|heading| Heading::of(heading) == Some(Heading::Username)),
        }
    }

    fn column(&self, written: &str, index: usize) -> Result<Column, cell::CellError> {
        let is_behind_export = self.is_export && index >= COLUMNS.len();
        let standard = match Heading::of(written) {
            Some(Heading::Phone) => Some(Column::Phone),
            Some(Heading::Name) => Some(Column::Name),
            _ if is_behind_export => None,
            Some(Heading::Id) => Some(Column::Id),
            Some(Heading::Client) => Some(Column::Client),
            Some(Heading::Username) => Some(Column::Username),
            Some(Heading::EmployeeNumber) if !self.has_username => Some(Column::Username),
            Some(Heading::Email) => Some(Column::Email),
            Some(Heading::EmailVerified) => Some(Column::EmailVerified),
            Some(Heading::EmployeeNumber | Heading::Group | Heading::Role | Heading::Note)
            | None => None,
        };
        if let Some(column) = standard {
            return Ok(column);
        }
        let heading = heading::text(written);
        if heading.is_empty() {
            return Ok(Column::Nothing);
        }
        match heading.strip_suffix("[]") {
            Some(name) => cell::attribute_name(name).map(Column::Many),
            None => cell::attribute_name(&heading).map(Column::One),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headings: &[&str]) -> Result<Vec<Column>, Vec<Mistake>> {
        Columns::read(&headings.to_vec().into(), 1).map(|columns| columns.all)
    }

    #[test]
    fn headings_are_chinese_or_english() {
        let columns = read(&["编号", "Username", " 邮箱 ", "sites[]", "部门", ""]).unwrap();
        let expected = [
            Column::Id,
            Column::Username,
            Column::Email,
            Column::Many("sites".to_owned()),
            Column::One("部门".to_owned()),
            Column::Nothing,
        ];
        assert_eq!(columns, expected);
        assert_eq!(read(&["ＩＤ", "账号"]).unwrap()[0], Column::Id);
    }

    #[test]
    fn bad_headings_are_reported() {
        for (headings, about) in [
            (&["username"][..], "who"),
            (&["id", "phone"], "account"),
            (&["id", "编号", "username"], "mean the same"),
            (&["id", "=cmd"], "=cmd"),
            (&["id,username"], "attribute"),
        ] {
            let mistakes = read(headings).unwrap_err();
            assert!(mistakes[0].to_string().contains(about), "{mistakes:?}");
        }
        assert_eq!(read(&["id"; 1000]).unwrap_err().len(), 1);
    }

    #[test]
    fn attributes_of_an_export_keep_their_names() {
        let mut headings = COLUMNS.to_vec();
        headings.extend(["工号", "login", "mail"]);
        let columns = read(&headings).unwrap();
        let attribute = |name: &str| Column::One(name.to_owned());
        assert_eq!(columns[5..], ["工号", "login", "mail"].map(attribute));
        let mistakes = read(&["id", "username", "login"]).unwrap_err();
        assert!(mistakes[0].what.contains("mean the same"), "{mistakes:?}");
    }
}
