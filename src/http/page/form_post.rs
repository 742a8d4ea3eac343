//! A page whose form posts itself: an authorization response by `form_post`, or a logout request.

use std::sync::LazyLock;

use askama::Template;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::language::Language;
use super::words::{Text, Words};
use super::{STYLE, csp_hash};
use crate::http::response::NO_STORE;

const SCRIPT: &str = include_str!("assets/form_post.js");

/// A page whose form posts itself. Without scripts, the user posts it with a click.
///
/// The page is always in the default language, with its second language below.
///
/// The page may be framed by the client, as in a silent login. That is safe: the form can only be
/// posted, and only to a URL of ours or one that the operator registered.
#[must_use]
pub(crate) fn page<N: AsRef<str>>(title: &Text, action: &str, fields: &[(N, String)]) -> Response {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; base-uri 'none'; style-src {}; script-src {}",
            csp_hash(STYLE),
            csp_hash(SCRIPT)
        )
    });
    let language = Language::default();
    let second = language.second();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_str()))
        .collect();
    let form = Form {
        language: language.tag(),
        second_language: second.tag(),
        words: language.words(),
        second_words: second.words(),
        style: STYLE,
        script: SCRIPT,
        title: title.read(language.words()),
        second_title: title.read(second.words()),
        action,
        fields: &fields,
    };
    match form.render() {
        Ok(html) => {
            let html_type = HeaderValue::from_static("text/html; charset=utf-8");
            let headers = [(CONTENT_TYPE, html_type), NO_STORE];
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
    language: &'static str,
    second_language: &'static str,
    words: &'static Words,
    second_words: &'static Words,
    style: &'static str,
    script: &'static str,
    title: String,
    second_title: String,
    action: &'a str,
    fields: &'a [(&'a str, &'a str)],
}
