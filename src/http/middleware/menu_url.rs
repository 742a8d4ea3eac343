//! Normalises launch URLs that a portal put together wrongly.
//!
//! A portal joins strings: it may append `&ticket=T` to a URL without a query, or leave a slash at
//! the end. This middleware moves the ticket from the path to the query. In the path, it would be
//! taken for a deep link into an app and would end up in logs.

use axum::http::Request;
use axum::http::uri::{PathAndQuery, Uri};

use crate::login::ticket_url::{self, Equals};

/// Moves tickets called `parameter` to the query, and drops trailing slashes. Changes only `home`, the
/// path of the issuer, and paths that begin with `launch`, the path of the launch endpoint.
pub(crate) fn normalize<B>(
    mut request: Request<B>,
    home: &str,
    launch: &str,
    parameter: &str,
) -> Request<B> {
    if let Some(uri) = normalized(request.uri(), home, launch, parameter) {
        *request.uri_mut() = uri;
    }
    request
}

/// The normalised URI; `None` when it needs no change.
fn normalized(uri: &Uri, home: &str, launch: &str, parameter: &str) -> Option<Uri> {
    let path = uri.path();
    if !home.is_empty() && path.strip_prefix(home) == Some("/") {
        return with_path_and_query(uri, home, uri.query().unwrap_or_default());
    }
    path.strip_prefix(launch)?;
    let query = uri.query().unwrap_or_default();
    let page = ticket_url::before(path, parameter).unwrap_or(path);
    let page = page.trim_end_matches('/');
    let in_query = ticket_url::values(query, parameter, Equals::Any);
    let is_plain = in_query == ticket_url::values(query, parameter, Equals::Raw);
    if page.len() == path.len() && is_plain {
        return None;
    }
    let in_path = ticket_url::values(path, parameter, Equals::Any);
    let tickets = in_path.into_iter().chain(in_query);
    let mut query = ticket_url::strip(query, parameter, Equals::Any);
    for ticket in tickets {
        let joint = if query.is_empty() { "" } else { "&" };
        query.extend([joint, parameter, "=", ticket]);
    }
    with_path_and_query(uri, page, &query)
}

fn with_path_and_query(uri: &Uri, path: &str, query: &str) -> Option<Uri> {
    let path_and_query = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use crate::http::middleware::menu_url::*;
    use proptest::prelude::*;

    fn normalize_uri(uri: &str) -> String {
        let request = Request::builder().uri(uri).body(()).unwrap();
        normalize(request, "/sso", "/sso/launch", "ticket")
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
                "/sso/launch/app?y=1&ticket=T/x",
            ),
            ("/sso/launch/app/d/1/", "/sso/launch/app/d/1"),
            ("/sso/launch/", "/sso/launch"),
            ("/sso/launch/app&amp;ticket=T", "/sso/launch/app?ticket=T"),
            ("/sso/launch/app%26ticket%3DT", "/sso/launch/app?ticket=T"),
            ("/sso/launch/app%253Fticket=T", "/sso/launch/app?ticket=T"),
            (
                "/sso/launch/app?a=%2f%26ticket%3DT&b",
                "/sso/launch/app?a=%2f&b&ticket=T",
            ),
            ("/sso/", "/sso"),
            ("/sso/?a=1", "/sso?a=1"),
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
