//! The requests: a person's browser that launches, and the full login with a live session.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::http::Connection;

/// The secret of every client.
pub(crate) const SECRET: &str = "the-secret-of-a-client-of-the-load-program";
/// Where codes go. Nobody listens there.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A client, told from others by how its tokens are signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) id: &'static str,
    pub(crate) id_token: &'static str,
    pub(crate) access_token: &'static str,
}

/// A person at a browser.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Whom the portal knows.
    number: u64,
    /// The cookies, as they are sent.
    cookies: String,
}

/// Signs somebody in with a ticket, in a browser that has been nowhere.
pub(crate) async fn launch(
    connection: &mut Connection,
    server: SocketAddr,
    client: &Client,
    number: u64,
    ticket: &str,
) -> Person {
    let request = format!(
        "GET /launch/{}?ticket={ticket} HTTP/1.1\r\nhost: {server}\r\n{HABITS}\r\n",
        client.id
    );
    let answer = connection.ask(&request).await.unwrap();
    assert_eq!(answer.status, 303, "{answer:?}");
    let cookies = answer.header("set-cookie");
    let cookies: Vec<_> = cookies
        .filter_map(|cookie| cookie.split(';').next())
        .collect();
    Person {
        number,
        cookies: cookies.join("; "),
    }
}

/// What browsers send along.
const HABITS: &str = "user-agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36\r\n\
    accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    accept-language: zh-CN,zh;q=0.9,en;q=0.8\r\n\
    sec-fetch-mode: navigate\r\n";

/// A client and its requests, as far as they are always the same.
pub(crate) struct Login {
    authorize: String,
    token: String,
    token_body: String,
    userinfo: String,
}

impl Login {
    pub(crate) fn new(server: SocketAddr, client: &Client) -> Self {
        let redirect_uri = "http%3A%2F%2F127.0.0.1%3A9%2Fcallback";
        let basic = BASE64_STANDARD.encode(format!("{}:{SECRET}", client.id));
        Self {
            authorize: format!(
                "/authorize?response_type=code&client_id={}&redirect_uri={redirect_uri}\
                 &scope=openid%20profile%20phone&code_challenge={CHALLENGE}\
                 &code_challenge_method=S256",
                client.id
            ),
            token: format!(
                "POST /token HTTP/1.1\r\nhost: {server}\r\naccept: application/json\r\n\
                 authorization: Basic {basic}\r\n\
                 content-type: application/x-www-form-urlencoded\r\n"
            ),
            token_body: format!(
                "grant_type=authorization_code&redirect_uri={redirect_uri}\
                 &code_verifier={VERIFIER}&code="
            ),
            userinfo: format!("GET /userinfo HTTP/1.1\r\nhost: {server}\r\nauthorization: Bearer "),
        }
    }

    /// Authorize, token, userinfo; `number` tells this login from all others.
    pub(crate) async fn run(&self, connection: &mut Connection, person: &Person, number: u64) {
        let Person {
            number: sub,
            cookies,
        } = person;
        let request = format!(
            "GET {}&state=state-{number:016x}&nonce=nonce-{number:016x} HTTP/1.1\r\nhost: x\r\n\
             cookie: {cookies}\r\n{HABITS}\r\n",
            self.authorize
        );
        let answer = connection.ask(&request).await.unwrap();
        assert_eq!(answer.status, 303, "{answer:?}");
        let location = answer.header("location").next().unwrap();
        let code = between(location, "code=", '&');
        let body = format!("{}{code}", self.token_body);
        let request = format!("{}content-length: {}\r\n\r\n{body}", self.token, body.len());
        let answer = connection.ask(&request).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.contains("\"id_token\":\""), "{answer:?}");
        let token = between(answer.body, "\"access_token\":\"", '"');
        let request = format!("{}{token}\r\n\r\n", self.userinfo);
        let answer = connection.ask(&request).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(between(answer.body, "\"sub\":\"", '"'), sub.to_string());
    }
}

/// What stands between `start` and the next `end`, or the end of the text.
fn between<'a>(text: &'a str, start: &str, end: char) -> &'a str {
    let (_, rest) = text.split_once(start).expect("it is there");
    rest.split(end).next().unwrap_or(rest)
}
