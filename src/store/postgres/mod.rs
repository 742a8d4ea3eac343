//! The store in PostgreSQL, which several processes can share.
//!
//! A step is one statement, or one transaction in as few round trips as its decisions allow. Isolation is
//! READ COMMITTED: a step locks the rows that it decides by. A serialization failure or a deadlock undoes
//! the step, which then runs again. A step uses one connection, so none waits for another while it holds one.
//! The SQL for a trait of [`crate::store`] is in the submodule of the same name.

mod admin_tokens;
mod column;
mod connection;
mod directory_changes;
mod fault;
mod grant_rows;
mod grants;
mod history;
mod inspection;
mod links;
mod logout_deliveries;
mod maintenance;
mod people;
mod readings;
mod refresh_tokens;
mod replay_cache;
mod schema;
mod session_ends;
mod session_listing;
mod sessions;
mod settings;
mod signing_keys;
mod skew;
mod tables;
mod user_listing;

#[cfg(test)]
pub(super) mod tests;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::connection::Connection;
use self::fault::Fault;
pub use self::schema::SchemaError;
pub use self::settings::{PostgresSettings, UrlError};
use super::StoreError;

/// How long a step waits for a connection while all are in use.
const POOL_TIMEOUT: Duration = Duration::from_secs(2);

/// How often a step runs again after a conflict. Of steps that conflict, one succeeds, so the last of a few
/// concurrent ones needs as many attempts as there are.
const MAX_RETRIES: usize = 12;

/// All persistent state of the provider, in a database of PostgreSQL.
pub struct PostgresStore {
    pool: Pool,
    settings: PostgresSettings,
}

impl PostgresStore {
    fn new(settings: &PostgresSettings) -> Self {
        let tls = MakeRustlsConnect::new(settings.tls.clone());
        let mut server = settings.server.clone();
        server.connect_timeout(settings.connect_timeout);
        server.keepalives_idle(Duration::from_secs(30));
        let manager = Manager::from_config(
            server,
            tls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(settings.pool_size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(POOL_TIMEOUT))
            .create_timeout(Some(settings.connect_timeout))
            .build();
        Self {
            // Only a missing runtime is an error, and it is given.
            pool: pool.unwrap_or_else(|_| unreachable!("a runtime was given")),
            settings: settings.clone(),
        }
    }

    async fn client(&self) -> Result<Object, Fault> {
        let PostgresSettings {
            pool_size,
            connect_timeout,
            ..
        } = self.settings;
        let client = self.pool.get().await;
        client.map_err(|error| Fault::of_pool(error, pool_size, connect_timeout))
    }

    async fn connection(&self) -> Result<Connection, Fault> {
        let PostgresSettings {
            prepared_statements,
            statement_timeout,
            ..
        } = self.settings;
        let client = self.client().await?;
        Ok(Connection::new(
            client,
            prepared_statements,
            statement_timeout,
        ))
    }

    /// Runs `work` on a connection, and again after a conflict.
    async fn run<T, F>(
        &self,
        step: &'static str,
        work: impl Fn(Connection) -> F + Send + Sync,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Fault>> + Send,
    {
        retried(step, || async { work(self.connection().await?).await }).await
    }
}

/// Runs `attempt`, and again after a conflict.
async fn retried<T, F>(
    step: &'static str,
    attempt: impl Fn() -> F + Send + Sync,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, Fault>> + Send,
{
    let backoff = ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(2))
        .with_max_delay(Duration::from_millis(100))
        .with_max_times(MAX_RETRIES);
    let result = attempt.retry(backoff).when(Fault::is_conflict).await;
    result.map_err(|fault| fault.during(step))
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
