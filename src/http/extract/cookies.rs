//! The names and attributes of this provider's cookies. What the values mean is decided elsewhere.
//!
//! Browsers ignore the port of a cookie, so all services on one host share their cookies. The names
//! are therefore unusual and the values opaque. With https the names start with `__Host-`, so that no
//! sibling host can plant a cookie. They carry the path of the issuer, so that several issuers on one host
//! do not overwrite each other's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use chrono::TimeDelta;
use cookie::{Cookie, SameSite};

use crate::app::App;
use crate::crypto::handle::Handle;
use crate::oauth::issuer::Issuer;
use crate::service::sign_in::NewHandles;

/// The cookies of this provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CookieName {
    /// The session handle.
    Session,
    /// The handle that identifies a browser. Tickets belong to it.
    Browser,
    /// One pending authorization request, identified by its name.
    PendingRequest(String),
    /// The account switch that awaits confirmation.
    Switch,
    /// The count of recent launches, which stops redirect loops.
    LoopGuard,
    /// A launch a moment ago, which is a fresh sign-in for its client.
    RecentLaunch,
    /// A failed launch that can be repeated.
    Retry,
}

const PENDING_PREFIX: &str = "parked-";

/// How long the name of a pending authorization request is.
pub(super) const PENDING_NAME_BYTES: usize = 12;

impl CookieName {
    /// Those of which a browser has one.
    const SINGLE: [Self; 6] = [
        Self::Session,
        Self::Browser,
        Self::Switch,
        Self::LoopGuard,
        Self::RecentLaunch,
        Self::Retry,
    ];

    fn base(&self) -> Cow<'static, str> {
        let single = match self {
            Self::PendingRequest(name) => return format!("{PENDING_PREFIX}{name}").into(),
            Self::Session => "session",
            Self::Browser => "browser",
            Self::Switch => "switch",
            Self::LoopGuard => "rounds",
            Self::RecentLaunch => "launched",
            Self::Retry => "retry",
        };
        single.into()
    }

    fn name(&self, issuer: &Issuer) -> String {
        format!("{}-{}", prefix(issuer), self.base())
    }

    /// The `Set-Cookie` value that stores `value` for `age`, or until the browser is closed.
    #[must_use]
    pub(crate) fn set(&self, value: String, age: Option<TimeDelta>, issuer: &Issuer) -> String {
        let mut cookie = Cookie::build((self.name(issuer), value))
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(issuer.is_https())
            .path(path(issuer).to_owned());
        if let Some(age) = age {
            cookie = cookie.max_age(cookie::time::Duration::seconds(age.num_seconds()));
        }
        cookie.build().to_string()
    }

    /// The `Set-Cookie` value that removes the cookie.
    #[must_use]
    pub(crate) fn clear(&self, issuer: &Issuer) -> String {
        self.set(String::new(), Some(TimeDelta::zero()), issuer)
    }
}

/// What the names of an issuer's cookies begin with: `panda-oidc`, or `panda-oidc.one.two` with the path
/// `/one/two`. Different paths give different prefixes.
fn prefix(issuer: &Issuer) -> Cow<'static, str> {
    let base = if issuer.is_https() {
        "__Host-panda-oidc"
    } else {
        "panda-oidc"
    };
    if issuer.path().is_empty() {
        return base.into();
    }
    let mut prefix = base.to_owned();
    for byte in issuer.path().bytes() {
        match byte {
            b'/' => prefix.push('.'),
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => prefix.push(char::from(byte)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(prefix, "~{byte:02X}");
            }
        }
    }
    prefix.into()
}

/// A `__Host-` cookie must have the path `/` (RFC 6265bis §4.1.3.2).
fn path(issuer: &Issuer) -> &str {
    if issuer.is_https() || issuer.path().is_empty() {
        "/"
    } else {
        issuer.path()
    }
}

/// The `Set-Cookie` values for the handles that a sign-in created; none when it created none.
pub(crate) fn session_cookies(
    app: &App,
    sent: &Cookies,
    handles: Option<NewHandles>,
) -> Vec<String> {
    let Some(NewHandles { session, browser }) = handles else {
        return Vec::new();
    };
    let browser = browser.to_cookie();
    let session = session.map(|handle| handle.expose().to_owned());
    session
        .map(|session| CookieName::Session.set(session, None, &app.issuer))
        .into_iter()
        .chain([CookieName::Browser.set(browser, Some(app.policy.ticket_memory), &app.issuer)])
        .chain(
            sent.get(&CookieName::Retry)
                .map(|_| CookieName::Retry.clear(&app.issuer)),
        )
        .collect()
}

