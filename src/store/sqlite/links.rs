//! Accounts in clients, in SQL.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::{Identity, Subject};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::column::{self, millis};
use crate::links::{
    ApplyOutcome, LinkChange, LinkConflict, LinkKey, PersonQuery, Tally, UniqueField, fold_case,
};
use crate::people::Link;
use crate::store::{Links, StoreError};

/// The columns that [`link`] reads, of the table alias `$of`.
macro_rules! link_columns {
    ($of:literal) => {
        concat!(
            $of,
            ".username, ",
            $of,
            ".email, ",
            $of,
            ".email_verified, ",
            $of,
            ".attributes"
        )
    };
}
pub(super) use link_columns;

/// The number of columns in `link_columns!`.
pub(super) const LINK_COLUMNS: usize = 4;

#[async_trait]
impl Links for SqliteStore {
    async fn link(&self, subject: &Subject, client: &ClientId) -> Result<Option<Link>, StoreError> {
        self.read("find a link", |sql| {
            let own = find(sql, subject.as_str(), client.as_str())?;
            let general = find(sql, subject.as_str(), "")?;
            Ok(Link::merged(own, general))
        })
    }

    async fn apply(
        &self,
        changes: Arc<[LinkChange]>,
        now: DateTime<Utc>,
    ) -> Result<ApplyOutcome, StoreError> {
        self.write("join accounts", move |sql| {
            in_savepoint(sql, || join(sql, &changes, now), true)
        })
        .await
    }

    async fn dry_run(&self, changes: Arc<[LinkChange]>) -> Result<ApplyOutcome, StoreError> {
        self.write("rehearse a join", move |sql| {
            in_savepoint(sql, || join(sql, &changes, DateTime::UNIX_EPOCH), false)
        })
        .await
    }

    async fn unlink(&self, link_key: &LinkKey) -> Result<bool, StoreError> {
        let link_key = link_key.clone();
        self.write("take a link away", move |sql| {
            Ok(remove(sql, &link_key)? == 1)
        })
        .await
    }

    async fn links_after(
        &self,
        link_key: Option<&LinkKey>,
        limit: u32,
    ) -> Result<Vec<(LinkKey, Link)>, StoreError> {
        self.read("list links", |sql| {
            let (subject, client) = link_key.map_or(("", ""), |link_key| {
                (link_key.subject.as_str(), link_key.client_column())
            });
            sql.prepare_cached(concat!(
                "SELECT ",
                link_columns!("l"),
                ", l.subject, l.client_id FROM links l
                 WHERE (l.subject, l.client_id) > (?1, ?2)
                 ORDER BY l.subject, l.client_id LIMIT ?3"
            ))?
            .query_map(params![subject, client, limit], |row| {
                let subject = column::subject(row, LINK_COLUMNS)?;
                let link_key = LinkKey::of(subject, row.get(LINK_COLUMNS + 1)?);
                Ok((link_key, link(row, 0)?.unwrap_or_default()))
            })?
            .collect()
        })
    }

    async fn find_people(&self, wanted: PersonQuery) -> Result<Vec<Identity>, StoreError> {
        self.read("look for people", |sql| {
            let mut found = Vec::new();
            let mut people = sql.prepare_cached("SELECT subject, name, phone FROM users")?;
            let mut rows = people.query([])?;
            while let Some(row) = rows.next()? {
                let subject = column::subject(row, 0)?;
                let name = row.get_ref(1)?.as_str_or_null()?;
                let phone = row.get_ref(2)?.as_str_or_null()?;
                if wanted.includes(&subject, name, phone) {
                    found.push(Identity {
                        subject,
                        name: name.map(str::to_owned),
                        phone: phone.map(str::to_owned),
                    });
                }
            }
            Ok(found)
        })
    }
}

