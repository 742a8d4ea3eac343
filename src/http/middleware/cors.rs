//! CORS: which origins may read the responses of an endpoint (Fetch §3.3).

use std::collections::HashSet;
use std::time::Duration;

use axum::http::header::{ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

use crate::oauth::clients::Clients;

/// How long a browser may cache the response to a preflight request. Browsers keep none for longer.
const PREFLIGHT_AGE: Duration = Duration::from_hours(2);

/// The layer for public documents: every origin may read them.
pub(crate) fn any_origin() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET])
        .allow_headers(any_header())
        .max_age(PREFLIGHT_AGE)
}

/// The layer for endpoints that clients call. It allows only the origins of registered redirect URIs
/// and never reflects another origin (N56, docs/security.md). It does not allow credentials, because
/// these endpoints use no cookies.
///
/// Endpoints that browsers are redirected to must not have this layer (RFC 9700 §2.6).
pub(crate) fn client_origins(clients: &Clients) -> CorsLayer {
    // The layer is cloned for each request, and with it only the reference to the origins.
    let origins: HashSet<String> = clients.origins().into_iter().collect();
    let is_registered =
        move |origin: &HeaderValue| origin.to_str().is_ok_and(|origin| origins.contains(origin));
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            is_registered(origin)
        }))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(any_header())
        .expose_headers([WWW_AUTHENTICATE, RETRY_AFTER])
        .max_age(PREFLIGHT_AGE)
        .vary([ORIGIN])
}

/// Every header that the page asks for. Interceptors add headers of their own to each request of a page:
/// for tracing, error reports or caches. No header beyond `Authorization` and `Content-Type` has a
/// meaning at these endpoints, and the origin alone decides who may send those.
fn any_header() -> AllowHeaders {
    AllowHeaders::mirror_request()
}