/// The cookies in a request's headers. One that cannot be read is left out alone: any service on the same
/// host or domain can set a cookie with bytes that are no text.
pub(crate) fn sent_cookies(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    let headers = headers.get_all(COOKIE).into_iter();
    let pairs = headers.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| Cookie::parse(str::from_utf8(pair).ok()?).ok())
}

/// The cookies of this provider that a browser sent.
///
/// A cookie that came with two different values has none: another service on the host has planted one of
/// them (with a longer path, for example), and nobody can tell which.
#[derive(Clone, Default)]
pub(crate) struct Cookies {
    /// By name, without the prefix. `None` is a cookie that came with two different values.
    values: BTreeMap<String, Option<String>>,
}

impl Cookies {
    /// The value of a cookie.
    #[must_use]
    pub(crate) fn get(&self, cookie: &CookieName) -> Option<&str> {
        self.values.get(&*cookie.base())?.as_deref()
    }

    /// The handle in a cookie; `None` when the cookie is missing or holds no handle.
    #[must_use]
    pub(crate) fn handle(&self, cookie: &CookieName) -> Option<Handle> {
        self.get(cookie).and_then(Handle::parse)
    }

    /// Whether the browser sent any of our cookies, i.e. has been here before.
    #[must_use]
    pub(crate) fn any(&self) -> bool {
        self.values.values().any(Option::is_some)
    }

    /// The pending authorization requests: name and sealed value.
    pub(crate) fn pending_requests(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(PENDING_PREFIX)?, value.as_deref()?))
        })
    }

    /// Reads the cookies of a request and keeps those of this issuer.
    #[must_use]
    pub(crate) fn of(parts: &Parts, issuer: &Issuer) -> Self {
        let prefix = prefix(issuer);
        let mut cookies = Self::default();
        for cookie in sent_cookies(&parts.headers) {
            let name = cookie.name().strip_prefix(&*prefix);
            let name = name.and_then(|name| name.strip_prefix('-'));
            if let Some(name) = name.filter(|name| is_ours(name)) {
                cookies.add(name, cookie.value());
            }
        }
        cookies
    }

    fn add(&mut self, name: &str, value: &str) {
        match self.values.get_mut(name) {
            Some(known) if known.as_deref() == Some(value) => {}
            Some(known) => *known = None,
            None => {
                self.values.insert(name.to_owned(), Some(value.to_owned()));
            }
        }
    }

    /// The full names of the cookies that came with different values: first those that sign-ins need.
    pub(crate) fn conflicting(&self, issuer: &Issuer) -> Vec<String> {
        let prefix = prefix(issuer);
        let conflicting = self.values.iter().filter(|(_, value)| value.is_none());
        let mut names: Vec<_> = conflicting.map(|(name, _)| &**name).collect();
        let single = CookieName::SINGLE.map(|cookie| cookie.base());
        let rank = |name: &str| single.iter().position(|base| base == name);
        names.sort_by_key(|name| rank(name).unwrap_or(single.len()));
        names
            .into_iter()
            .map(|name| format!("{prefix}-{name}"))
            .collect()
    }
}

/// Whether a cookie of ours has this name, without the prefix. A stranger may send thousands of others,
/// and the names of planted ones are logged.
fn is_ours(name: &str) -> bool {
    let is_part_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match name.strip_prefix(PENDING_PREFIX) {
        Some(name) => {
            (1..=PENDING_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_part_of_name)
        }
        None => CookieName::SINGLE
            .iter()
            .any(|cookie| cookie.base() == name),
    }
}

impl FromRequestParts<Arc<App>> for Cookies {
    type Rejection = Infallible;

    /// A layer may have read the cookies before, and left them with the request.
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let read_before = parts.extensions.remove();
        Ok(read_before.unwrap_or_else(|| Self::of(parts, &app.issuer)))
    }
}

