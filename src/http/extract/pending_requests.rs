//! Parking authorization requests in the browser, and finding them again.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::cookies::{CookieName, Cookies};
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::login::pending_request::{MAX_PER_BROWSER, PendingAuthorization, REQUEST_TTL};

/// What all requests that wait may take together, in bytes: proxies refuse a browser whose cookies
/// exceed 8 KiB, and it could not come back.
const MAX_TOTAL_BYTES: usize = 6 * 1024;

/// The requests that wait in a browser, by name.
#[must_use]
pub(crate) fn waiting(
    app: &App,
    cookies: &Cookies,
    now: DateTime<Utc>,
) -> Vec<(String, PendingAuthorization)> {
    let open = |(name, sealed): (&str, &str)| {
        Some((
            name.to_owned(),
            PendingAuthorization::open(sealed, &app.pending_request_sealer, name, now)?,
        ))
    };
    cookies.parked().filter_map(open).collect()
}

/// Parks a request: its name, and the cookies to set; the oldest make room. `None` when it is too
/// large for a cookie.
#[must_use]
pub(crate) fn park(
    app: &App,
    cookies: &Cookies,
    parked: &PendingAuthorization,
) -> Option<(String, Vec<String>)> {
    let name = Handle::random(&mut rand::rng()).expose()[..12].to_owned();
    let sealed = parked.seal(&app.pending_request_sealer, &name)?;
    let mut size = sealed.len();
    let mut changes =
        vec![CookieName::Parked(name.clone()).set(sealed, Some(REQUEST_TTL), &app.issuer)];
    let mut waiting = waiting(app, cookies, parked.requested_at);
    waiting.sort_by_key(|(_, parked)| Reverse(parked.requested_at));
    for (number, (name, _)) in waiting.into_iter().enumerate() {
        let jar = CookieName::Parked(name);
        size += cookies.get(&jar).map_or(0, str::len);
        if number + 2 > MAX_PER_BROWSER || size > MAX_TOTAL_BYTES {
            changes.push(jar.clear(&app.issuer));
        }
    }
    Some((name, changes))
}
