//! A portal whose reply to each ticket is set by the test, byte by byte.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The reply to a call.
#[derive(Clone)]
pub enum Reply {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// No reply; the connection stays open.
    Silence,
    /// These bytes, one per second.
    Drip(Vec<u8>),
    /// These bytes, after a delay.
    Late(Duration, Vec<u8>),
    /// These bytes, then a reset of the connection.
    Reset(Vec<u8>),
    /// These bytes, once [`ScriptedPortal::go_on`] was called.
    OnCue(Vec<u8>),
}

/// The portal. It runs as long as the test's runtime.
pub struct ScriptedPortal {
    url: String,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    calls: watch::Sender<usize>,
    cue: watch::Sender<bool>,
}

/// The answer to a call without a ticket.
const NO_TICKET: &[u8] = r#"{"code":1,"msg":"票据无效","data":null}"#.as_bytes();

/// An HTTP 200 response with `body`.
pub fn ok(body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// A valid response for Chen Tao.
pub fn good() -> Vec<u8> {
    let body = r#"{"code":0,"msg":"ok","data":{"id":1,"userName":"陈涛","phone":"13800138000"}}"#;
    ok(body.as_bytes())
}

impl ScriptedPortal {
    /// Starts the portal.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let portal = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            replies: Arc::default(),
            calls: watch::channel(0).0,
            cue: watch::channel(false).0,
        };
        let replies = Arc::clone(&portal.replies);
        let (calls, cue) = (portal.calls.clone(), portal.cue.subscribe());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (replies, calls, cue) = (Arc::clone(&replies), calls.clone(), cue.clone());
                tokio::spawn(async move {
                    // A caller whose timeout expires hangs up.
                    let _ = answer(stream, &replies, &calls, cue).await;
                });
            }
        });
        portal
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sets the reply to calls with `ticket`.
    pub fn plant(&self, ticket: &str, reply: Reply) {
        self.replies
            .lock()
            .unwrap()
            .insert(ticket.to_owned(), reply);
    }

    /// Waits until it has received `calls` calls in all.
    pub async fn asked(&self, calls: usize) {
        let mut received = self.calls.subscribe();
        let enough = received.wait_for(|received| *received >= calls);
        let enough = tokio::time::timeout(Duration::from_secs(40), enough).await;
        enough.expect("it is asked").unwrap();
    }

    /// Sends every waiting [`Reply::OnCue`].
    pub fn go_on(&self) {
        self.cue.send_replace(true);
    }
}

/// A ticket as it was before it was encoded for a URL.
pub fn decoded(ticket: &str) -> String {
    percent_decode_str(ticket)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

async fn answer(
    mut stream: TcpStream,
    replies: &Mutex<HashMap<String, Reply>>,
    calls: &watch::Sender<usize>,
    mut cue: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8(head).expect("a request is text");
    let ticket = head.split_once("ticket=").map_or("", |(_, rest)| rest);
    let ticket = ticket.split([' ', '&']).next().unwrap();
    let ticket = decoded(ticket);
    if ticket.is_empty() {
        // The list of users, or a call without a ticket. Neither is counted.
        stream.write_all(&ok(NO_TICKET)).await?;
        return stream.shutdown().await;
    }
    let reply = replies.lock().unwrap().get(&ticket).cloned();
    calls.send_modify(|calls| *calls += 1);
    match reply.expect("a ticket that was planted") {
        Reply::Bytes(bytes) => stream.write_all(&bytes).await?,
        Reply::Silence => std::future::pending().await,
        Reply::Drip(bytes) => {
            for byte in bytes {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Reply::Late(after, bytes) => {
            tokio::time::sleep(after).await;
            stream.write_all(&bytes).await?;
        }
        Reply::Reset(bytes) => {
            stream.write_all(&bytes).await?;
            stream.set_zero_linger()?;
            return Ok(());
        }
        Reply::OnCue(bytes) => {
            cue.wait_for(|go| *go).await.expect("the portal is open");
            stream.write_all(&bytes).await?;
        }
    }
    stream.shutdown().await
}