/// Reads a person's account from two sets of `link_columns!`, which begin at column `first`: the link
/// for the client, then the link for all clients.
pub(super) fn links(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Link>> {
    Ok(Link::merged(
        link(row, first)?,
        link(row, first + LINK_COLUMNS)?,
    ))
}

/// Reads a link from `link_columns!`, which begin at column `first`. `None` when an outer join found
/// no link.
pub(super) fn link(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Link>> {
    let Some(email_verified) = row.get(first + 2)? else {
        return Ok(None);
    };
    let attributes = row.get_ref(first + 3)?.as_str()?;
    let attributes = serde_json::from_str(attributes)
        .map_err(|error| column::invalid_column(first + 3, error))?;
    Ok(Some(Link {
        username: row.get(first)?,
        email: row.get(first + 1)?,
        email_verified,
        attributes,
    }))
}

fn find(sql: &Connection, subject: &str, client: &str) -> rusqlite::Result<Option<Link>> {
    let found = sql
        .prepare_cached(concat!(
            "SELECT ",
            link_columns!("l"),
            " FROM links l WHERE l.subject = ?1 AND l.client_id = ?2"
        ))?
        .query_row([subject, client], |row| link(row, 0))
        .optional()?;
    Ok(found.flatten())
}

/// Runs `work` in a savepoint. Undoes it if `keep` is false or there was a conflict, without undoing
/// the other jobs in the transaction.
fn in_savepoint(
    sql: &Connection,
    work: impl FnOnce() -> rusqlite::Result<ApplyOutcome>,
    keep: bool,
) -> rusqlite::Result<ApplyOutcome> {
    sql.execute_batch("SAVEPOINT links")?;
    let joined = work()?;
    if !keep || matches!(joined, ApplyOutcome::Taken(_)) {
        sql.execute_batch("ROLLBACK TO links")?;
    }
    sql.execute_batch("RELEASE links")?;
    Ok(joined)
}

fn join(
    sql: &Connection,
    changes: &[LinkChange],
    now: DateTime<Utc>,
) -> rusqlite::Result<ApplyOutcome> {
    let mut tally = Tally::default();
    let mut changed = Vec::new();
    // The first pass releases the unique keys of all changing links, so that two people can swap. The
    // second pass computes each new link again instead of keeping it in memory: there may be very many.
    for (index, change) in changes.iter().enumerate() {
        let (before, after) = before_and_after(sql, change)?;
        tally.count(before.as_ref(), after.as_ref());
        if before == after {
            continue;
        }
        changed.push(index);
        if before.is_some() {
            release_keys(sql, &change.link_key)?;
        }
    }
    let mut conflicts = Vec::new();
    for &index in &changed {
        let link_key = &changes[index].link_key;
        let (_, Some(link)) = before_and_after(sql, &changes[index])? else {
            remove(sql, link_key)?;
            continue;
        };
        let conflicts_before = conflicts.len();
        let texts = [
            (UniqueField::Username, &link.username),
            (UniqueField::Email, &link.email),
        ];
        for (what, text) in texts {
            let Some(text) = text else { continue };
            if let Some(holder) = holder(sql, what, &fold_case(text), link_key)? {
                conflicts.push(LinkConflict {
                    change: index,
                    what,
                    holder,
                });
            }
        }
        if conflicts.len() == conflicts_before {
            upsert(sql, link_key, &link, now)?;
        }
    }
    // A person without a username is known to the client by their identifier, so no other person may
    // have that as username. Only after all changes is it certain who has no username.
    if conflicts.is_empty() {
        for index in changed {
            let Some(holder) = identifier_holder(sql, &changes[index].link_key)? else {
                continue;
            };
            conflicts.push(LinkConflict {
                change: index,
                what: UniqueField::Username,
                holder,
            });
        }
    }
    Ok(if conflicts.is_empty() {
        ApplyOutcome::Done(tally)
    } else {
        ApplyOutcome::Taken(conflicts)
    })
}

fn before_and_after(
    sql: &Connection,
    change: &LinkChange,
) -> rusqlite::Result<(Option<Link>, Option<Link>)> {
    let before = find(
        sql,
        change.link_key.subject.as_str(),
        change.link_key.client_column(),
    )?;
    let after = change.edit.applied_to(before.as_ref());
    Ok((before, after))
}

/// Clears the unique keys of a link, so that another link can have them.
fn release_keys(sql: &Connection, link_key: &LinkKey) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "UPDATE links SET username_key = NULL, email_key = NULL
          WHERE subject = ?1 AND client_id = ?2",
    )?
    .execute([link_key.subject.as_str(), link_key.client_column()])
    .map(drop)
}

/// The link of another person that already has `key`: in the same client, or in any client if one of
/// the two links is for all clients.
fn holder(
    sql: &Connection,
    what: UniqueField,
    key: &str,
    link_key: &LinkKey,
) -> rusqlite::Result<Option<LinkKey>> {
    /// The key is the first column of either index.
    macro_rules! holder_by {
        ($key:literal) => {
            concat!(
                "SELECT subject, client_id FROM links WHERE ",
                $key,
                " = ?1 AND subject <> ?2 AND (client_id IN (?3, '') OR ?3 = '') LIMIT 1"
            )
        };
    }
    sql.prepare_cached(match what {
        UniqueField::Username => holder_by!("username_key"),
        UniqueField::Email => holder_by!("email_key"),
    })?
    .query_row(
        [key, link_key.subject.as_str(), link_key.client_column()],
        |row| Ok(LinkKey::of(column::subject(row, 0)?, row.get(1)?)),
    )
    .optional()
}

/// The person whose identifier equals the username at `link_key`, and who has no username in that client.
/// The client knows that person by the identifier.
fn identifier_holder(sql: &Connection, link_key: &LinkKey) -> rusqlite::Result<Option<LinkKey>> {
    sql.prepare_cached(
        "SELECT u.subject FROM links l JOIN users u ON u.subject = l.username
          WHERE l.subject = ?1 AND l.client_id = ?2 AND u.subject <> ?1
            AND NOT EXISTS (SELECT 1 FROM links o WHERE o.subject = u.subject
                             AND o.username IS NOT NULL AND o.client_id IN (?2, ''))",
    )?
    .query_row(
        [link_key.subject.as_str(), link_key.client_column()],
        |row| {
            Ok(LinkKey {
                subject: column::subject(row, 0)?,
                client: link_key.client.clone(),
            })
        },
    )
    .optional()
}

fn upsert(
    sql: &Connection,
    link_key: &LinkKey,
    link: &Link,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let attributes = serde_json::to_string(&link.attributes)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    sql.prepare_cached(
        "INSERT OR REPLACE INTO links (subject, client_id, username, username_key, email,
                                       email_key, email_verified, attributes, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        link_key.subject.as_str(),
        link_key.client_column(),
        link.username,
        link.username.as_deref().map(fold_case),
        link.email,
        link.email.as_deref().map(fold_case),
        link.email_verified,
        attributes,
        millis(now),
    ])
    .map(drop)
}

fn remove(sql: &Connection, link_key: &LinkKey) -> rusqlite::Result<usize> {
    sql.prepare_cached("DELETE FROM links WHERE subject = ?1 AND client_id = ?2")?
        .execute([link_key.subject.as_str(), link_key.client_column()])
}
