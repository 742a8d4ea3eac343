//! Sends an authorization response to the client through the browser.

use axum::response::Response;

use super::page::form_post;
use super::page::words::Text;
use super::response::see_other;
use crate::oauth::response_mode::AuthorizationResponse;

/// Builds the HTTP response: a redirect, or a page whose form posts itself (`form_post`).
#[must_use]
pub(super) fn into_response(response: &AuthorizationResponse) -> Response {
    match response {
        AuthorizationResponse::Redirect(url) => see_other(url),
        AuthorizationResponse::FormPost { action, fields } => {
            let title = Text::of(|words| &words.labels.returning_to_app);
            form_post::page(&title, action, fields)
        }
    }
}
