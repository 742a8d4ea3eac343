//! Parts of a request: parameters, the path, and a JSON body. Each refusal is a problem.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use panda_oidc_sdk::Subject;
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};
use crate::http::extract::form::is_late;

/// The parameters of the query.
pub(super) struct Parameters<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = Query::try_from_uri(&parts.uri);
        query
            .map(|Query(parameters)| Self(parameters))
            .map_err(|error| Problem::new(Kind::BadRequest, error.body_text()))
    }
}

/// The variable parts of the path.
pub(super) struct InPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(values)| Self(values))
            .map_err(|error| Problem::new(Kind::BadRequest, error.body_text()))
    }
}

/// A body of JSON.
pub(super) struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "the Content-Type is not application/json";
            return Err(Problem::new(Kind::NotJson, detail));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(refused_body)?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| Problem::new(Kind::BadRequest, format!("the body: {error}")))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next());
    media_type.is_some_and(|it| it.trim().eq_ignore_ascii_case("application/json"))
}

fn refused_body(rejection: BytesRejection) -> Problem {
    if is_late(&rejection) {
        return Problem::new(Kind::Late, "the body did not arrive in time");
    }
    match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Kind::TooLarge, "a body may have 64 KiB"),
        _ => Problem::new(Kind::BadRequest, "the body broke off"),
    }
}

/// The subject with this identifier. A text that can be nobody's identifier is a person that nobody knows.
pub(super) fn subject(id: String) -> Result<Subject, Problem> {
    Subject::new(id).map_err(|_| unknown_person())
}

/// Nobody is known by an identifier.
pub(super) fn unknown_person() -> Problem {
    Problem::new(Kind::NotFound, "nobody is known by this identifier")
}
