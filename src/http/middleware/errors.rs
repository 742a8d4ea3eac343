//! The layers around every handler that turn a failure into an answer, in time, and log it once.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::SET_COOKIE;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::http::error::{LogEntry, MAX_QUERY_BYTES, PageError, PageProblem, messages};
use crate::http::extract::client_ip;
use crate::http::page::language::Language;

/// The longest a request may take: the portal's time-out, the clients' at a logout, and some more.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(75);

/// The layer that gives up on a request that takes too long.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => PageError::from(PageProblem::Broken).into_response(),
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
        .is_some_and(|query| query.len() > MAX_QUERY_BYTES)
    {
        PageError::from(PageProblem::TooLarge).into_response()
    } else {
        next.run(Request::from_parts(parts, body)).await
    };
    let Some(entry) = response.extensions().get::<LogEntry>() else {
        return response;
    };
    let client = peer.map(|address| address.to_string()).unwrap_or_default();
    let path = route.as_ref().map_or("unknown", MatchedPath::as_str);
    log(entry, path, &client);
    let Some(problem) = response.extensions().get::<Arc<PageProblem>>() else {
        return response;
    };
    let language = response.extensions().get().copied().unwrap_or(language);
    let mut page = messages::page(problem, language, &app);
    for cookie in response.headers().get_all(SET_COOKIE) {
        page.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    page
}

fn log(entry: &LogEntry, path: &str, client: &str) {
    let LogEntry {
        message, causes, ..
    } = entry;
    // A flood of requests is no flood of lines.
    if entry.too_often.as_ref().is_some_and(|again| !again.first) {
        return;
    }
    if entry.is_failure {
        tracing::error!(path, client, causes, "{message}");
    } else {
        tracing::warn!(path, client, causes, "{message}");
    }
}
