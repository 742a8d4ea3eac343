//! The names and attributes of this provider's cookies. What the values mean is decided elsewhere.
//!
//! Browsers ignore the port of a cookie, so all services on one host share their cookies. The names
//! are therefore unusual and the values opaque. With https the names start with `__Host-`, so that no
//! sibling host can plant a cookie.

use std::convert::Infallible;
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
    /// A failed launch that can be repeated.
    Retry,
}

const PENDING_PREFIX: &str = "panda-oidc-parked-";

impl CookieName {
    fn base(&self) -> String {
        match self {
            Self::Session => "panda-oidc-session".to_owned(),
            Self::Browser => "panda-oidc-browser".to_owned(),
            Self::PendingRequest(name) => format!("{PENDING_PREFIX}{name}"),
            Self::Switch => "panda-oidc-switch".to_owned(),
            Self::LoopGuard => "panda-oidc-rounds".to_owned(),
            Self::Retry => "panda-oidc-retry".to_owned(),
        }
    }

    fn name(&self, issuer: &Issuer) -> String {
        format!("{}{}", prefix(issuer), self.base())
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

fn prefix(issuer: &Issuer) -> &'static str {
    if issuer.is_https() { "__Host-" } else { "" }
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
pub(crate) fn session_cookies(app: &App, handles: Option<NewHandles>) -> Vec<String> {
    let Some(NewHandles { session, browser }) = handles else {
        return Vec::new();
    };
    let browser = browser.expose().to_owned();
    let session = session.map(|handle| handle.expose().to_owned());
    session
        .map(|session| CookieName::Session.set(session, None, &app.issuer))
        .into_iter()
        .chain([CookieName::Browser.set(browser, Some(app.policy.ticket_memory), &app.issuer)])
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
#[derive(Clone, Default)]
pub(crate) struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// The value of a cookie.
    #[must_use]
    pub(crate) fn get(&self, cookie: &CookieName) -> Option<&str> {
        let base = cookie.base();
        self.0
            .iter()
            .find(|(name, _)| *name == base)
            .map(|(_, value)| value.as_str())
    }

    /// The handle in a cookie; `None` when the cookie is missing or holds no handle.
    #[must_use]
    pub(crate) fn handle(&self, cookie: &CookieName) -> Option<Handle> {
        self.get(cookie).and_then(Handle::parse)
    }

    /// Whether the browser sent any of our cookies, i.e. has been here before.
    #[must_use]
    pub(crate) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The pending authorization requests: name and sealed value.
    pub(crate) fn pending_requests(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(PENDING_PREFIX)?, value.as_str())))
    }

    /// Reads the cookies of a request and keeps those of this issuer.
    #[must_use]
    pub(crate) fn of(parts: &Parts, issuer: &Issuer) -> Self {
        let ours = sent_cookies(&parts.headers).filter_map(|cookie| {
            let base = cookie.name().strip_prefix(prefix(issuer))?;
            let is_ours = base.starts_with("panda-oidc-");
            is_ours.then(|| (base.to_owned(), cookie.value().to_owned()))
        });
        Self(ours.collect())
    }
}

impl FromRequestParts<Arc<App>> for Cookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self::of(parts, &app.issuer))
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
            "__Host-panda-oidc-session=v; HttpOnly; SameSite=Lax; Secure; Path=/"
        );
        let http = Issuer::new("http://127.0.0.1/sso").unwrap();
        assert_eq!(
            CookieName::Browser.set("v".to_owned(), Some(TimeDelta::days(7)), &http),
            "panda-oidc-browser=v; HttpOnly; SameSite=Lax; Path=/sso; Max-Age=604800"
        );
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
