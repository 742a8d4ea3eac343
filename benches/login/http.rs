//! The subset of HTTP/1.1 that the load needs, on one kept-alive connection. A client library would
//! use as much processor time as the server, and both share one machine.

use std::net::SocketAddr;

use tokio::io;
use tokio::net::TcpStream;

/// The request for the discovery document.
pub(crate) const DISCOVERY: &str =
    "GET /.well-known/openid-configuration HTTP/1.1\r\nhost: x\r\n\r\n";

/// A connection to the server.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// The response to a request.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    head: &'a str,
    pub(crate) body: &'a str,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(8192),
        })
    }

    /// Sends a whole request and waits for the whole response.
    pub(crate) async fn ask(&mut self, request: &str) -> io::Result<Answer<'_>> {
        self.received.clear();
        let mut rest = request.as_bytes();
        while !rest.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(rest) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        let (head, end) = loop {
            self.receive().await?;
            if let Some(message_ends) = message_ends(&self.received) {
                break message_ends;
            }
        };
        while self.received.len() < end {
            self.receive().await?;
        }
        let text = str::from_utf8(&self.received).map_err(io::Error::other)?;
        let status = text.get(9..12).and_then(|status| status.parse().ok());
        Ok(Answer {
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            head: &text[..head],
            body: &text[head..],
        })
    }

    async fn receive(&mut self) -> io::Result<()> {
        loop {
            self.stream.readable().await?;
            match self.stream.try_read_buf(&mut self.received) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<'a> Answer<'a> {
    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> impl Iterator<Item = &'a str> {
        values(self.head, name)
    }
}

/// The ends of the head and of the body of a response, once the head has been received.
fn message_ends(received: &[u8]) -> Option<(usize, usize)> {
    const BLANK: &[u8] = b"\r\n\r\n";
    let head = received.windows(BLANK.len()).position(|at| at == BLANK)? + BLANK.len();
    let text = str::from_utf8(&received[..head]).ok()?;
    let length = values(text, "content-length").next();
    let length: usize = length.map_or(0, |length| length.parse().expect("a length"));
    Some((head, head + length))
}

/// The values of the header `name` in a head.
fn values<'a>(head: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    head.lines().filter_map(move |line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
