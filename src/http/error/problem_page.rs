//! The error page.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::problem::{Facts, NextStep, PageProblem};
use crate::app::App;
use crate::http::page::language::Language;
use crate::http::page::login_required::portal_link;
use crate::http::page::words::Text;
use crate::http::page::{Link, Page};
use crate::oauth::discovery::path;
use crate::people::Contact;

/// `Retry-After` for our own failures, in seconds.
pub(crate) const RETRY_AFTER_SECONDS: u64 = 10;

/// The error page for `problem`. `request_id` is the number of its line in the log.
#[must_use]
pub(crate) fn page(
    problem: &PageProblem,
    request_id: Option<String>,
    language: Language,
    app: &App,
) -> Response {
    let Facts {
        status,
        message,
        next,
        ..
    } = problem.facts();
    let mut page = Page::new(status, message);
    page.detail = detail(problem);
    page.request_id = request_id;
    page.action = action(next, app);
    let mut wait = RETRY_AFTER_SECONDS;
    match problem {
        PageProblem::AccessDenied(denied) => {
            page = page
                .with("person", &denied.person)
                .with("client", &denied.client);
            if let Some(Contact { text, url }) = &denied.contact {
                page = page.with("contact", text);
                page.choices.extend(url.clone().map(|url| Link {
                    url,
                    label: Text::of(|words| &words.labels.contact).with("contact", text),
                }));
            }
        }
        PageProblem::RateLimited(exceeded) => {
            wait = exceeded.retry_after_secs;
            page = page.with("seconds", wait);
        }
        _ => {}
    }
    let mut response = page.into_response(language, app);
    if matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    ) {
        let wait = HeaderValue::from(wait);
        response.headers_mut().insert(RETRY_AFTER, wait);
    }
    response
}

fn action(next: NextStep, app: &App) -> Option<Link> {
    Some(match next {
        NextStep::None => return None,
        NextStep::Portal => portal_link(app),
        NextStep::OtherApps => Link {
            url: app.issuer.at("/launch"),
            label: Text::of(|words| &words.labels.open_another_app),
        },
        NextStep::TryAgain(client) => Link {
            url: app.issuer.at(&format!("/launch/{client}?again")),
            label: Text::of(|words| &words.labels.try_again),
        },
        NextStep::SignOut => Link {
            url: app.issuer.at(path::LOGOUT),
            label: Text::of(|words| &words.labels.sign_out),
        },
    })
}

/// Details for a developer. Contains nothing of the request that may be a secret.
fn detail(problem: &PageProblem) -> Option<String> {
    match problem {
        PageProblem::Request(refused) | PageProblem::Logout(refused) => Some(refused.to_string()),
        PageProblem::NoTarget(client, error) => Some(format!("{client}: {error}")),
        PageProblem::InvalidTicket(error) => Some(error.to_string()),
        _ => None,
    }
}
