//! A client's web server, which publishes its keys or misbehaves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it answers.
#[derive(Clone)]
pub enum Reply {
    /// This document.
    Document(String),
    /// The way to another address.
    Redirect(String),
    /// Nothing but a status.
    Status(u16),
    /// A blank now and then, without an end.
    Drip,
    /// Nothing at all.
    Silence,
}

/// A server that is stopped when this is dropped.
pub struct Publisher {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    reply: Mutex<Reply>,
    asked: AtomicUsize,
}

impl Publisher {
    /// Starts one.
    pub async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            reply: Mutex::new(reply),
            asked: AtomicUsize::new(0),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self {
            url,
            shared,
            server,
        }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it answers this.
    pub fn publish(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Publisher {
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
            shared.asked.fetch_add(1, Ordering::SeqCst);
            let reply = shared.reply.lock().unwrap().clone();
            // Whoever asked may have gone.
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
            let there = format!("location: {to}\r\ncontent-length: 0");
            stream.write_all(head(302, &there).as_bytes()).await
        }
        Reply::Status(status) => {
            let nothing = head(status, "content-length: 0");
            stream.write_all(nothing.as_bytes()).await
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
