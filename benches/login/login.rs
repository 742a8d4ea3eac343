//! The requests of the load: a launch by a user's browser, and a full login with a live session.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::http::Connection;

/// The secret of every client.
pub(crate) const SECRET: &str = "the-secret-of-a-client-of-the-load-program";
/// The redirect URI of every client. Nothing listens at this address.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A client. Clients differ in the algorithms that sign their tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) id: &'static str,
    pub(crate) id_token: &'static str,
    pub(crate) access_token: &'static str,
}

/// A user with a browser.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) sub: String,
    /// The value of the `Cookie` header.
    pub(crate) cookies: String,
}

/// Signs a user in with a ticket, in a browser without cookies.
pub(crate) async fn launch(
    connection: &mut Connection,
    server: SocketAddr,
    client: &Client,
    number: u64,
    ticket: &str,
) -> Person {
    let request = format!(
        "GET /launch/{}?ticket={ticket} HTTP/1.1\r\nhost: {server}\r\n{BROWSER_HEADERS}\r\n",
        client.id
    );
    let answer = connection.ask(&request).await.unwrap();
    assert_eq!(answer.status, 303, "{answer:?}");
    let cookies = answer.header("set-cookie");
    let cookies: Vec<_> = cookies
        .filter_map(|cookie| cookie.split(';').next())
        .collect();
    Person {
        sub: number.to_string(),
        cookies: cookies.join("; "),
    }
}

/// The headers that a browser sends with every request.
const BROWSER_HEADERS: &str = "user-agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36\r\n\
    accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    accept-language: zh-CN,zh;q=0.9,en;q=0.8\r\n\
    sec-fetch-mode: navigate\r\n";

/// The constant parts of a client's requests.
pub(crate) struct Login {
    host: String,
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
            host: server.to_string(),
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

    /// Runs the requests to authorize, token and userinfo. `number` makes `state` and `nonce` unique. A
    /// provider that first redirects to itself is followed.
    pub(crate) async fn run(&self, connection: &mut Connection, person: &Person, number: u64) {
        let Person { sub, cookies } = person;
        let mut request = format!(
            "GET {}&state=state-{number:016x}&nonce=nonce-{number:016x} HTTP/1.1\r\nhost: x\r\n\
             cookie: {cookies}\r\n{BROWSER_HEADERS}\r\n",
            self.authorize
        );
        let code = loop {
            let answer = connection.ask(&request).await.unwrap();
            assert!(matches!(answer.status, 302 | 303), "{answer:?}");
            let location = answer.header("location").next().unwrap();
            if location.starts_with(REDIRECT_URI) {
                break between(location, "code=", '&').to_owned();
            }
            let path = location.split_once(&self.host);
            let path = path.map_or(location, |(_, path)| path);
            request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{BROWSER_HEADERS}\r\n");
        };
        let body = format!("{}{code}", self.token_body);
        let request = format!("{}content-length: {}\r\n\r\n{body}", self.token, body.len());
        let answer = connection.ask(&request).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.contains("\"id_token\":\""), "{answer:?}");
        let token = between(answer.body, "\"access_token\":\"", '"');
        let request = format!("{}{token}\r\n\r\n", self.userinfo);
        let answer = connection.ask(&request).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(between(answer.body, "\"sub\":\"", '"'), sub);
    }
}

/// The text between `start` and the next `end`, or the end of the text.
fn between<'a>(text: &'a str, start: &str, end: char) -> &'a str {
    let (_, rest) = text.split_once(start).expect("it is there");
    rest.split(end).next().unwrap_or(rest)
}
