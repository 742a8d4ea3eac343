//! Connections from a chosen loopback address, written to by hand: a flood costs this program little.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// The longest wait for a response.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Opens a connection from `from`.
pub async fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends one request and returns the head of the response.
pub async fn ask_once(from: Ipv4Addr, to: SocketAddr, request: &str) -> io::Result<String> {
    Connection::open(from, to).await?.ask(request).await
}

/// A kept-alive connection.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Opens a connection from `from`.
    pub async fn open(from: Ipv4Addr, to: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            stream: connect(from, to).await?,
            received: Vec::new(),
        })
    }

    /// Sends one request, receives the whole response and returns its head.
    pub async fn ask(&mut self, request: &str) -> io::Result<String> {
        timeout(TIMEOUT, self.exchange(request))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn exchange(&mut self, request: &str) -> io::Result<String> {
        self.received.clear();
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = String::from_utf8_lossy(&self.received);
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            if body.len() >= content_length(head) {
                return Ok(head.to_owned());
            }
        }
    }
}

/// The status of a response.
pub fn status(head: &str) -> &str {
    head.get(9..12).unwrap_or("")
}

/// The `Cookie` header that follows from the cookies of a response.
pub fn cookies(head: &str) -> String {
    let set = head
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: "));
    let pairs: Vec<_> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    pairs.join("; ")
}

fn content_length(head: &str) -> usize {
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length:"));
    length
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}
