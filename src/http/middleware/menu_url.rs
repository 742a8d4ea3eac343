//! Menu addresses as portals put them together, made into what was meant.
//!
//! A portal joins strings: it may append `&ticket=T` to an address that has no query, or leave a
//! slash at its end (F8). What follows the ticket's name is never left in the path, where it would
//! be taken for a page of an app and be written down.

use axum::http::Request;
use axum::http::uri::{PathAndQuery, Uri};

/// What may stand before the ticket's name where a path ends and a query was meant.
const JOINTS: [&str; 8] = ["&", ";", ",", "/", "%26", "%3b", "%2c", "%3f"];

/// Moves a ticket called `parameter` from the path to the query, and drops a slash at the end of
/// the path below `launch`, the path of the launch endpoint.
pub(crate) fn straighten<B>(mut request: Request<B>, launch: &str, parameter: &str) -> Request<B> {
    if let Some(straight) = straight(request.uri(), launch, parameter) {
        *request.uri_mut() = straight;
    }
    request
}

fn straight(uri: &Uri, launch: &str, parameter: &str) -> Option<Uri> {
    let path = uri.path();
    path.strip_prefix(launch)?;
    let (page, moved) = match ticket(path, parameter) {
        Some((page, ticket)) => (page, Some(ticket)),
        None => (path, None),
    };
    let page = page.trim_end_matches('/');
    if moved.is_none() && page.len() == path.len() {
        return None;
    }
    let query: Vec<&str> = moved.into_iter().chain(uri.query()).collect();
    let straight = if query.is_empty() {
        page.to_owned()
    } else {
        format!("{page}?{}", query.join("&"))
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(straight).ok()?);
    Uri::from_parts(parts).ok()
}

/// Splits a path where its ticket begins.
fn ticket<'a>(path: &'a str, parameter: &str) -> Option<(&'a str, &'a str)> {
    let named = format!("{parameter}=");
    path.match_indices(&named).find_map(|(at, _)| {
        let before = path[..at].to_ascii_lowercase();
        let joint = JOINTS.iter().find(|joint| before.ends_with(**joint))?;
        Some((&path[..at - joint.len()], &path[at..]))
    })
}

#[cfg(test)]
mod tests {
    use crate::http::middleware::menu_url::*;
    use proptest::prelude::*;

    fn straightened(uri: &str) -> String {
        let request = Request::builder().uri(uri).body(()).unwrap();
        straighten(request, "/sso/launch", "ticket")
            .uri()
            .to_string()
    }

    #[test]
    fn f8_what_was_meant_as_a_query_becomes_one() {
        for (put_together, meant) in [
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
            assert_eq!(straightened(put_together), meant);
        }
    }

    #[test]
    fn what_is_straight_stays_as_it_is() {
        for uri in [
            "/sso/launch/app?ticket=T",
            "/sso/launch/app/d/1?x=/",
            "/sso/launch/my-ticket=T",
            "/sso/authorize/",
            "/other&ticket=T",
        ] {
            assert_eq!(straightened(uri), uri);
        }
    }

    proptest! {
        #[test]
        fn no_ticket_stays_in_a_path(path in "[a-z/&;%=.-]{0,20}", joint in "[&;/]") {
            let uri = format!("/sso/launch/{path}{joint}ticket=TTT");
            if Uri::try_from(uri.as_str()).is_ok() {
                let straight = straightened(&uri);
                let (path, _) = straight.split_once('?').unwrap();
                prop_assert!(!path.contains("TTT"), "{}", straight);
            }
        }
    }
}
