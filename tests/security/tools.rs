//! Shared helpers: a server that must not be contacted, row counts, and checks of pages and sessions.

use std::io::ErrorKind;
use std::net::TcpListener;

use rusqlite::{Connection, OpenFlags};

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

/// The cookie with the session handle.
pub const SESSION: &str = "panda-oidc-session";
/// The cookie that identifies a browser. Tickets belong to it.
pub const BROWSER: &str = "panda-oidc-browser";
/// The cookie of a switch to another user that waits for confirmation.
pub const SWITCH: &str = "panda-oidc-switch";

/// A server that must never be contacted.
pub struct TrapServer(TcpListener);

impl TrapServer {
    /// Opens a port on loopback.
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// The URL of this server.
    pub fn url(&self) -> String {
        format!("http://{}/x", self.0.local_addr().unwrap())
    }

    /// Panics if anybody has opened a connection.
    #[track_caller]
    pub fn assert_not_contacted(&self) {
        let accepted = self.0.accept().map_err(|error| error.kind());
        assert_eq!(accepted.unwrap_err(), ErrorKind::WouldBlock);
    }
}

/// The number of rows of all database tables together.
pub fn count_rows(provider: &TestProvider) -> i64 {
    let file = provider.folder().join("panda-oidc.db");
    let sql = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let tables: Vec<String> = sql
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let count = |table: &String| -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        sql.query_row(&count, [], |row| row.get(0)).unwrap()
    };
    assert!(tables.len() > 3, "{tables:?}");
    tables.iter().map(count).sum()
}

/// Panics if the body or a header of the response contains `secret`.
#[track_caller]
pub fn assert_no_leak(answer: &Answer, secret: &str) {
    assert!(!answer.body.contains(secret), "{}", answer.body);
    for (name, value) in &answer.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        assert!(!value.contains(secret), "{name}: {value}");
    }
}

/// The user who is signed in in `browser`: the `sub` that the client `grafana` gets, if any.
pub async fn user_of(provider: &TestProvider, browser: &mut Browser) -> Option<String> {
    let grafana = provider.client("grafana");
    let answer = browser
        .get(grafana.authorize_url(&[("prompt", "none")]))
        .await;
    let code = answer.parameter("code")?;
    let tokens = grafana.redeem(&code).await.json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    Some(id_token["sub"].as_str().unwrap().to_owned())
}

/// Panics unless the response is an error page: `status`, no redirect and no session cookie.
#[track_caller]
pub fn assert_error_page(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert_eq!(answer.header("location"), "", "{what}");
    let set_cookies = answer.set_cookies().into_iter();
    let mut session = set_cookies.filter(|cookie| cookie.starts_with(SESSION));
    assert_eq!(session.next(), None, "{what}");
}

/// Signs the user of `browser` in to `client` and returns the access token.
pub async fn access_token(client: &RelyingParty, browser: &mut Browser) -> String {
    let tokens = client.redeem(&client.login(browser).await).await.json();
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// The client `client_id` of a test's own configuration.
pub fn client(provider: &TestProvider, client_id: &str) -> RelyingParty {
    client_at(&provider.issuer, client_id)
}

/// The client `client_id` at `issuer`. Its secret and its redirect URI follow from its name.
pub fn client_at(issuer: &str, client_id: &str) -> RelyingParty {
    RelyingParty {
        issuer: issuer.to_owned(),
        client_id: client_id.to_owned(),
        client_secret: Some(format!("{client_id}-secret-0123456789")),
        redirect_uri: format!("http://127.0.0.1:9/{client_id}"),
    }
}
