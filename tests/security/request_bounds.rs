//! Requests that are too large, too many or too slow: N47, N60, docs/security.md.

use std::fs;
use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::support::provider::TestProvider;

/// Longer than any step of these tests, and shorter than a connection may be idle.
const TEST_TIMEOUT: Duration = Duration::from_mins(1);

/// A provider with a request timeout of one second.
async fn with_short_timeout() -> TestProvider {
    TestProvider::open_with("[limits]\nrequest_time = '1s'\n", "").await
}

async fn connect(issuer: &str) -> TcpStream {
    let address = issuer.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Sends `start` and then one byte every 50 ms. Returns what the server has sent when it closes the
/// connection.
async fn send_slowly(issuer: &str, start: &str) -> String {
    let mut stream = connect(issuer).await;
    stream.write_all(start.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let sending = tokio::spawn(async move {
        let mut tick = interval(Duration::from_millis(50));
        while writer.write_all(b"x").await.is_ok() {
            tick.tick().await;
        }
    });
    let mut answer = Vec::new();
    let closed = timeout(TEST_TIMEOUT, reader.read_to_end(&mut answer)).await;
    sending.abort();
    // The connection may end with a reset, because bytes were still in flight.
    let _ = closed.expect("the server did not close the connection");
    String::from_utf8(answer).unwrap()
}

/// Sends one request on a keep-alive connection and returns the head of the response.
async fn send_request(stream: &mut TcpStream) -> String {
    let request = b"HEAD /jwks HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(
            timeout(TEST_TIMEOUT, stream.read_u8())
                .await
                .unwrap()
                .unwrap(),
        );
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn n60_a_slow_request_head_is_cut_off() {
    let provider = with_short_timeout().await;
    for start in ["", "GET /jwks HTTP/1.1\r\nhost: x\r\nx-drip: "] {
        assert_eq!(send_slowly(&provider.issuer, start).await, "", "{start:?}");
    }
}

#[tokio::test]
async fn n60_a_silent_connection_is_closed_and_an_idle_keep_alive_connection_is_not() {
    let provider = with_short_timeout().await;
    let mut idle = connect(&provider.issuer).await;
    assert!(send_request(&mut idle).await.starts_with("HTTP/1.1 200"));
    // The request timeout has passed when this connection is closed.
    let mut silent = connect(&provider.issuer).await;
    let mut nothing = Vec::new();
    timeout(TEST_TIMEOUT, silent.read_to_end(&mut nothing))
        .await
        .expect("the server did not close the connection")
        .unwrap();
    assert!(nothing.is_empty());
    assert!(send_request(&mut idle).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn n60_a_slow_second_request_on_a_connection_is_cut_off() {
    let provider = with_short_timeout().await;
    let answers = send_slowly(
        &provider.issuer,
        "HEAD /jwks HTTP/1.1\r\nhost: x\r\n\r\nGET /jwks HTTP/1.1\r\nx-drip: ",
    )
    .await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{answers}");
}

#[tokio::test]
async fn n60_a_slow_request_body_gets_an_error_and_is_cut_off() {
    let provider = with_short_timeout().await;
    for path in ["/token", "/userinfo", "/authorize"] {
        let start = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\na="
        );
        let answer = send_slowly(&provider.issuer, &start).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn n60_a_client_that_does_not_read_responses_is_cut_off() {
    let provider = with_short_timeout().await;
    let mut stream = connect(&provider.issuer).await;
    let requests = "GET /jwks HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000);
    let sending = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
    timeout(TEST_TIMEOUT, sending)
        .await
        .expect("the server did not close the connection");
}

#[tokio::test]
async fn n60_keep_alive_is_refused_near_the_connection_limit() {
    let provider = TestProvider::open_with("[limits]\nconnections = 8\n", "").await;
    let mut idle = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(&provider.issuer).await;
        assert!(
            !send_request(&mut stream)
                .await
                .contains("connection: close")
        );
        idle.push(stream);
    }
    let _open_connections = [
        connect(&provider.issuer).await,
        connect(&provider.issuer).await,
    ];
    for _ in 0..20 {
        let mut stream = connect(&provider.issuer).await;
        assert!(
            send_request(&mut stream)
                .await
                .contains("connection: close")
        );
        assert_eq!(
            timeout(TEST_TIMEOUT, stream.read(&mut [0]))
                .await
                .unwrap()
                .unwrap(),
            0
        );
    }
}

#[tokio::test]
async fn n60_silent_connections_are_closed_to_make_room() {
    let provider =
        TestProvider::open_with("[limits]\nconnections = 8\nrequest_time = '1s'\n", "").await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(connect(&provider.issuer).await);
    }
    let mut stream = connect(&provider.issuer).await;
    assert!(send_request(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn n60_the_size_and_number_of_request_headers_are_limited() {
    let provider = TestProvider::open().await;
    let oversized_cookie = format!("cookie: x={}\r\n", "x".repeat(100 * 1024));
    let large_cookie = format!("cookie: x={}\r\n", "x".repeat(48 * 1024));
    for (headers, status) in [
        (oversized_cookie, 431),
        ("x-a: b\r\n".repeat(10_000), 431),
        ("x-a: b\r\n".repeat(101), 431),
        ("x-a: b\r\n".repeat(90), 200),
        (large_cookie, 200),
    ] {
        let mut stream = connect(&provider.issuer).await;
        let request =
            format!("GET /jwks HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
        let (mut reader, mut writer) = stream.split();
        let mut answer = Vec::new();
        // The server closes the connection before it has read the whole of an oversized request.
        let _ = tokio::join!(
            writer.write_all(request.as_bytes()),
            timeout(TEST_TIMEOUT, reader.read_to_end(&mut answer)),
        );
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{}: {answer}", headers.len());
    }
}

#[tokio::test]
async fn n47_client_endpoints_refuse_large_forms() {
    let provider = TestProvider::open().await;
    let large = "x=".to_owned() + &"x".repeat(1024 * 1024);
    let many = "x=y&".repeat(101);
    for path in ["/token", "/userinfo"] {
        for form in [&large, &many] {
            let form = form.clone();
            let answer = Browser::new()
                .send(Method::POST, provider.at(path), |request| {
                    request
                        .header("content-type", "application/x-www-form-urlencoded")
                        .body(form)
                })
                .await;
            assert_eq!(answer.status, 400, "{path}");
            assert_eq!(answer.json()["error"], "invalid_request", "{path}");
        }
    }
}

#[tokio::test]
async fn n47_a_query_that_is_too_long_gets_json_from_every_endpoint_of_clients() {
    let provider = TestProvider::open().await;
    let query = "x".repeat(17 * 1024);
    for (method, path) in [
        (Method::POST, "/token"),
        (Method::POST, "/revoke"),
        (Method::POST, "/introspect"),
        (Method::GET, "/userinfo"),
        (Method::GET, "/userinfo/emails"),
        (Method::GET, "/jwks"),
        (Method::GET, "/.well-known/openid-configuration"),
    ] {
        let url = provider.at(&format!("{path}?{query}"));
        let answer = Browser::new().send(method, url, |request| request).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        assert_eq!(answer.json()["error"], "invalid_request", "{path}");
    }
}

/// The memory a process occupies, in bytes.
fn memory(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn n60_ten_thousand_requests_without_cookies_do_not_grow_memory() {
    let portal = TestProvider::open().await;
    let program = Program::start(portal.portal.url().as_str(), "").await;
    let url = program.client().authorize_url(&[]).to_string();
    let flood = async |per_task: usize| {
        let mut tasks = JoinSet::new();
        for _ in 0..200 {
            let url = url.clone();
            tasks.spawn(async move {
                for _ in 0..per_task {
                    let mut browser = Browser::new();
                    assert_eq!(browser.get(&url).await.status, 200);
                }
            });
        }
        tasks.join_all().await;
    };
    flood(2).await;
    let before = memory(&program);
    flood(50).await;
    let growth = memory(&program).saturating_sub(before);
    assert!(growth < 16 << 20, "{growth} bytes more");
}
