//! `/problem` and `/retry`: what follows a launch that failed at a URL with a ticket. No page is shown at
//! such a URL: the ticket would stay in the address bar and the history, and may still be valid.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::error::{PageError, PageProblem, RETRY_AFTER_SECONDS};
use super::extract::browser::BrowserRequest;
use super::extract::cookies::CookieName;
use super::launch;
use super::page::language::Language;
use super::page::login_required::portal_link;
use super::page::words::{Message, Text, Words};
use super::page::{Link, Page};
use super::response::{nothing_opened, see_other, set_cookies};
use crate::app::App;
use crate::login::failed_launch::{FailedLaunch, LaunchRetry, RETRY_TTL, Reason};
use crate::login::ticket_url::{self, Equals};

/// The page about a failed launch.
pub(super) const PROBLEM: &str = "/problem";

/// Repeats a failed launch.
pub(super) const RETRY: &str = "/retry";

/// `uri` without its ticket, as a URL of this provider; `None` if it has none.
pub(super) fn without_ticket(uri: &Uri, app: &App) -> Option<String> {
    let parameter = app.provider.ticket_parameter();
    let query = uri.query().unwrap_or_default();
    let page = ticket_url::before(uri.path(), parameter);
    // A launch URL is normalised before; in other requests an encoded `=` belongs to a client's value.
    let left = ticket_url::strip(query, parameter, Equals::Raw);
    if page.is_none() && left.len() == query.len() {
        return None;
    }
    let origin = app.issuer.as_str().strip_suffix(app.issuer.path())?;
    let path = page.unwrap_or(uri.path());
    let path = if path.is_empty() { "/" } else { path };
    let joint = if left.is_empty() { "" } else { "?" };
    Some(format!("{origin}{path}{joint}{left}"))
}

/// Whether `uri` repeats a launch.
pub(super) fn is_retry(uri: &Uri, app: &App) -> bool {
    uri.path().strip_prefix(app.issuer.path()) == Some(RETRY)
}

/// Redirects from the URL `uri`, which holds a ticket, to the page that explains `reason`. If it is
/// temporary, the browser keeps the launch, to repeat it.
pub(super) fn redirect(
    app: &App,
    reason: Reason,
    request_id: Option<String>,
    uri: &Uri,
) -> Response {
    let now = app.host.clock.now();
    let cookie = (reason.is_temporary() && !is_retry(uri, app)).then(|| {
        let sealed = to_repeat(app, uri).seal(&app.failed_launch_sealer)?;
        Some(CookieName::Retry.set(sealed, Some(RETRY_TTL), &app.issuer))
    });
    let failed = FailedLaunch {
        reason,
        request_id,
        failed_at: now,
    };
    let sealed = failed.seal(&app.failed_launch_sealer).unwrap_or_default();
    let language = uri.query().and_then(Language::from_ui_locales);
    let page = app.issuer.at(&format!("{PROBLEM}?reason={sealed}"));
    let mut response = see_other(&Language::localized(language, &page));
    set_cookies(&mut response, cookie.flatten());
    response
}

/// The launch at `uri`. An authorization request waits in the browser; its ticket alone is repeated.
fn to_repeat(app: &App, uri: &Uri) -> LaunchRetry {
    let query = uri.query().unwrap_or_default();
    let path = uri.path().strip_prefix(app.issuer.path());
    let path = path.filter(|path| path.starts_with(launch::LAUNCH));
    let parameter = app.provider.ticket_parameter();
    let ticket = || {
        let values = ticket_url::values(query, parameter, Equals::Raw).into_iter();
        let tickets = values.map(|value| format!("{parameter}={value}"));
        tickets.collect::<Vec<_>>().join("&")
    };
    LaunchRetry {
        query: path.map_or_else(ticket, |_| query.to_owned()),
        path: path.unwrap_or(launch::LAUNCH).to_owned(),
        failed_at: app.host.clock.now(),
    }
}

