//! The bounds of every request: the length of its query, the memory for its body, its time, and panics of
//! its handler.
//!
//! What goes beyond them is answered in the way of the endpoint: a page for a person, a registered
//! error code for a client.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use hyper::body::Body as _;
use ipnet::IpNet;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::http::error::{Interruption, MAX_QUERY_BYTES};
use crate::http::extract::client_ip;
use crate::limits::RequestShares;

/// The longest a request may take: longer than the portal's timeout and the clients' logout timeout
/// together.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(75);

/// The largest body any endpoint accepts, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// What one address may occupy, and how the address of a request is found.
#[derive(Clone)]
pub(crate) struct AddressBounds {
    shares: Arc<RequestShares>,
    trusted_proxies: Arc<[IpNet]>,
}

impl AddressBounds {
    /// The bounds that are configured.
    pub(crate) fn of(app: &App) -> Self {
        Self {
            shares: Arc::clone(&app.limits.requests),
            trusted_proxies: app.trusted_proxies.clone().into(),
        }
    }
}

/// Puts the bounds around `routes` and their fallbacks. `E` is the error type of their endpoints.
pub(crate) fn bounded<E, S>(routes: Router<S>, bounds: &AddressBounds) -> Router<S>
where
    E: From<Interruption> + IntoResponse + 'static,
    S: Clone + Send + Sync + 'static,
{
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(bounds.clone(), limit::<E>))
        .layer(CatchPanicLayer::custom(|_| {
            E::from(Interruption::Panicked).into_response()
        }));
    routes.layer(layers)
}

/// The layer that refuses a request whose query is too long or whose address occupies too much, and gives
/// up on one that takes too long. A body without a length counts as the longest.
///
/// One layer for all three: each layer costs a request several allocations.
async fn limit<E>(State(bounds): State<AddressBounds>, request: Request, next: Next) -> Response
where
    E: From<Interruption> + IntoResponse,
{
    let query = request.uri().query().unwrap_or_default();
    if query.len() > MAX_QUERY_BYTES {
        return E::from(Interruption::QueryTooLong).into_response();
    }
    let length = request.body().size_hint().upper();
    let length = length.and_then(|length| usize::try_from(length).ok());
    let length = length.unwrap_or(MAX_BODY_BYTES).min(MAX_BODY_BYTES);
    let (mut parts, body) = request.into_parts();
    let address = client_ip::address(&mut parts, &bounds.trusted_proxies);
    let peer = client_ip::peer(&parts);
    let unknown = Ipv4Addr::UNSPECIFIED.into();
    let taken = bounds
        .shares
        .take(address.unwrap_or(unknown), length, address != peer);
    let Some(_share) = taken else {
        return E::from(Interruption::Crowded).into_response();
    };
    let request = Request::from_parts(parts, body);
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => E::from(Interruption::TimedOut).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use crate::http::error::{BearerError, ClientError, LogEntry, PageError};
    use crate::http::middleware::bounds::*;

    async fn panics() -> StatusCode {
        panic!("a defect")
    }

    /// The response to a request with `query`, whose handler panics.
    async fn response<E>(query: &str) -> Response
    where
        E: From<Interruption> + IntoResponse + 'static,
    {
        let bounds = AddressBounds {
            shares: Arc::new(RequestShares::new(8)),
            trusted_proxies: [].into(),
        };
        let routes = bounded::<E, ()>(Router::new().route("/", get(panics)), &bounds);
        let request = Request::get(format!("/?{query}")).body(Body::empty());
        routes.oneshot(request.unwrap()).await.unwrap()
    }

    async fn error_code(response: Response) -> String {
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let body = to_bytes(response.into_body(), 1024).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        body["error"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_panic_is_answered_in_the_way_of_the_endpoint_and_logged() {
        for response in [
            response::<ClientError>("").await,
            response::<BearerError>("").await,
        ] {
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let entry = response.extensions().get::<LogEntry>().unwrap();
            assert!(entry.is_failure);
            assert_eq!(error_code(response).await, "server_error");
        }
        let page = response::<PageError>("").await;
        assert_eq!(page.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(page.extensions().get::<LogEntry>().unwrap().is_failure);
    }

    #[tokio::test]
    async fn a_query_that_is_too_long_is_answered_in_the_way_of_the_endpoint() {
        let query = "x".repeat(MAX_QUERY_BYTES + 1);
        let of_client = response::<ClientError>(&query).await;
        assert_eq!(of_client.status(), StatusCode::BAD_REQUEST);
        assert_eq!(error_code(of_client).await, "invalid_request");
        let of_bearer = response::<BearerError>(&query).await;
        assert_eq!(of_bearer.status(), StatusCode::BAD_REQUEST);
        assert!(of_bearer.headers().contains_key(WWW_AUTHENTICATE));
        assert_eq!(error_code(of_bearer).await, "invalid_request");
        let page = response::<PageError>(&query).await;
        assert_eq!(page.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
