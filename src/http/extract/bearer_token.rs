//! The access token of a request (RFC 6750 §2).

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method};
use url::form_urlencoded;

use super::{authorization, form};
use crate::http::error::{BearerError, OAuthProblem};
use crate::oauth::error::OAuthError;

/// The access token, from the `Authorization` header or from the form of a `POST` request.
pub(crate) struct BearerToken(pub String);

impl<S: Send + Sync> FromRequest<S> for BearerToken {
    type Rejection = BearerError;

    /// # Errors
    ///
    /// [`BearerError::NoToken`] when there is none; `invalid_request` when it is sent twice, or in
    /// another way.
    async fn from_request(request: Request, _: &S) -> Result<Self, BearerError> {
        let query = request.uri().query().unwrap_or_default();
        let in_url =
            form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token");
        let in_header = header_token(request.headers());
        let in_form = match *request.method() {
            Method::POST => form_token(request).await?,
            _ => None,
        };
        match (in_header?, in_form) {
            (Some(_), Some(_)) => Err(OAuthError::invalid_request(
                "the access token is given twice; send it in the header alone",
            )
            .into()),
            (Some(token), None) | (None, Some(token)) => Ok(Self(token)),
            (None, None) => Err(BearerError::NoToken { in_url }),
        }
    }
}

fn header_token(headers: &HeaderMap) -> Result<Option<String>, OAuthError> {
    let Some(header) = authorization::header(headers)? else {
        return Ok(None);
    };
    match authorization::bearer(header) {
        Some(token) => Ok(Some(token.to_owned())),
        None => Err(OAuthError::invalid_request(
            "the Authorization header is not a Bearer one",
        )),
    }
}

/// A body carries a token only if it is a form (RFC 6750 §2.2).
async fn form_token(request: Request) -> Result<Option<String>, OAuthProblem> {
    let is_form = form::is_form(request.headers());
    let body = form::body(request).await?;
    if !is_form {
        return Ok(None);
    }
    let form = form::parse(&body)?;
    if form.repeats("access_token") {
        let error = OAuthError::invalid_request("the access token is given twice");
        return Err(error.into());
    }
    Ok(form.get("access_token").map(str::to_owned))
}
