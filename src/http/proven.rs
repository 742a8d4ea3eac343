//! A client at one of its own endpoints: it sends a form, and proves who it is.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};

use super::failure::Failure;
use crate::app::App;
use crate::oauth::authenticate::authenticate;
use crate::oauth::client::Client;
use crate::oauth::error::OAuthError;
use crate::oauth::params::Params;

/// What a client has sent, and which client it is.
pub(super) struct Proven {
    pub client: Arc<Client>,
    pub form: Params,
}

impl FromRequest<Arc<App>> for Proven {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Failure> {
        let (uri, headers) = (request.uri().clone(), request.headers().clone());
        let body = Bytes::from_request(request, app).await;
        let form = read_form(&uri, &headers, body)?;
        if headers.get_all(AUTHORIZATION).iter().count() > 1 {
            return Err(
                OAuthError::invalid_request("there is more than one Authorization header").into(),
            );
        }
        let header = headers
            .get(AUTHORIZATION)
            .map(|value| value.to_str().unwrap_or_default());
        let client = Arc::clone(authenticate(header, &form, &app.clients)?);
        Ok(Self { client, form })
    }
}

/// Credentials and codes belong into the body (RFC 6749 §2.3.1, §3.2).
fn read_form(
    uri: &Uri,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Params, OAuthError> {
    if uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::invalid_request(
            "parameters belong into the body, not into the URL",
        ));
    }
    if !is_form(headers) {
        return Err(OAuthError::invalid_request(
            "the body is not application/x-www-form-urlencoded",
        ));
    }
    let body =
        body.map_err(|_| OAuthError::invalid_request("the body is too large or broke off"))?;
    Params::parse(&body).map_err(|_| OAuthError::invalid_request("there are too many parameters"))
}

/// Whether the body is a form, by its media type.
#[must_use]
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
