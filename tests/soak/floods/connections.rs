//! Floods of connections that are slow or silent.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Flood, STRANGER, Target};
use crate::wire;

/// The time from one byte of a slow request to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// The time from a lost connection to the next. These floods are slow: others flood with requests.
const RECONNECT_INTERVAL: Duration = Duration::from_secs(5);

/// Within how long the first connections are opened.
const SPREAD: Duration = Duration::from_secs(3);

/// The length of a slow body, just below the limit of 64 KiB.
const BODY_BYTES: usize = 60_000;

/// Connections on which nothing is sent.
pub(super) const SILENT: Flood = Flood {
    name: "silent connections",
    connections: 6000,
    start: |target| flood(target, SILENT.connections, |_| STRANGER, Slow::Silent),
};

/// Requests whose heads never end.
pub(super) const DRIPPING_HEADS: Flood = Flood {
    name: "dripping heads",
    connections: 4096,
    start: |target| flood(target, DRIPPING_HEADS.connections, |_| STRANGER, Slow::Head),
};

/// Requests with large bodies that never end.
pub(super) const SLOW_BODIES: Flood = Flood {
    name: "slow bodies of 60 KB",
    connections: 4096,
    start: |target| flood(target, SLOW_BODIES.connections, |_| STRANGER, Slow::Body),
};

/// The same from many addresses, none of which exceeds its share of the connections.
pub(super) const SLOW_BODIES_OF_MANY: Flood = Flood {
    name: "slow bodies of 60 KB, from 64 addresses",
    connections: 4032,
    start: |target| {
        flood(
            target,
            SLOW_BODIES_OF_MANY.connections,
            one_of_64,
            Slow::Body,
        )
    },
};

fn one_of_64(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(number % 64).unwrap_or(0) + 1)
}

#[derive(Clone, Copy)]
enum Slow {
    Silent,
    Head,
    Body,
}

fn flood(
    target: &Target,
    connections: usize,
    from: fn(usize) -> Ipv4Addr,
    slow: Slow,
) -> JoinSet<()> {
    let mut flood = JoinSet::new();
    let address = target.address;
    for number in 0..connections {
        let from = from(number);
        let part = u32::try_from(number * 1000 / connections).unwrap_or(0);
        flood.spawn(async move {
            sleep(SPREAD * part / 1000).await;
            loop {
                if let Ok(stream) = wire::connect(from, address).await {
                    // It ends when the server closes it.
                    let _ = hold(stream, slow).await;
                }
                sleep(RECONNECT_INTERVAL).await;
            }
        });
    }
    flood
}

/// Sends slowly until the server responds or closes the connection.
async fn hold(mut stream: TcpStream, slow: Slow) -> io::Result<()> {
    let start = match slow {
        Slow::Silent => String::new(),
        Slow::Head => "GET /launch/app HTTP/1.1\r\nhost: x\r\nx-slow: ".to_owned(),
        Slow::Body => format!(
            "POST /token HTTP/1.1\r\nhost: x\r\ncontent-length: {BODY_BYTES}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n{}",
            "a".repeat(BODY_BYTES - 1000)
        ),
    };
    stream.write_all(start.as_bytes()).await?;
    let mut byte = [0];
    loop {
        if timeout(PAUSE, stream.read(&mut byte)).await.is_ok() {
            return Ok(());
        }
        if !matches!(slow, Slow::Silent) {
            stream.write_all(b"a").await?;
        }
    }
}
