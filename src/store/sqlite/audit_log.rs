//! The audit log in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

use super::SqliteStore;
use super::column::{digest, millis, subject, time};
use crate::audit::{AuditFilter, Block, NewBlock, NewRecord, Record};
use crate::store::{AuditLog, StoreError};

/// Reads records `r` with `$rest`.
macro_rules! select_records {
    ($rest:literal) => {
        concat!(
            "SELECT r.seq, r.at, r.event, r.pseudonym, p.subject, r.client_id, r.detail, r.block
               FROM audit_records r LEFT JOIN audit_people p ON p.pseudonym = r.pseudonym
              WHERE ",
            $rest
        )
    };
}

/// Reads the records that the filter `?2` to `?5` and `$person` select.
macro_rules! search {
    ($person:literal) => {
        concat!(
            "SELECT r.seq, r.at, r.event, r.pseudonym, p.subject, r.client_id, r.detail, r.block
               FROM audit_records r LEFT JOIN audit_people p ON p.pseudonym = r.pseudonym
              WHERE ",
            $person,
            " AND r.seq < ?1 AND (?2 = '' OR r.client_id = ?2) AND (?3 = '' OR r.event = ?3)
              AND r.at >= ?4 AND r.at < ?5 ORDER BY r.seq DESC LIMIT ?6"
        )
    };
}

/// Reads blocks with `$rest`.
macro_rules! select_blocks {
    ($rest:literal) => {
        concat!(
            "SELECT number, sealed_at, newest_at, records, digest, previous, hash, pruned
               FROM audit_blocks ",
            $rest
        )
    };
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), StoreError> {
        self.write("add to the audit log", move |sql| {
            records.iter().try_for_each(|record| insert(sql, record))
        })
        .await
    }

    async fn audit_records(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let select = match filter.person {
            Some(_) => {
                search!("r.pseudonym = (SELECT pseudonym FROM audit_people WHERE subject = ?7)")
            }
            None => search!("?7 = ''"),
        };
        self.read("search the audit log", |sql| {
            let person = filter.person.as_ref().map_or("", |person| person.as_str());
            let parameters: [&dyn ToSql; 7] = [
                &before.unwrap_or(i64::MAX),
                &filter.client_id.as_deref().unwrap_or_default(),
                &filter.event.as_deref().unwrap_or_default(),
                &filter.since.map_or(i64::MIN, millis),
                &filter.until.map_or(i64::MAX, millis),
                &limit,
                &person,
            ];
            sql.prepare_cached(select)?
                .query_map(parameters, record)?
                .collect()
        })
    }

    async fn unsealed_records(&self, limit: u32) -> Result<Vec<Record>, StoreError> {
        self.read("read what is to be sealed", |sql| {
            sql.prepare_cached(select_records!("r.block IS NULL ORDER BY r.seq LIMIT ?1"))?
                .query_map([limit], record)?
                .collect()
        })
    }

    async fn last_block(&self) -> Result<Option<Block>, StoreError> {
        self.read("read the last block of the audit log", |sql| {
            sql.prepare_cached(select_blocks!("ORDER BY number DESC LIMIT 1"))?
                .query_row([], block)
                .optional()
        })
    }

    async fn blocks(&self, after: i64, limit: u32) -> Result<Vec<Block>, StoreError> {
        self.read("read the blocks of the audit log", |sql| {
            sql.prepare_cached(select_blocks!("WHERE number > ?1 ORDER BY number LIMIT ?2"))?
                .query_map(params![after, limit], block)?
                .collect()
        })
    }

    async fn records_of_block(&self, block: i64) -> Result<Vec<Record>, StoreError> {
        self.read("read a block of the audit log", |sql| {
            sql.prepare_cached(select_records!("r.block = ?1 ORDER BY r.seq"))?
                .query_map([block], record)?
                .collect()
        })
    }

    async fn records_beyond(&self, last: i64) -> Result<i64, StoreError> {
        self.read("count records of unknown blocks", |sql| {
            sql.prepare_cached("SELECT count(*) FROM audit_records WHERE block > ?1")?
                .query_row([last], |row| row.get(0))
        })
    }

    async fn seal(&self, new: NewBlock) -> Result<bool, StoreError> {
        self.write("seal the audit log", move |sql| seal(sql, &new))
            .await
    }

    async fn prune_block(&self, before: DateTime<Utc>) -> Result<bool, StoreError> {
        // Usually there is none. The check saves a commit.
        if self
            .read("look for audit records to remove", |sql| {
                oldest(sql, before)
            })?
            .is_none()
        {
            return Ok(false);
        }
        self.write("remove old audit records", move |sql| prune(sql, before))
            .await
    }
}

