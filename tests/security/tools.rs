//! What the attacks share: ears that must hear nothing, a look into the database, a bare session.

use std::io::ErrorKind;
use std::net::TcpListener;

use rusqlite::{Connection, OpenFlags};

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

/// The cookie that opens a session.
pub const SESSION: &str = "panda-oidc-session";
/// The cookie by which a browser is known again.
pub const BROWSER: &str = "panda-oidc-browser";
/// The cookie of a change of user that waits for a yes.
pub const SWITCH: &str = "panda-oidc-switch";

/// A server that must never be called.
pub struct Ear(TcpListener);

impl Ear {
    /// Listens.
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}/x", self.0.local_addr().unwrap())
    }

    /// Nobody has connected, not even to hang up.
    #[track_caller]
    pub fn heard_nothing(&self) {
        let heard = self.0.accept().map_err(|error| error.kind());
        assert_eq!(heard.unwrap_err(), ErrorKind::WouldBlock);
    }
}

/// How many rows the database has, over all tables.
pub fn rows(provider: &TestProvider) -> i64 {
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

/// Neither body nor headers of an answer have `secret` in them.
#[track_caller]
pub fn keeps_quiet(answer: &Answer, secret: &str) {
    assert!(!answer.body.contains(secret), "{}", answer.body);
    for (name, value) in &answer.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        assert!(!value.contains(secret), "{name}: {value}");
    }
}

/// Who is signed in in this browser, by what the app `grafana` is told.
pub async fn who(provider: &TestProvider, browser: &mut Browser) -> Option<String> {
    let grafana = provider.client("grafana");
    let answer = browser
        .get(grafana.authorize_url(&[("prompt", "none")]))
        .await;
    let code = answer.parameter("code")?;
    let tokens = grafana.redeem(&code).await.json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    Some(id_token["sub"].as_str().unwrap().to_owned())
}

/// The page that says no: `status`, no redirect, no session.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert_eq!(answer.header("location"), "", "{what}");
    let session = answer.set_cookies().into_iter();
    let mut session = session.filter(|cookie| cookie.starts_with(SESSION));
    assert_eq!(session.next(), None, "{what}");
}

/// The access token of a fresh login of `client` in `browser`.
pub async fn access_token(client: &RelyingParty, browser: &mut Browser) -> String {
    let tokens = client.redeem(&client.login(browser).await).await.json();
    tokens["access_token"].as_str().unwrap().to_owned()
}
