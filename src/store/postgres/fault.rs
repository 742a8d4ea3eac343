//! The cause of a failed step. The [`StoreError`] around it names the step.

use std::error::Error;
use std::io;
use std::time::Duration;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// The cause of a [`StoreError`], with the remedy if the operator has one.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The server cannot be connected to, or the connection was lost.
    #[error(
        "PostgreSQL cannot be reached; see whether it runs, and whether store.url has its host and port"
    )]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The server refuses the user, the password or the database.
    #[error("PostgreSQL refuses the login ({0}); see store.url and pg_hba.conf")]
    Refused(String),
    /// The server accepts no writes: it is a standby, or its disk is full.
    #[error(
        "PostgreSQL only allows reading ({0}); name all its hosts in store.url, with \
         target_session_attrs=read-write"
    )]
    ReadOnly(String),
    /// The server is starting, stopping, or has no more connections.
    #[error("PostgreSQL is not ready ({0})")]
    NotReady(String),
    /// The role may not do this.
    #[error(
        "PostgreSQL denies it ({0}); let the role in store.url own the tables and create some in its schema"
    )]
    Denied(String),
    /// The disk of the server is full, or failed.
    #[error("PostgreSQL is out of space or its disk failed ({0})")]
    Disk(String),
    /// Another step changed the same rows. The step changed nothing.
    #[error("another step changes the same ({0})")]
    Conflict(String),
    /// All connections of this process were in use.
    #[error(
        "all {0} connections were in use for too long; raise store.pool_size, or see what holds PostgreSQL up"
    )]
    Busy(usize),
    /// The server did not respond in time.
    #[error("PostgreSQL did not respond within {0:?}; see what holds it up")]
    TimedOut(Duration),
    /// Another error of the server.
    #[error("PostgreSQL refused a statement ({0})")]
    Database(String),
    /// The rows of the server are not as they were written.
    #[error("the database has a row that cannot be read")]
    Row(#[source] Box<dyn Error + Send + Sync>),
    /// The driver failed.
    #[error(transparent)]
    Driver(tokio_postgres::Error),
    /// The store was closed before this step.
    #[error("it is closed")]
    Closed,
}

impl Fault {
    /// Returns the [`StoreError`] of `step` with this cause.
    pub(super) fn during(self, step: &'static str) -> StoreError {
        StoreError {
            step,
            source: Box::new(self),
        }
    }

    /// Whether the step was undone and may succeed if it runs again (serialization failure, deadlock).
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Whether the connection must not be used again: it is lost, in an unknown state, or leads to a server
    /// that is none for this store any more.
    pub(super) fn spoils_connection(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::ReadOnly(_)
                | Self::NotReady(_)
                | Self::TimedOut(_)
                | Self::Driver(_)
        )
    }

    /// A row that cannot be read.
    pub(super) fn row(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Row(cause.into())
    }

    /// The cause of a connection that could not be had from a pool of `size`.
    pub(super) fn of_pool(error: PoolError, size: usize, connect_timeout: Duration) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Wait) => Self::Busy(size),
            PoolError::Timeout(_) => Self::TimedOut(connect_timeout),
            PoolError::Closed => Self::Closed,
            other @ (PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)) => {
                Self::Unreachable(other.into())
            }
        }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        // The detail of an error may have the values of a row, which belong in no log.
        let Some(database) = error.as_db_error() else {
            return Self::of_driver(error);
        };
        let message = database.message().to_owned();
        match *database.code() {
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Conflict(message)
            }
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly(message),
            SqlState::INVALID_PASSWORD
            | SqlState::INVALID_AUTHORIZATION_SPECIFICATION
            | SqlState::INVALID_CATALOG_NAME => Self::Refused(message),
            SqlState::INSUFFICIENT_PRIVILEGE => Self::Denied(message),
            SqlState::DISK_FULL | SqlState::IO_ERROR => Self::Disk(message),
            // The class of an operator who stops or starts the server (57P), and of exhausted resources.
            SqlState::ADMIN_SHUTDOWN
            | SqlState::CRASH_SHUTDOWN
            | SqlState::CANNOT_CONNECT_NOW
            | SqlState::IDLE_SESSION_TIMEOUT
            | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
            | SqlState::TOO_MANY_CONNECTIONS
            | SqlState::PROTOCOL_VIOLATION
            | SqlState::QUERY_CANCELED => Self::NotReady(message),
            _ => Self::Database(format!("{}: {message}", database.code().code())),
        }
    }
}

impl Fault {
    fn of_driver(error: tokio_postgres::Error) -> Self {
        if error.is_closed() || error.source().is_some_and(<dyn Error>::is::<io::Error>) {
            return Self::Unreachable(Box::new(error));
        }
        let text = error.to_string();
        if text.starts_with("error connecting") || text.starts_with("error performing TLS") {
            return Self::Unreachable(Box::new(error));
        }
        if text.starts_with("error deserializing") {
            return Self::Row(Box::new(error));
        }
        Self::Driver(error)
    }
}
