//! The tables of the store, the same in every backend, and their rows as a backup or a copy moves them.

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};

use super::StoreError;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of its columns, the first ones, are its primary key.
    pub(super) key: usize,
    pub(super) columns: &'static [(&'static str, Kind)],
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Boolean,
    Text,
    Blob,
}

/// The value of a column. Booleans are 0 and 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Null,
    /// A number, a time or a boolean.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A row, by the columns of its table.
pub(super) type Row = Vec<Value>;

/// Reads the tables as they were at one moment, whatever is written meanwhile.
#[async_trait]
pub trait TableReader: Send {
    /// How many rows a table has.
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError>;

    /// Up to `limit` rows whose key comes after that of `after`, in the order of the key.
    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError>;
}

/// Writes the tables in one transaction, and reads what it has written. Dropped without [`commit`](Self::commit),
/// it has changed nothing.
#[async_trait]
pub trait TableWriter: TableReader {
    /// Deletes all rows of a table.
    async fn clear(&mut self, table: &Table) -> Result<(), StoreError>;

    /// Inserts rows.
    async fn insert(&mut self, table: &Table, rows: Vec<Row>) -> Result<(), StoreError>;

    /// Makes it last.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// All tables with data. Not `locks`, whose rows mean nothing, nor the number of the schema.
pub(super) const TABLES: [Table; 17] = {
    use Kind::{Blob, Boolean, Integer, Text};
    [
        table(
            "signing_keys",
            1,
            &[
                ("kid", Text),
                ("alg", Text),
                ("sealed", Blob),
                ("created_at", Integer),
                ("signs_from", Integer),
                ("revoked_at", Integer),
            ],
        ),
        table(
            "users",
            1,
            &[
                ("subject", Text),
                ("name", Text),
                ("phone", Text),
                ("updated_at", Integer),
                ("listed_at", Integer),
                ("absent_since", Integer),
                ("left_at", Integer),
                ("forgotten_at", Integer),
            ],
        ),
        table(
            "people_history",
            2,
            &[
                ("subject", Text),
                ("seq", Integer),
                ("at", Integer),
                ("event", Text),
            ],
        ),
        table(
            "links",
            2,
            &[
                ("subject", Text),
                ("client_id", Text),
                ("username", Text),
                ("username_key", Text),
                ("email", Text),
                ("email_key", Text),
                ("email_verified", Boolean),
                ("attributes", Text),
                ("updated_at", Integer),
            ],
        ),
        table(
            "sessions",
            1,
            &[
                ("sid", Text),
                ("subject", Text),
                ("auth_time", Integer),
                ("expires_at", Integer),
                ("ticket", Blob),
                ("browser", Blob),
            ],
        ),
        table("session_clients", 2, &[("sid", Text), ("client_id", Text)]),
        table(
            "handles",
            1,
            &[("digest", Blob), ("sid", Text), ("expires_at", Integer)],
        ),
        table(
            "tickets",
            1,
            &[
                ("digest", Blob),
                ("browser", Blob),
                ("subject", Text),
                ("sid", Text),
                ("spent", Boolean),
                ("expires_at", Integer),
            ],
        ),
        table(
            "grants",
            1,
            &[
                ("id", Blob),
                ("client_id", Text),
                ("sid", Text),
                ("subject", Text),
                ("scope", Text),
                ("redirect_uri", Text),
                ("nonce", Text),
                ("challenge", Text),
                ("auth_time", Integer),
                ("code_expires_at", Integer),
                ("redeemed_at", Integer),
                ("revoked_at", Integer),
                ("expires_at", Integer),
                ("offline", Boolean),
                ("refreshable", Boolean),
                ("resources", Text),
                ("claims", Text),
                ("acr", Text),
            ],
        ),
        table(
            "refresh_families",
            1,
            &[
                ("family", Blob),
                ("grant_id", Blob),
                ("current", Blob),
                ("previous", Blob),
                ("rotated_at", Integer),
                ("expires_at", Integer),
            ],
        ),
        table("spent", 1, &[("name", Blob), ("expires_at", Integer)]),
        table(
            "logout_deliveries",
            2,
            &[
                ("sid", Text),
                ("client_id", Text),
                ("subject", Text),
                ("attempts", Integer),
                ("due_at", Integer),
                ("expires_at", Integer),
            ],
        ),
        table(
            "directory_changes",
            1,
            &[
                ("subject", Text),
                ("change", Text),
                ("name", Text),
                ("phone", Text),
            ],
        ),
        table(
            DIRECTORY,
            1,
            &[
                ("one", Integer),
                ("holder", Blob),
                ("leased_until", Integer),
                ("accepted_at", Integer),
                ("report", Text),
            ],
        ),
        table("audit_people", 1, &[("subject", Text), ("pseudonym", Text)]),
        table(
            "audit_records",
            1,
            &[
                ("seq", Integer),
                ("at", Integer),
                ("event", Text),
                ("pseudonym", Text),
                ("client_id", Text),
                ("detail", Text),
                ("block", Integer),
            ],
        ),
        table(
            "audit_blocks",
            1,
            &[
                ("number", Integer),
                ("sealed_at", Integer),
                ("newest_at", Integer),
                ("records", Integer),
                ("digest", Blob),
                ("previous", Blob),
                ("hash", Blob),
                ("pruned", Boolean),
            ],
        ),
    ]
};

/// The table with the report of the last reading of the directory. It has one row even in a new store.
const DIRECTORY: &str = "directory";

const fn table(name: &'static str, key: usize, columns: &'static [(&'static str, Kind)]) -> Table {
    Table { name, key, columns }
}

impl Table {
    /// The names of the columns, separated by commas.
    pub(super) fn column_list(&self) -> String {
        let names = self.columns.iter().map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(", ")
    }

    /// The names of the key's columns, separated by commas.
    pub(super) fn key_list(&self) -> String {
        let names = self.columns.iter().take(self.key).map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(", ")
    }

    /// Whether a new store has rows in it.
    pub(super) fn is_never_empty(&self) -> bool {
        self.name == DIRECTORY
    }
}

/// The rows of a table, to compare two copies: how many there are, and a digest of all.
#[derive(Clone)]
pub(super) struct Checksum {
    rows: u64,
    digest: Context,
}

impl Checksum {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            digest: Context::new(&SHA256),
        }
    }

    /// Adds the next rows in the order of the key.
    pub(super) fn add(&mut self, rows: &[Row]) {
        for row in rows {
            self.rows += 1;
            for value in row {
                match value {
                    Value::Null => self.add_value(0, &[]),
                    Value::Integer(number) => self.add_value(1, &number.to_be_bytes()),
                    Value::Text(text) => self.add_value(2, text.as_bytes()),
                    Value::Blob(bytes) => self.add_value(3, bytes),
                }
            }
        }
    }

    fn add_value(&mut self, kind: u8, bytes: &[u8]) {
        self.digest.update(&[kind]);
        self.digest.update(&bytes.len().to_be_bytes());
        self.digest.update(bytes);
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether `other` is of the same rows.
    pub(super) fn matches(self, other: Self) -> bool {
        self.rows == other.rows && self.digest.finish().as_ref() == other.digest.finish().as_ref()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// All tables and their columns, in the order of their names.
    pub(in crate::store) fn known() -> Vec<(String, Vec<String>)> {
        let tables = TABLES.iter().map(|table| {
            let columns = table.columns.iter().map(|(name, _)| (*name).to_owned());
            let mut columns: Vec<String> = columns.collect();
            columns.sort();
            (table.name.to_owned(), columns)
        });
        let mut tables: Vec<_> = tables.collect();
        tables.sort();
        tables
    }

    #[test]
    fn a_checksum_tells_rows_apart_whose_values_run_together() {
        let of = |rows: &[Row]| {
            let mut checksum = Checksum::new();
            checksum.add(rows);
            checksum
        };
        let text = |text: &str| Value::Text(text.to_owned());
        let row = vec![text("ab"), text("c")];
        let one = || of(std::slice::from_ref(&row));
        assert!(one().matches(one()));
        for other in [
            vec![text("a"), text("bc")],
            vec![text("ab"), Value::Blob(b"c".to_vec())],
            vec![text("ab"), Value::Null],
            vec![Value::Null, text("c")],
        ] {
            assert!(!one().matches(of(&[other])));
        }
        assert!(!one().matches(of(&[row.clone(), row.clone()])));
    }
}