fn insert(sql: &Connection, record: &NewRecord) -> rusqlite::Result<()> {
    let pseudonym = record.person.as_ref().map(|person| {
        sql.prepare_cached(
            "INSERT INTO audit_people (subject, pseudonym) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute([person.as_str(), &record.new_pseudonym])?;
        sql.prepare_cached("SELECT pseudonym FROM audit_people WHERE subject = ?1")?
            .query_row([person.as_str()], |row| row.get::<_, String>(0))
    });
    sql.prepare_cached(
        "INSERT INTO audit_records (at, event, pseudonym, client_id, detail)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        millis(record.at),
        record.event,
        pseudonym.transpose()?,
        record.client_id,
        record.detail
    ])?;
    Ok(())
}

fn seal(sql: &Connection, new: &NewBlock) -> rusqlite::Result<bool> {
    let block = &new.block;
    let range = params![new.first_seq, new.last_seq];
    let unsealed: i64 = sql
        .prepare_cached(
            "SELECT count(*) FROM audit_records WHERE block IS NULL AND seq BETWEEN ?1 AND ?2",
        )?
        .query_row(range, |row| row.get(0))?;
    let last: i64 = sql
        .prepare_cached("SELECT coalesce(max(number), 0) FROM audit_blocks")?
        .query_row([], |row| row.get(0))?;
    if unsealed != block.records || last != block.number - 1 {
        return Ok(false);
    }
    sql.prepare_cached(
        "INSERT INTO audit_blocks (number, sealed_at, newest_at, records, digest, previous, hash, pruned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
    )?
    .execute(params![
        block.number,
        millis(block.sealed_at),
        millis(block.newest_at),
        block.records,
        block.digest.as_bytes(),
        block.previous.as_bytes(),
        block.hash.as_bytes()
    ])?;
    sql.prepare_cached(
        "UPDATE audit_records SET block = ?3 WHERE block IS NULL AND seq BETWEEN ?1 AND ?2",
    )?
    .execute(params![new.first_seq, new.last_seq, block.number])?;
    Ok(true)
}

/// The oldest block with records, if its newest record is from before `before`.
fn oldest(sql: &Connection, before: DateTime<Utc>) -> rusqlite::Result<Option<i64>> {
    sql.prepare_cached(
        "SELECT number FROM
                (SELECT number, newest_at FROM audit_blocks WHERE pruned = 0 ORDER BY number LIMIT 1)
          WHERE newest_at < ?1",
    )?
    .query_row([millis(before)], |row| row.get(0))
    .optional()
}

fn prune(sql: &Connection, before: DateTime<Utc>) -> rusqlite::Result<bool> {
    let Some(number) = oldest(sql, before)? else {
        return Ok(false);
    };
    for statement in [
        "DELETE FROM audit_records WHERE block = ?1",
        "DELETE FROM audit_blocks WHERE number < ?1",
        "UPDATE audit_blocks SET pruned = 1 WHERE number = ?1",
    ] {
        sql.prepare_cached(statement)?.execute([number])?;
    }
    Ok(true)
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let is_known = row.get::<_, Option<String>>(4)?.is_some();
    Ok(Record {
        seq: row.get(0)?,
        at: time(row, 1)?,
        event: row.get(2)?,
        pseudonym: row.get(3)?,
        person: is_known.then(|| subject(row, 4)).transpose()?,
        client_id: row.get(5)?,
        detail: row.get(6)?,
        block: row.get(7)?,
    })
}

fn block(row: &Row<'_>) -> rusqlite::Result<Block> {
    Ok(Block {
        number: row.get(0)?,
        sealed_at: time(row, 1)?,
        newest_at: time(row, 2)?,
        records: row.get(3)?,
        digest: digest(row, 4)?,
        previous: digest(row, 5)?,
        hash: digest(row, 6)?,
        is_pruned: row.get(7)?,
    })
}
