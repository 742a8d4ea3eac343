//! The tables: creating, recognizing and migrating them.

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::connection::params;
use super::fault::Fault;
use super::{PostgresSettings, PostgresStore, retried};
use crate::store::{Missing, StoreError};

/// A migration.
struct Migration {
    /// The schema that it leads to.
    version: i64,
    /// The oldest schema whose programs work with that one.
    oldest: i64,
    sql: &'static str,
}

/// The migrations from an empty database to the current schema. A released migration is never changed; a change
/// is a new migration. While replicas are replaced one by one, those of the release before still run: a migration
/// only adds what they do not notice, and `oldest` says so.
const MIGRATIONS: [Migration; 2] = [
    Migration {
        version: 1,
        oldest: 1,
        sql: include_str!("migrations/0001_begin.sql"),
    },
    Migration {
        version: 2,
        oldest: 1,
        sql: include_str!("migrations/0002_admin_tokens.sql"),
    },
];

/// The schema of this program.
pub(super) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// The schema of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// Its number; 0 if there are no tables yet.
    pub(super) found: i64,
    /// The oldest schema whose programs work with it.
    oldest: i64,
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// There are no tables yet, and the command does not create them.
    #[error(
        "the database {0} has no tables of panda-oidc, so there is nothing in it to read or change; see \
         whether store.url is the one that the provider uses. `serve` makes them at its first start"
    )]
    Absent(String),
    /// An earlier release has made the tables, and the command does not migrate them.
    #[error(
        "the database {location} is of an older panda-oidc (schema {found}, this one knows {KNOWN}), and \
         only `serve` migrates it; back it up and restart the provider with this release first"
    )]
    Older {
        /// The database.
        location: String,
        /// Its schema.
        found: i64,
    },
    /// A newer release has made the tables.
    #[error(
        "the database {location} is of a newer panda-oidc (schema {found}, this one knows {KNOWN}); run that \
         release, or restore the backup from before the upgrade"
    )]
    Newer {
        /// The database.
        location: String,
        /// Its schema.
        found: i64,
    },
}

impl PostgresStore {
    /// Connects to the database, creates the tables if there are none, and migrates them.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or a newer release has made the tables that does not work with this
    /// one any more.
    pub async fn open(settings: &PostgresSettings) -> Result<Self, StoreError> {
        let store = Self::new(settings);
        let version = store.version().await?;
        store.refuse_newer(version)?;
        if version.found < KNOWN {
            store.migrate().await?;
        }
        Ok(store)
    }

    /// Connects to the database for an operator's command. Never migrates one of an earlier release: its providers
    /// may be running.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); also when the tables are of an earlier release, or do not exist although `missing`
    /// says that they must.
    pub async fn open_for_command(
        settings: &PostgresSettings,
        missing: Missing,
    ) -> Result<Self, StoreError> {
        let store = Self::new(settings);
        let version = store.version().await?;
        store.refuse_newer(version)?;
        match version.found {
            0 if missing == Missing::Create => store.migrate().await?,
            0 => return Err(open_error(SchemaError::Absent(settings.location()))),
            KNOWN.. => {}
            found => {
                let location = settings.location();
                return Err(open_error(SchemaError::Older { location, found }));
            }
        }
        Ok(store)
    }

    /// The schema of the database. Changes nothing.
    pub(super) async fn version(&self) -> Result<Version, StoreError> {
        self.run("open its database", |mut sql| async move {
            let tables = sql
                .query_opt(
                    "SELECT 1 FROM information_schema.tables
                      WHERE table_schema = current_schema() AND table_name = 'schema_version'",
                    &[],
                )
                .await?;
            if tables.is_none() {
                return Ok(Version {
                    found: 0,
                    oldest: 0,
                });
            }
            let row = sql
                .query_opt("SELECT version, oldest FROM schema_version", &[])
                .await?;
            row.map_or(
                Ok(Version {
                    found: 0,
                    oldest: 0,
                }),
                |row| version(&row),
            )
        })
        .await
    }

    pub(super) fn refuse_newer(&self, version: Version) -> Result<(), StoreError> {
        if version.oldest > KNOWN {
            return Err(open_error(SchemaError::Newer {
                location: self.settings.location(),
                found: version.found,
            }));
        }
        Ok(())
    }

    /// Migrates the tables in one transaction. Of processes that start at once, one does; the others wait for it.
    async fn migrate(&self) -> Result<(), StoreError> {
        retried("create or migrate its tables", || async {
            migrate(&mut self.client().await?).await
        })
        .await
    }
}

async fn migrate(client: &mut Object) -> Result<(), Fault> {
    let transaction = client.transaction().await?;
    let created = transaction
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_version (
                 one     BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
                 version BIGINT NOT NULL,
                 oldest  BIGINT NOT NULL);
             INSERT INTO schema_version (one, version, oldest) VALUES (1, 0, 0)
                 ON CONFLICT DO NOTHING",
        )
        .await;
    if let Err(error) = created {
        // Another process creates the table at this moment.
        return Err(match error.code() {
            Some(&SqlState::UNIQUE_VIOLATION | &SqlState::DUPLICATE_TABLE) => {
                Fault::Conflict("the tables are being created".to_owned())
            }
            _ => error.into(),
        });
    }
    let row = transaction
        .query_typed("SELECT version, oldest FROM schema_version FOR UPDATE", &[])
        .await?;
    let found = row
        .first()
        .map_or(Ok(0), |row| version(row).map(|it| it.found))?;
    for migration in MIGRATIONS.iter().filter(|it| it.version > found) {
        transaction.batch_execute(migration.sql).await?;
        let parameters = params![migration.version, migration.oldest];
        transaction
            .query_typed(
                "UPDATE schema_version SET version = $1, oldest = $2",
                &parameters,
            )
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn version(row: &Row) -> Result<Version, Fault> {
    Ok(Version {
        found: row.try_get(0)?,
        oldest: row.try_get(1)?,
    })
}

fn open_error(error: SchemaError) -> StoreError {
    StoreError {
        step: "open its database",
        source: Box::new(error),
    }
}
