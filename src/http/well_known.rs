//! The discovery document and the JWKS, served from memory, and what browsers and crawlers look for by
//! themselves.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use crate::app::App;

/// How long clients may cache the documents. A new key is published for longer than this before it
/// signs.
const MAX_AGE: HeaderValue = HeaderValue::from_static("public, max-age=300");

const FAVICON: &[u8] = include_bytes!("page/assets/favicon.ico");

/// `GET /.well-known/openid-configuration` (OIDC Discovery §4), and the same document at
/// `/.well-known/oauth-authorization-server` (RFC 8414 §3).
pub(super) async fn metadata(State(app): State<Arc<App>>) -> Response {
    document(app.metadata.clone())
}

/// `GET /jwks` (RFC 7517 §5).
pub(super) async fn jwks(State(app): State<Arc<App>>) -> Response {
    document(app.keys.jwks())
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
