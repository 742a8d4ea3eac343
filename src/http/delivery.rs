//! Sending an authorization response to the client through the browser.

use std::sync::LazyLock;

use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::failure::see_other;
use super::page::{STYLE, source};
use crate::oauth::response_mode::AuthorizationResponse;

const SCRIPT: &str = include_str!("pages/form_post.js");

/// Sends `response` on its way: a redirect, or a page that posts itself.
#[must_use]
pub(super) fn deliver(response: &AuthorizationResponse) -> Response {
    match response {
        AuthorizationResponse::Redirect(url) => see_other(url),
        AuthorizationResponse::FormPost { action, fields } => form_post(&Form {
            style: STYLE,
            script: SCRIPT,
            action,
            fields,
        }),
    }
}

/// The page may stand in a frame of the client's, as a silent login does: all it can do is to post
/// itself, and the operator registered where to.
fn form_post(form: &Form<'_>) -> Response {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; base-uri 'none'; style-src {}; script-src {}",
            source(STYLE),
            source(SCRIPT)
        )
    });
    match form.render() {
        Ok(html) => {
            let headers = [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CACHE_CONTROL, "no-store"),
            ];
            let mut response = (StatusCode::OK, headers, html).into_response();
            if let Ok(policy) = HeaderValue::from_str(&POLICY) {
                response
                    .headers_mut()
                    .insert(CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        Err(error) => {
            tracing::error!("A form could not be written: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct Form<'a> {
    style: &'static str,
    script: &'static str,
    action: &'a str,
    fields: &'a [(&'static str, String)],
}
