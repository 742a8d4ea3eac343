//! Tests of what SQLite adds to the contract: how a file is recognised, and commits shared by jobs.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, StatementStatus};
use tempfile::TempDir;

use super::*;
use crate::crypto::identifiers::ReplayKey;
use crate::keys::SealedKey;
use crate::session::DeliveryLease;
use crate::store::{Grants as _, LogoutDeliveries as _, Maintenance, ReplayCache, SealedKeys};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn folder() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/panda-oidc.db");
    (folder, path)
}

fn key(kid: &str) -> SealedKey {
    SealedKey {
        kid: kid.to_owned(),
        alg: kid.to_owned(),
        sealed: vec![1, 2, 3],
        created_at: now(),
        signs_from: now(),
        revoked_at: None,
    }
}

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, WriteTimeout::Request)
}

fn failure(path: &Path) -> OpenError {
    let error = open(path).unwrap_err();
    *error.source.downcast().unwrap()
}

#[tokio::test]
async fn acknowledged_writes_survive_a_drop_and_a_close() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    store.insert_if_absent(key("a")).await.unwrap();
    drop(store);
    let store = open(&path).unwrap();
    store.insert_if_absent(key("b")).await.unwrap();
    store.close().await.unwrap();
    let store = open(&path).unwrap();
    assert_eq!(store.keys().await.unwrap(), [key("a"), key("b")]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    store.insert_if_absent(key("a")).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn two_processes_can_open_the_same_file() {
    let (_folder, path) = folder();
    let (first, second) = (open(&path).unwrap(), open(&path).unwrap());
    first.insert_if_absent(key("a")).await.unwrap();
    assert_eq!(second.keys().await.unwrap(), [key("a")]);
    second.insert_if_absent(key("b")).await.unwrap();
    assert_eq!(first.keys().await.unwrap().len(), 2);
}

#[test]
fn a_statement_is_prepared_once_for_all_parameters() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    let join = "SELECT h.sid FROM handles h JOIN sessions s ON s.sid = h.sid WHERE h.digest = ?1";
    let again = store.readers.read(|connection| {
        let mut again = 0;
        for digest in [[1u8; 32], [2; 32], [3; 32]] {
            let mut statement = connection.prepare_cached(join)?;
            statement.exists([digest])?;
            again = statement.get_status(StatementStatus::RePrepare);
        }
        Ok(again)
    });
    assert_eq!(again.ok(), Some(0));
}

/// The queue is asked four times a second, and the rows of a client that hangs are due all the time.
#[tokio::test]
async fn deliveries_to_a_client_that_hangs_are_not_read_again_and_again() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
        INSERT INTO logout_deliveries (sid, client_id, subject, attempts, due_at, expires_at)
        SELECT 'sid' || i, 'hangs', '1', 1, i, 9000000000000 FROM n";
    Connection::open(&path)
        .unwrap()
        .execute_batch(rows)
        .unwrap();
    let lease = DeliveryLease {
        max_total: 32,
        max_per_client: 8,
        in_flight: [("hangs".to_owned(), 8)].into(),
        until: now() + TimeDelta::seconds(10),
    };
    let begun = Instant::now();
    for _ in 0..20 {
        let leased = store.lease_deliveries(lease.clone(), now()).await.unwrap();
        assert_eq!(leased, []);
    }
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_foreign_file_is_refused_and_left_unchanged() {
    let (folder, _) = folder();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "x".repeat(4096)).unwrap();
    assert!(matches!(failure(&text), OpenError::NotOurs(_)));
    assert_eq!(fs::read_to_string(&text).unwrap(), "x".repeat(4096));

    let other = folder.path().join("other.db");
    let connection = Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(connection);
    assert!(matches!(failure(&other), OpenError::NotOurs(_)));
}

#[test]
fn a_file_of_a_newer_release_is_refused() {
    let (_folder, path) = folder();
    drop(open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(failure(&path), OpenError::Newer { found: 99, .. }));
}

#[tokio::test]
async fn a_file_of_the_first_release_is_migrated_and_keeps_its_signing_keys() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(include_str!("migrations/0001_begin.sql"))
        .unwrap();
    connection
        .execute_batch(&format!(
            "INSERT INTO signing_keys VALUES ('a', 'a', x'010203', {});
             PRAGMA user_version = 1; PRAGMA application_id = {};",
            now().timestamp_millis(),
            schema::APPLICATION_ID
        ))
        .unwrap();
    drop(connection);
    let store = open(&path).unwrap();
    assert_eq!(store.keys().await.unwrap(), [key("a")]);
    let name = ReplayKey::of(b"a");
    assert!(store.insert_once(&name, now(), now()).await.unwrap());
}

#[test]
fn a_folder_cannot_be_a_database() {
    let (folder, _) = folder();
    assert!(matches!(failure(folder.path()), OpenError::File(..)));
}

