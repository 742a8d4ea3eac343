//! Floods of requests, each sent as soon as the one before is answered.

use std::time::Duration;

use panda_oidc_sdk::{Clock as _, SystemClock};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Flood, STRANGER, Target, launch};
use crate::support::app::{VERIFIER, challenge};
use crate::support::assertion::{ClientKey, TYPE};
use crate::wire::{self, Connection};

/// The time from a lost connection to the next.
const PAUSE: Duration = Duration::from_millis(100);

/// Requests that are refused.
pub(super) const BAD: Flood = Flood {
    name: "bad requests",
    connections: 64,
    start: |target| {
        repeat(target, BAD.connections, || {
            vec![
                get("/nothing-here", ""),
                get("/authorize?client_id=nobody", ""),
                get("/userinfo", "authorization: Bearer nonsense\r\n"),
                post("/token", "grant_type=authorization_code&code=x"),
                "NONSENSE\r\n\r\n".to_owned(),
            ]
        })
    },
};

/// Authorization requests of browsers without a session.
pub(super) const WITHOUT_COOKIES: Flood = Flood {
    name: "authorization requests without cookies",
    connections: 64,
    start: |target| {
        repeat(target, WITHOUT_COOKIES.connections, || {
            vec![get(&authorize("the-nonce"), "")]
        })
    },
};

/// Authorization requests of one browser with a session, each with a nonce of 15 KB.
pub(super) const LONG_NONCES: Flood = Flood {
    name: "authorization requests of one session, with nonces of 15 KB",
    connections: 64,
    start: |target| {
        let target = target.clone();
        let mut flood = JoinSet::new();
        flood.spawn(async move {
            let launch = launch(&target.ticket);
            let head = wire::ask_once(STRANGER, target.address, &launch).await;
            let cookies = format!("cookie: {}\r\n", wire::cookies(&head.unwrap()));
            let (short, long) = (authorize("the-nonce"), authorize(&"n".repeat(15_000)));
            let requests = move || vec![get(&short, &cookies), get(&long, &cookies)];
            repeat(&target, LONG_NONCES.connections, requests)
                .join_all()
                .await;
        });
        flood
    },
};

/// Launches with a ticket at which the portal falls silent.
pub(super) const SILENT_TICKETS: Flood = Flood {
    name: "tickets at which the portal falls silent",
    connections: 10,
    start: |target| {
        repeat(target, SILENT_TICKETS.connections, || {
            vec![launch(super::SILENT_TICKET)]
        })
    },
};

/// Access tokens with a new `kid` each.
pub(super) const UNKNOWN_KIDS: Flood = Flood {
    name: "access tokens with unknown kids",
    connections: 64,
    start: |target| {
        let key = ClientKey::pair(jsonwebtoken::Algorithm::ES256, "stranger");
        repeat(target, UNKNOWN_KIDS.connections, move || {
            let token = signed(&key, &json!({ "sub": "1" }));
            vec![get(
                "/userinfo",
                &format!("authorization: Bearer {token}\r\n"),
            )]
        })
    },
};

/// Client assertions with a new `kid` each, of a client whose keys are at its `jwks_uri`.
pub(super) const UNKNOWN_KIDS_OF_ASSERTIONS: Flood = Flood {
    name: "client assertions with unknown kids",
    connections: 64,
    start: |target| {
        let key = ClientKey::pair(jsonwebtoken::Algorithm::ES256, "stranger");
        let issuer = format!("http://{}", target.address);
        repeat(target, UNKNOWN_KIDS_OF_ASSERTIONS.connections, move || {
            let now = SystemClock.now().timestamp();
            let claims = json!({
                "iss": "service", "sub": "service", "aud": issuer,
                "jti": format!("{:032x}", rand::random::<u128>()), "iat": now, "exp": now + 60,
            });
            let assertion = signed(&key, &claims);
            let form = format!(
                "grant_type=client_credentials&client_assertion_type={TYPE}&client_assertion={assertion}"
            );
            vec![post("/token", &form)]
        })
    },
};

fn signed(key: &ClientKey, claims: &serde_json::Value) -> String {
    let mut header = key.header.clone();
    header.kid = Some(format!("{:016x}", rand::random::<u64>()));
    key.sign_under(&header, claims)
}

/// Sends what `requests` returns, again and again, on each connection.
fn repeat(
    target: &Target,
    connections: usize,
    requests: impl Fn() -> Vec<String> + Clone + Send + 'static,
) -> JoinSet<()> {
    let mut flood = JoinSet::new();
    let address = target.address;
    for _ in 0..connections {
        let requests = requests.clone();
        flood.spawn(async move {
            loop {
                let Ok(mut connection) = Connection::open(STRANGER, address).await else {
                    sleep(PAUSE).await;
                    continue;
                };
                // The server closes the connection after some of the refusals.
                while send(&mut connection, &requests()).await.is_ok() {}
            }
        });
    }
    flood
}

async fn send(connection: &mut Connection, requests: &[String]) -> std::io::Result<()> {
    for request in requests {
        connection.ask(request).await?;
    }
    Ok(())
}

fn authorize(nonce: &str) -> String {
    let challenge = challenge(VERIFIER);
    format!(
        "/authorize?response_type=code&client_id=app&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback\
         &scope=openid&code_challenge={challenge}&code_challenge_method=S256&nonce={nonce}"
    )
}

fn get(path: &str, header: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n{header}\r\n")
}

fn post(path: &str, form: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{form}",
        form.len()
    )
}