#[cfg(test)]
mod tests {
    use crate::http::extract::cookies::*;

    #[test]
    fn cookies_are_bound_to_the_host_behind_https_and_to_the_path_without() {
        let https = Issuer::new("https://sso.example.com/sso").unwrap();
        assert_eq!(
            CookieName::Session.set("v".to_owned(), None, &https),
            "__Host-panda-oidc.sso-session=v; HttpOnly; SameSite=Lax; Secure; Path=/"
        );
        let http = Issuer::new("http://127.0.0.1/sso").unwrap();
        assert_eq!(
            CookieName::Browser.set("v".to_owned(), Some(TimeDelta::days(7)), &http),
            "panda-oidc.sso-browser=v; HttpOnly; SameSite=Lax; Path=/sso; Max-Age=604800"
        );
    }

    #[test]
    fn issuers_on_one_host_have_cookies_of_their_own() {
        let name = |path: &str| {
            let issuer = Issuer::new(&format!("https://sso.example.com{path}")).unwrap();
            CookieName::Session.name(&issuer)
        };
        let paths = [
            "",
            "/a",
            "/a/b",
            "/a.b",
            "/a-b",
            "/a~2Db",
            "/a%2Fb",
            "/%E7%86%8A",
        ];
        let mut names: Vec<_> = paths.map(name).into();
        let separators = "()<>@,;:\\\"/[]?={} \t";
        for name in &names {
            assert!(
                name.is_ascii() && !name.contains(|c| separators.contains(c)),
                "{name}"
            );
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), paths.len(), "{names:?}");
    }

    #[test]
    fn a_cookie_with_two_values_has_none() {
        let sent = |header: &str| {
            let request = axum::http::Request::builder().header(COOKIE, header);
            let issuer = Issuer::new("http://127.0.0.1:9400").unwrap();
            let parts = request.body(()).unwrap().into_parts().0;
            let cookies = Cookies::of(&parts, &issuer);
            let session = cookies.get(&CookieName::Session).map(str::to_owned);
            (session, cookies.conflicting(&issuer))
        };
        let session = "panda-oidc-session";
        assert_eq!(
            sent(&format!("{session}=a; {session}=a")),
            (Some("a".to_owned()), Vec::new())
        );
        for header in [
            format!("{session}=a; {session}=b"),
            format!("{session}=a; x={session}; {session}=b; {session}=a"),
            format!("{session}=; {session}=b"),
        ] {
            assert_eq!(sent(&header), (None, vec![session.to_owned()]), "{header}");
        }
    }

    #[test]
    fn n60_a_cookie_with_a_name_that_is_not_ours_is_neither_kept_nor_named() {
        let issuer = Issuer::new("http://127.0.0.1:9400").unwrap();
        let long = "x".repeat(13);
        for name in [
            "other",
            "Session",
            "\u{202e}\u{9b}31m",
            "parked-",
            "parked-a b",
            "parked-é",
            &format!("parked-{long}"),
        ] {
            let name = format!("panda-oidc-{name}");
            let request = axum::http::Request::builder();
            let request = request.header(
                COOKIE,
                format!("{name}=1; {name}=2; panda-oidc-parked-abcDEF_-0123=p").as_bytes(),
            );
            let parts = request.body(()).unwrap().into_parts().0;
            let cookies = Cookies::of(&parts, &issuer);
            assert!(cookies.conflicting(&issuer).is_empty(), "{name}");
            let pending: Vec<_> = cookies.pending_requests().collect();
            assert_eq!(pending, [("abcDEF_-0123", "p")], "{name}");
        }
    }

    #[test]
    fn only_cookies_under_our_own_names_are_read() {
        let parts = |header: &str| {
            let request = axum::http::Request::builder().header(COOKIE, header);
            request.body(()).unwrap().into_parts().0
        };
        let https = Issuer::new("https://sso.example.com").unwrap();
        let sent = Cookies::of(
            &parts(
                "a=1; panda-oidc-session=planted; __Host-panda-oidc-session=ours; __Host-panda-oidc-parked-x=p",
            ),
            &https,
        );
        assert_eq!(sent.get(&CookieName::Session), Some("ours"));
        assert_eq!(sent.pending_requests().collect::<Vec<_>>(), [("x", "p")]);
    }
}
