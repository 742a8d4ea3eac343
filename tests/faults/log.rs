//! The log: one line for each sign-in, code, token and logout, and for each refusal, with who, what and
//! from where. An operator finds the line of a page by the number on it.

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::CHEN_TAO;
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::tools::{launch_url, portal, signed_in, tokens};

/// The lines of the log that contain every one of `parts`.
fn lines(log: &str, parts: &[&str]) -> Vec<String> {
    let lines = log.lines().filter(|line| line.contains("panda_oidc"));
    let lines = lines.filter(|line| parts.iter().all(|part| line.contains(part)));
    lines.map(str::to_owned).collect()
}

/// The only line with all of `parts`.
#[track_caller]
fn line(log: &str, parts: &[&str]) -> String {
    let found = lines(log, parts);
    assert_eq!(found.len(), 1, "{parts:?}: {found:#?}\n{}", ours(log));
    found[0].clone()
}

/// The lines of this program, for messages.
fn ours(log: &str) -> String {
    let lines = log.lines().filter(|line| line.contains(" panda_oidc"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The number of the request, as the page shows it.
#[track_caller]
fn request_id(page: &Answer) -> String {
    let after = page.body.split("id=\"request\">").nth(1);
    let shown = after.unwrap_or_else(|| panic!("no number: {}", page.body));
    let shown = shown.split('<').next().unwrap();
    let id = shown.rsplit([' ', '：']).next().unwrap().to_owned();
    assert_eq!(id.len(), 8, "{shown}");
    id
}

#[tokio::test]
async fn a_login_and_a_logout_are_four_lines_with_person_client_and_address() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "refresh_token = 'always'").await;
    let mut browser = Browser::new();
    let ticket = portal.issue_ticket(CHEN_TAO);
    browser.get(launch_url(&program, &ticket)).await;
    let client = program.client();
    let code = client.login(&mut browser).await;
    let tokens = client.redeem(&code).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(client.refresh(refresh).await.status, 200);
    let logout = format!(
        "/logout?id_token_hint={}",
        tokens["id_token"].as_str().unwrap()
    );
    browser.get(program.at(&logout)).await;
    let log = program.log();
    let who = [
        "INFO",
        "subject=1",
        "client_id=\"app\"",
        "address=127.0.0.1",
    ];
    for (what, count) in [
        ("Signed 1 in", 1),
        ("Issued a code to app for 1", 1),
        ("Issued tokens to app for 1", 2),
        ("Signed 1 out", 1),
    ] {
        let parts = [&who[..], &[what]].concat();
        assert_eq!(lines(&log, &parts).len(), count, "{what}: {}", ours(&log));
    }
    line(
        &log,
        &["Issued tokens", "grant_type=\"authorization_code\""],
    );
    line(&log, &["Issued tokens", "grant_type=\"refresh_token\""]);
    for secret in [ticket.as_str(), &code, refresh] {
        assert!(!ours(&log).contains(secret), "a secret is logged");
    }
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_registered_is_named_with_its_client() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    let url = "http://u:pw-secret@127.0.0.1:9/callback/?code=s3cret&ticket=t1cket#f";
    let authorize = program.client().authorize_url(&[("redirect_uri", url)]);
    let page = Browser::new().get(authorize).await;
    assert_eq!(page.status, 400);
    let log = program.log();
    let id = request_id(&page);
    let line = line(&log, &["WARN", &id]);
    for part in [
        "client_id=\"app\"",
        "address=127.0.0.1",
        "path=\"/authorize\"",
        "http://127.0.0.1:9/callback/",
        "not registered",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    for part in ["app", "http://127.0.0.1:9/callback/"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    for secret in ["pw-secret", "s3cret", "t1cket"] {
        assert!(!page.body.contains(secret), "{}", page.body);
        assert!(!ours(&log).contains(secret), "{line}");
    }
    let long = format!("http://127.0.0.1:9/{}", "x".repeat(5000));
    let authorize = program.client().authorize_url(&[("redirect_uri", &long)]);
    let page = Browser::new().get(authorize).await;
    assert!(page.body.len() < 8000, "the URI is cut");
}

/// Every refusal: who, what, from where, and a number that the page shows too.
#[tokio::test]
async fn each_refusal_is_a_line_with_client_address_path_and_number() {
    let portal = portal().await;
    let more = "deny = { ids = ['2'] }\nclient_uri = 'http://127.0.0.1:9/'\n";
    let program = Program::start(portal.url().as_str(), more).await;
    let client = program.client();
    let ticket = portal.issue_ticket(2);
    let deep = "/launch/app/d/1";
    let denied = Browser::new()
        .get(program.at(&format!("{deep}?ticket={ticket}&kiosk")))
        .await;
    let rejected = Browser::new()
        .get(program.at(&format!("{deep}?ticket=unknown-ticket&kiosk")))
        .await;
    let unknown = client.authorize_url(&[("client_id", "grafana2")]);
    let unknown = Browser::new().get(unknown).await;
    let log = program.log();
    for (page, status, parts) in [
        (&denied, 403, [deep, "client_id=\"app\""]),
        (&rejected, 403, [deep, "client_id=\"app\""]),
        (&unknown, 400, ["/authorize", "grafana2"]),
    ] {
        assert_eq!(page.status, status, "{}", page.body);
        let line = line(&log, &["WARN", &request_id(page)]);
        assert!(line.contains("address=127.0.0.1"), "{line}");
        for part in parts {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(
            !line.contains("kiosk") && !line.contains("ticket=u"),
            "{line}"
        );
    }
    assert!(unknown.body.contains("grafana2"), "{}", unknown.body);
    // JSON endpoints.
    client.redeem("unknown-code").await;
    client
        .redeem_with("c", &[("client_secret", "wrong-secret")])
        .await;
    client.userinfo("no-token").await;
    let log = program.log();
    for error in ["invalid_grant", "invalid_client"] {
        let line = line(&log, &["WARN", error, "path=\"/token\""]);
        for part in ["client_id=\"app\"", "address=127.0.0.1", "request_id="] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!line.contains("wrong-secret") && !line.contains("unknown-code"));
    }
    line(&log, &["WARN", "invalid_token", "path=\"/userinfo\""]);
    // The client parameter is no IP address any more.
    assert!(lines(&log, &[" client="]).is_empty(), "{}", ours(&log));
}

#[tokio::test]
async fn a_path_in_the_log_holds_no_ticket_and_no_unknown_client() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    for path in [
        "/launch/t1cket",
        "/launch/nobody/ticket=t1cket",
        "/launch/app%253Fticket%253Dt1cket",
        "/authorize&ticket=t1cket",
        "/nowhere;ticket=t1cket",
        "/nowhere%2526ticket%253Dt1cket/x",
        "/nowhere?ticket=t1cket",
    ] {
        Browser::new().get(program.at(path)).await;
    }
    let log = program.log();
    assert!(!ours(&log).contains("t1cket"), "{}", ours(&log));
}

#[tokio::test]
async fn what_browsers_ask_for_by_themselves_is_not_logged() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    for path in [
        "/favicon.ico",
        "/robots.txt",
        "/apple-touch-icon.png",
        "/.well-known/appspecific/com.chrome.devtools.json",
    ] {
        Browser::new().get(program.at(path)).await;
    }
    let log = program.log();
    let warnings: Vec<_> = lines(&log, &["WARN"])
        .into_iter()
        .filter(|line| !line.contains("/nowhere"))
        .collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
}

/// The admin listener is for operators, who read its answers with curl.
#[tokio::test]
async fn an_error_of_the_admin_listener_says_what_there_is() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    for (method, path, status) in [
        (Method::GET, "/nowhere", 404),
        (Method::GET, "/scim/v2/Users", 404),
        (Method::POST, "/healthz", 405),
    ] {
        let url = format!("{}{path}", program.admin);
        let answer = Browser::new().send(method, url, |request| request).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(!answer.body.is_empty(), "{path}");
    }
}

