//! The tables of a database as a backup or a copy reads and writes them.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper as Client;
use deadpool_postgres::Object;
use tokio_postgres::types::{ToSql, Type};

use super::column::get;
use super::fault::Fault;
use super::{PostgresSettings, PostgresStore};
use crate::store::tables::{Kind, Row, Table, TableReader, TableWriter, Value};
use crate::store::{Missing, StoreError};

/// A transaction over the tables of a database. Its connection is not given back, so a transaction that was not
/// committed is undone.
struct Tables(Client);

impl PostgresStore {
    /// Reads the tables of the database, which providers may be using.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is not of this release.
    pub async fn read_tables(
        settings: &PostgresSettings,
    ) -> Result<Box<dyn TableReader>, StoreError> {
        let began = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let tables = Self::tables(settings, Missing::Refuse, began).await?;
        Ok(Box::new(tables))
    }

    /// Writes the tables of the database, which are made if they do not exist. Providers may be using it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is not of this release.
    pub async fn write_tables(
        settings: &PostgresSettings,
    ) -> Result<Box<dyn TableWriter>, StoreError> {
        let tables = Self::tables(settings, Missing::Create, "BEGIN").await?;
        Ok(Box::new(tables))
    }

    async fn tables(
        settings: &PostgresSettings,
        missing: Missing,
        begin: &str,
    ) -> Result<Tables, StoreError> {
        let store = Self::open_for_command(settings, missing).await?;
        let client = store
            .client()
            .await
            .map_err(|fault| fault.during("open its tables"))?;
        let began = client.batch_execute(begin).await;
        began.map_err(|error| Fault::from(error).during("open its tables"))?;
        Ok(Tables(Object::take(client)))
    }
}

#[async_trait]
impl TableReader for Tables {
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let counted = async {
            let rows = self.0.query_typed(&sql, &[]).await?;
            rows.first().map_or(Ok(0), |row| get::<i64>(row, 0))
        };
        let count = counted.await.map_err(|fault| fault.during("count rows"))?;
        Ok(count.unsigned_abs())
    }

    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        let read = rows(&self.0, table, after, limit).await;
        read.map_err(|fault| fault.during("read rows"))
    }
}

#[async_trait]
impl TableWriter for Tables {
    async fn clear(&mut self, table: &Table) -> Result<(), StoreError> {
        let cleared = self
            .0
            .batch_execute(&format!("DELETE FROM {}", table.name))
            .await;
        cleared.map_err(|error| Fault::from(error).during("delete rows"))
    }

    async fn insert(&mut self, table: &Table, rows: Vec<Row>) -> Result<(), StoreError> {
        let inserted = insert(&self.0, table, rows).await;
        inserted.map_err(|error| Fault::from(error).during("write rows"))
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let committed = self.0.batch_execute("COMMIT").await;
        committed.map_err(|error| Fault::from(error).during("commit the rows"))
    }
}

async fn rows(
    client: &Client,
    table: &Table,
    after: Option<&Row>,
    limit: u32,
) -> Result<Vec<Row>, Fault> {
    let key = table.key_list();
    let after: Vec<&Value> = after
        .map(|row| row.iter().take(table.key).collect())
        .unwrap_or_default();
    let marks: Vec<String> = (1..=after.len())
        .map(|number| format!("${number}"))
        .collect();
    let condition = if after.is_empty() {
        String::new()
    } else {
        format!("WHERE ({key}) > ({})", marks.join(", "))
    };
    let columns = table.column_list();
    let select = format!(
        "SELECT {columns} FROM {} {condition} ORDER BY {key} LIMIT {limit}",
        table.name
    );
    let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
        after.iter().map(|value| parameter(value)).collect();
    let rows = client.query_typed(&select, &parameters).await?;
    let read = rows.iter().map(|row| {
        let columns = table.columns.iter().enumerate();
        columns
            .map(|(column, (_, kind))| {
                let value = match kind {
                    Kind::Integer => get::<Option<i64>>(row, column)?.map(Value::Integer),
                    Kind::Boolean => {
                        let value = get::<Option<bool>>(row, column)?;
                        value.map(|value| Value::Integer(i64::from(value)))
                    }
                    Kind::Text => get::<Option<String>>(row, column)?.map(Value::Text),
                    Kind::Blob => get::<Option<Vec<u8>>>(row, column)?.map(Value::Blob),
                };
                Ok(value.unwrap_or(Value::Null))
            })
            .collect()
    });
    read.collect()
}

/// The parameter of a column of a key, which is never null or a boolean.
fn parameter(value: &Value) -> (&(dyn ToSql + Sync), Type) {
    const NULL: Option<&str> = None;
    match value {
        Value::Null => (&NULL, Type::TEXT),
        Value::Integer(number) => (number, Type::INT8),
        Value::Text(text) => (text, Type::TEXT),
        Value::Blob(bytes) => (bytes, Type::BYTEA),
    }
}

/// The values of a column, as an array of PostgreSQL.
enum Array {
    Integers(Vec<Option<i64>>),
    Booleans(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
    Blobs(Vec<Option<Vec<u8>>>),
}

impl Array {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Integer => Self::Integers(Vec::new()),
            Kind::Boolean => Self::Booleans(Vec::new()),
            Kind::Text => Self::Texts(Vec::new()),
            Kind::Blob => Self::Blobs(Vec::new()),
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Integers(numbers), Value::Integer(number)) => numbers.push(Some(number)),
            (Self::Booleans(booleans), Value::Integer(number)) => booleans.push(Some(number != 0)),
            (Self::Texts(texts), Value::Text(text)) => texts.push(Some(text)),
            (Self::Blobs(blobs), Value::Blob(bytes)) => blobs.push(Some(bytes)),
            // No value; and one of another type, which the comparison of the copies finds.
            (Self::Integers(numbers), _) => numbers.push(None),
            (Self::Booleans(booleans), _) => booleans.push(None),
            (Self::Texts(texts), _) => texts.push(None),
            (Self::Blobs(blobs), _) => blobs.push(None),
        }
    }

    fn parameter(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Integers(numbers) => (numbers, Type::INT8_ARRAY),
            Self::Booleans(booleans) => (booleans, Type::BOOL_ARRAY),
            Self::Texts(texts) => (texts, Type::TEXT_ARRAY),
            Self::Blobs(blobs) => (blobs, Type::BYTEA_ARRAY),
        }
    }
}

async fn insert(
    client: &Client,
    table: &Table,
    rows: Vec<Row>,
) -> Result<(), tokio_postgres::Error> {
    let mut arrays: Vec<Array> = table
        .columns
        .iter()
        .map(|(_, kind)| Array::of(*kind))
        .collect();
    for row in rows {
        for (array, value) in arrays.iter_mut().zip(row) {
            array.push(value);
        }
    }
    let marks: Vec<String> = (1..=arrays.len())
        .map(|number| format!("${number}"))
        .collect();
    let insert = format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({})",
        table.name,
        table.column_list(),
        marks.join(", ")
    );
    let parameters: Vec<_> = arrays.iter().map(Array::parameter).collect();
    client.query_typed(&insert, &parameters).await.map(drop)
}
