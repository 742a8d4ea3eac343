//! A table written out, to be read back by [`super::Sheet`] or looked at in a spreadsheet.

use std::collections::BTreeSet;
use std::io::Write;

use csv::{Terminator, Writer, WriterBuilder};

use super::cell::{listed, protected};
use crate::links::Place;
use crate::people::{Attribute, Link};

/// The columns that every table has.
const COLUMNS: [&str; 5] = ["id", "client", "username", "email", "email_verified"];

/// What heads the columns of free attributes.
#[derive(Debug, Clone, Default)]
pub struct Headings(BTreeSet<String>);

impl Headings {
    /// Makes room for what `link` has.
    pub fn add(&mut self, link: &Link) {
        for (name, value) in &link.attributes {
            let heading = heading(name, value);
            if !self.0.contains(&heading) {
                self.0.insert(heading);
            }
        }
    }
}

/// A table on its way out.
pub struct Export<W: Write> {
    writer: Writer<W>,
    headings: Headings,
}

impl<W: Write> Export<W> {
    /// Writes the first line, after the mark by which spreadsheets know UTF-8.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn begin(mut out: W, headings: Headings) -> csv::Result<Self> {
        out.write_all("\u{feff}".as_bytes())?;
        let mut writer = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(out);
        let free = headings.0.iter().map(String::as_str);
        writer.write_record(COLUMNS.into_iter().chain(free))?;
        Ok(Self { writer, headings })
    }

    /// Writes a row. `false` when there is no column for one of its attributes: then it was not
    /// written.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn row(&mut self, place: &Place, link: &Link) -> csv::Result<bool> {
        let has_room =
            |(name, value): (&String, &Attribute)| self.headings.0.contains(&heading(name, value));
        if !link.attributes.iter().all(has_room) {
            return Ok(false);
        }
        let verified = match (&link.email, link.email_verified) {
            (None, _) => "",
            (_, true) => "true",
            (_, false) => "false",
        };
        let fixed = [
            place.subject.as_str(),
            place.client.as_deref().unwrap_or("*"),
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

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn end(mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

/// What heads the column of such an attribute.
fn heading(name: &str, value: &Attribute) -> String {
    match value {
        Attribute::One(_) => name.to_owned(),
        Attribute::Many(_) => format!("{name}[]"),
    }
}
