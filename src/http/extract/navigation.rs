//! Whether a request opens a page.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, USER_AGENT};

/// Whether a request opens a page, rather than prefetching it or fetching it as a part of another page.
///
/// Such a request must change nothing: the user did not click (N63, N64, docs/security.md). Browsers say what
/// they fetch in `Sec-Fetch-Dest` (Fetch Metadata), but not to a host on plain http. There, `Accept` tells: what
/// opens a page accepts HTML by name. A program that is no browser is believed.
pub(super) fn opens_page(headers: &HeaderMap) -> bool {
    !is_prefetch(headers)
        && match text(headers, "sec-fetch-dest") {
            Some(dest) => ["document", "iframe", "frame"].contains(&dest.as_str()),
            None => !is_browser(headers) || accepts_html(headers),
        }
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"]
        .into_iter()
        .filter_map(|name| text(headers, name))
        .any(|purpose| {
            ["prefetch", "preview", "prerender"]
                .iter()
                .any(|word| purpose.contains(word))
        })
}

fn is_browser(headers: &HeaderMap) -> bool {
    let name = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.as_bytes().get(..8));
    name.is_some_and(|name| name.eq_ignore_ascii_case(b"Mozilla/"))
}

/// Whether HTML is accepted by name, or nothing is said.
fn accepts_html(headers: &HeaderMap) -> bool {
    text(headers, ACCEPT.as_str()).is_none_or(|accept| {
        ["text/html", "application/xhtml+xml"]
            .iter()
            .any(|html| accept.contains(html))
    })
}

/// The header `name` in small letters.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
}