/// Sends raw bytes and returns the answer.
async fn send_raw(program: &Program, bytes: &[u8]) -> String {
    let address = program.issuer.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_line_that_is_no_http_is_a_line_in_the_log() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    // 陈 in GBK
    let line_in_gbk = b"GET /launch/app?name=\xb3\xc2&ticket=t1cket HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = send_raw(&program, line_in_gbk).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    for other in [
        &b"GET /a b c HTTP/1.1\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ] {
        send_raw(&program, other).await;
    }
    crate::tools::until("the log has it", async || {
        !lines(&program.log(), &["WARN", "address=127.0.0.1", "no HTTP"]).is_empty()
    })
    .await;
    let log = program.log();
    assert!(!ours(&log).contains("t1cket"), "{}", ours(&log));
}

#[tokio::test]
async fn a_body_that_stalls_is_answered_408_in_the_way_of_the_endpoint() {
    let portal = portal().await;
    let more = "[limits]\nrequest_time = '1s'\n";
    let program = Program::start(portal.url().as_str(), more).await;
    let post = |path: &str, more: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: 50\r\n{more}\r\na=1"
        )
    };
    for path in ["/token", "/introspect", "/revoke", "/userinfo"] {
        let answer = send_raw(&program, post(path, "").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
        assert!(answer.contains("invalid_request"), "{path}: {answer}");
    }
    for path in ["/authorize", "/logout"] {
        let answer = send_raw(&program, post(path, "").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
        assert!(answer.contains("<h1>"), "{path}: {answer}");
    }
    let large = "x".repeat(70_000);
    for (path, status) in [("/authorize", 413), ("/token", 400), ("/userinfo", 400)] {
        let answer = Browser::new()
            .send(Method::POST, program.at(path), |request| {
                request.form(&[("a", large.as_str())])
            })
            .await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
}

/// What a rule was about to compute is personal. Its place tells the operator enough.
#[tokio::test]
async fn a_rule_that_fails_puts_nothing_of_the_person_into_the_log() {
    let portal = portal().await;
    let rules = r#"
[clients.claims]
site = "{% set x = 1 %}\n{{ user.phone | int % 0 }}{{ user.name }}"

[groups.shift]
when = "user.phone | int % 0"

[[clients]]
client_id = "closed"
client_secret = "closed-secret-0123456789"
redirect_uris = ["http://127.0.0.1:9/closed"]
initiate_login_uri = "http://127.0.0.1:9/closed"
allow.when = "user.phone | int % 0"
"#;
    let program = Program::start(portal.url().as_str(), rules).await;
    let mut browser = signed_in(&program, &portal).await;
    tokens(&program, &mut browser).await;
    let denied = browser.get(program.at("/launch/closed")).await;
    assert_eq!(denied.status, 403, "{}", denied.body);
    let log = program.log();
    for rule in [
        "The rule for site of app failed",
        "shift",
        "a rule cannot tell about them",
    ] {
        let said = lines(&log, &["WARN", rule]);
        assert!(!said.is_empty(), "{rule}: {}", ours(&log));
    }
    line(&log, &["The rule for site of app failed", "line 2"]);
    for personal in ["1822199904", "陈涛"] {
        let found = lines(&log, &[personal]);
        assert!(found.is_empty(), "{found:#?}");
    }
}
