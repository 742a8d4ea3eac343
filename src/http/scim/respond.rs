//! A resource or a list on its way out, unless the client has it already (RFC 9110 §13.1.2).

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use crate::scim::{MEDIA_TYPE, version};

/// Tells `value` whose entity tag is `tag`; of what it is, where there is none.
pub(super) fn tell(asked: &HeaderMap, value: Value, tag: Option<String>) -> Response {
    let tag = tag.unwrap_or_else(|| version(&value));
    let mut response = if has(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut whole = Json(value).into_response();
        let kind = HeaderValue::from_static(MEDIA_TYPE);
        whole.headers_mut().insert(CONTENT_TYPE, kind);
        whole
    };
    let headers = response.headers_mut();
    headers.extend(HeaderValue::try_from(tag).ok().map(|tag| (ETAG, tag)));
    // Names and numbers: for the client that asked, which may ask whether they are the same still.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

/// Whether the client has what is called `tag`, by the weak comparison.
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let lists = asked.get_all(IF_NONE_MATCH).into_iter();
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
    fn what_the_client_has_is_not_told_again() {
        for (list, has_it) in [
            ("W/\"a\"", true),
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("W/\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert(IF_NONE_MATCH, HeaderValue::from_static(list));
            assert_eq!(has(&asked, "W/\"a\""), has_it, "{list}");
        }
        assert!(!has(&HeaderMap::new(), "W/\"a\""));
    }
}
