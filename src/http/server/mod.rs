//! Serves a listener with limits on its connections, until it is stopped.

pub(crate) mod timeouts;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
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
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::config::LimitsSection;
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
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// How many connections are served at once. Further ones wait.
    pub connections: usize,
    /// The timeout for receiving the head of a request, for receiving its body, and for the client to
    /// read from a response.
    pub request_timeout: Duration,
}

impl From<&LimitsSection> for ConnectionLimits {
    fn from(section: &LimitsSection) -> Self {
        Self {
            connections: section.connections,
            request_timeout: section.request_time,
        }
    }
}

/// How long requests in flight may take to finish after `stop`.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves `router` on `listener` until `stop`. Then accepts no more connections and waits for the
/// requests in flight, twenty seconds at the most.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: ConnectionLimits,
    stop: impl Future<Output = ()>,
) {
    let connections = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(bounds.connections));
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, permit) = tokio::select! {
            () = &mut stop => break,
            connection = accept(&listener, &permits) => connection,
        };
        let turns = RequestPhase::default();
        let stream = TimedStream::new(stream, turns.clone(), bounds.request_timeout);
        let (router, permits) = (router.clone(), Arc::clone(&permits));
        let service = service_fn(move |request: Request<Incoming>| {
            turns.advance();
            let mut request =
                request.map(|body| Body::new(TimedBody::new(body, bounds.request_timeout)));
            request.extensions_mut().insert(ConnectInfo(peer));
            let crowded = permits.available_permits() < bounds.connections / 4;
            respond(router.clone(), request, turns.clone(), crowded)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_header_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            match connection.await {
                Err(error) if error.is_parse() => log_no_http(peer, &error),
                Err(error) => tracing::debug!("A connection ended early: {error}"),
                Ok(()) => {}
            }
            drop(permit);
        });
    }
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

/// Accepts the next connection and waits until it may be served.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
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
        if let Ok(permit) = Arc::clone(permits).acquire_owned().await {
            return (stream, peer, permit);
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
