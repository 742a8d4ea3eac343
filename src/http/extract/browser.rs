//! What a browser sent, and the session it has here.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::REFERER;
use axum::http::request::Parts;

use super::client_ip::ClientIp;
use super::cookies::{CookieName, Cookies};
use crate::app::App;
use crate::crypto::identifiers::SessionHandleHash;
use crate::http::page::language::Language;
use crate::login::referer::from_portal;
use crate::service::sign_in::BrowserState;
use crate::store::StoreError;

/// What a browser sent, without its body.
pub(crate) struct BrowserRequest {
    /// Its cookies of ours.
    pub cookies: Cookies,
    /// The query as it came.
    pub query: String,
    /// Whether a page of the portal led here.
    pub from_portal: bool,
    /// Whether nobody asked to see this: the browser fetches ahead of a click.
    pub prefetch: bool,
    /// The language the request asks for.
    pub language_asked_for: Option<Language>,
    /// The language of the person.
    pub language: Language,
    /// Where it is.
    pub client_ip: ClientIp,
}

impl FromRequestParts<Arc<App>> for BrowserRequest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let client_ip = ClientIp::from_request_parts(parts, app).await?;
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let purposes = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
        let ahead = |purpose: &str| {
            let purpose = purpose.to_ascii_lowercase();
            ["prefetch", "preview", "prerender"]
                .iter()
                .any(|ahead| purpose.contains(ahead))
        };
        Ok(Self {
            cookies: Cookies::of(parts, &app.issuer),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            from_portal: from_portal(header(REFERER.as_str()), &app.provider.origins()),
            prefetch: purposes.into_iter().filter_map(header).any(ahead),
            language_asked_for: parts.uri.query().and_then(Language::asked_for),
            language: Language::of(parts),
            client_ip,
        })
    }
}

impl BrowserRequest {
    /// Goes on in the language that a request asks for which did not come in the URL.
    pub(crate) fn set_locale(&mut self, language: Option<Language>) {
        self.language_asked_for = language.or(self.language_asked_for);
        self.language = language.unwrap_or(self.language);
    }

    /// Looks the browser's session up.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn state(&self, app: &App) -> Result<BrowserState, StoreError> {
        let handle = self
            .cookies
            .handle(&CookieName::Session)
            .map(|handle| SessionHandleHash::of(&handle));
        let session = match &handle {
            Some(handle) => app.store.session(handle, app.host.clock.now()).await?,
            None => None,
        };
        Ok(BrowserState {
            session,
            handle,
            browser: self.cookies.handle(&CookieName::Browser),
        })
    }
}
