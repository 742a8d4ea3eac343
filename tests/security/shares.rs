//! What one caller may hold of what all share: connections, requests in flight, memory for bodies (N60,
//! docs/security.md).

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::provider::TestProvider;

/// Longer than any step of these tests.
const TEST_TIMEOUT: Duration = Duration::from_mins(1);

/// A connection from another address of this machine.
async fn connect_from(address: [u8; 4], provider: &TestProvider) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(SocketAddr::from((Ipv4Addr::from(address), 0)))
        .unwrap();
    let target = provider.issuer.strip_prefix("http://").unwrap();
    socket.connect(target.parse().unwrap()).await.unwrap()
}

/// What the server sends in reply to `request` before it closes the connection.
async fn exchange(stream: &mut TcpStream, request: &str) -> String {
    let mut answer = Vec::new();
    // A connection that is closed at once may end with a reset.
    let _ = stream.write_all(request.as_bytes()).await;
    let _ = timeout(TEST_TIMEOUT, stream.read_to_end(&mut answer))
        .await
        .expect("neither an answer nor an end");
    String::from_utf8(answer).unwrap()
}

const LAUNCH: &str = "GET /launch HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn n60_an_address_that_has_its_share_of_connections_gets_no_more_and_takes_none_from_others()
{
    let limits = "[limits]\nconnections = 32\nconnections_per_address = 8\n";
    let provider = TestProvider::open_with(limits, "").await;
    let mut silent = Vec::new();
    for _ in 0..24 {
        silent.push(connect_from([127, 0, 0, 2], &provider).await);
    }
    let other = exchange(&mut connect_from([127, 0, 0, 3], &provider).await, LAUNCH).await;
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
    let same = exchange(&mut connect_from([127, 0, 0, 2], &provider).await, LAUNCH).await;
    assert!(same.is_empty(), "{same}");
    let mut served = Vec::new();
    for mut stream in silent {
        served.push(!exchange(&mut stream, LAUNCH).await.is_empty());
    }
    assert_eq!(served.iter().filter(|served| **served).count(), 16);
    let later = exchange(&mut connect_from([127, 0, 0, 2], &provider).await, LAUNCH).await;
    assert!(later.starts_with("HTTP/1.1 200"), "{later}");
}

#[tokio::test]
async fn n60_connections_that_wait_for_the_share_of_their_address_take_no_place_from_others() {
    let limits = "[limits]\nconnections = 16\nconnections_per_address = 8\n";
    let provider = TestProvider::open_with(limits, "").await;
    let mut silent = Vec::new();
    for _ in 0..24 {
        silent.push(connect_from([127, 0, 0, 2], &provider).await);
    }
    let mut other = connect_from([127, 0, 0, 3], &provider).await;
    let answer = timeout(Duration::from_secs(10), exchange(&mut other, LAUNCH)).await;
    let answer = answer.expect("another address waits");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// A request with a body that does not arrive, forwarded for `client`.
async fn stalled(provider: &TestProvider, client: &str, length: usize) -> TcpStream {
    let mut stream = connect_from([127, 0, 0, 1], provider).await;
    let head = format!(
        "POST /token HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: {client}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\na"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// The response to one more such request, from `client`.
async fn one_more(provider: &TestProvider, client: &str) -> String {
    let mut stream = stalled(provider, client, 1).await;
    exchange(&mut stream, "").await
}

#[tokio::test]
async fn n60_a_client_of_a_proxy_has_its_share_of_the_requests_in_flight() {
    let limits = "[server]\ntrusted_proxies = ['127.0.0.1']\n\
                  [limits]\nconnections_per_address = 8\nrequest_time = '1s'\n";
    let provider = TestProvider::open_with(limits, "").await;
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(stalled(&provider, "192.0.2.1", 100).await);
    }
    let mut refused = 0;
    for mut stream in held {
        let answer = exchange(&mut stream, "").await;
        refused += usize::from(answer.starts_with("HTTP/1.1 503"));
        assert!(
            !answer.contains("503") || answer.contains("temporarily_unavailable"),
            "{answer}"
        );
    }
    assert_eq!(refused, 8);
    let other = one_more(&provider, "192.0.2.2").await;
    assert!(other.starts_with("HTTP/1.1 4"), "{other}");
}

#[tokio::test]
async fn n60_the_large_bodies_of_one_address_leave_memory_for_others() {
    let limits = "[server]\ntrusted_proxies = ['127.0.0.1']\n[limits]\nrequest_time = '2s'\n";
    let provider = TestProvider::open_with(limits, "").await;
    let mut held = Vec::new();
    for _ in 0..80 {
        held.push(stalled(&provider, "192.0.2.1", 60_000).await);
    }
    let mut other = stalled(&provider, "192.0.2.2", 60_000).await;
    let body = "b".repeat(59_999);
    other.write_all(body.as_bytes()).await.unwrap();
    let mut answer = [0; 10];
    other.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 4", "another address");
    let mut refused = 0;
    for mut stream in held {
        let answer = exchange(&mut stream, "").await;
        refused += usize::from(answer.starts_with("HTTP/1.1 503"));
    }
    let share = 4 * 1024 * 1024 / 60_000;
    assert_eq!(refused, 80 - share);
}
