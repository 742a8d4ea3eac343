//! Stores pending authorization requests in cookies, and reads them back.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::cookies::{CookieName, Cookies, PENDING_NAME_BYTES};
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::login::pending_request::{MAX_PER_BROWSER, PendingAuthorization, REQUEST_TTL};

/// The most bytes that all pending requests of a browser take together. Proxies refuse requests whose
/// cookies exceed 8 KiB, which would lock the browser out.
const MAX_TOTAL_BYTES: usize = 6 * 1024;

/// Opens the pending request called `name`; `None` when this browser holds no such request.
#[must_use]
pub(crate) fn open_request(
    app: &App,
    cookies: &Cookies,
    name: &str,
) -> Option<PendingAuthorization> {
    let sealed = cookies.get(&CookieName::PendingRequest(name.to_owned()))?;
    open(app, name, sealed, app.host.clock.now())
}

/// The pending requests of a browser, by name.
#[must_use]
pub(crate) fn pending_requests(
    app: &App,
    cookies: &Cookies,
    now: DateTime<Utc>,
) -> Vec<(String, PendingAuthorization)> {
    let named = cookies.pending_requests();
    named
        .filter_map(|(name, sealed)| Some((name.to_owned(), open(app, name, sealed, now)?)))
        .collect()
}

fn open(app: &App, name: &str, sealed: &str, now: DateTime<Utc>) -> Option<PendingAuthorization> {
    PendingAuthorization::open(sealed, &app.pending_request_sealer, name, now)
}

/// Stores a request. Returns its name and the cookies to set, which also remove the oldest requests
/// when there are too many. `None` when the request is too large for a cookie.
#[must_use]
pub(crate) fn store_request(
    app: &App,
    cookies: &Cookies,
    request: &PendingAuthorization,
) -> Option<(String, Vec<String>)> {
    let name = Handle::random(&mut rand::rng()).expose()[..PENDING_NAME_BYTES].to_owned();
    let sealed = request.seal(&app.pending_request_sealer, &name)?;
    let mut size = sealed.len();
    let mut changes =
        vec![CookieName::PendingRequest(name.clone()).set(sealed, Some(REQUEST_TTL), &app.issuer)];
    let mut others = pending_requests(app, cookies, request.requested_at);
    others.sort_by_key(|(_, other)| Reverse(other.requested_at));
    for (index, (name, _)) in others.into_iter().enumerate() {
        let cookie = CookieName::PendingRequest(name);
        size += cookies.get(&cookie).map_or(0, str::len);
        if index + 2 > MAX_PER_BROWSER || size > MAX_TOTAL_BYTES {
            changes.push(cookie.clear(&app.issuer));
        }
    }
    Some((name, changes))
}
