//! The tables of a database as a backup or a copy reads and writes them.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::backup::damage;
use super::fault::Fault;
use super::schema::{self, Opening};
use super::{Missing, SqliteStore, open_error};
use crate::store::StoreError;
use crate::store::tables::{Row, Table, TableReader, TableWriter, Value};

/// A transaction over the tables of a database.
struct Tables(Connection);

impl SqliteStore {
    /// Reads the tables of the database at `path`, which a provider may be using.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is not of this release.
    pub fn read_tables(path: &Path) -> Result<Box<dyn TableReader>, StoreError> {
        let opened = schema::open(path, Opening::Command(Missing::Refuse));
        let connection = opened.map_err(|error| open_error(error, path))?;
        let began = connection.execute_batch("BEGIN; SELECT 1 FROM users LIMIT 1");
        began.map_err(|error| Fault::from(error).during("read its tables"))?;
        Ok(Box::new(Tables(connection)))
    }

    /// Writes the tables of the database at `path`, which is made if it does not exist. A provider may be using it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is not of this release.
    pub fn write_tables(path: &Path) -> Result<Box<dyn TableWriter>, StoreError> {
        let opened = schema::open(path, Opening::Command(Missing::Create));
        let connection = opened.map_err(|error| open_error(error, path))?;
        let began = connection.execute_batch("BEGIN IMMEDIATE");
        began.map_err(|error| Fault::from(error).during("write its tables"))?;
        Ok(Box::new(Tables(connection)))
    }

    /// Makes the database at `path` one file, without a log beside it, and puts it on disk.
    ///
    /// # Errors
    ///
    /// When another process has it open, or the disk fails.
    pub fn close_file(path: &Path) -> Result<(), StoreError> {
        let closed = schema::connect(path).and_then(|connection| {
            connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
            Ok(())
        });
        closed.map_err(|error| open_error(error, path))
    }

    /// What SQLite finds wrong with the file at `path`: damaged pages, indexes that miss rows.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or read.
    pub fn integrity(path: &Path) -> Result<Vec<String>, StoreError> {
        let connection = schema::connect_to_read(path);
        let found = connection.and_then(|connection| Ok(damage(&connection)?));
        found.map_err(|error| open_error(error, path))
    }
}

#[async_trait]
impl TableReader for Tables {
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let count = self.0.query_row(&sql, [], |row| row.get::<_, i64>(0));
        let count = count.map_err(|error| Fault::from(error).during("count rows"))?;
        Ok(count.unsigned_abs())
    }

    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        rows(&self.0, table, after, limit).map_err(|error| Fault::from(error).during("read rows"))
    }
}

#[async_trait]
impl TableWriter for Tables {
    async fn clear(&mut self, table: &Table) -> Result<(), StoreError> {
        let cleared = self.0.execute(&format!("DELETE FROM {}", table.name), []);
        cleared
            .map(drop)
            .map_err(|error| Fault::from(error).during("delete rows"))
    }

    async fn insert(&mut self, table: &Table, rows: Vec<Row>) -> Result<(), StoreError> {
        let inserted = insert(&self.0, table, &rows);
        inserted.map_err(|error| Fault::from(error).during("write rows"))
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let committed = self.0.execute_batch("COMMIT");
        committed.map_err(|error| Fault::from(error).during("commit the rows"))
    }
}

fn rows(
    sql: &Connection,
    table: &Table,
    after: Option<&Row>,
    limit: u32,
) -> rusqlite::Result<Vec<Row>> {
    let key = table.key_list();
    let marks = vec!["?"; table.key].join(", ");
    let condition = match after {
        Some(_) => format!("WHERE ({key}) > ({marks})"),
        None => String::new(),
    };
    let columns = table.column_list();
    let select = format!(
        "SELECT {columns} FROM {} {condition} ORDER BY {key} LIMIT {limit}",
        table.name
    );
    let mut statement = sql.prepare_cached(&select)?;
    let parameters = after.into_iter().flat_map(|row| row.iter().take(table.key));
    let rows = statement.query_map(params_from_iter(parameters), |row| {
        (0..table.columns.len())
            .map(|column| {
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => Value::Integer(number),
                    ValueRef::Text(_) => Value::Text(row.get(column)?),
                    ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                    // No column holds fractions.
                    ValueRef::Real(_) => Value::Integer(row.get(column)?),
                })
            })
            .collect()
    })?;
    rows.collect()
}

fn insert(sql: &Connection, table: &Table, rows: &[Row]) -> rusqlite::Result<()> {
    let marks = vec!["?"; table.columns.len()].join(", ");
    let columns = table.column_list();
    let insert = format!("INSERT INTO {} ({columns}) VALUES ({marks})", table.name);
    let mut statement = sql.prepare_cached(&insert)?;
    for row in rows {
        statement.execute(params_from_iter(row))?;
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tables::tests::known;

    /// A table or column that a migration adds must be added to the list too, or backups would lack it.
    #[test]
    fn every_table_and_column_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let sql = schema::open(&folder.path().join("panda-oidc.db"), Opening::Provider).unwrap();
        let columns = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
                        WHERE t.type = 'table' AND NOT (t.name = 'grants' AND c.name = 'seq')
                        ORDER BY 1, 2";
        let mut statement = sql.prepare(columns).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let mut found: Vec<(String, Vec<String>)> = Vec::new();
        for row in rows.unwrap() {
            let (table, column): (String, String) = row.unwrap();
            match found.last_mut().filter(|(last, _)| *last == table) {
                Some((_, columns)) => columns.push(column),
                None => found.push((table, vec![column])),
            }
        }
        assert_eq!(found, known());
    }
}
