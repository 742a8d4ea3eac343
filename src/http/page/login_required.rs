//! The page for somebody who has not signed in: where the portal is, and that nothing is lost.

use axum::http::StatusCode;
use axum::response::Response;

use panda_oidc_sdk::Entrance;

use super::language::{Language, Text};
use super::{Link, Page};
use crate::app::App;
use crate::oauth::client::Client;

/// Asks a person to enter from the portal. `comes_back` says whether the next launch will lead to
/// the client by itself.
#[must_use]
pub(crate) fn page(
    app: &App,
    client: Option<&Client>,
    comes_back: bool,
    language: Language,
) -> Response {
    let title = Text::new(
        "请从熊猫智慧水务门户进入",
        "Please enter from the Panda Smart Water portal",
    );
    let body = match client {
        Some(client) if comes_back => Text::new(
            format!(
                "“{}”需要先确认您的身份。请打开门户，登录后点击任意一个应用，就会自动回到这里继续。",
                client.name
            ),
            format!(
                "“{}” needs to know who you are. Open the portal, sign in there and click any app: you will be brought back here automatically.",
                client.name
            ),
        ),
        Some(client) => Text::new(
            format!(
                "“{}”需要先确认您的身份。请打开门户，登录后点击应用，然后重新打开“{}”。",
                client.name, client.name
            ),
            format!(
                "“{}” needs to know who you are. Open the portal, sign in there and click an app, then open “{}” again.",
                client.name, client.name
            ),
        ),
        None => Text::new(
            "请打开门户，登录后点击要使用的应用。",
            "Open the portal, sign in there and click the app you want.",
        ),
    };
    let mut page = Page::new(StatusCode::OK, title, body);
    page.action = Some(portal(app));
    page.rescue = Some(app.provider.ticket_parameter().to_owned());
    page.answer(language, app)
}

/// The link to the portal, from which every login can begin anew.
#[must_use]
pub(crate) fn portal(app: &App) -> Link {
    let (Entrance::Redirect(url) | Entrance::Portal(url)) = app.provider.entrance(app.issuer.url());
    Link {
        url: url.into(),
        label: Text::new("打开熊猫智慧水务门户", "Open the Panda Smart Water portal"),
    }
}
