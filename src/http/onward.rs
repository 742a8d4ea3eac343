//! `/onward`: pages on the way from a URL with a ticket to the client, shown at a URL without it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded;

use super::error::{PageError, PageProblem};
use super::extract::browser::BrowserRequest;
use super::page::language::Language;
use super::page::words::Text;
use super::page::{Link, Page, form_post};
use super::response::{nothing_opened, see_other};
use crate::app::App;
use crate::login::onward_page::OnwardPage;
use crate::login::ticket_url::{self, Equals};
use crate::oauth::response_mode::AuthorizationResponse;

/// Where the pages are.
pub(super) const ONWARD: &str = "/onward";

/// Shows `page`: at once, or by a redirect if the URL of the request holds a ticket.
pub(super) fn show(app: &App, browser: &BrowserRequest, page: OnwardPage) -> Response {
    let parameter = app.provider.ticket_parameter();
    let has_ticket = ticket_url::is_in(&browser.query, parameter, Equals::Raw);
    let sealed = has_ticket.then(|| page.clone().seal(&app.switch_sealer, app.host.clock.now()));
    match sealed.flatten() {
        Some(sealed) => {
            let url = app.issuer.at(&format!("{ONWARD}?page={sealed}"));
            see_other(&browser.localized(&url))
        }
        None => render(app, browser.language, page),
    }
}

/// Sends a code to the client. No form is shown at a URL with a ticket.
#[must_use]
pub(super) fn with_code(
    app: &App,
    browser: &BrowserRequest,
    granted: AuthorizationResponse,
) -> Response {
    match granted {
        AuthorizationResponse::Redirect(url) => see_other(&url),
        AuthorizationResponse::FormPost { action, fields } => {
            let fields = fields.into_iter();
            let fields = fields
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            show(app, browser, OnwardPage::Form { action, fields })
        }
    }
}

/// `GET /onward`.
///
/// # Errors
///
/// [`PageProblem::NoPendingRequest`] when the URL holds no page of ours, or an old one.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    if !browser.opens_page {
        return Ok(nothing_opened());
    }
    let mut parameters = form_urlencoded::parse(browser.query.as_bytes());
    let sealed = parameters.find(|(name, _)| name == "page");
    let now = app.host.clock.now();
    let page = sealed
        .and_then(|(_, sealed)| OnwardPage::open(&sealed, &app.switch_sealer, now))
        .ok_or(PageProblem::NoPendingRequest)?;
    Ok(render(&app, browser.language, page))
}

fn render(app: &App, language: Language, page: OnwardPage) -> Response {
    match page {
        OnwardPage::Frames { frames, url } => {
            let mut page = Page::new(StatusCode::OK, |words| &words.previous_user_signed_out);
            page.action = Some(Link {
                url: url.clone(),
                label: Text::of(|words| &words.labels.r#continue),
            });
            page.frames = frames;
            page.continue_url = Some(url);
            page.into_response(language, app)
        }
        OnwardPage::Form { action, fields } => {
            let title = Text::of(|words| &words.labels.returning_to_app);
            form_post::page(&title, &action, &fields)
        }
    }
}
