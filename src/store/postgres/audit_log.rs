//! The audit log in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::PostgresStore;
use super::column::{digest, get, limit, millis, subject, time};
use super::connection::{Command, params};
use super::fault::Fault;
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

/// Reads the records that the filter `$2` to `$5` and `$person` select.
macro_rules! search {
    ($person:literal) => {
        concat!(
            "SELECT r.seq, r.at, r.event, r.pseudonym, p.subject, r.client_id, r.detail, r.block
               FROM audit_records r LEFT JOIN audit_people p ON p.pseudonym = r.pseudonym
              WHERE ",
            $person,
            " AND r.seq < $1 AND ($2 = '' OR r.client_id = $2) AND ($3 = '' OR r.event = $3)
              AND r.at >= $4 AND r.at < $5 ORDER BY r.seq DESC LIMIT $6"
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

/// Pseudonyms for people who have none. Of concurrent ones, the first counts.
const NEW_PSEUDONYMS: &str = "
    INSERT INTO audit_people (subject, pseudonym)
    SELECT * FROM unnest($1, $2) AS new (subject, pseudonym) ORDER BY subject
    ON CONFLICT DO NOTHING";

/// A statement of its own sees the pseudonyms of others too.
const NEW_RECORDS: &str = "
    INSERT INTO audit_records (at, event, pseudonym, client_id, detail)
    SELECT new.at, new.event, p.pseudonym, new.client_id, new.detail
      FROM unnest($1, $2, $3, $4, $5) WITH ORDINALITY
           AS new (at, event, subject, client_id, detail, place)
           LEFT JOIN audit_people p ON p.subject = new.subject
     ORDER BY new.place";

#[async_trait]
impl AuditLog for PostgresStore {
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), StoreError> {
        let records = &records;
        self.run("add to the audit log", |mut sql| async move {
            let person = |record: &NewRecord| record.person.as_ref().map(ToString::to_string);
            let new = records
                .iter()
                .filter_map(|record| Some((person(record)?, record.new_pseudonym.as_str())));
            let (people, pseudonyms): (Vec<String>, Vec<&str>) = new.unzip();
            let of_people = params![people, pseudonyms];
            let subjects: Vec<Option<String>> = records.iter().map(person).collect();
            let values = params![
                records.iter().map(|one| millis(one.at)).collect::<Vec<_>>(),
                records.iter().map(|one| one.event).collect::<Vec<_>>(),
                subjects.iter().map(Option::as_deref).collect::<Vec<_>>(),
                records
                    .iter()
                    .map(|one| one.client_id.as_deref())
                    .collect::<Vec<_>>(),
                records
                    .iter()
                    .map(|one| one.detail.as_str())
                    .collect::<Vec<_>>(),
            ];
            let commands: [Command<'_>; 3] = [
                ("BEGIN", &[]),
                (NEW_PSEUDONYMS, &of_people),
                (NEW_RECORDS, &values),
            ];
            sql.commit(&commands).await?;
            Ok(())
        })
        .await
    }

    async fn audit_records(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let select = match filter.person {
            Some(_) => {
                search!("r.pseudonym = (SELECT pseudonym FROM audit_people WHERE subject = $7)")
            }
            None => search!("$7 = ''"),
        };
        self.run("search the audit log", |mut sql| async move {
            let person = filter.person.as_ref().map_or("", |person| person.as_str());
            let parameters = params![
                before.unwrap_or(i64::MAX),
                filter.client_id.as_deref().unwrap_or_default(),
                filter.event.as_deref().unwrap_or_default(),
                filter.since.map_or(i64::MIN, millis),
                filter.until.map_or(i64::MAX, millis),
                limit(most),
                person,
            ];
            let rows = sql.query(select, &parameters).await?;
            rows.iter().map(record).collect()
        })
        .await
    }

    async fn unsealed_records(&self, most: u32) -> Result<Vec<Record>, StoreError> {
        self.run("read what is to be sealed", |mut sql| async move {
            let select = select_records!("r.block IS NULL ORDER BY r.seq LIMIT $1");
            let rows = sql.query(select, &params![limit(most)]).await?;
            rows.iter().map(record).collect()
        })
        .await
    }

    async fn last_block(&self) -> Result<Option<Block>, StoreError> {
        self.run(
            "read the last block of the audit log",
            |mut sql| async move {
                let select = select_blocks!("ORDER BY number DESC LIMIT 1");
                let row = sql.query_opt(select, &[]).await?;
                row.as_ref().map(block).transpose()
            },
        )
        .await
    }

    async fn blocks(&self, after: i64, most: u32) -> Result<Vec<Block>, StoreError> {
        self.run("read the blocks of the audit log", |mut sql| async move {
            let select = select_blocks!("WHERE number > $1 ORDER BY number LIMIT $2");
            let rows = sql.query(select, &params![after, limit(most)]).await?;
            rows.iter().map(block).collect()
        })
        .await
    }

    async fn records_of_block(&self, number: i64) -> Result<Vec<Record>, StoreError> {
        self.run("read a block of the audit log", |mut sql| async move {
            let select = select_records!("r.block = $1 ORDER BY r.seq");
            let rows = sql.query(select, &params![number]).await?;
            rows.iter().map(record).collect()
        })
        .await
    }

    async fn records_beyond(&self, last: i64) -> Result<i64, StoreError> {
        self.run("count records of unknown blocks", |mut sql| async move {
            let row = sql
                .query_opt(
                    "SELECT count(*) FROM audit_records WHERE block > $1",
                    &params![last],
                )
                .await?;
            row.as_ref().map_or(Ok(0), |row| get(row, 0))
        })
        .await
    }

    async fn seal(&self, new: NewBlock) -> Result<bool, StoreError> {
        self.run("seal the audit log", |mut sql| async move {
            let block = &new.block;
            let values = params![
                block.number,
                millis(block.sealed_at),
                millis(block.newest_at),
                block.records,
                block.digest.as_bytes().as_slice(),
                block.previous.as_bytes().as_slice(),
                block.hash.as_bytes().as_slice(),
            ];
            let range = params![new.first_seq, new.last_seq, block.number];
            let rows = sql
                .begin(&[
                    (
                        "INSERT INTO audit_blocks
                                (number, sealed_at, newest_at, records, digest, previous, hash, pruned)
                         SELECT $1, $2, $3, $4, $5, $6, $7, FALSE
                          WHERE (SELECT coalesce(max(number), 0) FROM audit_blocks) = $1 - 1
                         ON CONFLICT DO NOTHING RETURNING number",
                        &values,
                    ),
                    (
                        "UPDATE audit_records SET block = $3
                          WHERE block IS NULL AND seq BETWEEN $1 AND $2 RETURNING 1",
                        &range,
                    ),
                ])
                .await?;
            let sealed = i64::try_from(rows[1].len()).map_err(Fault::row)?;
            if rows[0].is_empty() || sealed != block.records {
                sql.rollback().await?;
                return Ok(false);
            }
            sql.commit(&[]).await?;
            Ok(true)
        })
        .await
    }

    async fn prune_block(&self, before: DateTime<Utc>) -> Result<bool, StoreError> {
        self.run("remove old audit records", |mut sql| async move {
            let found = sql
                .begin(&[(
                    "SELECT number FROM audit_blocks
                      WHERE number = (SELECT min(number) FROM audit_blocks WHERE NOT pruned)
                        AND newest_at < $1 FOR UPDATE",
                    &params![millis(before)],
                )])
                .await?;
            let Some(row) = found[0].first() else {
                sql.rollback().await?;
                return Ok(false);
            };
            let number = params![get::<i64>(row, 0)?];
            sql.commit(&[
                ("DELETE FROM audit_records WHERE block = $1", &number),
                ("DELETE FROM audit_blocks WHERE number < $1", &number),
                (
                    "UPDATE audit_blocks SET pruned = TRUE WHERE number = $1",
                    &number,
                ),
            ])
            .await?;
            Ok(true)
        })
        .await
    }
}

fn record(row: &Row) -> Result<Record, Fault> {
    let is_known = get::<Option<&str>>(row, 4)?.is_some();
    Ok(Record {
        seq: get(row, 0)?,
        at: time(row, 1)?,
        event: get(row, 2)?,
        pseudonym: get(row, 3)?,
        person: is_known.then(|| subject(row, 4)).transpose()?,
        client_id: get(row, 5)?,
        detail: get(row, 6)?,
        block: get(row, 7)?,
    })
}

fn block(row: &Row) -> Result<Block, Fault> {
    Ok(Block {
        number: get(row, 0)?,
        sealed_at: time(row, 1)?,
        newest_at: time(row, 2)?,
        records: get(row, 3)?,
        digest: digest(row, 4)?,
        previous: digest(row, 5)?,
        hash: digest(row, 6)?,
        is_pruned: get(row, 7)?,
    })
}
