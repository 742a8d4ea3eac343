//! What becomes of a connection to the portal after an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use panda_oidc_sdk::{IdentityProvider, LoginRequest, Ticket};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::bench::open;

const ANSWER: &str = r#"{"code":0,"msg":"OK","data":{"id":1,"count":1,"data":[{"id":1}]}}"#;

/// Answers the first request of each connection, promises to keep it open, and closes it unanswered at
/// the second, like a proxy whose idle time is over.
async fn closes_reused_connections() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let reused = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reused);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                read_request(&mut stream).await;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: {}\r\n\r\n{ANSWER}",
                    ANSWER.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                if read_request(&mut stream).await {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (address, reused)
}

/// Whether there is a request.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read_buf(&mut head).await, Ok(1..)) {
            return false;
        }
    }
    true
}

async fn login(provider: &dyn IdentityProvider) {
    let ticket = Ticket::new("T".to_owned());
    let identity = provider.authenticate(&LoginRequest { ticket }).await;
    assert_eq!(identity.unwrap().subject.as_str(), "1");
}

#[tokio::test]
async fn a_portal_that_closes_a_reused_connection_fails_nobodys_login() {
    let (address, reused) = closes_reused_connections().await;
    let provider = open(&format!("base_url = \"{address}\"")).unwrap();
    for _ in 0..5 {
        login(&*provider).await;
    }
    let list = provider.directory().unwrap();
    for number in 1..=5 {
        assert_eq!(list.page(number, 1).await.unwrap().people.len(), 1);
        login(&*provider).await;
    }
    assert_eq!(reused.load(Ordering::Relaxed), 0);
}
