//! A client's web server, which publishes the client's keys or misbehaves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The response of the server.
#[derive(Clone)]
pub enum Reply {
    /// This document.
    Document(String),
    /// A redirect to this address.
    Redirect(String),
    /// A status without a body.
    Status(u16),
    /// A body of single blanks, sent slowly and without an end.
    Drip,
    /// No response at all.
    Silence,
}

/// A running server. It stops when this is dropped.
pub struct KeyServer {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    reply: Mutex<Reply>,
    requests: AtomicUsize,
}

impl KeyServer {
    /// Starts a server.
    pub async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            reply: Mutex::new(reply),
            requests: AtomicUsize::new(0),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self {
            url,
            shared,
            server,
        }
    }

    /// The URL of the published keys.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes the response.
    pub fn publish(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    /// The number of requests so far.
    pub fn request_count(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => return,
                }
            }
            shared.requests.fetch_add(1, Ordering::SeqCst);
            let reply = shared.reply.lock().unwrap().clone();
            // The caller may have hung up.
            let _ = answer(&mut stream, reply).await;
        });
    }
}

async fn answer(stream: &mut TcpStream, reply: Reply) -> io::Result<()> {
    let head = |status: u16, more: &str| {
        format!("HTTP/1.1 {status} x\r\nconnection: close\r\n{more}\r\n\r\n")
    };
    match reply {
        Reply::Document(document) => {
            let length = format!("content-length: {}", document.len());
            stream.write_all(head(200, &length).as_bytes()).await?;
            stream.write_all(document.as_bytes()).await
        }
        Reply::Redirect(to) => {
            let head_lines = format!("location: {to}\r\ncontent-length: 0");
            stream.write_all(head(302, &head_lines).as_bytes()).await
        }
        Reply::Status(status) => {
            let response = head(status, "content-length: 0");
            stream.write_all(response.as_bytes()).await
        }
        Reply::Drip => {
            let start = head(200, "content-type: application/json");
            stream.write_all(start.as_bytes()).await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Reply::Silence => stream.read_u8().await.map(drop),
    }
}
