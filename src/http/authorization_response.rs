//! Sending an authorization response to the client through the browser.

use std::sync::LazyLock;

use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::page::language::{Language, Text};
use super::response::see_other;
use crate::http::page::{STYLE, source};
use crate::oauth::response_mode::AuthorizationResponse;

const SCRIPT: &str = include_str!("page/assets/form_post.js");

/// Sends `response` on its way: a redirect, or a page that posts itself.
#[must_use]
pub(super) fn into_response(response: &AuthorizationResponse) -> Response {
    match response {
        AuthorizationResponse::Redirect(url) => see_other(url),
        AuthorizationResponse::FormPost { action, fields } => {
            let title = Text::new("正在返回应用", "Returning to the app");
            form_post(&title, action, fields)
        }
    }
}

/// A page that posts itself, or is posted by a click where scripts are off.
///
/// It may stand in a frame of the client's, as a silent login does: all it can do is to be posted,
/// and the address is ours or one that the operator registered.
#[must_use]
pub(super) fn form_post(title: &Text, action: &str, fields: &[(&'static str, String)]) -> Response {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; base-uri 'none'; style-src {}; script-src {}",
            source(STYLE),
            source(SCRIPT)
        )
    });
    let form = Form {
        style: STYLE,
        script: SCRIPT,
        title: title.read(Language::Chinese),
        english: title.read(Language::English),
        action,
        fields,
    };
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
    title: &'a str,
    english: &'a str,
    action: &'a str,
    fields: &'a [(&'static str, String)],
}
