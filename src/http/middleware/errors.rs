//! The layer that renders and logs errors.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::log_line::Failed;
use crate::app::App;
use crate::http::error::{LogEntry, PageProblem, problem_page};
use crate::http::extract::browser::RequestClient;
use crate::http::extract::client_ip;
use crate::http::failed_launch;
use crate::http::logout;
use crate::http::page::language::Language;
use crate::http::response::{see_other, with_cookies};
use crate::oauth::discovery::path;

/// The layer that logs an error once and renders its page, if it has one. The language is the
/// [`Language`] in the response's extensions, else the one that the request's URL and headers ask
/// for.
pub(crate) async fn render_errors(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let language = Language::of(&parts);
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let address = client_ip::address(&mut parts, &app.trusted_proxies);
    let uri = parts.uri.clone();
    let is_get = parts.method == Method::GET;
    let is_post = parts.method == Method::POST;
    if let Some(route) = &route
        && takes_no_ticket(&parts.method, route)
        && let Some(clean) = failed_launch::without_ticket(&uri, &app)
    {
        // A form is sent again: a 307 keeps it, and it stays here (RFC 9700 §4.12 is about other sites).
        return if is_get {
            see_other(&clean)
        } else {
            Redirect::temporary(&clean).into_response()
        };
    }
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some(entry) = response.extensions().get::<LogEntry>() else {
        // No page is shown at a URL that holds a ticket, however the ticket is spelled.
        let clean = (is_get && is_page(&response))
            .then(|| failed_launch::without_ticket(&uri, &app))
            .flatten();
        return match clean {
            Some(clean) => with_cookies(see_other(&clean), &response),
            None => response,
        };
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
    let problem = response.extensions().get::<Arc<PageProblem>>();
    // A browser follows the redirect with GET, which is what a form should have used.
    let is_lost_form =
        |problem: &PageProblem| is_post && matches!(problem, PageProblem::MethodNotAllowed);
    // No page is shown at a URL that holds a ticket.
    if let Some(problem) = problem.filter(|problem| is_get || is_lost_form(problem)) {
        let clean = failed_launch::without_ticket(&uri, &app);
        match (problem.reason(), clean) {
            (None, Some(clean)) => return with_cookies(see_other(&clean), &response),
            (Some(reason), clean) if clean.is_some() || failed_launch::is_retry(&uri, &app) => {
                let request_id = failed.log(entry, &app);
                let redirect = failed_launch::redirect(&app, reason, request_id, &uri);
                return with_cookies(redirect, &response);
            }
            _ => {}
        }
    }
    let request_id = failed.log(entry, &app);
    let Some(problem) = problem else {
        return response;
    };
    let language = response.extensions().get().copied().unwrap_or(language);
    let page = problem_page::page(problem, request_id, language, &app);
    with_cookies(page, &response)
}

fn is_page(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// Whether a ticket in the URL is of no use to `method` of this route.
fn takes_no_ticket(method: &Method, route: &MatchedPath) -> bool {
    let routes: &[&str] = match *method {
        Method::GET => &[path::LOGOUT, "/switch", "/resume/{name}"],
        Method::POST => &[
            path::AUTHORIZE,
            path::LOGOUT,
            logout::CONFIRM_PATH,
            "/switch",
        ],
        _ => &[],
    };
    routes.iter().any(|end| route.as_str().ends_with(end))
}
