//! Normalises launch URLs that a portal put together wrongly.
//!
//! A portal joins strings: it may append `&ticket=T` to a URL without a query, or leave a slash at
//! the end. This middleware moves the ticket from the path to the query. In the path, it would be
//! taken for a deep link into an app and would end up in logs.

use axum::http::Request;
use axum::http::uri::{PathAndQuery, Uri};

/// What a portal may put between the path and the ticket instead of a `?`.
const SEPARATORS: [&str; 8] = ["&", ";", ",", "/", "%26", "%3b", "%2c", "%3f"];

/// Moves the ticket `parameter` from the path to the query and drops trailing slashes. Changes only
/// paths that begin with `launch`, the path of the launch endpoint.
pub(crate) fn normalize<B>(mut request: Request<B>, launch: &str, parameter: &str) -> Request<B> {
    if let Some(uri) = normalized(request.uri(), launch, parameter) {
        *request.uri_mut() = uri;
    }
    request
}

/// The normalised URI; `None` when it needs no change.
fn normalized(uri: &Uri, launch: &str, parameter: &str) -> Option<Uri> {
    let path = uri.path();
    path.strip_prefix(launch)?;
    let (page, ticket) = match split_ticket(path, parameter) {
        Some((page, ticket)) => (page, Some(ticket)),
        None => (path, None),
    };
    let page = page.trim_end_matches('/');
    if ticket.is_none() && page.len() == path.len() {
        return None;
    }
    let query: Vec<&str> = ticket.into_iter().chain(uri.query()).collect();
    let path_and_query = if query.is_empty() {
        page.to_owned()
    } else {
        format!("{page}?{}", query.join("&"))
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}

/// Splits a path into the part before the ticket and the ticket parameter.
fn split_ticket<'a>(path: &'a str, parameter: &str) -> Option<(&'a str, &'a str)> {
    let name = format!("{parameter}=");
    path.match_indices(&name).find_map(|(at, _)| {
        let before = path[..at].to_ascii_lowercase();
        let separator = SEPARATORS
            .iter()
            .find(|separator| before.ends_with(**separator))?;
        Some((&path[..at - separator.len()], &path[at..]))
    })
}

#[cfg(test)]
mod tests {
    use crate::http::middleware::menu_url::*;
    use proptest::prelude::*;

    fn normalize_uri(uri: &str) -> String {
        let request = Request::builder().uri(uri).body(()).unwrap();
        normalize(request, "/sso/launch", "ticket")
            .uri()
            .to_string()
    }

    #[test]
    fn f8_a_ticket_in_the_path_moves_to_the_query() {
        for (raw, expected) in [
            ("/sso/launch/app&ticket=T", "/sso/launch/app?ticket=T"),
            ("/sso/launch&ticket=T", "/sso/launch?ticket=T"),
            ("/sso/launch/app/&ticket=T", "/sso/launch/app?ticket=T"),
            ("/sso/launch/app/?ticket=T", "/sso/launch/app?ticket=T"),
            ("/sso/launch/app;ticket=T", "/sso/launch/app?ticket=T"),
            ("/sso/launch/app/ticket=T", "/sso/launch/app?ticket=T"),
            ("/sso/launch/app%3Fticket=T", "/sso/launch/app?ticket=T"),
            (
                "/sso/launch/app&ticket=T/x?y=1",
                "/sso/launch/app?ticket=T/x&y=1",
            ),
            ("/sso/launch/app/d/1/", "/sso/launch/app/d/1"),
            ("/sso/launch/", "/sso/launch"),
        ] {
            assert_eq!(normalize_uri(raw), expected);
        }
    }

    #[test]
    fn a_well_formed_url_is_not_changed() {
        for uri in [
            "/sso/launch/app?ticket=T",
            "/sso/launch/app/d/1?x=/",
            "/sso/launch/my-ticket=T",
            "/sso/authorize/",
            "/other&ticket=T",
        ] {
            assert_eq!(normalize_uri(uri), uri);
        }
    }

    proptest! {
        #[test]
        fn no_ticket_stays_in_a_path(path in "[a-z/&;%=.-]{0,20}", joint in "[&;/]") {
            let uri = format!("/sso/launch/{path}{joint}ticket=TTT");
            if Uri::try_from(uri.as_str()).is_ok() {
                let normalized = normalize_uri(&uri);
                let (path, _) = normalized.split_once('?').unwrap();
                prop_assert!(!path.contains("TTT"), "{}", normalized);
            }
        }
    }
}
