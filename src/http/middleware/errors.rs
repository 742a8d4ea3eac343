//! The layers around every handler that turn a failure into an answer, in time, and log it once.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use panda_oidc_sdk::LoginError;

use crate::app::App;
use crate::error_chain::chain;
use crate::http::error::{Failure, LONGEST_QUERY, Trouble, messages};
use crate::http::extract::client_ip;
use crate::http::page::language::Language;

/// The longest a request may take: the portal's time-out, the clients' at a logout, and some more.
const PATIENCE: Duration = Duration::from_secs(75);

/// The layer that gives up on a request that takes too long.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::from(Trouble::Broken).into_response(),
    }
}

/// The layer that logs a failure once and, where it is told on a page, writes the page: in the
/// [`Language`] among the response's extensions, else in that of the request's head.
pub(crate) async fn answer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let language = Language::of(&parts);
    // The route, not the path: whatever stands in a path that leads nowhere may be a secret.
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let peer = client_ip::address(&parts, &app.trusted_proxies);
    let response = if parts
        .uri
        .query()
        .is_some_and(|query| query.len() > LONGEST_QUERY)
    {
        Failure::from(Trouble::TooLarge).into_response()
    } else {
        next.run(Request::from_parts(parts, body)).await
    };
    let Some(failure) = response.extensions().get::<Arc<Failure>>().cloned() else {
        return response;
    };
    let language = response.extensions().get().copied().unwrap_or(language);
    let client = peer.map(|address| address.to_string()).unwrap_or_default();
    let path = route.as_ref().map_or("unknown", MatchedPath::as_str);
    log(&failure, path, &client);
    match failure.as_ref() {
        Failure::Page(trouble) => {
            let mut page = messages::page(trouble, language, &app);
            for cookie in response.headers().get_all(axum::http::header::SET_COOKIE) {
                page.headers_mut()
                    .append(axum::http::header::SET_COOKIE, cookie.clone());
            }
            page
        }
        _ => response,
    }
}

fn log(failure: &Failure, path: &str, client: &str) {
    // A flood of requests is no flood of lines.
    if failure.too_often().is_some_and(|again| !again.first) {
        return;
    }
    let (error, cause): (&dyn Error, Option<&dyn Error>) = match failure {
        Failure::Page(trouble) => (trouble, trouble.source()),
        Failure::Redirect(_, error, trouble) => (
            error,
            trouble
                .as_ref()
                .map(|trouble| trouble.as_ref() as &dyn Error),
        ),
        Failure::Json(error, cause)
        | Failure::Basic(error, cause)
        | Failure::Bearer(error, cause) => (
            error,
            cause.as_ref().map(|cause| cause.as_ref() as &dyn Error),
        ),
        Failure::TooOften(too_often) => (too_often, None),
    };
    let causes = chain(cause);
    match failure {
        Failure::Page(
            Trouble::Store(_)
            | Trouble::Broken
            | Trouble::Login(LoginError::Unreachable(_) | LoginError::Unintelligible(_)),
        ) => {
            tracing::error!(path, client, causes, "Refused: {error}");
        }
        Failure::Json(_, Some(_)) | Failure::Basic(_, Some(_)) | Failure::Bearer(_, Some(_)) => {
            tracing::error!(path, client, causes, "Failed: {error}");
        }
        _ => tracing::warn!(path, client, causes, "Refused: {error}"),
    }
}
