//! Writes links as a CSV table that [`super::Sheet`] reads back and a spreadsheet can open.

use std::collections::BTreeSet;
use std::io::Write;

use csv::{Terminator, Writer, WriterBuilder};

use super::cell::{listed, protected};
use crate::links::LinkKey;
use crate::people::{Attribute, Link};

/// The columns of every table.
pub(super) const COLUMNS: [&str; 5] = ["id", "client", "username", "email", "email_verified"];

/// The headings of the columns of free attributes.
#[derive(Debug, Clone, Default)]
pub struct Headings(BTreeSet<String>);

impl Headings {
    /// Adds a heading for each attribute of `link`.
    pub fn add(&mut self, link: &Link) {
        for (name, value) in &link.attributes {
            let heading = heading(name, value);
            if !self.0.contains(&heading) {
                self.0.insert(heading);
            }
        }
    }
}

/// A table that is being written.
pub struct Export<W: Write> {
    writer: Writer<W>,
    headings: Headings,
}

impl<W: Write> Export<W> {
    /// Writes the byte order mark, by which spreadsheets recognise UTF-8, and the line of headings.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn begin(mut out: W, headings: Headings) -> csv::Result<Self> {
        out.write_all("\u{feff}".as_bytes())?;
        let mut writer = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(out);
        let attributes = headings.0.iter().map(String::as_str);
        writer.write_record(COLUMNS.into_iter().chain(attributes))?;
        Ok(Self { writer, headings })
    }

    /// Writes a row. Returns `false`, and writes nothing, when one of the attributes has no column.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn row(&mut self, link_key: &LinkKey, link: &Link) -> csv::Result<bool> {
        let has_column =
            |(name, value): (&String, &Attribute)| self.headings.0.contains(&heading(name, value));
        if !link.attributes.iter().all(has_column) {
            return Ok(false);
        }
        let verified = match (&link.email, link.email_verified) {
            (None, _) => "",
            (_, true) => "true",
            (_, false) => "false",
        };
        let fixed = [
            link_key.subject.as_str(),
            link_key.client.as_deref().unwrap_or("*"),
            link.username.as_deref().unwrap_or_default(),
            link.email.as_deref().unwrap_or_default(),
            verified,
        ];
        for cell in fixed {
            self.writer.write_field(protected(cell).as_bytes())?;
        }
        for heading in &self.headings.0 {
            let name = heading.strip_suffix("[]");
            let cell = match (link.attributes.get(name.unwrap_or(heading)), name) {
                (Some(Attribute::One(text)), None) => text.clone(),
                (Some(Attribute::Many(list)), Some(_)) => listed(list),
                _ => String::new(),
            };
            self.writer.write_field(protected(&cell).as_bytes())?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(true)
    }

    /// Flushes what is still buffered.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn end(mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

/// The column heading of an attribute; a list has `[]` after its name.
fn heading(name: &str, value: &Attribute) -> String {
    match value {
        Attribute::One(_) => name.to_owned(),
        Attribute::Many(_) => format!("{name}[]"),
    }
}
