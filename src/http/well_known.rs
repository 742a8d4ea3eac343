//! Discovery and keys: written once, served from memory.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use crate::app::App;

/// How long clients may keep the documents: shorter than any key is announced before it signs.
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

/// Both are for everybody, pages of other origins among them.
fn document(json: axum::body::Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, MAX_AGE),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    (headers, json).into_response()
}
