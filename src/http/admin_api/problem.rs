//! The errors of the admin API: problem details (RFC 9457).

use std::collections::BTreeMap;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response as Documented, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::admin::Scope;
use crate::error_chain::causes;
use crate::store::StoreError;

/// The media type of problem details (RFC 9457 §6.1).
const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request failed.
#[derive(Debug)]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    remedy: Option<&'static str>,
}

/// The kinds of problems.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A parameter, the path or the body cannot be read.
    BadRequest,
    /// The request has no token.
    NoToken,
    /// The token is unknown, expired or revoked.
    InvalidToken,
    /// The token lacks one of these scopes.
    InsufficientScope(&'static [Scope]),
    /// There is no such resource.
    NotFound,
    /// The resource has no such method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    Late,
    /// The state of the resource does not permit the request.
    Conflict,
    /// The body is too large.
    TooLarge,
    /// The body is not JSON.
    NotJson,
    /// The request is readable, but its values are refused.
    Refused,
    /// The address sent too many wrong tokens; holds the seconds to wait.
    RateLimited(u64),
    /// Something failed here.
    Internal,
}

/// The body of an error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// Identifies the kind of the problem.
    #[serde(rename = "type")]
    kind: String,
    /// What kind of problem it is.
    title: &'static str,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

impl Problem {
    /// A problem with a sentence about this request.
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            remedy: None,
        }
    }

    /// The same, with what to do about it.
    pub(super) fn with_remedy(self, remedy: &'static str) -> Self {
        Self {
            remedy: Some(remedy),
            ..self
        }
    }
}

impl Kind {
    /// The status, the last part of the type, and the title.
    fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (
                StatusCode::BAD_REQUEST,
                "bad-request",
                "The request cannot be read",
            ),
            Self::NoToken => (
                StatusCode::UNAUTHORIZED,
                "no-token",
                "A bearer token is needed",
            ),
            Self::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                "invalid-token",
                "The token is not valid",
            ),
            Self::InsufficientScope(_) => (
                StatusCode::FORBIDDEN,
                "insufficient-scope",
                "The token lacks a scope",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "There is no such method",
            ),
            Self::Late => (
                StatusCode::REQUEST_TIMEOUT,
                "timeout",
                "The request took too long",
            ),
            Self::Conflict => (
                StatusCode::CONFLICT,
                "conflict",
                "The request is not possible now",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The body is too large",
            ),
            Self::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "The body is not JSON",
            ),
            Self::Refused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "refused",
                "The values are refused",
            ),
            Self::RateLimited(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "rate-limited",
                "Too many wrong tokens",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something failed here",
            ),
        }
    }

    /// The challenge of RFC 6750 §3, or the time to wait.
    fn header(self) -> Option<(axum::http::HeaderName, HeaderValue)> {
        let challenge = |text: &str| Some((WWW_AUTHENTICATE, HeaderValue::from_str(text).ok()?));
        match self {
            Self::NoToken => challenge("Bearer realm=\"admin\""),
            Self::InvalidToken => challenge("Bearer realm=\"admin\", error=\"invalid_token\""),
            Self::InsufficientScope(needed) => challenge(&format!(
                "Bearer realm=\"admin\", error=\"insufficient_scope\", scope=\"{}\"",
                joined(needed)
            )),
            Self::RateLimited(wait) => Some((RETRY_AFTER, HeaderValue::from(wait))),
            _ => None,
        }
    }
}

/// The scopes, separated by blanks.
pub(super) fn joined(scopes: &[Scope]) -> String {
    let texts: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    texts.join(" ")
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(causes = causes(&error), "Failed: {error}");
        Self::new(Kind::Internal, "the store failed; the log says why")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, name, title) = self.kind.facts();
        let body = ProblemBody {
            kind: format!("urn:panda-oidc:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            remedy: self.remedy,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(self.kind.header());
        response
    }
}

/// Lists errors in the OpenAPI document.
macro_rules! documented {
    ($($(#[$doc:meta])* $name:ident: $($kind:expr),*;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Documented>> {
                [$($kind),*].into_iter().map(documented).collect()
            }
        }
    )*};
}

documented! {
    /// The errors of every operation.
    Failures: Kind::BadRequest, Kind::InvalidToken, Kind::InsufficientScope(&[]), Kind::RateLimited(0), Kind::Internal;
    /// The error for a path that names nothing.
    Unknown: Kind::NotFound;
    /// The errors of a body.
    BodyFailures: Kind::Late, Kind::TooLarge, Kind::NotJson;
    /// The error for a state that does not permit the request.
    Conflicts: Kind::Conflict;
    /// The error for values that are refused.
    Refusals: Kind::Refused;
}

fn documented(kind: Kind) -> (String, RefOr<Documented>) {
    let (status, _, title) = kind.facts();
    let body = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let response = ResponseBuilder::new()
        .description(title)
        .content(MEDIA_TYPE, body)
        .build();
    (status.as_str().to_owned(), RefOr::T(response))
}
