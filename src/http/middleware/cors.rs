//! CORS: which origins may read the responses of an endpoint (Fetch §3.3).

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method};
use tower_http::cors::{Any, CorsLayer};

use crate::oauth::clients::Clients;

/// How long a browser may cache the response to a preflight request.
const PREFLIGHT_AGE: Duration = Duration::from_mins(10);

/// The layer for public documents: every origin may read them.
pub(crate) fn any_origin() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET])
        .max_age(PREFLIGHT_AGE)
}

/// The layer for endpoints that clients call. It allows only the origins of registered redirect URIs
/// and never reflects another origin (N56, docs/security.md). It does not allow credentials, because
/// these endpoints use no cookies.
///
/// Endpoints that browsers are redirected to must not have this layer (RFC 9700 §2.6).
pub(crate) fn client_origins(clients: &Clients) -> CorsLayer {
    let origins = clients.origins();
    let origins = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([WWW_AUTHENTICATE, RETRY_AFTER])
        .max_age(PREFLIGHT_AGE)
        .vary([ORIGIN])
}
