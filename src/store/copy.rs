//! Copies a store into another, whatever their backends: all of it or nothing, and compared afterwards.

use super::StoreError;
use super::tables::{Checksum, TABLES, Table, TableReader, TableWriter};

/// How many rows are moved at once.
const BATCH_SIZE: u32 = 1000;

/// Why a store was not copied. The target is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The target has data, and may not lose it.
    #[error("the target already has {rows} row(s) in {table}")]
    NotEmpty {
        /// The first table with data.
        table: &'static str,
        /// How many rows it has.
        rows: u64,
    },
    /// What was written differs from what was read.
    #[error("the copy of {0} differs from the original, so nothing was kept of it")]
    Differs(&'static str),
    /// One of the stores failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What becomes of the data that the target has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// There must be none.
    Refuse,
    /// It is replaced, in the same commit.
    Replace,
}

/// Copies all tables from `source` to `target` and commits, once every table has the same rows by number and digest.
/// `progress` is called with the rows that are done, of how many. Returns the number of rows of each table.
///
/// # Errors
///
/// [`CopyError`]; then the target is unchanged.
pub async fn copy(
    source: &mut dyn TableReader,
    mut target: Box<dyn TableWriter>,
    existing: Existing,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<(&'static str, u64)>, CopyError> {
    let mut total = 0;
    for table in &TABLES {
        total += source.count(table).await?;
        let rows = target.count(table).await?;
        if existing == Existing::Refuse && rows > 0 && !table.is_never_empty() {
            let table = table.name;
            return Err(CopyError::NotEmpty { table, rows });
        }
        target.clear(table).await?;
    }
    let mut done = 0;
    let mut copied = Vec::new();
    for table in &TABLES {
        let mut read = Checksum::new();
        let mut after = None;
        loop {
            let rows = source.rows(table, after.as_ref(), BATCH_SIZE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.clone());
            read.add(&rows);
            done += rows.len() as u64;
            target.insert(table, rows).await?;
            progress(done, total);
        }
        let rows = read.rows();
        let written = checksum(target.as_mut(), table).await?;
        if !read.matches(written) {
            return Err(CopyError::Differs(table.name));
        }
        copied.push((table.name, rows));
    }
    target.commit().await?;
    Ok(copied)
}

/// Reads a whole table.
async fn checksum<R: TableReader + ?Sized>(
    reader: &mut R,
    table: &Table,
) -> Result<Checksum, StoreError> {
    let mut checksum = Checksum::new();
    let mut after = None;
    loop {
        let rows = reader.rows(table, after.as_ref(), BATCH_SIZE).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.clone());
        checksum.add(&rows);
    }
    Ok(checksum)
}

/// Reads every row of every table. Returns the number of rows of each.
///
/// # Errors
///
/// When a row cannot be read.
pub async fn read_all(
    reader: &mut dyn TableReader,
) -> Result<Vec<(&'static str, u64)>, StoreError> {
    let mut counted = Vec::new();
    for table in &TABLES {
        counted.push((table.name, checksum(reader, table).await?.rows()));
    }
    Ok(counted)
}
