//! Requests that are too large, too many or too slow: N47, N60.

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

/// Longer than anything here should take, and shorter than a connection may rest.
const BOUND: Duration = Duration::from_mins(1);

/// A provider that waits a second for a request.
async fn impatient() -> TestProvider {
    TestProvider::open_with("[limits]\nrequest_time = '1s'\n", "").await
}

async fn connect(issuer: &str) -> TcpStream {
    let address = issuer.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Sends `begun` and then a byte now and again: what has been answered when the other end hangs up.
async fn drip(issuer: &str, begun: &str) -> String {
    let mut stream = connect(issuer).await;
    stream.write_all(begun.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let dripping = tokio::spawn(async move {
        let mut tick = interval(Duration::from_millis(50));
        while writer.write_all(b"x").await.is_ok() {
            tick.tick().await;
        }
    });
    let mut answer = Vec::new();
    let hung_up = timeout(BOUND, reader.read_to_end(&mut answer)).await;
    dripping.abort();
    // Bytes that were still on their way turn the end into a reset.
    let _ = hung_up.expect("it goes on and on");
    String::from_utf8(answer).unwrap()
}

/// Asks once over a connection that is kept, and gives the head of the answer.
async fn ask(stream: &mut TcpStream) -> String {
    let request = b"HEAD /jwks HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(BOUND, stream.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn n60_who_drips_a_head_is_cut_off() {
    let provider = impatient().await;
    for begun in ["", "GET /jwks HTTP/1.1\r\nhost: x\r\nx-drip: "] {
        assert_eq!(drip(&provider.issuer, begun).await, "", "{begun:?}");
    }
}

#[tokio::test]
async fn n60_who_says_nothing_is_cut_off_and_who_rests_is_not() {
    let provider = impatient().await;
    let mut resting = connect(&provider.issuer).await;
    assert!(ask(&mut resting).await.starts_with("HTTP/1.1 200"));
    // A second has passed once this one was cut off.
    let mut silent = connect(&provider.issuer).await;
    let mut nothing = Vec::new();
    timeout(BOUND, silent.read_to_end(&mut nothing))
        .await
        .expect("it goes on and on")
        .unwrap();
    assert!(nothing.is_empty());
    assert!(ask(&mut resting).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn n60_who_drips_a_second_request_is_cut_off_too() {
    let provider = impatient().await;
    let answers = drip(
        &provider.issuer,
        "HEAD /jwks HTTP/1.1\r\nhost: x\r\n\r\nGET /jwks HTTP/1.1\r\nx-drip: ",
    )
    .await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{answers}");
}

#[tokio::test]
async fn n60_who_drips_a_body_is_answered_and_cut_off() {
    let provider = impatient().await;
    for (path, status) in [("/token", 400), ("/userinfo", 400), ("/authorize", 413)] {
        let begun = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\na="
        );
        let answer = drip(&provider.issuer, &begun).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{path}: {answer}");
    }
}

#[tokio::test]
async fn n60_who_reads_no_answer_is_cut_off() {
    let provider = impatient().await;
    let mut stream = connect(&provider.issuer).await;
    let requests = "GET /jwks HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000);
    let asking = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
    timeout(BOUND, asking).await.expect("it goes on and on");
}

#[tokio::test]
async fn n60_where_it_is_crowded_nobody_rests() {
    let provider = TestProvider::open_with("[limits]\nconnections = 8\n", "").await;
    let mut resting = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(&provider.issuer).await;
        assert!(!ask(&mut stream).await.contains("connection: close"));
        resting.push(stream);
    }
    let _also_here = [
        connect(&provider.issuer).await,
        connect(&provider.issuer).await,
    ];
    for _ in 0..20 {
        let mut stream = connect(&provider.issuer).await;
        assert!(ask(&mut stream).await.contains("connection: close"));
        assert_eq!(
            timeout(BOUND, stream.read(&mut [0]))
                .await
                .unwrap()
                .unwrap(),
            0
        );
    }
}

#[tokio::test]
async fn n60_silent_connections_make_room_again() {
    let provider =
        TestProvider::open_with("[limits]\nconnections = 8\nrequest_time = '1s'\n", "").await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(connect(&provider.issuer).await);
    }
    let mut stream = connect(&provider.issuer).await;
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn n60_a_head_has_a_size_and_a_number_of_headers() {
    let provider = TestProvider::open().await;
    let cookie = format!("cookie: x={}\r\n", "x".repeat(100 * 1024));
    let kept = format!("cookie: x={}\r\n", "x".repeat(48 * 1024));
    for (headers, status) in [
        (cookie, 431),
        ("x-a: b\r\n".repeat(10_000), 431),
        ("x-a: b\r\n".repeat(101), 431),
        ("x-a: b\r\n".repeat(90), 200),
        (kept, 200),
    ] {
        let mut stream = connect(&provider.issuer).await;
        let request =
            format!("GET /jwks HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
        let (mut reader, mut writer) = stream.split();
        let mut answer = Vec::new();
        // It hangs up before it has read all of what is too much.
        let _ = tokio::join!(
            writer.write_all(request.as_bytes()),
            timeout(BOUND, reader.read_to_end(&mut answer)),
        );
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{}: {answer}", headers.len());
    }
}

#[tokio::test]
async fn n47_endpoints_for_clients_take_no_large_form() {
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

/// The memory a process occupies, in bytes.
fn memory(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn n60_ten_thousand_requests_without_cookies_leave_no_memory_behind() {
    let portal = TestProvider::open().await;
    let program = Program::start(portal.portal.url().as_str(), "").await;
    let url = program.client().authorize_url(&[]).to_string();
    let storm = async |each: usize| {
        let mut strangers = JoinSet::new();
        for _ in 0..200 {
            let url = url.clone();
            strangers.spawn(async move {
                for _ in 0..each {
                    let mut stranger = Browser::new();
                    assert_eq!(stranger.get(&url).await.status, 200);
                }
            });
        }
        strangers.join_all().await;
    };
    storm(2).await;
    let before = memory(&program);
    storm(50).await;
    let grown = memory(&program).saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes more");
}
