//! The discovery document and the JWKS, served from memory, and what browsers and crawlers look for by
//! themselves.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::app::App;

/// How long clients may cache the documents. A new key is published for at least an hour before it signs
/// (`keys.publish_ahead`). After an emergency rotation, a client that only obeys this learns of the new key within it.
const MAX_AGE: HeaderValue = HeaderValue::from_static("public, max-age=300");

const FAVICON: &[u8] = include_bytes!("page/assets/favicon.ico");

/// `GET /.well-known/openid-configuration` (OIDC Discovery §4), and the same document at
/// `/.well-known/oauth-authorization-server` (RFC 8414 §3).
pub(super) async fn metadata(State(app): State<Arc<App>>) -> Response {
    document(app.metadata.clone())
}

/// `GET /jwks` (RFC 7517 §5). A client that has the present keys is answered without them (RFC 9110 §13.1.2).
pub(super) async fn jwks(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let jwks = app.keys.jwks();
    let mut response = if has(&headers, &jwks.etag) {
        (StatusCode::NOT_MODIFIED, [(CACHE_CONTROL, MAX_AGE)]).into_response()
    } else {
        document(jwks.json)
    };
    if let Ok(etag) = HeaderValue::try_from(jwks.etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

/// Whether `If-None-Match` names `etag`, by weak comparison (RFC 9110 §8.8.3.2).
fn has(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter();
    let mut tags = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"));
    tags.any(|tag| tag == etag || tag == "*")
}

/// `GET /favicon.ico`: browsers ask for it by themselves.
pub(super) async fn favicon() -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("image/x-icon")),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=86400"),
        ),
    ];
    (headers, FAVICON).into_response()
}

/// `GET /robots.txt`: nothing here is for crawlers.
pub(super) async fn robots() -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain")),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=86400"),
        ),
    ];
    (headers, "User-agent: *\nDisallow: /\n").into_response()
}

fn document(json: axum::body::Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, MAX_AGE),
    ];
    (headers, json).into_response()
}
