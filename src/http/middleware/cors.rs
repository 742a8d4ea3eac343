//! Which pages of other origins may read what an endpoint answers (Fetch §3.3).

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method};
use tower_http::cors::{Any, CorsLayer};

use crate::oauth::client::Clients;

/// How long a browser may keep the answer to a preflight.
const PREFLIGHT_AGE: Duration = Duration::from_mins(10);

/// The layer for what is public anyway: every page may read it.
pub(crate) fn every_page() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET])
        .max_age(PREFLIGHT_AGE)
}

/// The layer for endpoints that clients call: it answers the pages that clients may be sent back to,
/// and repeats no other origin (N56). Cookies are never asked for: these endpoints take none.
///
/// It stays off every endpoint that a browser is led to (RFC 9700 §2.6).
pub(crate) fn clients_pages(clients: &Clients) -> CorsLayer {
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