/// `GET /retry`: repeats the launch that failed in this browser. It counts as no click in the portal, so
/// another user is replaced only after a question.
///
/// # Errors
///
/// [`PageProblem::NoPendingRequest`] when there is none, and those of a launch.
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    mut browser: BrowserRequest,
) -> Result<Response, PageError> {
    if !browser.opens_page {
        return Ok(nothing_opened());
    }
    let sealed = browser.cookies.get(&CookieName::Retry);
    let now = app.host.clock.now();
    let retry = sealed.and_then(|sealed| LaunchRetry::open(sealed, &app.failed_launch_sealer, now));
    let retry = retry.ok_or(PageProblem::NoPendingRequest)?;
    browser.query = retry.query;
    browser.from_portal = false;
    let below = retry.path.strip_prefix(launch::LAUNCH).unwrap_or_default();
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let mut parts = below.splitn(3, '/').skip(1).map(decoded);
    let (client, path) = (parts.next(), parts.next());
    let result = launch::launch_at(&app, browser, client, path).await;
    let is_temporary = match &result {
        Err(PageError::Page(problem)) => {
            problem.reason().is_some_and(|reason| reason.is_temporary())
        }
        _ => false,
    };
    let mut response = result.into_response();
    if !is_temporary {
        set_cookies(&mut response, [CookieName::Retry.clear(&app.issuer)]);
    }
    Ok(response)
}

/// `GET /problem`: the page about a failed launch.
///
/// # Errors
///
/// [`PageProblem::NoPendingRequest`] when the URL holds no reason of ours, or an old one.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    let mut parameters = form_urlencoded::parse(browser.query.as_bytes());
    let sealed = parameters.find(|(name, _)| name == "reason");
    let now = app.host.clock.now();
    let failed = sealed
        .and_then(|(_, sealed)| FailedLaunch::open(&sealed, &app.failed_launch_sealer, now))
        .ok_or(PageProblem::NoPendingRequest)?;
    let (status, message) = facts(&failed.reason);
    let mut page = Page::new(status, message);
    let mut wait = RETRY_AFTER_SECONDS;
    match &failed.reason {
        Reason::InvalidTicket(detail) | Reason::NoTarget(detail) => {
            page.detail = Some(detail.clone());
        }
        Reason::RateLimited(seconds) => {
            wait = *seconds;
            page = page.with("seconds", wait);
        }
        _ => {}
    }
    page.request_id = failed.request_id;
    let can_retry =
        failed.reason.is_temporary() && browser.cookies.get(&CookieName::Retry).is_some();
    if can_retry {
        page.action = Some(Link {
            url: browser.localized(&app.issuer.at(RETRY)),
            label: Text::of(|words| &words.labels.try_again),
        });
        page.choices.push(portal_link(&app));
    } else {
        page.action = Some(portal_link(&app));
    }
    let mut response = page.into_response(browser.language, &app);
    if failed.reason.is_temporary() {
        let wait = HeaderValue::from(wait);
        response.headers_mut().insert(RETRY_AFTER, wait);
    }
    Ok(response)
}

/// The status and the text of the page.
fn facts(reason: &Reason) -> (StatusCode, fn(&Words) -> &Message) {
    use StatusCode as S;
    match reason {
        Reason::InvalidTicket(_) => (S::BAD_REQUEST, |w| &w.invalid_ticket),
        Reason::NoTarget(_) => (S::NOT_FOUND, |w| &w.no_login_url),
        Reason::TooLarge => (S::PAYLOAD_TOO_LARGE, |w| &w.too_large),
        Reason::TicketRefused => (S::FORBIDDEN, |w| &w.ticket_refused),
        Reason::AccountDisabled => (S::FORBIDDEN, |w| &w.account_disabled),
        Reason::TicketRejected => (S::FORBIDDEN, |w| &w.ticket_rejected),
        Reason::PortalUnreachable => (S::SERVICE_UNAVAILABLE, |w| &w.portal_unreachable),
        Reason::PortalUnintelligible => (S::BAD_GATEWAY, |w| &w.portal_unintelligible),
        Reason::RateLimited(_) => (S::TOO_MANY_REQUESTS, |w| &w.rate_limited),
        Reason::Unavailable => (S::SERVICE_UNAVAILABLE, |w| &w.internal_error),
        Reason::Internal => (S::INTERNAL_SERVER_ERROR, |w| &w.internal_error),
    }
}
