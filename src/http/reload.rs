//! `POST /reload` of the admin listener: the configuration is read again.
//!
//! It takes a token of `[[admin.tokens]]` with the scope `reload` and answers with what changed. An error is a
//! problem document (RFC 9457): 422 with the file, key and remedy of each mistake, while the configuration in
//! use stays.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;

use crate::app::App;
use crate::app::reload::ReloadRequests;
use crate::config::AdminScope;
use crate::http::extract::admin_token::{TokenRefusal, admin_token};
use crate::problem::Problem;

/// The path, for the route and the log.
const PATH: &str = "/reload";

#[derive(Clone)]
struct ReloadState {
    app: Arc<App>,
    requests: ReloadRequests,
}

/// The route, with its state.
pub(super) fn router(app: &Arc<App>, requests: ReloadRequests) -> Router {
    let state = ReloadState {
        app: Arc::clone(app),
        requests,
    };
    let takes_post = || async {
        let headers = [(ALLOW, "POST")];
        let document = Document::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this address takes POST alone",
        );
        (headers, document.into_response())
    };
    Router::new()
        .route(PATH, post(reload).fallback(takes_post))
        .with_state(state)
}

async fn reload(State(state): State<ReloadState>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let token = match admin_token(&mut parts, &state.app, PATH).await {
        Ok(token) => token,
        Err(refusal) => return refused(refusal),
    };
    if !token.has_scope(AdminScope::Reload) {
        let detail = "the token does not have the scope reload";
        return Document::new(StatusCode::FORBIDDEN, detail).into_response();
    }
    tracing::info!(token.name = %token.name, "{} asked: POST {PATH}", token.name);
    match state.requests.reload().await {
        Some(Ok(changes)) => Json(changes).into_response(),
        Some(Err(problems)) => Document {
            errors: problems.iter().map(Mistake::from).collect(),
            ..Document::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "the configuration cannot be used; the one that was read before stays",
            )
        }
        .into_response(),
        None => {
            let detail = "the provider is stopping";
            Document::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response()
        }
    }
}

fn refused(refusal: TokenRefusal) -> Response {
    let (status, header, detail): (_, (HeaderName, String), _) = match refusal {
        TokenRefusal::Missing => (
            StatusCode::UNAUTHORIZED,
            (WWW_AUTHENTICATE, "Bearer".to_owned()),
            "it takes a bearer token of [[admin.tokens]] with the scope reload; without one, send SIGHUP",
        ),
        TokenRefusal::Unknown => (
            StatusCode::UNAUTHORIZED,
            (
                WWW_AUTHENTICATE,
                "Bearer error=\"invalid_token\"".to_owned(),
            ),
            "the token is unknown",
        ),
        TokenRefusal::RateLimited(seconds) => (
            StatusCode::TOO_MANY_REQUESTS,
            (RETRY_AFTER, seconds.to_string()),
            "too many wrong tokens",
        ),
    };
    ([header], Document::new(status, detail).into_response()).into_response()
}

/// A problem document (RFC 9457 §3).
#[derive(Serialize)]
struct Document {
    title: &'static str,
    status: u16,
    detail: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Mistake>,
}

/// A mistake in the configuration.
#[derive(Serialize)]
struct Mistake {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    key: String,
    problem: String,
    remedy: String,
}

impl From<&Problem> for Mistake {
    fn from(problem: &Problem) -> Self {
        Self {
            file: problem.origin.clone(),
            key: problem.key.clone(),
            problem: problem.problem.clone(),
            remedy: problem.remedy.clone(),
        }
    }
}

impl Document {
    /// Without a `type`, the title is the phrase of the status (RFC 9457 §4.2.1).
    fn new(status: StatusCode, detail: &'static str) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail,
            errors: Vec::new(),
        }
    }

    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = [(CONTENT_TYPE, "application/problem+json")];
        (status, headers, Json(self)).into_response()
    }
}
