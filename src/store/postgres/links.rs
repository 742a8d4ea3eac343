//! Accounts in clients, in SQL.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::{Identity, Subject};
use tokio_postgres::Row;

use super::PostgresStore;
use super::column::{self, get, limit, millis};
use super::connection::{Connection, params};
use super::fault::Fault;
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

/// People in one read of [`Links::find_people`].
const BATCH_SIZE: i64 = 5000;

#[async_trait]
impl Links for PostgresStore {
    async fn link(&self, subject: &Subject, client: &ClientId) -> Result<Option<Link>, StoreError> {
        self.run("find a link", |mut sql| async move {
            let own = params![subject.as_str(), client.as_str()];
            let general = params![subject.as_str(), ""];
            let rows = sql.pipeline(&[(FIND, &own), (FIND, &general)]).await?;
            Ok(Link::merged(first_link(&rows[0])?, first_link(&rows[1])?))
        })
        .await
    }

    async fn apply(
        &self,
        changes: Arc<[LinkChange]>,
        now: DateTime<Utc>,
    ) -> Result<ApplyOutcome, StoreError> {
        let changes = &changes;
        self.run("join accounts", |mut sql| async move {
            let outcome = join(&mut sql, changes, now).await?;
            match outcome {
                ApplyOutcome::Done(_) => sql.commit(&[]).await.map(drop)?,
                ApplyOutcome::Taken(_) => sql.rollback().await?,
            }
            Ok(outcome)
        })
        .await
    }

    async fn dry_run(&self, changes: Arc<[LinkChange]>) -> Result<ApplyOutcome, StoreError> {
        let changes = &changes;
        self.run("rehearse a join", |mut sql| async move {
            let outcome = join(&mut sql, changes, DateTime::UNIX_EPOCH).await?;
            sql.rollback().await?;
            Ok(outcome)
        })
        .await
    }

    async fn unlink(&self, link_key: &LinkKey) -> Result<bool, StoreError> {
        self.run("take a link away", |mut sql| async move {
            let parameters = params![link_key.subject.as_str(), link_key.client_column()];
            Ok(sql.query_opt(REMOVE, &parameters).await?.is_some())
        })
        .await
    }

    async fn links_after(
        &self,
        link_key: Option<&LinkKey>,
        most: u32,
    ) -> Result<Vec<(LinkKey, Link)>, StoreError> {
        let (subject, client) = link_key.map_or(("", ""), |link_key| {
            (link_key.subject.as_str(), link_key.client_column())
        });
        self.run("list links", |mut sql| async move {
            let rows = sql
                .query(
                    concat!(
                        "SELECT ",
                        link_columns!("l"),
                        ", l.subject, l.client_id FROM links l
                         WHERE (l.subject, l.client_id) > ($1, $2)
                         ORDER BY l.subject, l.client_id LIMIT $3"
                    ),
                    &params![subject, client, limit(most)],
                )
                .await?;
            let links = rows.iter().map(|row| {
                let link_key = LinkKey::of(
                    column::subject(row, LINK_COLUMNS)?,
                    get(row, LINK_COLUMNS + 1)?,
                );
                Ok((link_key, link(row, 0)?.unwrap_or_default()))
            });
            links.collect()
        })
        .await
    }

    async fn find_people(&self, wanted: PersonQuery) -> Result<Vec<Identity>, StoreError> {
        let wanted = &wanted;
        self.run("look for people", |mut sql| async move {
            let mut found = Vec::new();
            let mut after = String::new();
            loop {
                let rows = sql
                    .query(
                        "SELECT subject, name, phone FROM users
                          WHERE subject > $1 ORDER BY subject LIMIT $2",
                        &params![after, BATCH_SIZE],
                    )
                    .await?;
                for row in &rows {
                    let subject = column::subject(row, 0)?;
                    let (name, phone) =
                        (get::<Option<&str>>(row, 1)?, get::<Option<&str>>(row, 2)?);
                    if wanted.includes(&subject, name, phone) {
                        found.push(Identity {
                            subject,
                            name: name.map(str::to_owned),
                            phone: phone.map(str::to_owned),
                        });
                    }
                }
                match rows.last() {
                    Some(last) => after = get(last, 0)?,
                    None => return Ok(found),
                }
            }
        })
        .await
    }
}

/// Reads a person's account from two sets of `link_columns!`, which begin at column `first`: the link
/// for the client, then the link for all clients.
pub(super) fn links(row: &Row, first: usize) -> Result<Option<Link>, Fault> {
    Ok(Link::merged(
        link(row, first)?,
        link(row, first + LINK_COLUMNS)?,
    ))
}

/// Reads a link from `link_columns!`, which begin at column `first`. `None` when an outer join found
/// no link.
pub(super) fn link(row: &Row, first: usize) -> Result<Option<Link>, Fault> {
    let Some(email_verified) = get(row, first + 2)? else {
        return Ok(None);
    };
    Ok(Some(Link {
        username: get(row, first)?,
        email: get(row, first + 1)?,
        email_verified,
        attributes: serde_json::from_str(get(row, first + 3)?).map_err(Fault::row)?,
    }))
}

fn first_link(rows: &[Row]) -> Result<Option<Link>, Fault> {
    let link = rows.first().map(|row| link(row, 0)).transpose()?;
    Ok(link.flatten())
}

const FIND: &str = concat!(
    "SELECT ",
    link_columns!("l"),
    " FROM links l WHERE l.subject = $1 AND l.client_id = $2"
);

const REMOVE: &str = "DELETE FROM links WHERE subject = $1 AND client_id = $2 RETURNING 1";

