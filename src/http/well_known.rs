//! The discovery document and the JWKS, served from memory.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use crate::app::App;

/// How long clients may cache the documents. A new key is published for longer than this before it
/// signs.
const MAX_AGE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// `GET /.well-known/openid-configuration` (OIDC Discovery §4), and the same document at
/// `/.well-known/oauth-authorization-server` (RFC 8414 §3).
pub(super) async fn metadata(State(app): State<Arc<App>>) -> Response {
    document(app.metadata.clone())
}

/// `GET /jwks` (RFC 7517 §5).
pub(super) async fn jwks(State(app): State<Arc<App>>) -> Response {
    document(app.keys.jwks())
}

fn document(json: axum::body::Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, MAX_AGE),
    ];
    (headers, json).into_response()
}
