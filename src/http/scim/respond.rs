//! Responses with a resource or a list; 304 if the client already has it (RFC 9110 §13.1.2).

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use crate::scim::{MEDIA_TYPE, etag};

/// Responds with `value` and its entity tag `tag`. Without a tag it is computed from `value`.
pub(super) fn respond(request: &HeaderMap, value: Value, tag: Option<String>) -> Response {
    let tag = tag.unwrap_or_else(|| etag(&value));
    let mut response = if has_current(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut full = Json(value).into_response();
        let kind = HeaderValue::from_static(MEDIA_TYPE);
        full.headers_mut().insert(CONTENT_TYPE, kind);
        full
    };
    let headers = response.headers_mut();
    headers.extend(HeaderValue::try_from(tag).ok().map(|tag| (ETAG, tag)));
    // The body holds personal data: only the client itself may cache it, and it must revalidate.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

/// Whether `If-None-Match` matches `tag` by weak comparison.
fn has_current(request: &HeaderMap, tag: &str) -> bool {
    let lists = request.get_all(IF_NONE_MATCH).into_iter();
    let lists = lists.filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.trim_start_matches("W/") == tag.trim_start_matches("W/")
    })
}

#[cfg(test)]
mod tests {
    use crate::http::scim::respond::*;

    #[test]
    fn if_none_match_is_compared_weakly() {
        for (list, expected) in [
            ("W/\"a\"", true),
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("W/\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            let mut request = HeaderMap::new();
            request.insert(IF_NONE_MATCH, HeaderValue::from_static(list));
            assert_eq!(has_current(&request, "W/\"a\""), expected, "{list}");
        }
        assert!(!has_current(&HeaderMap::new(), "W/\"a\""));
    }
}
