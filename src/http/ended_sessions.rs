//! The apps of a session that ends: what a page says of them, and the frames in which the browser tells
//! them (Front-Channel Logout 1.0 §2).

use axum::http::header::LOCATION;
use axum::response::Response;
use openidconnect::ClientId;
use url::Url;

use super::extract::browser::BrowserRequest;
use super::onward;
use super::page::words::{Text, Words};
use super::response::with_cookies;
use crate::app::App;
use crate::login::onward_page::OnwardPage;
use crate::oauth::client::Client;
use crate::oauth::logout::frontchannel_logout_url;
use crate::session::EndedSession;

/// The most front-channel logout frames a page opens.
const MAX_FRAMES: usize = 20;

/// Says which of the clients of a session are told when it ends, and how; and which cannot be told.
pub(super) fn notes(app: &App, clients: &[ClientId]) -> Vec<Text> {
    let clients = clients.iter().filter_map(|id| app.clients.get(id.as_str()));
    let mut in_browser = Vec::new();
    let mut directly = Vec::new();
    let mut not_at_all = Vec::new();
    for client in clients.map(|client| &**client) {
        let list = match &client.logout {
            uris if uris.frontchannel.is_some() && in_browser.len() < MAX_FRAMES => &mut in_browser,
            uris if uris.backchannel.is_some() => &mut directly,
            _ => &mut not_at_all,
        };
        list.push(client);
    }
    let note = |label: fn(&Words) -> &str, apps: Vec<&Client>| {
        let names: Vec<_> = apps.iter().map(|client| client.name.as_str()).collect();
        (!names.is_empty()).then(|| Text::of(label).with("apps", names.join(" · ")))
    };
    let notes = [
        note(|words| &words.labels.apps_in_browser, in_browser),
        note(|words| &words.labels.apps_told, directly),
        note(|words| &words.labels.apps_cannot_be_told, not_at_all),
    ];
    notes.into_iter().flatten().collect()
}

/// The front-channel logout URLs of the clients of `ended`.
pub(super) fn frames(app: &App, ended: &[EndedSession]) -> Vec<Url> {
    let clients = ended.iter().flat_map(|ended| {
        let clients = ended.clients.iter();
        clients.map(move |id| (&ended.sid, id))
    });
    let frames = clients.filter_map(|(sid, id)| {
        let client = app.clients.get(id.as_str())?;
        frontchannel_logout_url(client, app.issuer.as_str(), sid)
    });
    frames.take(MAX_FRAMES).collect()
}

/// Has the browser open the frames of the sessions that a sign-in ended before it follows the redirect
/// in `response`. Any other response stays as it is.
pub(super) fn open_frames(
    app: &App,
    browser: &BrowserRequest,
    ended: &[EndedSession],
    response: Response,
) -> Response {
    let frames = frames(app, ended);
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let Some(url) = location.filter(|_| !frames.is_empty()).map(str::to_owned) else {
        return response;
    };
    let page = onward::show(app, browser, OnwardPage::Frames { frames, url });
    with_cookies(page, &response)
}
