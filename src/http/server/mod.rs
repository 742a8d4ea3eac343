//! A listener and its connections, within bounds, until told to stop.

pub(crate) mod timeouts;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
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
use tower::ServiceExt as _;

use crate::config::LimitsSection;
use crate::http::server::timeouts::{InTime, Patient, Turns};

/// How long a connection may rest between two requests: longer than proxies keep theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// The largest head of a request, in bytes: the longest query, four requests that wait in cookies,
/// and cookies of neighbours on the same host.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The most headers of a request.
const MAX_HEADERS: usize = 100;

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How many there may be at once. More than that wait.
    pub connections: usize,
    /// How long the head of a request may take to arrive, and then its body; and how long an answer
    /// may wait for its reader.
    pub patience: Duration,
}

impl From<&LimitsSection> for Bounds {
    fn from(section: &LimitsSection) -> Self {
        Self {
            connections: section.connections,
            patience: section.request_time,
        }
    }
}

/// How long requests in flight may take to finish after the stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves `router` on `listener` until `stop`; then takes no more connections and waits until the
/// requests in flight are answered, twenty seconds at the most.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
) {
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(bounds.connections));
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut stop => break,
            next = next(&listener, &room) => next,
        };
        let turns = Turns::default();
        let stream = Patient::new(stream, turns.clone(), bounds.patience);
        let (router, room) = (router.clone(), Arc::clone(&room));
        let service = service_fn(move |request: Request<Incoming>| {
            turns.turn();
            let mut request = request.map(|body| Body::new(InTime::new(body, bounds.patience)));
            request.extensions_mut().insert(ConnectInfo(peer));
            let crowded = room.available_permits() < bounds.connections / 4;
            answer(router.clone(), request, turns.clone(), crowded)
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
            if let Err(error) = connection.await {
                tracing::debug!("A connection ended early: {error}");
            }
            drop(place);
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

/// The next connection, once there is room for it.
async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: those that exist go on, and will end.
                tracing::warn!("A connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("A connection keeps its delays: {error}");
        }
        if let Ok(place) = Arc::clone(room).acquire_owned().await {
            return (stream, peer, place);
        }
    }
}

/// Where it is crowded, a connection makes room after each answer instead of resting.
async fn answer(
    router: Router,
    request: Request<Body>,
    turns: Turns,
    crowded: bool,
) -> Result<Response, Infallible> {
    let mut response = router.oneshot(request).await?;
    if crowded {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    turns.turn();
    Ok(response)
}
