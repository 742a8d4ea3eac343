//! Removes cookies that another service has planted beside ours.
//!
//! Services on one host share their cookies whatever their port, and a page at `a.example.com` may set one
//! for all of `example.com`. With https the prefix `__Host-` rules both out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{OriginalUri, Request, State};
use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::http::extract::client_ip;
use crate::http::extract::cookies::Cookies;

/// The most `Set-Cookie` headers that one response adds.
const MAX_REMOVALS: usize = 64;

/// The most cookies that one log line names.
const MAX_NAMED: usize = 8;

/// The layer that removes each of our cookies that came with different values, at every path and
/// domain at which this request can have found it.
pub(crate) async fn remove_planted(
    State(app): State<Arc<App>>,
    OriginalUri(uri): OriginalUri,
    request: Request,
    next: Next,
) -> Response {
    if app.issuer.is_https() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let address = client_ip::address(&mut parts, &app.trusted_proxies);
    let cookies = Cookies::of(&parts, &app.issuer);
    let names = cookies.conflicting(&app.issuer);
    parts.extensions.insert(cookies);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if !names.is_empty() {
        let address = address.map(|address| address.to_string());
        let address = address.unwrap_or_default();
        let host = app.issuer.url().host_str().unwrap_or_default();
        let some = names.iter().take(MAX_NAMED).map(String::as_str);
        let some = some.collect::<Vec<_>>().join(" ");
        tracing::warn!(
            cookies = %some, address = %address, "A cookie of ours came with two different values, so it counts as none and is removed. Another service on the host {host} or its parent domains sets cookies with our names; with https it could not"
        );
        remove(&mut response, &names, &paths(uri.path()), &domains(host));
    }
    response
}

/// Puts the removals before the cookies that the response sets itself, which then stay.
fn remove(response: &mut Response, names: &[String], paths: &[&str], domains: &[String]) {
    let set: Vec<HeaderValue> = response
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .cloned()
        .collect();
    response.headers_mut().remove(SET_COOKIE);
    let places = paths
        .iter()
        .flat_map(|path| domains.iter().map(move |domain| (path, domain)));
    let places: Vec<_> = places.take(MAX_REMOVALS).collect();
    // Each name that is begun is removed at every place, or the same would be left for ever. The
    // others follow with the next responses.
    let begun = MAX_REMOVALS.checked_div(places.len()).unwrap_or_default();
    let names = names.iter().take(begun.max(1));
    let removals = names.flat_map(|name| {
        let places = places.iter();
        places.map(move |(path, domain)| format!("{name}=; Path={path}; Max-Age=0{domain}"))
    });
    let removals = removals.filter_map(|removal| HeaderValue::try_from(removal).ok());
    for value in removals.chain(set).collect::<Vec<_>>() {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// The paths of the cookies that a browser sends to `path` (RFC 6265 §5.1.4), the shortest first, and no
/// more than can be removed: anybody can send a path of thirty thousand slashes.
fn paths(path: &str) -> Vec<&str> {
    let ends = path.match_indices('/').flat_map(|(at, _)| [at, at + 1]);
    let ends = ends.chain([path.len()]).filter(|end| *end > 0);
    // Of two slashes, the end of one is the beginning of the other.
    let mut last = 0;
    ends.filter(|end| std::mem::replace(&mut last, *end) != *end)
        .take(MAX_REMOVALS)
        .map(|end| &path[..end])
        .collect()
}

/// The `Domain` attributes of the cookies that a browser sends to `host` (RFC 6265 §5.1.3): none, the
/// host, and its parents with at least two labels.
fn domains(host: &str) -> Vec<String> {
    let mut domains = vec![String::new()];
    if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
        return domains;
    }
    let starts = host.match_indices('.').map(|(at, _)| at + 1);
    let parents = std::iter::once(0).chain(starts).map(|at| &host[at..]);
    let parents = parents.filter(|parent| parent.contains('.'));
    domains.extend(parents.map(|parent| format!("; Domain={parent}")));
    domains
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_sought_at_every_path_and_domain_it_can_come_from() {
        assert_eq!(paths("/"), ["/"]);
        assert_eq!(paths("/launch"), ["/", "/launch"]);
        assert_eq!(
            paths("/launch/a/"),
            ["/", "/launch", "/launch/", "/launch/a", "/launch/a/"]
        );
        assert_eq!(paths("//a//"), ["/", "//", "//a", "//a/", "//a//"]);
        for ip in ["10.0.0.5", "[::1]", "localhost"] {
            assert_eq!(domains(ip), [""], "{ip}");
        }
        assert_eq!(
            domains("sso.corp.example"),
            ["", "; Domain=sso.corp.example", "; Domain=corp.example"]
        );
    }

    #[test]
    fn n60_a_path_with_many_slashes_is_not_searched_to_its_end() {
        let path = format!("/launch/{}", "a/".repeat(30_000));
        let found = paths(&path);
        assert_eq!(found.len(), MAX_REMOVALS);
        assert_eq!(found[..3], ["/", "/launch", "/launch/"]);
    }
}
