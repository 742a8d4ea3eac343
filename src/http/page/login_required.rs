//! The page for a user who is not signed in. It links to the portal and says whether the pending
//! request will continue afterwards.

use axum::http::StatusCode;
use axum::response::Response;

use panda_oidc_sdk::Entrance;

use super::language::Language;
use super::words::{Message, Text, Words};
use super::{Link, Page};
use crate::app::App;
use crate::oauth::client::Client;

/// Asks the user to enter from the portal. `comes_back` says whether the next launch will resume the
/// client's request automatically.
#[must_use]
pub(crate) fn page(
    app: &App,
    client: Option<&Client>,
    comes_back: bool,
    language: Language,
) -> Response {
    let message: fn(&Words) -> &Message = match client {
        None => |words| &words.login_required,
        Some(_) if comes_back => |words| &words.login_required_returns,
        Some(_) => |words| &words.login_required_reopen,
    };
    let name = client
        .map(|client| client.name.as_str())
        .unwrap_or_default();
    let mut page = Page::new(StatusCode::OK, message).with("client", name);
    page.action = Some(portal_link(app));
    page.fragment_ticket_parameter = Some(app.provider.ticket_parameter().to_owned());
    page.into_response(language, app)
}

/// The link to the portal, where every login begins.
#[must_use]
pub(crate) fn portal_link(app: &App) -> Link {
    let (Entrance::Redirect(url) | Entrance::Portal(url)) = app.provider.entrance(app.issuer.url());
    Link {
        url: url.into(),
        label: Text::of(|words| &words.labels.open_portal),
    }
}