#[tokio::test]
async fn a_failed_job_does_not_undo_the_others_in_its_batch() {
    let (_folder, path) = folder();
    let store = Arc::new(open(&path).unwrap());
    let steps = (0..40).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let step = store.write("try", move |sql| {
                sql.execute("UPDATE signing_keys SET alg = alg", [])?;
                match number % 4 {
                    0 => Err(rusqlite::Error::InvalidQuery),
                    1 => panic!("a step that panics"),
                    _ => Ok(number),
                }
            });
            step.await.is_ok()
        })
    });
    let steps: Vec<_> = steps.collect();
    let mut done = 0;
    for (number, step) in steps.into_iter().enumerate() {
        let succeeded = step.await.unwrap();
        assert_eq!(succeeded, number % 4 > 1, "step {number}");
        done += usize::from(succeeded);
    }
    assert_eq!(done, 20);
    store.ping().await.unwrap();
}

#[tokio::test]
async fn the_write_ahead_log_stays_bounded() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    for round in 0..60 {
        let sealed = vec![round; 256 * 1024];
        let filled = store.write("fill", move |sql| {
            sql.execute("DELETE FROM signing_keys", [])?;
            sql.execute(
                "INSERT INTO signing_keys VALUES ('k', 'a', ?1, 0, 0, NULL)",
                [&sealed],
            )
        });
        filled.await.unwrap();
    }
    let written = 60 * 256 * 1024;
    let log = fs::metadata(path.with_extension("db-wal")).unwrap().len();
    assert!(log < written, "{log} bytes");
    store.sweep(now() + TimeDelta::days(1)).await.unwrap();
    store.close().await.unwrap();
    assert!(!path.with_extension("db-wal").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_commit_behind_an_emptied_log_is_not_confirmed() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    let spend = |name: &str| {
        let key = ReplayKey::of(name.as_bytes());
        let store = &store;
        async move { store.insert_once(&key, now(), now()).await }
    };
    assert!(spend("a").await.unwrap());
    // SQLite's own way of emptying the log loses nothing.
    let other = Connection::open(&path).unwrap();
    let emptied = "PRAGMA wal_checkpoint(TRUNCATE)";
    other.query_row(emptied, [], |_| Ok(())).unwrap();
    assert!(spend("b").await.unwrap());
    assert!(spend("c").await.unwrap());
    let log = path.with_file_name("panda-oidc.db-wal");
    fs::File::create(&log).unwrap();
    let error = spend("d").await.unwrap_err();
    let error = crate::error_chain::explain(&error);
    assert!(error.contains("was emptied while it was in use"), "{error}");
    let error = spend("e").await.unwrap_err();
    let error = crate::error_chain::explain(&error);
    assert!(error.contains("was emptied while it was in use"), "{error}");
}

#[test]
fn concurrent_opens_and_closes_succeed() {
    for _ in 0..5 {
        let (_folder, path) = folder();
        let opens = (0..6).map(|number: usize| {
            let path = path.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                for _ in 0..4 {
                    let store = open(&path).unwrap();
                    runtime.block_on(async {
                        store
                            .insert_if_absent(key(&number.to_string()))
                            .await
                            .unwrap();
                        assert!(!store.keys().await.unwrap().is_empty());
                        if number.is_multiple_of(2) {
                            store.close().await.unwrap();
                        }
                    });
                }
            })
        });
        let opens: Vec<_> = opens.collect();
        for open in opens {
            open.join().unwrap();
        }
    }
}

/// Rows of the first schema for a signed-in user: a session and a grant whose code was redeemed.
const FIRST_SCHEMA_ROWS: &str = "
    INSERT INTO users VALUES ('1', '陈涛', NULL, 0);
    INSERT INTO sessions VALUES ('sid', '1', 0, 1900000000000, zeroblob(32), zeroblob(32));
    INSERT INTO grants (id, client_id, sid, scope, redirect_uri, auth_time, code_expires_at,
                        redeemed_at, expires_at)
    VALUES (x'0101010101010101010101010101010101010101010101010101010101010101', 'app', 'sid',
            'openid profile', 'https://app/cb', 0, 0, 1, 1900000000000);
    PRAGMA user_version = 1;";

#[tokio::test]
async fn a_file_of_the_first_release_is_migrated_and_keeps_its_sessions_and_grants() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let first = Connection::open(&path).unwrap();
    first.execute_batch(schema::FIRST_SCHEMA).unwrap();
    first.execute_batch(FIRST_SCHEMA_ROWS).unwrap();
    first
        .pragma_update(None, "application_id", schema::APPLICATION_ID)
        .unwrap();
    drop(first);
    let store = open(&path).unwrap();
    let active = store.active_grant(&[1; 32].into(), now()).await.unwrap();
    let active = active.expect("people stay signed in over an upgrade");
    assert_eq!(active.grant.subject.as_str(), "1");
    assert_eq!(active.user.identity.name.as_deref(), Some("陈涛"));
    assert!(!active.grant.issues_refresh_token && active.grant.resources.is_empty());
    store.close().await.unwrap();
    assert!(open(&path).is_ok(), "it is not migrated twice");
}