/// Joins accounts in a transaction, which it leaves open. One process joins at a time.
async fn join(
    sql: &mut Connection,
    changes: &[LinkChange],
    now: DateTime<Utc>,
) -> Result<ApplyOutcome, Fault> {
    sql.begin(&[("SELECT id FROM locks WHERE id = 0 FOR UPDATE", &[])])
        .await?;
    let mut tally = Tally::default();
    let mut changed = Vec::new();
    // The first pass releases the unique keys of all changing links, so that two people can swap. The
    // second pass computes each new link again instead of keeping it in memory: there may be very many.
    for (index, change) in changes.iter().enumerate() {
        let (before, after) = before_and_after(sql, change).await?;
        tally.count(before.as_ref(), after.as_ref());
        if before == after {
            continue;
        }
        changed.push(index);
        if before.is_some() {
            release_keys(sql, &change.link_key).await?;
        }
    }
    let mut conflicts = Vec::new();
    for &index in &changed {
        let link_key = &changes[index].link_key;
        let (_, Some(link)) = before_and_after(sql, &changes[index]).await? else {
            let parameters = params![link_key.subject.as_str(), link_key.client_column()];
            sql.query(REMOVE, &parameters).await?;
            continue;
        };
        let conflicts_before = conflicts.len();
        let texts = [
            (UniqueField::Username, &link.username),
            (UniqueField::Email, &link.email),
        ];
        for (what, text) in texts {
            let Some(text) = text else { continue };
            if let Some(holder) = holder(sql, what, &fold_case(text), link_key).await? {
                conflicts.push(LinkConflict {
                    change: index,
                    what,
                    holder,
                });
            }
        }
        if conflicts.len() == conflicts_before {
            upsert(sql, link_key, &link, now).await?;
        }
    }
    // A person without a username is known to the client by their identifier, so no other person may
    // have that as username. Only after all changes is it certain who has no username.
    if conflicts.is_empty() {
        for index in changed {
            let Some(holder) = identifier_holder(sql, &changes[index].link_key).await? else {
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

async fn before_and_after(
    sql: &mut Connection,
    change: &LinkChange,
) -> Result<(Option<Link>, Option<Link>), Fault> {
    let link_key = &change.link_key;
    let parameters = params![link_key.subject.as_str(), link_key.client_column()];
    let before = first_link(&sql.query(FIND, &parameters).await?)?;
    let after = change.edit.applied_to(before.as_ref());
    Ok((before, after))
}

/// Clears the unique keys of a link, so that another link can have them.
async fn release_keys(sql: &mut Connection, link_key: &LinkKey) -> Result<(), Fault> {
    sql.query(
        "UPDATE links SET username_key = NULL, email_key = NULL
          WHERE subject = $1 AND client_id = $2",
        &params![link_key.subject.as_str(), link_key.client_column()],
    )
    .await
    .map(drop)
}

/// The link of another person that already has `key`: in the same client, or in any client if one of
/// the two links is for all clients.
async fn holder(
    sql: &mut Connection,
    what: UniqueField,
    key: &str,
    link_key: &LinkKey,
) -> Result<Option<LinkKey>, Fault> {
    /// The key is the first column of either index.
    macro_rules! holder_by {
        ($key:literal) => {
            concat!(
                "SELECT subject, client_id FROM links WHERE ",
                $key,
                " = $1 AND subject <> $2 AND (client_id IN ($3, '') OR $3 = '') LIMIT 1"
            )
        };
    }
    let row = sql
        .query_opt(
            match what {
                UniqueField::Username => holder_by!("username_key"),
                UniqueField::Email => holder_by!("email_key"),
            },
            &params![key, link_key.subject.as_str(), link_key.client_column()],
        )
        .await?;
    row.map(|row| Ok(LinkKey::of(column::subject(&row, 0)?, get(&row, 1)?)))
        .transpose()
}

/// The person whose identifier equals the username at `link_key`, and who has no username in that client.
/// The client knows that person by the identifier.
async fn identifier_holder(
    sql: &mut Connection,
    link_key: &LinkKey,
) -> Result<Option<LinkKey>, Fault> {
    let row = sql
        .query_opt(
            "SELECT u.subject FROM links l JOIN users u ON u.subject = l.username
              WHERE l.subject = $1 AND l.client_id = $2 AND u.subject <> $1
                AND NOT EXISTS (SELECT 1 FROM links o WHERE o.subject = u.subject
                                 AND o.username IS NOT NULL AND o.client_id IN ($2, ''))",
            &params![link_key.subject.as_str(), link_key.client_column()],
        )
        .await?;
    row.map(|row| {
        Ok(LinkKey {
            subject: column::subject(&row, 0)?,
            client: link_key.client.clone(),
        })
    })
    .transpose()
}

async fn upsert(
    sql: &mut Connection,
    link_key: &LinkKey,
    link: &Link,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    let attributes = serde_json::to_string(&link.attributes).map_err(Fault::row)?;
    sql.query(
        "INSERT INTO links (subject, client_id, username, username_key, email, email_key,
                            email_verified, attributes, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (subject, client_id) DO UPDATE SET
             username = excluded.username, username_key = excluded.username_key,
             email = excluded.email, email_key = excluded.email_key,
             email_verified = excluded.email_verified, attributes = excluded.attributes,
             updated_at = excluded.updated_at",
        &params![
            link_key.subject.as_str(),
            link_key.client_column(),
            link.username,
            link.username.as_deref().map(fold_case),
            link.email,
            link.email.as_deref().map(fold_case),
            link.email_verified,
            attributes,
            millis(now),
        ],
    )
    .await
    .map(drop)
}
