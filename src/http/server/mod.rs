//! Serves a listener with limits on its connections, until it is stopped.

mod admission;
mod live_router;
pub(crate) mod timeouts;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tower::ServiceExt as _;

use self::admission::{Admission, Place};
pub use self::live_router::LiveRouter;
use crate::config::Config;
use crate::error_chain::causes;
use crate::http::server::timeouts::{RequestPhase, TimedBody, TimedStream};

/// How long a connection may be idle between two requests: longer than proxies keep theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// The largest head of a request, in bytes. It has room for the longest query, four pending
/// authorization requests in cookies, and the cookies of other services on the same host.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The most headers of a request.
const MAX_HEADERS: usize = 100;

/// Limits on connections.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// How many connections are served at once. Further ones wait.
    pub connections: usize,
    /// How many of them are served at once for one address. As many more wait, the rest are closed.
    pub per_address: usize,
    /// The proxies whose connections are not counted by address, because they are those of many clients.
    pub trusted_proxies: Vec<IpNet>,
    /// The timeout for receiving the head of a request, for receiving its body, and for the client to
    /// read from a response.
    pub request_timeout: Duration,
}

impl From<&Config> for ConnectionLimits {
    fn from(config: &Config) -> Self {
        Self {
            connections: config.limits.connections,
            per_address: config.limits.connections_per_address,
            trusted_proxies: config.server.trusted_proxies.clone(),
            request_timeout: config.limits.request_time,
        }
    }
}

/// How long requests in flight may take to finish after `stop`.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves `router` on `listener` until `stop`. Then accepts no more connections and waits for the
/// requests in flight, twenty seconds at the most.
pub async fn serve(
    listener: TcpListener,
    router: impl Into<LiveRouter>,
    bounds: ConnectionLimits,
    stop: impl Future<Output = ()>,
) {
    let router = router.into();
    let mut stop = pin!(stop);
    let connections = GracefulShutdown::new();
    let admission = Admission::new(
        bounds.connections,
        bounds.per_address,
        bounds.trusted_proxies,
    );
    let (stopping, stopped) = watch::channel(());
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut stop => break,
            connection = accept(&listener, &admission) => connection,
        };
        let connection = Connection {
            stream,
            peer,
            router: router.clone(),
            admission: admission.clone(),
            request_timeout: bounds.request_timeout,
        };
        let (watcher, mut stopped) = (connections.watcher(), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                _served = place.served() => connection.serve(watcher).await,
                // The sender is dropped: the connection has not been served yet, and is closed.
                _ = stopped.changed() => {}
            }
        });
    }
    drop(stopping);
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            "Some requests were not finished within {} s and are cut off",
            DRAIN_TIMEOUT.as_secs()
        );
    }
}

/// Logs a request that is no HTTP, such as one whose URL has bytes in it that are not UTF-8. The HTTP library
/// has answered 400 without a page. At most one line a second, since anybody can cause it.
fn log_no_http(peer: SocketAddr, error: &hyper::Error) {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_some_and(|last| last.elapsed() < Duration::from_secs(1)) {
        return;
    }
    *last = Some(Instant::now());
    let causes = causes(error);
    tracing::warn!(address = %peer.ip().to_canonical(), causes, "Refused: the request is no HTTP ({error}); a browser or proxy may have put raw GBK or spaces into the URL, or spoken TLS to this port");
}

/// An accepted connection.
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    router: LiveRouter,
    admission: Admission,
    request_timeout: Duration,
}

impl Connection {
    /// Serves the requests of the connection until it is closed.
    async fn serve(self, watcher: Watcher) {
        let Self {
            stream,
            peer,
            router,
            admission,
            request_timeout,
        } = self;
        let turns = RequestPhase::default();
        let stream = TimedStream::new(stream, turns.clone(), request_timeout);
        let service = service_fn(move |request: Request<Incoming>| {
            turns.advance();
            let mut request = request.map(|body| Body::new(TimedBody::new(body, request_timeout)));
            request.extensions_mut().insert(ConnectInfo(peer));
            respond(
                router.current(),
                request,
                turns.clone(),
                admission.is_crowded(),
            )
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_header_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        match watcher.watch(connection).await {
            Err(error) if error.is_parse() => log_no_http(peer, &error),
            Err(error) => tracing::debug!("A connection ended early: {error}"),
            Ok(()) => {}
        }
    }
}

/// Accepts the next connection and waits until it may be served.
async fn accept(listener: &TcpListener, admission: &Admission) -> (TcpStream, SocketAddr, Place) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Most likely out of file descriptors. Open connections go on, and free some when
                // they end.
                tracing::warn!("A connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("A connection keeps its delays: {error}");
        }
        if let Some(place) = admission.place(peer.ip().to_canonical()).await {
            return (stream, peer, place);
        }
    }
}

/// Serves one request. When connections are scarce, the connection is closed after the response
/// instead of staying idle.
async fn respond(
    router: Router,
    request: Request<Body>,
    turns: RequestPhase,
    crowded: bool,
) -> Result<Response, Infallible> {
    let mut response = router.oneshot(request).await?;
    if crowded {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    turns.advance();
    Ok(response)
}
