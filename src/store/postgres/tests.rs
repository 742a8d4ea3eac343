//! The databases in which the contract is tested, and the rules that only a server shows.

use std::env;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

use super::{PostgresSettings, PostgresStore};

#[path = "../../../tests/support/postgresql.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "other suites use it too, and more of it"
)]
mod postgresql;

use postgresql::{PgBouncer, PostgresServer, Version};

/// Debian's PostgreSQL, or the server that `PANDA_OIDC_TEST_POSTGRES` names.
static DEBIAN: LazyLock<Server> = LazyLock::new(|| match env::var("PANDA_OIDC_TEST_POSTGRES") {
    Ok(url) => Server::Given(url),
    Err(_) => Server::Own(PostgresServer::start(Version::Debian)),
});
static NEWEST: LazyLock<Server> =
    LazyLock::new(|| Server::Own(PostgresServer::start(Version::Newest)));
static BOUNCER: LazyLock<PgBouncer> = LazyLock::new(|| match &*DEBIAN {
    Server::Own(server) => PgBouncer::start(server),
    Server::Given(_) => panic!("PgBouncer is only tested before a server of the tests' own"),
});

enum Server {
    Own(PostgresServer),
    /// The URL of a database whose role may create others.
    Given(String),
}

impl Server {
    fn url(&self, database: &str) -> String {
        match self {
            Self::Own(server) => server.url(database),
            Self::Given(url) => {
                let mut url = url::Url::parse(url).unwrap();
                url.set_path(database);
                url.into()
            }
        }
    }

    fn administration(&self) -> String {
        match self {
            Self::Own(server) => server.url("postgres"),
            Self::Given(url) => url.clone(),
        }
    }
}

/// A new empty database. Returns its name.
async fn create_database(server: &Server) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("panda_test_{}_{number}", std::process::id());
    let url = server.administration();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    name
}

fn settings(url: &str) -> PostgresSettings {
    PostgresSettings {
        pool_size: 8,
        ..PostgresSettings::new(url, None::<&Path>).unwrap()
    }
}

/// An empty store on Debian's PostgreSQL.
pub(in crate::store) async fn on_debian() -> PostgresStore {
    let name = create_database(&DEBIAN).await;
    PostgresStore::open(&settings(&DEBIAN.url(&name)))
        .await
        .unwrap()
}

/// An empty store on the newest PostgreSQL.
pub(in crate::store) async fn on_newest() -> PostgresStore {
    let name = create_database(&NEWEST).await;
    PostgresStore::open(&settings(&NEWEST.url(&name)))
        .await
        .unwrap()
}

/// An empty store behind PgBouncer, which gives each transaction another connection.
pub(in crate::store) async fn behind_bouncer() -> PostgresStore {
    let name = create_database(&DEBIAN).await;
    let settings = PostgresSettings {
        prepared_statements: false,
        ..settings(&BOUNCER.url(&name))
    };
    PostgresStore::open(&settings).await.unwrap()
}

/// A table or column that a migration adds must be added to the list too, or backups would lack it.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn every_table_and_column_is_copied() {
    let store = on_debian().await;
    let client = store.client().await.unwrap();
    let columns = "SELECT table_name::text, column_name::text FROM information_schema.columns
                    WHERE table_schema = current_schema()
                      AND table_name NOT IN ('locks', 'schema_version')
                    ORDER BY table_name::text COLLATE \"C\", column_name::text COLLATE \"C\"";
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for row in client.query_typed(columns, &[]).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        match found.last_mut().filter(|(last, _)| *last == table) {
            Some((_, columns)) => columns.push(column),
            None => found.push((table, vec![column])),
        }
    }
    assert_eq!(found, crate::store::tables::tests::known());
}
