//! Marks a launch in a cookie, and reads the mark.

use super::cookies::{CookieName, Cookies};
use crate::app::App;
use crate::login::recent_launch::{LAUNCH_TTL, RecentLaunch};
use crate::session::Session;

/// The cookie that marks a launch of `client_id`, whose ticket signed the user of `session` in.
#[must_use]
pub(crate) fn mark_launch(app: &App, client_id: &str, session: &Session) -> Option<String> {
    let sealed = RecentLaunch::new(client_id, session).seal(&app.launch_sealer)?;
    Some(CookieName::RecentLaunch.set(sealed, Some(LAUNCH_TTL), &app.issuer))
}

/// Whether `client_id` was launched a moment ago, with the ticket that signed the user of `session` in.
#[must_use]
pub(crate) fn was_just_launched(
    app: &App,
    cookies: &Cookies,
    client_id: &str,
    session: &Session,
) -> bool {
    let now = app.host.clock.now();
    cookies
        .get(&CookieName::RecentLaunch)
        .is_some_and(|mark| RecentLaunch::is_for(mark, &app.launch_sealer, client_id, session, now))
}
