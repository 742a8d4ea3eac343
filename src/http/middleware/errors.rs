//! The layer that renders and logs errors.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::SET_COOKIE;
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::http::error::{LogEntry, PageProblem, problem_page};
use crate::http::extract::client_ip;
use crate::http::page::language::Language;

/// The layer that logs an error once and renders its page, if it has one. The language is the
/// [`Language`] in the response's extensions, else the one that the request's URL and headers ask
/// for.
pub(crate) async fn render_errors(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let language = Language::of(&parts);
    // Log the route, not the path: an unknown path may contain a secret.
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let address = client_ip::address(&parts, &app.trusted_proxies);
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some(entry) = response.extensions().get::<LogEntry>() else {
        return response;
    };
    let client = address
        .map(|address| address.to_string())
        .unwrap_or_default();
    let path = route.as_ref().map_or("unknown", MatchedPath::as_str);
    log(entry, path, &client);
    let Some(problem) = response.extensions().get::<Arc<PageProblem>>() else {
        return response;
    };
    let language = response.extensions().get().copied().unwrap_or(language);
    let mut page = problem_page::page(problem, language, &app);
    for cookie in response.headers().get_all(SET_COOKIE) {
        page.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    page
}

fn log(entry: &LogEntry, path: &str, client: &str) {
    let LogEntry {
        message, causes, ..
    } = entry;
    // Log only the first refusal, so that a flood of requests does not flood the log.
    if entry
        .rate_limited
        .as_ref()
        .is_some_and(|too_often| !too_often.should_log)
    {
        return;
    }
    if entry.is_failure {
        tracing::error!(path, client, causes, "{message}");
    } else {
        tracing::warn!(path, client, causes, "{message}");
    }
}
