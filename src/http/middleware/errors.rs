//! The layer that renders and logs errors.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::SET_COOKIE;
use axum::middleware::Next;
use axum::response::Response;

use super::log_line::Failed;
use crate::app::App;
use crate::http::error::{LogEntry, PageProblem, problem_page};
use crate::http::extract::browser::RequestClient;
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
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let address = client_ip::address(&parts, &app.trusted_proxies);
    let uri = parts.uri.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some(entry) = response.extensions().get::<LogEntry>() else {
        return response;
    };
    let address = address
        .map(|address| address.to_string())
        .unwrap_or_default();
    let client = response.extensions().get::<RequestClient>();
    let failed = Failed {
        uri: &uri,
        route: route.as_ref().map(MatchedPath::as_str),
        address: &address,
        client_id: client.map(|client| client.0.as_str()),
    };
    let request_id = failed.log(entry, &app);
    let Some(problem) = response.extensions().get::<Arc<PageProblem>>() else {
        return response;
    };
    let language = response.extensions().get().copied().unwrap_or(language);
    let mut page = problem_page::page(problem, request_id, language, &app);
    for cookie in response.headers().get_all(SET_COOKIE) {
        page.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    page
}
