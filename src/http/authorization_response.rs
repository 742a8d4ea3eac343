//! Sends an authorization response to the client through the browser.

use std::sync::LazyLock;

use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::page::language::Language;
use super::page::words::Text;
use super::response::see_other;
use crate::http::page::{STYLE, csp_hash};
use crate::oauth::response_mode::AuthorizationResponse;

const SCRIPT: &str = include_str!("page/assets/form_post.js");

/// Builds the HTTP response: a redirect, or a page whose form posts itself (`form_post`).
#[must_use]
pub(super) fn into_response(response: &AuthorizationResponse) -> Response {
    match response {
        AuthorizationResponse::Redirect(url) => see_other(url),
        AuthorizationResponse::FormPost { action, fields } => {
            let title = Text::of(|words| &words.labels.returning_to_app);
            form_post(&title, action, fields)
        }
    }
}

/// A page whose form posts itself. Without scripts, the user posts it with a click.
///
/// The page may be framed by the client, as in a silent login. That is safe: the form can only be
/// posted, and only to a URL of ours or one that the operator registered.
#[must_use]
pub(super) fn form_post(title: &Text, action: &str, fields: &[(&'static str, String)]) -> Response {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; base-uri 'none'; style-src {}; script-src {}",
            csp_hash(STYLE),
            csp_hash(SCRIPT)
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
    title: String,
    english: String,
    action: &'a str,
    fields: &'a [(&'static str, String)],
}
